/**
 * @file Which token may come next: the filters that Whisper's decoder puts over the logits before it takes the
 * greatest one. They write -Infinity where a token is ruled out.
 *
 * Source: openai/whisper, decoding.py, release 20250625 (SuppressBlank, SuppressTokens, ApplyTimestampRules and the
 * greedy choice at temperature 0).
 */

/** The tokens that the rules speak of; a `WhisperTokenizer` is one. */
export interface RuleTokens {
  readonly endOfText: number;
  readonly noTimestamps: number;
  readonly firstTimestamp: number;
  readonly blank: readonly number[];
  readonly suppressed: readonly number[];
}

/** The first timestamp may be at most this many steps of 0.02 s into the window: one second. */
const lastInitialTimestamp = 50;

/**
 * Applies every rule, in place.
 *
 * @param logits [vocabulary], overwritten
 * @param generated the tokens chosen so far in this window, the opening ones not counted
 */
export function applyRules(logits: Float32Array, generated: readonly number[], tokens: RuleTokens): void {
  if (generated.length === 0) forbid(logits, [...tokens.blank, tokens.endOfText]);
  forbid(logits, tokens.suppressed);
  applyTimestampRules(logits, generated, tokens);
}

/**
 * Timestamps come in pairs (one ends a segment, one begins the next) and never go back; the text of a window starts
 * with one; and where the timestamps together are likelier than every other token, one of them it must be.
 */
export function applyTimestampRules(logits: Float32Array, generated: readonly number[], tokens: RuleTokens): void {
  const { firstTimestamp, endOfText } = tokens;
  logits[tokens.noTimestamps] = -Infinity;

  const afterTimestamp = generated.length > 0 && generated[generated.length - 1] >= firstTimestamp;
  // A lone timestamp at the very beginning counts as the second of a pair.
  const afterPair = afterTimestamp && (generated.length < 2 || generated[generated.length - 2] >= firstTimestamp);
  if (afterPair) logits.fill(-Infinity, firstTimestamp);
  else if (afterTimestamp) logits.fill(-Infinity, 0, endOfText);

  const latest = generated.findLast((token) => token >= firstTimestamp);
  if (latest !== undefined) {
    // The second of a pair may repeat the first; a segment's end must lie behind its start.
    logits.fill(-Infinity, firstTimestamp, afterTimestamp && !afterPair ? latest : latest + 1);
  }

  if (generated.length === 0) {
    logits.fill(-Infinity, 0, firstTimestamp);
    logits.fill(-Infinity, firstTimestamp + lastInitialTimestamp + 1);
  }

  const text = logits.subarray(0, firstTimestamp);
  if (logSumExp(logits.subarray(firstTimestamp)) > greatest(text)) text.fill(-Infinity);
}

/** The token with the greatest logit (the first among equals) and the logarithm of its probability. */
export function chooseGreedily(logits: Float32Array): { token: number; logProbability: number } {
  let token = -1;
  let best = -Infinity;
  for (let i = 0; i < logits.length; i++) {
    if (logits[i] > best) {
      best = logits[i];
      token = i;
    }
  }
  if (token < 0) throw new Error('the decoder gave no finite logit; the weights or the audio are damaged');
  return { token, logProbability: best - logSumExp(logits) };
}

/** log(Σ exp(x)), without overflow; -Infinity of nothing but -Infinity. */
export function logSumExp(values: Float32Array): number {
  const top = greatest(values);
  if (top === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i] - top);
  return top + Math.log(sum);
}

function greatest(values: Float32Array): number {
  let top = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > top) top = values[i];
  return top;
}

function forbid(logits: Float32Array, tokens: readonly number[]): void {
  for (const token of tokens) logits[token] = -Infinity;
}
