/**
 * @file Which token comes next: the filters that Whisper's decoder puts over the logits, and the greatest of what is
 * left. The filters are computed here from the tokens so far; a part of the model applies them and chooses.
 *
 * Source: openai/whisper, decoding.py, release 20250625 (SuppressBlank, SuppressTokens, ApplyTimestampRules and the
 * greedy choice at temperature 0).
 */
import { arange, compileCache, nn, type Tensor, tensor, where } from 'torchnative';

/** The tokens that the rules speak of; a `WhisperTokenizer` is one. */
export interface RuleTokens {
  readonly endOfText: number;
  readonly noTimestamps: number;
  readonly firstTimestamp: number;
  readonly suppressed: readonly number[];
}

/** The ids that the tokens so far leave open. */
export interface Allowed {
  /** Of the tokens before the timestamps, those from here on. */
  readonly textFrom: number;
  /** Of the timestamps, those from here on, up to and without `timeEnd`. */
  readonly timeFrom: number;
  readonly timeEnd: number;
}

/** A token with the logarithm of its probability among those that are allowed. */
export interface Choice {
  readonly token: number;
  readonly logProbability: number;
}

/** The first timestamp may be at most this many steps of 0.02 s into the window: one second. */
const lastInitialTimestamp = 50;

/**
 * What may follow. Timestamps come in pairs (one ends a segment, one begins the next) and never go back; the text of a
 * window starts with one, which also rules out the blank and the end of text there.
 *
 * @param generated the tokens chosen so far in this window, the opening ones not counted
 */
export function allowedAfter(generated: readonly number[], tokens: RuleTokens): Allowed {
  const { firstTimestamp, endOfText } = tokens;
  const timeEnd = Number.MAX_SAFE_INTEGER;
  if (generated.length === 0) {
    return { textFrom: firstTimestamp, timeFrom: firstTimestamp, timeEnd: firstTimestamp + lastInitialTimestamp + 1 };
  }
  const afterTimestamp = generated[generated.length - 1] >= firstTimestamp;
  // A lone timestamp at the very beginning counts as the second of a pair.
  const afterPair = afterTimestamp && (generated.length < 2 || generated[generated.length - 2] >= firstTimestamp);
  if (afterPair) return { textFrom: 0, timeFrom: firstTimestamp, timeEnd: firstTimestamp };
  const latest = generated.findLast((token) => token >= firstTimestamp);
  if (latest === undefined) return { textFrom: 0, timeFrom: firstTimestamp, timeEnd };
  // The second of a pair may repeat the first; a segment's end must lie behind its start.
  if (afterTimestamp) return { textFrom: endOfText, timeFrom: latest, timeEnd };
  return { textFrom: 0, timeFrom: latest + 1, timeEnd };
}

/** Chooses tokens, as a part of the model: it looks at every token of the vocabulary, each time. */
export class TokenChooser extends nn.Module {
  readonly firstTimestamp: number;
  readonly vocabulary: number;
  /** True for the tokens that are never chosen. */
  readonly suppressed: Tensor;

  constructor(tokens: RuleTokens, vocabulary: number) {
    super();
    this.firstTimestamp = tokens.firstTimestamp;
    this.vocabulary = vocabulary;
    const never = new Array<boolean>(vocabulary).fill(false);
    for (const token of [...tokens.suppressed, tokens.noTimestamps]) never[token] = true;
    this.suppressed = this.registerBuffer('suppressed', tensor(never), { persistent: false });
  }

  /**
   * The likeliest token that is allowed, the first among equals.
   *
   * @param logits [vocabulary] float32
   */
  choose(logits: Tensor, { textFrom, timeFrom, timeEnd }: Allowed): Choice {
    const bounds = [textFrom, timeFrom, Math.min(timeEnd, this.vocabulary)];
    const { token, logProbability } = this.forward(logits, tensor(bounds, { dtype: 'int32' }));
    const choice = { token: token.item() as number, logProbability: logProbability.item() as number };
    if (Number.isFinite(choice.logProbability)) return choice;
    throw new Error('the decoder gave no finite logit; the weights or the audio are damaged');
  }

  /** @param bounds [3] int32: `textFrom`, `timeFrom`, `timeEnd` */
  @compileCache('choose')
  forward(logits: Tensor, bounds: Tensor): { token: Tensor; logProbability: Tensor } {
    const left = this.rule(logits, bounds);
    return { token: left.argmax(0), logProbability: left.max().sub(left.logsumexp(0)) };
  }

  /** The logits, -Infinity where a token is ruled out. */
  rule(logits: Tensor, bounds: Tensor): Tensor {
    const [textFrom, timeFrom, timeEnd] = bounds.unbind();
    const ids = arange(this.vocabulary, { dtype: 'int32' });
    const isText = ids.lt(this.firstTimestamp);
    const inBounds = where(isText, ids.ge(textFrom), ids.ge(timeFrom).logicalAnd(ids.lt(timeEnd)));
    const open = where(inBounds.logicalAnd(this.suppressed.logicalNot()), logits, -Infinity);
    // Where the timestamps together are likelier than every other token, one of them it must be.
    const text = open.slice(0, 0, this.firstTimestamp);
    const mustBeTime = open.slice(0, this.firstTimestamp).logsumexp(0).gt(text.max());
    return where(isText.logicalAnd(mustBeTime), -Infinity, open);
  }
}

/** log(Σ exp(x)), without overflow; -Infinity of nothing but -Infinity. */
export function logSumExp(values: Float32Array): number {
  let top = -Infinity;
  for (let i = 0; i < values.length; i++) if (values[i] > top) top = values[i];
  if (top === -Infinity) return -Infinity;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += Math.exp(values[i] - top);
  return top + Math.log(sum);
}
