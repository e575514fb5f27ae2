/** @file layerNorm, softmax, their fused forms, and conv1d against float64. */
import { describe, expect, it } from 'vitest';
import { conv1d } from '../conv1d.ts';
import { storeEpilogue } from '../epilogue.ts';
import { gemm } from '../gemm.ts';
import { type LayerNormSpec, layerNorm, layerNormRow, softmax } from '../rowReduce.ts';
import { floats, loadKernels, noise, scratchOf, templateLevels } from './harness.ts';
import { bytesOf, panels, relativeError, store } from './reference.ts';

function normalised(x: Float32Array, rows: number, n: number, w: Float32Array, b: Float32Array): Float64Array {
  const out = new Float64Array(rows * n);
  for (let r = 0; r < rows; r++) {
    const row = x.subarray(r * n, (r + 1) * n);
    const mean = row.reduce((a, v) => a + v, 0) / n;
    const variance = row.reduce((a, v) => a + (v - mean) ** 2, 0) / n;
    row.forEach((v, c) => {
      out[r * n + c] = ((v - mean) / Math.sqrt(variance + 1e-5)) * w[c]! + b[c]!;
    });
  }
  return out;
}

describe.each(templateLevels())('rows on $name', (isa) => {
  it('layerNorm: static and symbolic rows, half weights, fused into a product', () => {
    const spec = (columns: string | number): LayerNormSpec => ({
      columns,
      input: { kind: 'matrix', pointer: '((const float *)b[0])', dtype: 'float32', rowStride: String(columns) },
      eps: '1e-5f',
      weight: { pointer: '((const uint16_t *)b[1])', dtype: 'float16' },
      bias: { pointer: '((const float *)b[2])', dtype: 'float32' },
    });
    const sources = [
      layerNorm(
        { isa, functionName: 'fixed' },
        { ...spec(80), rows: 'd[0]', epilogue: storeEpilogue('((float *)b[3])', '80') },
      ),
      layerNorm(
        { isa, functionName: 'any' },
        { ...spec('d[1]'), rows: 'd[0]', epilogue: storeEpilogue('((float *)b[3])', 'd[1]') },
      ),
      gemm(
        { isa, functionName: 'fused', uses: ['tn_f16_to_f32'] },
        {
          rows: 'd[0]',
          columns: 5,
          depth: 80,
          left: { kind: 'provider', row: layerNormRow(spec(80)) },
          right: { kind: 'panels', pointer: '((const float *)b[4])', dtype: 'float32' },
          epilogue: storeEpilogue('((float *)b[3])', '5'),
        },
      ),
    ];
    const [fixed, any, fused] = loadKernels(sources, isa, 1 << 17);
    for (const n of [80, 1, 7, 513]) {
      const rows = 11;
      const x = noise(rows * n, n);
      const w = store(noise(n, 3), 'float16');
      const b = noise(n, 4);
      const want = normalised(x, rows, n, w.values, b);
      for (const kernel of n === 80 ? [fixed!, any!] : [any!]) {
        const out = floats(rows * n);
        kernel.run([x, w.stored, b, out], [rows, n]);
        expect(relativeError(out, want)).toBeLessThan(2e-6);
        const again = floats(rows * n);
        kernel.run([x, w.stored, b, again], [rows, n], 3);
        expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
      }
      if (n === 80) {
        const m = noise(80 * 5, 5);
        const product = new Float64Array(rows * 5);
        for (let r = 0; r < rows; r++)
          for (let k = 0; k < 80; k++)
            for (let c = 0; c < 5; c++) product[r * 5 + c]! += want[r * 80 + k]! * m[k * 5 + c]!;
        const out = floats(rows * 5);
        fused!.run([x, w.stored, b, out, panels(m, 80, 5)], [rows], 2);
        expect(relativeError(out, product)).toBeLessThan(3e-6);
      }
    }
  });

  it('softmax and logSoftmax, with what is not finite', () => {
    const sources = [false, true].map((log) =>
      softmax(
        { isa, functionName: log ? 'logs' : 'plain' },
        {
          rows: 'd[0]',
          columns: 'd[1]',
          log,
          input: { kind: 'text', load: ({ row, column }) => `8.0f * ((const float *)b[0])[${row} * d[1] + ${column}]` },
          epilogue: storeEpilogue('((float *)b[1])', 'd[1]'),
        },
      ),
    );
    const kernels = loadKernels(sources, isa, scratchOf({ ...sources[0]!, scratchBytes: '65536' }));
    for (const n of [1, 5, 100, 1501]) {
      const rows = 6;
      const x = noise(rows * n, n);
      x[n] = Number.NEGATIVE_INFINITY;
      x.fill(Number.NEGATIVE_INFINITY, 2 * n, 3 * n);
      x[3 * n] = Number.NaN;
      x[4 * n] = Number.POSITIVE_INFINITY;
      for (const log of [false, true]) {
        const want = new Float64Array(rows * n);
        for (let r = 0; r < rows; r++) {
          const row = Array.from(x.subarray(r * n, (r + 1) * n), (v) => 8 * v);
          const top = row.reduce((a, v) => (Number.isNaN(v) ? a : Math.max(a, v)), Number.NEGATIVE_INFINITY);
          const sum = row.reduce((a, v) => a + Math.exp(v - top), 0);
          row.forEach((v, c) => {
            want[r * n + c] = log ? v - top - Math.log(sum) : Math.exp(v - top) / sum;
          });
        }
        const out = floats(rows * n);
        kernels[log ? 1 : 0]!.run([x, out], [rows, n], 2);
        expect(relativeError(out, want), `${n} ${log}`).toBeLessThan(2e-6);
      }
    }
  });

  it('conv1d: stride, padding, dilation, both layouts of the input', () => {
    const cases = [
      { B: 2, C: 5, T: 37, O: 20, W: 3, stride: 1, padding: 1, dilation: 1 },
      { B: 1, C: 16, T: 50, O: 33, W: 3, stride: 2, padding: 1, dilation: 1 },
      { B: 1, C: 3, T: 40, O: 4, W: 5, stride: 3, padding: 4, dilation: 2 },
      { B: 3, C: 1, T: 9, O: 1, W: 1, stride: 1, padding: 0, dilation: 1 },
    ].flatMap((c) => [
      { ...c, timeMajor: false },
      { ...c, timeMajor: true },
    ]);
    const sources = cases.map((c, i) =>
      conv1d(
        { isa, functionName: `c${i}` },
        {
          batches: 'd[0]',
          inChannels: c.C,
          length: 'd[1]',
          outChannels: c.O,
          outLength: 'd[2]',
          kernelWidth: c.W,
          stride: c.stride,
          padding: c.padding,
          dilation: c.dilation,
          input: {
            pointer: '((const float *)b[0])',
            dtype: 'float32',
            batchStride: `${c.C} * d[1]`,
            channelStride: c.timeMajor ? '1' : 'd[1]',
            timeStride: c.timeMajor ? String(c.C) : '1',
          },
          weight: { kind: 'panels', pointer: '((const float *)b[1])', dtype: 'float32' },
          epilogue: storeEpilogue(`((float *)b[2]) + batch * d[2] * ${c.O}`, String(c.O)),
        },
      ),
    );
    const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    cases.forEach((c, i) => {
      const { B, C, T, O, W } = c;
      const To = Math.floor((T + 2 * c.padding - c.dilation * (W - 1) - 1) / c.stride) + 1;
      const x = noise(B * C * T, 1);
      const weight = noise(O * C * W, 2);
      const kn = floats(W * C * O);
      for (let o = 0; o < O; o++)
        for (let ci = 0; ci < C; ci++)
          for (let w = 0; w < W; w++) kn[(w * C + ci) * O + o] = weight[(o * C + ci) * W + w]!;
      const want = new Float64Array(B * To * O);
      for (let b = 0; b < B; b++)
        for (let to = 0; to < To; to++)
          for (let o = 0; o < O; o++)
            for (let ci = 0; ci < C; ci++)
              for (let w = 0; w < W; w++) {
                const at = to * c.stride + w * c.dilation - c.padding;
                if (at < 0 || at >= T) continue;
                const value = x[b * C * T + (c.timeMajor ? at * C + ci : ci * T + at)]!;
                want[(b * To + to) * O + o]! += value * weight[(o * C + ci) * W + w]!;
              }
      const out = floats(B * To * O);
      kernels[i]!.run([x, panels(kn, W * C, O), out], [B, T, To]);
      expect(relativeError(out, want)).toBeLessThan(2e-6);
      const again = floats(B * To * O);
      kernels[i]!.run([x, panels(kn, W * C, O), again], [B, T, To], 3);
      expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
    });
  });
});
