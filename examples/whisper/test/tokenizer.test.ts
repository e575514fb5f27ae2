/** @file Tokens against openai/whisper's, for the multilingual checkpoint and an English-only layout. */
import { describe, expect, it } from 'vitest';
import { WhisperTokenizer } from '../tokenizer.ts';
import { baseTokenizer, readRecording, readTokenizerJson } from './recordings.ts';

interface Recorded {
  nonSpeech: number[];
  languages: string[];
  startSequence: Record<string, number[]>;
  encode: { text: string; tokens: number[] }[];
  decode: { tokens: number[]; text: string }[];
}

const recorded = readRecording<Recorded>('tokens.json');
const tokenizer = baseTokenizer();

describe('WhisperTokenizer', () => {
  it('knows the ids of openai/whisper', () => {
    expect(tokenizer.isMultilingual).toBe(true);
    expect(tokenizer.endOfText).toBe(50257);
    expect(tokenizer.noSpeech).toBe(50362);
    expect(tokenizer.firstTimestamp).toBe(50364);
    expect(tokenizer.blank).toEqual([220]);
    expect([...tokenizer.languages.keys()].sort()).toEqual([...recorded.languages].sort());
    for (const [key, tokens] of Object.entries(recorded.startSequence)) {
      const [language, task] = key.split(' ');
      expect(tokenizer.startSequence(language, task as 'transcribe')).toEqual(tokens);
    }
  });

  it('suppresses the same signs and the controls', () => {
    const controls = [50258, 50358, 50359, 50360, 50361, 50362];
    expect(tokenizer.suppressed).toEqual([...recorded.nonSpeech, ...controls].sort((a, b) => a - b));
  });

  it('encodes as recorded', () => {
    for (const { text, tokens } of recorded.encode) expect(tokenizer.encode(text)).toEqual(tokens);
  });

  it(`decodes as recorded, broken UTF-8 included (${recorded.decode.length} cases)`, () => {
    for (const { tokens, text } of recorded.decode) expect(tokenizer.decode(tokens)).toBe(text);
    expect(tokenizer.decode([])).toBe('');
    expect(tokenizer.decode([50364, 400, 50464])).toBe(' And');
  });

  it('refuses a language without a token', () => {
    expect(() => tokenizer.startSequence('xx', 'transcribe')).toThrow(/"xx"/);
  });

  it('opens English-only transcripts with the start alone', () => {
    // The same file with the specials one id lower is how English-only checkpoints are laid out.
    const json = readTokenizerJson();
    const dropped = Object.keys(json.model.vocab).length - 1;
    json.model.vocab = Object.fromEntries(
      Object.entries(json.model.vocab).filter(([, id]) => id !== dropped - 1 && id < dropped),
    );
    json.added_tokens = json.added_tokens.map((token) => ({ ...token, id: token.id - 1 }));
    const english = new WhisperTokenizer(json, 51864);
    expect(english.isMultilingual).toBe(false);
    expect(english.languages.size).toBe(0);
    expect(english.firstTimestamp).toBe(50363);
    expect(english.startSequence('en', 'transcribe')).toEqual([50257]);
  });

  it('says which token a foreign vocabulary lacks', () => {
    const json = readTokenizerJson();
    json.added_tokens = json.added_tokens.filter(({ content }) => content !== '<|startofprev|>');
    expect(() => new WhisperTokenizer(json, 51865)).toThrow(/<\|startofprev\|>/);
  });
});
