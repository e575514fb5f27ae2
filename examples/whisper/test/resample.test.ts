/** @file The resampler: length, tones, what would alias, straight lines through odd rates. */
import { describe, expect, it } from 'vitest';
import { resample } from '../resample.ts';

const tone = (frequency: number, rate: number, length: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin((2 * Math.PI * frequency * i) / rate));

/** Decibels of a signal's middle against a full-scale sine. */
function level(samples: Float32Array): number {
  const middle = samples.subarray(300, samples.length - 300);
  const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return 10 * Math.log10(2 * power);
}

describe('resample', () => {
  const rates = [8000, 11025, 22050, 32000, 44100, 48000, 96000, 192000];

  it('gives the same samples back at the same rate', () => {
    const samples = tone(440, 16000, 100);
    expect(resample(samples, 16000, 16000)).toBe(samples);
  });

  it('keeps the duration', () => {
    for (const rate of [...rates, 7919, 44101]) {
      for (const length of [1, 2, 1000, 4321]) {
        const expected = Math.max(1, Math.round((length * 16000) / rate));
        expect(resample(new Float32Array(length), rate, 16000).length).toBe(expected);
      }
    }
    expect(resample(new Float32Array(0), 44100, 16000).length).toBe(0);
  });

  it('keeps tones of the pass band: amplitude, phase and nothing added', () => {
    for (const rate of rates) {
      for (const frequency of [100, 1000, 3000, ...(rate > 16000 ? [6500] : [])]) {
        const resampled = resample(tone(frequency, rate, rate / 2), rate, 16000);
        const expected = tone(frequency, 16000, resampled.length);
        let worst = 0;
        for (let i = 300; i < resampled.length - 300; i++)
          worst = Math.max(worst, Math.abs(resampled[i] - expected[i]));
        expect(worst, `${frequency} Hz at ${rate}`).toBeLessThan(2e-4);
      }
    }
  });

  it('rejects what would alias by more than 90 dB', () => {
    for (const rate of [22050, 44100, 48000, 96000, 192000]) {
      for (const frequency of [8001, 8200, 9000, 11000, rate * 0.3, rate * 0.45].filter(
        (f) => f > 8000 && f < rate / 2,
      )) {
        expect(
          level(resample(tone(frequency, rate, rate / 2), rate, 16000)),
          `${frequency} Hz at ${rate}`,
        ).toBeLessThan(-90);
      }
    }
  });

  it('makes no image of a tone when the rate goes up', () => {
    const up = resample(tone(3000, 8000, 8000), 8000, 16000);
    const expected = tone(3000, 16000, up.length);
    expect(level(up.map((sample, i) => sample - expected[i]))).toBeLessThan(-90);
  });

  it('keeps a constant in every phase', () => {
    const constant = resample(new Float32Array(44101).fill(0.5), 44101, 16000);
    for (let i = 300; i < constant.length - 300; i++) expect(constant[i]).toBeCloseTo(0.5, 6);
  });
});
