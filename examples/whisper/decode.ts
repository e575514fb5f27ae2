/**
 * @file Writing down one window of 30 s: the greedy decoding loop, and the question which language is spoken.
 *
 * Source: openai/whisper, decoding.py, release 20250625, at temperature 0.
 */
import type { Tensor } from 'torchnative';
import { allowedAfter, logSumExp, type TokenChooser } from './rules.ts';
import type { WhisperTokenizer } from './tokenizer.ts';

/** The decoder, looking at the window that was encoded last. */
export interface WindowDecoder {
  /** Positions that the decoder has: 448. */
  readonly textContext: number;
  /** Logits [vocabulary] after the start token alone. */
  detect(startToken: number): Float32Array;
  /** Takes tokens from position 0 on; the logits [vocabulary] of the last `rows` of them. */
  prefill(tokens: readonly number[], rows: number): Tensor[];
  /** Takes one more token; its logits [vocabulary]. */
  decode(token: number, position: number): Tensor;
  readonly chooser: TokenChooser;
}

/** What a window says. */
export interface WindowResult {
  /** Text and timestamps, without the opening tokens and the end of text. */
  readonly tokens: readonly number[];
  /** Mean over the tokens and the end of text, natural logarithm. */
  readonly averageLogProbability: number;
  /** The probability, before any token is written, that nobody speaks. */
  readonly noSpeechProbability: number;
}

/**
 * Decodes the window.
 *
 * @param start start of transcript, language, task
 * @param previous the text so far, as context; its last textContext / 2 - 1 tokens are used
 */
export function decodeWindow(
  decoder: WindowDecoder,
  tokenizer: WhisperTokenizer,
  start: readonly number[],
  previous: readonly number[],
): WindowResult {
  const half = Math.floor(decoder.textContext / 2);
  const context = previous.length > 0 ? [tokenizer.startOfPrevious, ...previous.slice(1 - half)] : [];
  const opening = [...context, ...start];

  const rows = decoder.prefill(opening, start.length);
  const atStart = rows[0].toFloat32Array();
  const noSpeechProbability = Math.exp(atStart[tokenizer.noSpeech] - logSumExp(atStart));

  let logits = rows[rows.length - 1];
  let sum = 0;
  const tokens: number[] = [];
  for (;;) {
    const { token, logProbability } = decoder.chooser.choose(logits, allowedAfter(tokens, tokenizer));
    sum += logProbability;
    if (token === tokenizer.endOfText) break;
    tokens.push(token);
    const length = opening.length + tokens.length;
    if (tokens.length === half || length > decoder.textContext) break;
    logits = decoder.decode(token, length - 1);
  }
  return { tokens, averageLogProbability: sum / (tokens.length + 1), noSpeechProbability };
}

/** The code of the language whose token is likeliest right after the start of the transcript. */
export function detectLanguage(decoder: WindowDecoder, tokenizer: WhisperTokenizer): string {
  const logits = decoder.detect(tokenizer.startOfTranscript);
  let likeliest = '';
  let best = -Infinity;
  for (const [code, token] of tokenizer.languages) {
    if (logits[token] > best) {
      best = logits[token];
      likeliest = code;
    }
  }
  return likeliest;
}
