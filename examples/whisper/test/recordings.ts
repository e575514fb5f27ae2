/** @file What the tests read: the recordings beside them and the tokenizer of the checkpoint. */
import { readFileSync } from 'node:fs';
import { WhisperTokenizer } from '../tokenizer.ts';

/** Parses one of the files that recordings/record.py writes. */
export function readRecording<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`recordings/${name}`, import.meta.url), 'utf8')) as T;
}

/** The tokens of the whisper-base checkpoint that stands beside the example. */
export function baseTokenizer(): WhisperTokenizer {
  return new WhisperTokenizer(readTokenizerJson(), 51865);
}

/** The parsed tokenizer.json of that checkpoint. */
export function readTokenizerJson(): { added_tokens: { id: number; content: string }[]; model: { vocab: object } } {
  return JSON.parse(readFileSync(new URL('../model/tokenizer.json', import.meta.url), 'utf8'));
}
