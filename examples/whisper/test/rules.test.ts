/** @file The rules over the logits, case by case against openai/whisper. */
import { tensor } from 'torchnative';
import { describe, expect, it } from 'vitest';
import { allowedAfter, logSumExp, type RuleTokens, TokenChooser } from '../rules.ts';
import { readRecording } from './recordings.ts';

interface Case {
  generated: number[];
  logits: number[];
  allowed: number[];
  token: number;
  logProbability: number;
}

const small: RuleTokens = { endOfText: 30, noTimestamps: 39, firstTimestamp: 40, suppressed: [5, 31] };

/** What the rules leave of logits, and what is chosen of it. */
function apply(logits: readonly number[], generated: readonly number[], tokens: RuleTokens) {
  const chooser = new TokenChooser(tokens, logits.length);
  const allowed = allowedAfter(generated, tokens);
  const bounds = [allowed.textFrom, allowed.timeFrom, Math.min(allowed.timeEnd, logits.length)];
  const left = chooser.rule(tensor([...logits]), tensor(bounds, { dtype: 'int32' })).toFloat32Array();
  const ids = [...left.keys()].filter((id) => left[id] > -Infinity);
  return { ids, choose: () => chooser.choose(tensor([...logits]), allowed) };
}

describe('timestamp rules', () => {
  const cases = readRecording<Case[]>('rules.json');
  it(`rule out what openai/whisper rules out (${cases.length} recorded cases)`, () => {
    for (const recorded of cases) {
      const { ids, choose } = apply(recorded.logits, recorded.generated, { ...small, suppressed: [] });
      expect(ids).toEqual(recorded.allowed);
      const { token, logProbability } = choose();
      expect(token).toBe(recorded.token);
      expect(Math.abs(logProbability - recorded.logProbability)).toBeLessThan(1e-4);
    }
  });

  it('let a window begin with a timestamp of the first second only', () => {
    const { ids } = apply(new Array<number>(200).fill(0), [], small);
    expect(ids).toEqual(Array.from({ length: 51 }, (_, i) => 40 + i));
  });

  it('forbid suppressed tokens everywhere, and no blank or end of text behind the beginning', () => {
    const logits = new Array<number>(60).fill(0).fill(-50, 40);
    const { ids } = apply(logits, [40, 2], small);
    expect(ids).not.toContain(5);
    expect(ids).not.toContain(31);
    expect(ids).toContain(1);
    expect(ids).toContain(30);
  });
});

describe('the choice', () => {
  const none: RuleTokens = { endOfText: 0, noTimestamps: 3, firstTimestamp: 4, suppressed: [] };

  it('is the first among equals', () => {
    const { token, logProbability } = apply([0, 2, 2, 9, -Infinity], [1], none).choose();
    expect(token).toBe(1);
    expect(logProbability).toBeCloseTo(2 - logSumExp(Float32Array.of(0, 2, 2)), 6);
  });

  it('refuses logits without a finite value', () => {
    expect(() => apply([Number.NaN, -Infinity, -Infinity, 1, -Infinity], [1], none).choose()).toThrow(
      /no finite logit/,
    );
  });
});
