/** @file The rules over the logits, case by case against openai/whisper. */
import { describe, expect, it } from 'vitest';
import { applyRules, applyTimestampRules, chooseGreedily, logSumExp, type RuleTokens } from '../rules.ts';
import { readRecording } from './recordings.ts';

interface Case {
  generated: number[];
  logits: number[];
  allowed: number[];
  token: number;
  logProbability: number;
}

const small: RuleTokens = { endOfText: 30, noTimestamps: 39, firstTimestamp: 40, blank: [1], suppressed: [5, 31] };
const allowed = (logits: Float32Array) => [...logits.keys()].filter((id) => logits[id] > -Infinity);

describe('timestamp rules', () => {
  const cases = readRecording<Case[]>('rules.json');
  it(`rule out what openai/whisper rules out (${cases.length} recorded cases)`, () => {
    for (const recorded of cases) {
      const logits = Float32Array.from(recorded.logits);
      applyTimestampRules(logits, recorded.generated, small);
      expect(allowed(logits)).toEqual(recorded.allowed);
      const { token, logProbability } = chooseGreedily(logits);
      expect(token).toBe(recorded.token);
      expect(Math.abs(logProbability - recorded.logProbability)).toBeLessThan(1e-4);
    }
  });
});

describe('applyRules', () => {
  it('lets a window begin with a timestamp of the first second only', () => {
    const logits = new Float32Array(200);
    applyRules(logits, [], small);
    expect(allowed(logits)).toEqual(Array.from({ length: 51 }, (_, i) => 40 + i));
  });

  it('forbids suppressed tokens everywhere, blank and end of text at the beginning', () => {
    const logits = new Float32Array(60).fill(0);
    logits.fill(-50, 40);
    applyRules(logits, [40, 2], small);
    expect(allowed(logits)).not.toContain(5);
    expect(allowed(logits)).not.toContain(31);
    expect(allowed(logits)).toContain(1);
    expect(allowed(logits)).toContain(30);
  });
});

describe('chooseGreedily', () => {
  it('takes the first among equals', () => {
    expect(chooseGreedily(Float32Array.of(0, 2, 2))).toEqual({
      token: 1,
      logProbability: 2 - logSumExp(Float32Array.of(0, 2, 2)),
    });
  });

  it('refuses logits without a finite value', () => {
    expect(() => chooseGreedily(Float32Array.of(Number.NaN, -Infinity))).toThrow(/no finite logit/);
  });
});
