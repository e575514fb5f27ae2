/**
 * @file A model whose logits are a hash of what it was given, the same as in recordings/record.py: what openai/whisper
 * makes of it is recorded, so the example's driver can be compared token by token without any weights.
 */
// tn-ignore-file: the hash is computed for every token of the vocabulary; operators that ask whether it is a tensor take ten times as long.

import { fromBuffer, type Tensor } from 'torchnative';
import { TokenChooser } from '../rules.ts';
import type { WhisperTokenizer } from '../tokenizer.ts';
import type { Recording, SpeechModel } from '../transcribe.ts';

const vocabulary = 51865;

/** A 32-bit finaliser. */
function mix(value: number): number {
  let x = value >>> 0;
  x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
  x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
  return (x ^ (x >>> 16)) >>> 0;
}

export class ScriptedModel implements SpeechModel {
  readonly textContext = 448;
  /** Frames of every window that was encoded. */
  readonly windows: number[] = [];
  readonly chooser: TokenChooser;
  readonly #tokenizer: WhisperTokenizer;
  readonly #seed: number;
  readonly #endOdds: number;
  #tokens: number[] = [];

  constructor(tokenizer: WhisperTokenizer, seed: number, endOdds: number) {
    this.#tokenizer = tokenizer;
    this.chooser = new TokenChooser(tokenizer, vocabulary);
    this.#seed = seed;
    this.#endOdds = endOdds;
  }

  hear(samples: Float32Array): Recording {
    const frames = Math.floor(samples.length / 160);
    return { frames, encodeWindow: (_first, count) => void this.windows.push(count) };
  }

  detect(startToken: number): Float32Array {
    return this.#logits([startToken]);
  }

  prefill(tokens: readonly number[], rows: number): Tensor[] {
    this.#tokens = [...tokens];
    return Array.from({ length: rows }, (_, row) =>
      asTensor(this.#logits(tokens.slice(0, tokens.length - rows + row + 1))),
    );
  }

  decode(token: number, position: number): Tensor {
    if (position !== this.#tokens.length) throw new Error(`position ${position} after ${this.#tokens.length} tokens`);
    if (position >= this.textContext) throw new Error(`position ${position} is past the end`);
    this.#tokens.push(token);
    return asTensor(this.#logits(this.#tokens));
  }

  #logits(tokens: readonly number[]): Float32Array {
    const { firstTimestamp, endOfText, startOfTranscript, noSpeech } = this.#tokenizer;
    const window = this.windows.length;
    let hash = mix(this.#seed * 7919 + window);
    for (const token of tokens) hash = mix(hash ^ (token + 0x9e3779b9));
    const row = new Float64Array(vocabulary);
    for (let id = 0; id < vocabulary; id++) row[id] = (mix(Math.imul(id, 0x9e3779b1) ^ hash) / 2 ** 32) * 4;
    const boost = mix(this.#seed + 31 * window) % 3 ? 18 : 6;
    const draw = mix(hash + 1) % 100;
    const pick = mix(hash + 2);
    const latest = tokens.reduce((most, token) => Math.max(most, token), firstTimestamp);
    if (draw < 30) row[Math.min(latest + (pick % 300), vocabulary - 1)] += boost;
    else if (draw < 30 + this.#endOdds) row[endOfText] += boost;
    else if (draw < 45) row[pick % 70] += boost;
    else if (draw < 48) row[endOfText + (pick % 107)] += boost;
    else row[pick % endOfText] += boost;
    if (tokens[tokens.length - 1] === startOfTranscript && mix(hash + 3) % 2) row[noSpeech] += 24;
    return Float32Array.from(row);
  }
}

function asTensor(logits: Float32Array): Tensor {
  return fromBuffer(logits.buffer as ArrayBuffer, [logits.length], 'float32');
}
