/** @file Products with bfloat16 operands against float64 products of rounded operands, and how far they are from unrounded ones. */
import { describe, expect, it } from 'vitest';
import { conv1d } from '../conv1d.ts';
import { storeEpilogue } from '../epilogue.ts';
import { type GemmSpec, gemm } from '../gemm.ts';
import { gemv } from '../gemv.ts';
import type { FloatDtype, IsaFacts } from '../types.ts';
import { floats, loadKernels, machineLevels, noise, scratchOf } from './harness.ts';
import { bfloats, bytesOf, pairPanels, relativeError, store } from './reference.ts';
import { elements, expectAnyRows, product } from './rowCounts.ts';

const precision = 'bf16';
const words = (i: number): string => `((const uint32_t *)b[${i}])`;
function packed(isa: IsaFacts, name: string, N: number, K: number, left: FloatDtype = 'float32') {
  return gemm(
    { isa, precision, functionName: name, setup: 'const int64_t M = d[0];' },
    {
      rows: 'M',
      columns: N,
      depth: K,
      left: { kind: 'matrix', pointer: elements(0, left), dtype: left, rowStride: 'd[1]' },
      right: { kind: 'panels', pointer: words(1), dtype: 'float16' },
      epilogue: storeEpilogue('((float *)b[2])', String(N)),
    },
  );
}

describe.each(machineLevels())('bfloat16 operands on $name', (isa) => {
  const shapes: [N: number, K: number][] = [
    [1, 1],
    [17, 3],
    [48, 400],
    [100, 65],
    [40, 1100],
    [16, 0],
  ];

  it('weights: any number of rows, ragged N, odd K, strides, same bits for any thread count', () => {
    const sources = shapes.map(([N, K], i) => packed(isa, `k${i}`, N, K));
    const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    shapes.forEach(([N, K], i) => {
      const b = noise(K * N, 7 + i);
      const panels = pairPanels(b, K, N);
      expectAnyRows(kernels[i]!, panels, [N, K], ({ values, a, M, stride }) => {
        expect(relativeError(values, product(bfloats(a), bfloats(b), M, N, K, stride))).toBeLessThan(2e-6);
        expect(relativeError(values, product(a, b, M, N, K, stride))).toBeLessThan(6e-3);
      });
    });
  });

  it('half left operands', () => {
    const dtypes = ['float16', 'bfloat16'] as const;
    const sources = dtypes.map((left) => packed(isa, `l_${left}`, 33, 71, left));
    const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    dtypes.forEach((left, i) => {
      const a = store(noise(50 * 71), left);
      const b = noise(71 * 33, 3);
      const out = floats(50 * 33);
      kernels[i]!.run([a.stored, pairPanels(b, 71, 33), out], [50, 71], 2);
      expect(relativeError(out, product(bfloats(a.values), bfloats(b), 50, 33, 71))).toBeLessThan(2e-6);
    });
  });

  it('NaN and infinity go where they belong, and only there; subnormal operands stay below any bound', () => {
    const source = packed(isa, 'special', 20, 9);
    const [kernel] = loadKernels([source], isa, scratchOf(source));
    const a = noise(12 * 9);
    a[3 * 9 + 2] = Number.NaN;
    a[5 * 9] = Number.POSITIVE_INFINITY;
    a[7 * 9 + 8] = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < 9; k++) a[11 * 9 + k] = 1e-39;
    const b = noise(9 * 20, 2).map(Math.abs) as Float32Array<ArrayBuffer>;
    const out = floats(12 * 20);
    kernel!.run([a, pairPanels(b, 9, 20), out], [12, 9]);
    const want = product(a, b, 12, 20, 9);
    for (let i = 0; i < want.length; i++) {
      if (Number.isFinite(want[i]!)) expect(Math.abs(out[i]! - want[i]!)).toBeLessThan(0.02);
      else expect(out[i]).toBe(want[i]);
    }
    expect(out.subarray(11 * 20).every((x) => Math.abs(x) < 1e-37)).toBe(true);
  });

  it('products of activations: batches, both orders of B, every dtype; rows from a provider', () => {
    const spec = (order: 'kn' | 'nk', dtype: FloatDtype): GemmSpec => ({
      rows: 'M',
      columns: 'N',
      depth: 'K',
      batches: 'B',
      left: {
        kind: 'provider',
        row: ({ target, row, batch, indent }) =>
          `${indent}for (int64_t k = 0; k < K; k++) ${target}[k] = 2.0f * ((const float *)b[0])[(${batch} * M + ${row}) * K + k];`,
      },
      right: {
        kind: 'strided',
        pointer: `${elements(1, dtype)} + batch * K * N`,
        dtype,
        rowStride: order === 'kn' ? 'N' : '1',
        columnStride: order === 'kn' ? '1' : 'K',
      },
      epilogue: storeEpilogue('((float *)b[2]) + batch * M * N', 'N'),
    });
    const setup = 'const int64_t B = d[0], M = d[1], N = d[2], K = d[3];';
    const kinds = (['kn', 'nk'] as const).flatMap((order) =>
      (['float32', 'float16', 'bfloat16'] as const).map((dtype) => ({ order, dtype })),
    );
    const sources = kinds.map(({ order, dtype }) =>
      gemm({ isa, precision, functionName: `p_${order}_${dtype}`, setup }, spec(order, dtype)),
    );
    const kernels = loadKernels(sources, isa, scratchOf(sources[0]!, { B: 3, M: 50, N: 500, K: 131 }));
    for (const [B, M, N, K] of [
      [3, 50, 500, 131],
      [2, 9, 33, 64],
      [5, 1, 17, 3],
      [1, 30, 1, 1],
      [2, 9, 16, 0],
    ] as const) {
      kinds.forEach(({ order, dtype }, at) => {
        const a = noise(Math.max(1, B * M * K), 5);
        const b = store(noise(Math.max(1, B * K * N), 6), dtype);
        const want = new Float64Array(B * M * N);
        for (let i = 0; i < B; i++) {
          const slice = b.values.subarray(i * K * N, (i + 1) * K * N);
          const kn = floats(K * N);
          for (let k = 0; k < K; k++)
            for (let n = 0; n < N; n++) kn[k * N + n] = 2 * slice[order === 'kn' ? k * N + n : n * K + k]!;
          want.set(product(bfloats(a.subarray(i * M * K, (i + 1) * M * K)), bfloats(kn), M, N, K), i * M * N);
        }
        const out = floats(B * M * N);
        kernels[at]!.run([a, b.stored, out], [B, M, N, K]);
        expect(relativeError(out, want)).toBeLessThan(2e-6);
        for (const threads of [2, 3, 5]) {
          const again = floats(B * M * N);
          kernels[at]!.run([a, b.stored, again], [B, M, N, K], threads);
          expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
        }
      });
    }
  });

  it('a few rows stay float32: one to four, ragged N, odd K, same bits for any thread count', () => {
    const cases = [1, 2, 3, 4].flatMap((M) =>
      [
        [17, 3],
        [5, 1],
        [33, 401],
        [64, 128],
        [16, 0],
      ].map(([N, K]) => ({ M, N: N!, K: K! })),
    );
    const sources = cases.map(({ M, N, K }, i) =>
      gemv(
        { isa, precision, functionName: `v${i}` },
        {
          rows: M,
          columns: N,
          depth: K,
          left: { kind: 'matrix', pointer: elements(0, 'float32'), dtype: 'float32', rowStride: String(K + 3) },
          right: { kind: 'panels', pointer: words(1), dtype: 'float16' },
          epilogue: storeEpilogue('((float *)b[2])', String(N)),
        },
      ),
    );
    const kernels = loadKernels(sources, isa, 64);
    cases.forEach(({ M, N, K }, i) => {
      const a = noise(M * (K + 3), i + 1);
      const b = noise(K * N, 2);
      const panels = pairPanels(b, K, N);
      const out = floats(M * N);
      kernels[i]!.run([a, panels, out]);
      expect(relativeError(out, product(a, bfloats(b), M, N, K, K + 3))).toBeLessThan(2e-6);
      for (const threads of [2, 5]) {
        const again = floats(M * N);
        kernels[i]!.run([a, panels, again], [], threads);
        expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
      }
    });
  });

  it('conv1d', () => {
    const [C, T, O, W] = [7, 50, 20, 3];
    const outLength = 25;
    const source = conv1d(
      { isa, precision, functionName: 'conv' },
      {
        batches: 1,
        inChannels: C,
        length: T,
        outChannels: O,
        outLength,
        kernelWidth: W,
        stride: 2,
        padding: 1,
        dilation: 1,
        input: {
          pointer: elements(0, 'float32'),
          dtype: 'float32',
          batchStride: '0',
          channelStride: String(T),
          timeStride: '1',
        },
        weight: { kind: 'panels', pointer: words(1), dtype: 'float32' },
        epilogue: storeEpilogue('((float *)b[2])', String(O)),
      },
    );
    const [kernel] = loadKernels([source], isa, scratchOf(source));
    const x = noise(C * T, 1);
    const w = noise(C * W * O, 2); // [Kw * Cin][Cout]
    const windows = floats(outLength * C * W);
    for (let t = 0; t < outLength; t++)
      for (let kw = 0; kw < W; kw++)
        for (let c = 0; c < C; c++) {
          const at = 2 * t - 1 + kw;
          windows[t * C * W + kw * C + c] = at < 0 || at >= T ? 0 : x[c * T + at]!;
        }
    const out = floats(outLength * O);
    kernel!.run([x, pairPanels(w, C * W, O), out], [], 2);
    expect(relativeError(out, product(bfloats(windows), bfloats(w), outLength, O, C * W))).toBeLessThan(2e-6);
  });
});
