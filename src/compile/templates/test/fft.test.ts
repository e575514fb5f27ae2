/** @file Real transforms of many lengths against a float64 transform by definition. */
import { describe, expect, it } from 'vitest';
import { floatText, radices, realFft, rootOfUnity } from '../fft.ts';
import type { IsaFacts } from '../types.ts';
import { floats, loadKernels, noise, scratchOf, templateLevels } from './harness.ts';
import { bytesOf } from './reference.ts';

function kernel(isa: IsaFacts, n: number) {
  return realFft(
    { isa, functionName: `fft${n}` },
    {
      frames: 'd[0]',
      length: n,
      load: ({ frame, index }) => `((const float *)b[0])[${frame} * d[1] + ${index}]`,
      epilogue: ({ frame, bin, re, im, indent }) =>
        `${indent}((float *)b[1])[(${frame} * ${Math.floor(n / 2) + 1} + ${bin}) * 2] = ${re};\n` +
        `${indent}((float *)b[1])[(${frame} * ${Math.floor(n / 2) + 1} + ${bin}) * 2 + 1] = ${im};`,
    },
  );
}

/** Transform by definition, roots from one table. */
function reference(x: Float32Array, n: number): Float64Array {
  const roots = Array.from({ length: n }, (_, k) => rootOfUnity(k, n));
  const out = new Float64Array(2 * (Math.floor(n / 2) + 1));
  for (let bin = 0; bin <= n / 2; bin++)
    for (let i = 0, at = 0; i < n; i++, at = (at + bin) % n) {
      out[2 * bin]! += x[i]! * roots[at]![0];
      out[2 * bin + 1]! += x[i]! * roots[at]![1];
    }
  return out;
}

describe('pieces', () => {
  it('roots of unity', () => {
    for (const n of [1, 2, 3, 4, 5, 8, 12, 400])
      for (let k = -n; k < 2 * n; k++) {
        const [re, im] = rootOfUnity(k, n);
        expect(Math.abs(re - Math.cos((2 * Math.PI * k) / n))).toBeLessThan(5e-15);
        expect(Math.abs(im + Math.sin((2 * Math.PI * k) / n))).toBeLessThan(5e-15);
      }
    expect(rootOfUnity(1, 4).map((v) => v + 0)).toEqual([0, -1]);
  });
  it('radices multiply to the length', () => {
    for (let n = 1; n < 2000; n++) expect(radices(n).reduce((a, b) => a * b, 1)).toBe(n);
    expect(radices(200)).toEqual([4, 2, 5, 5]);
  });
  it('float text reads back as the same float32', () => {
    for (const x of noise(1000)) expect(Math.fround(Number(floatText(x).slice(0, -1)))).toBe(x);
    expect([floatText(0), floatText(-0), floatText(1), floatText(1e-10), floatText(100)]).toEqual([
      '0.0f',
      '0.0f',
      '1.0f',
      '1.00000001e-10f',
      '100.0f',
    ]);
  });
});

describe.each(templateLevels())('realFft on $name', (isa) => {
  it('lengths with all radices; error beside the rms; same bits for any thread count', () => {
    const lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 30, 49, 77, 100, 101, 202, 243, 400, 512, 625];
    const sources = lengths.map((n) => kernel(isa, n));
    const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    lengths.forEach((n, i) => {
      const frames = 21;
      const hop = Math.max(1, Math.floor(n / 3));
      const samples = noise(hop * frames + n, n);
      const bins = 2 * (Math.floor(n / 2) + 1);
      const out = floats(frames * bins);
      kernels[i]!.run([samples, out], [frames, hop]);
      let worst = 0;
      for (let f = 0; f < frames; f++) {
        const want = reference(samples.subarray(f * hop, f * hop + n), n);
        let rms = 0;
        let error = 0;
        want.forEach((w, j) => {
          rms += w * w;
          error += (w - out[f * bins + j]!) ** 2;
        });
        worst = Math.max(worst, Math.sqrt(error / Math.max(rms, 1e-30)));
      }
      expect(worst, `length ${n}`).toBeLessThan(n <= 101 || n === 400 || n === 512 ? 3e-7 : 5e-7);
      for (const threads of [2, 3]) {
        const again = floats(frames * bins);
        kernels[i]!.run([samples, again], [frames, hop], threads);
        expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
      }
      kernels[i]!.run([samples, out], [0, hop]);
    });
  });

  it('windowed speech-like frames of 400: error within 3e-7 of the frame rms', () => {
    const source = kernel(isa, 400);
    const [run] = loadKernels([source], isa, scratchOf(source));
    const x = floats(400 * 8);
    const drift = noise(400 * 8, 9);
    for (let f = 0; f < 8; f++)
      for (let i = 0; i < 400; i++) {
        const t = (f * 160 + i) / 16000;
        const voice =
          Math.sin(2 * Math.PI * 120 * t) +
          0.5 * Math.sin(2 * Math.PI * 730 * t) +
          0.2 * Math.sin(2 * Math.PI * 2440 * t);
        x[f * 400 + i] = 0.3 * (voice + 0.05 * drift[f * 400 + i]!) * (0.5 - 0.5 * Math.cos((2 * Math.PI * i) / 400));
      }
    const out = floats(8 * 402);
    run!.run([x, out], [8, 400]);
    for (let f = 0; f < 8; f++) {
      const want = reference(x.subarray(f * 400, f * 400 + 400), 400);
      const rms = Math.sqrt(want.reduce((a, w) => a + w * w, 0));
      const largest = want.reduce((a, w) => Math.max(a, Math.abs(w)), 0);
      const errors = Array.from(want, (w, j) => Math.abs(w - out[f * 402 + j]!));
      expect(Math.sqrt(errors.reduce((a, e) => a + e * e, 0)) / rms).toBeLessThan(1.5e-7);
      expect(Math.max(...errors) / largest).toBeLessThan(2e-7);
    }
  });
});
