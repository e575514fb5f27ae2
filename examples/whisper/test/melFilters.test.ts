/** @file The mel filter bank against properties of librosa's. */
import { describe, expect, it } from 'vitest';
import { melFilters } from '../melFilters.ts';

describe('melFilters', () => {
  it('has the values that openai/whisper ships (mel_filters.npz, a few of each size)', () => {
    const at = (bins: number, bin: number, k: number) => melFilters(bins, 400, 16000)[bin * 201 + k];
    for (const [bins, bin, k, value] of recorded) expect(Math.abs(at(bins, bin, k) - value)).toBeLessThan(4e-9);
  });

  it('has no gap: every frequency but the first and last belongs to a filter', () => {
    const filters = melFilters(80, 400, 16000);
    for (let k = 1; k < 200; k++) {
      let sum = 0;
      for (let bin = 0; bin < 80; bin++) sum += filters[bin * 201 + k];
      expect(sum).toBeGreaterThan(0);
    }
  });
});

const recorded: [bins: number, bin: number, k: number, value: number][] = [
  [80, 0, 1, 0.02486259490251541],
  [80, 5, 6, 0.014908484183251858],
  [80, 40, 43, 0.014735566452145576],
  [80, 60, 93, 0.006591092795133591],
  [80, 79, 192, 0.0031647118739783764],
  [80, 79, 192, 0.0031647118739783764],
  [128, 0, 1, 0.012373986653983593],
  [128, 50, 30, 0.011038944125175476],
  [128, 100, 102, 0.00940941646695137],
  [128, 127, 195, 0.005041601601988077],
];
