/** @file What the tests of all kinds of products have in common: the judge, and the walk over numbers of rows and threads. */
import { expect } from 'vitest';
import type { FloatDtype } from '../types.ts';
import { type Buffer, floats, type loadKernels, noise } from './harness.ts';
import { bytesOf } from './reference.ts';

/** Buffer `i` of a kernel as elements of a dtype. */
export const elements = (i: number, dtype: FloatDtype): string =>
  `((const ${dtype === 'float32' ? 'float' : 'uint16_t'} *)b[${i}])`;

/** Rows of `a`, `stride` apart, times `b` [K, N], in float64. */
export function product(a: Float32Array, b: Float32Array, M: number, N: number, K: number, stride = K): Float64Array {
  const out = new Float64Array(M * N);
  for (let m = 0; m < M; m++)
    for (let k = 0; k < K; k++) {
      const x = a[m * stride + k]!;
      for (let n = 0; n < N; n++) out[m * N + n]! += x * b[k * N + n]!;
    }
  return out;
}

/** What a kernel made of M rows of `a`. */
export interface Found {
  readonly values: Float32Array;
  readonly a: Float32Array;
  readonly M: number;
  readonly stride: number;
}

/**
 * Runs a kernel of K by N weights on no row and on many, a stride apart: nothing is written behind the result, its bits
 * depend neither on the number of threads nor on that of the rows. `check` judges the values.
 */
export function expectAnyRows(
  kernel: ReturnType<typeof loadKernels>[number],
  weights: Buffer,
  [N, K]: readonly [N: number, K: number],
  check: (found: Found) => void,
): void {
  for (const M of [0, 1, 7, 25, 97, 203]) {
    const stride = K + 5;
    const a = noise(Math.max(1, M * stride), M + 1);
    const out = floats(M * N + 1).fill(42);
    kernel.run([a, weights, out], [M, stride]);
    expect(out[M * N]).toBe(42);
    check({ values: out.subarray(0, M * N), a, M, stride });
    for (const threads of [2, 3, 8]) {
      const again = floats(M * N + 1).fill(42);
      kernel.run([a, weights, again], [M, stride], threads);
      expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
    }
    if (M === 97) {
      // a row's bits do not depend on how many rows there are
      const few = floats(7 * N);
      kernel.run([a, weights, few], [7, stride]);
      expect(bytesOf(few).equals(bytesOf(out.subarray(0, 7 * N)))).toBe(true);
    }
  }
}
