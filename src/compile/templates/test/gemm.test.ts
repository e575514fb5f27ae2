/** @file gemm and gemv against a float64 product: ragged sizes, strides, dtypes, thread counts. */
import { describe, expect, it } from 'vitest';
import { storeEpilogue } from '../epilogue.ts';
import { type GemmSpec, gemm } from '../gemm.ts';
import { gemv } from '../gemv.ts';
import type { FloatDtype, IsaFacts } from '../types.ts';
import { floats, loadKernels, machineLevels, noise, scratchOf, templateLevels } from './harness.ts';
import { bytesOf, panels, relativeError, store } from './reference.ts';
import { elements, expectAnyRows, product } from './rowCounts.ts';

/** gemm with symbolic M, row stride d[1] and packed weights. */
function packedGemm(
  isa: IsaFacts,
  name: string,
  N: number,
  K: number,
  dtype: FloatDtype,
  left: FloatDtype = 'float32',
) {
  return gemm(
    { isa, functionName: name, setup: 'const int64_t M = d[0];' },
    {
      rows: 'M',
      columns: N,
      depth: K,
      left: { kind: 'matrix', pointer: elements(0, left), dtype: left, rowStride: 'd[1]' },
      right: { kind: 'panels', pointer: elements(1, dtype), dtype },
      epilogue: storeEpilogue('((float *)b[2])', String(N)),
    },
  );
}

describe.each(machineLevels())('gemm on $name', (isa) => {
  const shapes: [N: number, K: number][] = [
    [1, 1],
    [17, 3],
    [48, 400],
    [100, 64],
    [16, 0],
  ];
  for (const dtype of ['float32', 'float16', 'bfloat16'] as const) {
    it(`${dtype} panels: any M, ragged N, strides, same bits for any thread count`, () => {
      const sources = shapes.map(([N, K], i) => packedGemm(isa, `k${i}`, N, K, dtype));
      const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
      shapes.forEach(([N, K], i) => {
        const b = store(noise(K * N, 7 + i), dtype);
        const packed = panels(b.stored, K, N);
        expectAnyRows(kernels[i]!, packed, [N, K], ({ values, a, M, stride }) => {
          expect(relativeError(values, product(a, b.values, M, N, K, stride))).toBeLessThan(2e-6);
        });
      });
    });
  }

  it('float16 and bfloat16 left operands are converted row by row', () => {
    const sources = (['float16', 'bfloat16'] as const).map((left) =>
      packedGemm(isa, `l_${left}`, 33, 70, 'float32', left),
    );
    const kernels = loadKernels(sources, isa, Math.max(...sources.map((s) => scratchOf(s))));
    (['float16', 'bfloat16'] as const).forEach((left, i) => {
      const a = store(noise(50 * 70), left);
      const b = noise(70 * 33, 3);
      const out = floats(50 * 33);
      kernels[i]!.run([a.stored, panels(b, 70, 33), out], [50, 70], 2);
      expect(relativeError(out, product(a.values, b, 50, 33, 70))).toBeLessThan(2e-6);
    });
  });

  it('NaN and infinity go where they belong, and only there', () => {
    const source = packedGemm(isa, 'special', 20, 8, 'float16');
    const [kernel] = loadKernels([source], isa, scratchOf(source));
    const a = noise(9 * 8);
    a[3 * 8 + 2] = Number.NaN;
    a[5 * 8] = Number.POSITIVE_INFINITY;
    const b = store(noise(8 * 20, 2).map(Math.abs) as Float32Array, 'float16');
    const out = floats(9 * 20);
    kernel!.run([a, panels(b.stored, 8, 20), out], [9, 8]);
    const want = product(a, b.values, 9, 20, 8);
    for (let i = 0; i < want.length; i++) {
      if (Number.isFinite(want[i]!)) expect(Number.isFinite(out[i]!)).toBe(true);
      else expect(out[i]).toBe(want[i]);
    }
  });

  it('products of activations: batches, both orders of B, packed at run time; rows from a provider', () => {
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
    const sources = (['kn', 'nk'] as const).flatMap((order) =>
      (['float32', 'float16'] as const).map((dtype) =>
        gemm({ isa, functionName: `p_${order}_${dtype}`, setup }, spec(order, dtype)),
      ),
    );
    const kernels = loadKernels(sources, isa, scratchOf(sources[0]!, { B: 3, M: 50, N: 500, K: 130 }));
    for (const [B, M, N, K] of [
      [3, 50, 500, 130],
      [5, 1, 17, 3],
      [1, 30, 1, 1],
      [2, 9, 16, 0],
    ] as const) {
      let at = 0;
      for (const order of ['kn', 'nk'] as const)
        for (const dtype of ['float32', 'float16'] as const) {
          const kernel = kernels[at++]!;
          const a = noise(Math.max(1, B * M * K), 5);
          const b = store(noise(Math.max(1, B * K * N), 6), dtype);
          const want = new Float64Array(B * M * N);
          for (let i = 0; i < B; i++) {
            const slice = b.values.subarray(i * K * N, (i + 1) * K * N);
            const kn = floats(K * N);
            for (let k = 0; k < K; k++)
              for (let n = 0; n < N; n++) kn[k * N + n] = 2 * slice[order === 'kn' ? k * N + n : n * K + k]!;
            want.set(product(a.subarray(i * M * K, (i + 1) * M * K), kn, M, N, K), i * M * N);
          }
          const out = floats(B * M * N);
          kernel.run([a, b.stored, out], [B, M, N, K]);
          expect(relativeError(out, want)).toBeLessThan(2e-6);
          for (const threads of [2, 3, 5]) {
            const again = floats(B * M * N);
            kernel.run([a, b.stored, again], [B, M, N, K], threads);
            expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
          }
        }
    }
  });
});

describe.each(templateLevels())('gemv on $name', (isa) => {
  it('one to four rows, every panel dtype, ragged N and K, same bits for any thread count', () => {
    const cases = [1, 2, 3, 4].flatMap((M) =>
      (['float32', 'float16', 'bfloat16'] as const).flatMap((dtype) =>
        (
          [
            [17, 3],
            [33, 401],
          ] as const
        ).map(([N, K]) => ({ M, dtype, N, K })),
      ),
    );
    const sources = cases.map(({ M, dtype, N, K }, i) =>
      gemv(
        { isa, functionName: `v${i}` },
        {
          rows: M,
          columns: N,
          depth: K,
          left: { kind: 'matrix', pointer: elements(0, 'float32'), dtype: 'float32', rowStride: String(K + 3) },
          right: { kind: 'panels', pointer: elements(1, dtype), dtype },
          epilogue: storeEpilogue('((float *)b[2])', String(N)),
        },
      ),
    );
    const kernels = loadKernels(sources, isa, 64);
    cases.forEach(({ M, dtype, N, K }, i) => {
      const a = noise(M * (K + 3), i + 1);
      const b = store(noise(K * N, i + 100), dtype);
      const packed = panels(b.stored, K, N);
      const out = floats(M * N);
      kernels[i]!.run([a, packed, out]);
      expect(relativeError(out, product(a, b.values, M, N, K, K + 3))).toBeLessThan(2e-6);
      for (const threads of [2, 3]) {
        const again = floats(M * N);
        kernels[i]!.run([a, packed, again], [], threads);
        expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
      }
    });
  });
});
