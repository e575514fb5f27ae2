/** @file Products with int8 weights against float64 products of the quantised operands. */
import { describe, expect, it } from 'vitest';
import { storeEpilogue } from '../epilogue.ts';
import { gemm } from '../gemm.ts';
import { gemv } from '../gemv.ts';
import type { FloatDtype, IsaFacts } from '../types.ts';
import { floats, loadKernels, machineLevels, noise, scratchOf } from './harness.ts';
import { bytesOf, quadPanels, quantisedRows, relativeError, store } from './reference.ts';
import { elements, expectAnyRows, product } from './rowCounts.ts';

const precision = 'int8';
const words = '((const uint32_t *)b[1])';
function packed(isa: IsaFacts, name: string, N: number, K: number, left: FloatDtype = 'float32') {
  return gemm(
    { isa, precision, functionName: name, setup: 'const int64_t M = d[0];' },
    {
      rows: 'M',
      columns: N,
      depth: K,
      left: { kind: 'matrix', pointer: elements(0, left), dtype: left, rowStride: 'd[1]' },
      right: { kind: 'panels', pointer: words, dtype: 'float16' },
      epilogue: storeEpilogue('((float *)b[2])', String(N)),
    },
  );
}

function few(isa: IsaFacts, name: string, M: number, N: number, K: number, left: FloatDtype = 'float32') {
  return gemv(
    { isa, precision, functionName: name },
    {
      rows: M,
      columns: N,
      depth: K,
      left: { kind: 'matrix', pointer: elements(0, left), dtype: left, rowStride: String(K + 3) },
      right: { kind: 'panels', pointer: words, dtype: 'float16' },
      epilogue: storeEpilogue('((float *)b[2])', String(N)),
    },
  );
}

describe.each(machineLevels())('int8 weights on $name', (isa) => {
  const shapes: [N: number, K: number][] = [
    [1, 1],
    [17, 3],
    [48, 400],
    [100, 65],
    [40, 1103],
    [16, 0],
  ];

  it('any number of rows, ragged N, any K, strides, same bits for any thread count', () => {
    const sources = shapes.map(([N, K], i) => packed(isa, `k${i}`, N, K));
    const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    shapes.forEach(([N, K], i) => {
      const b = noise(K * N, 7 + i);
      const { panels, values } = quadPanels(b, K, N);
      expectAnyRows(kernels[i]!, panels, [N, K], ({ values: found, a, M, stride }) => {
        const quantised = product(quantisedRows(a, M, K, stride), values, M, N, K, stride);
        expect(relativeError(found, quantised)).toBeLessThan(3e-6);
        expect(relativeError(found, product(a, b, M, N, K, stride))).toBeLessThan(2e-2);
      });
    });
  });

  it('a few rows stay float32: one to four, half and float32, same bits for any thread count', () => {
    const cases = [1, 2, 3, 4].flatMap((M) =>
      [
        [17, 3],
        [5, 1],
        [33, 401],
        [64, 128],
        [16, 0],
      ].map(([N, K], i) => ({ M, N: N!, K: K!, left: i % 2 === 0 ? ('float32' as const) : ('float16' as const) })),
    );
    const sources = cases.map(({ M, N, K, left }, i) => few(isa, `v${i}`, M, N, K, left));
    const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    cases.forEach(({ M, N, K, left }, i) => {
      const a = store(noise(M * (K + 3), i + 1), left);
      const { panels, values } = quadPanels(noise(K * N, 2), K, N);
      const out = floats(M * N);
      kernels[i]!.run([a.stored, panels, out]);
      expect(relativeError(out, product(a.values, values, M, N, K, K + 3))).toBeLessThan(3e-6);
      for (const threads of [2, 5]) {
        const again = floats(M * N);
        kernels[i]!.run([a.stored, panels, again], [], threads);
        expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
      }
    });
  });

  it('the largest sums of bytes do not leave int32; columns of zeros, rows of next to nothing', () => {
    const K = 65536;
    const sources = [packed(isa, 'many', 3, K), few(isa, 'one', 1, 3, K)];
    const [many, one] = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    const b = floats(K * 3);
    for (let k = 0; k < K; k++) b.set([1, -1, 0], k * 3);
    const { panels } = quadPanels(b, K, 3);
    for (const value of [1, -3, 1e-38, 0]) {
      const a = floats(K + 3).fill(value);
      for (const kernel of [many!, one!]) {
        const out = floats(3);
        kernel.run([a, panels, out], [1, K]);
        const want = Math.abs(value) < 1e-30 ? 0 : value * K;
        for (const [i, sign] of [1, -1, 0].entries())
          expect(Math.abs(out[i]! - sign * want)).toBeLessThanOrEqual(Math.max(Math.abs(want) * 1e-5, 1e-30));
      }
    }
  });

  it('a row with NaN or infinity is no number, its neighbours are not touched', () => {
    const sources = [packed(isa, 'special', 20, 9), few(isa, 'row', 4, 20, 9)];
    const [many, rows] = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    for (const [kernel, stride] of [
      [many!, 9],
      [rows!, 12],
    ] as const) {
      const a = noise(4 * stride);
      a[stride + 2] = Number.NaN;
      a[3 * stride + 8] = Number.NEGATIVE_INFINITY;
      const out = floats(4 * 20);
      kernel.run([a, quadPanels(noise(9 * 20, 2), 9, 20).panels, out], [4, 9]);
      out.forEach((x, i) => {
        expect(!Number.isFinite(x)).toBe([1, 3].includes(Math.floor(i / 20)));
      });
    }
  });
});
