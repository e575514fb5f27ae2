/** @file The inner loop of matmul, linear, convolution and attention on typed arrays: tiles of 4 × 4 dot products. */

import { nativeProvider } from '../core/provider.ts';

export type Floats = Float32Array | Float64Array;

/** Multiply-adds from which native code is asked: below, the call and the packing cost more than they save. */
const nativeFrom = 2_000_000;

/**
 * out[i * outStride + j] = Σ_k a[i, k] b[j, k] (+ bias[j]) for i < rows, j < columns: both operands row-major with `depth` columns.
 * Sums are float64, rounded once on the store.
 */
export function dotRows(
  a: Floats,
  aStart: number,
  b: Floats,
  bStart: number,
  out: Floats,
  outStart: number,
  rows: number,
  columns: number,
  depth: number,
  bias: ArrayLike<number> | null = null,
  outStride: number = columns,
): void {
  if (
    rows * columns * depth < nativeFrom ||
    !dotNatively(a, aStart, b, bStart, out, outStart, rows, columns, depth, outStride)
  ) {
    dotInTiles(a, aStart, b, bStart, out, outStart, rows, columns, depth, outStride);
  }
  if (!bias) return;
  for (let i = 0; i < rows; i++) {
    const at = outStart + i * outStride;
    for (let j = 0; j < columns; j++) out[at + j] += bias[j];
  }
}

/** false: the provider is absent or cannot help. */
function dotNatively(
  a: Floats,
  aStart: number,
  b: Floats,
  bStart: number,
  out: Floats,
  outStart: number,
  rows: number,
  columns: number,
  depth: number,
  outStride: number,
): boolean {
  if (!nativeProvider || !(a instanceof Float32Array) || !(b instanceof Float32Array) || !(out instanceof Float32Array))
    return false;
  const left = a.subarray(aStart, aStart + rows * depth);
  const right = b.subarray(bStart, bStart + columns * depth);
  const product = nativeProvider.matmul(rows, columns, depth, left, right, 'float32', true);
  if (!product) return false;
  for (let i = 0; i < rows; i++) out.set(product.subarray(i * columns, (i + 1) * columns), outStart + i * outStride);
  return true;
}

function dotInTiles(
  a: Floats,
  aStart: number,
  b: Floats,
  bStart: number,
  out: Floats,
  outStart: number,
  rows: number,
  columns: number,
  depth: number,
  outStride: number,
): void {
  const fullRows = rows - (rows % 4);
  const fullColumns = columns - (columns % 4);
  for (let i = 0; i < fullRows; i += 4) {
    const a0 = aStart + i * depth;
    const at = outStart + i * outStride;
    for (let j = 0; j < fullColumns; j += 4) tile(a, a0, b, bStart + j * depth, depth, out, at + j, outStride);
    for (let j = fullColumns; j < columns; j++) {
      for (let r = 0; r < 4; r++) out[at + r * outStride + j] = dot(a, a0 + r * depth, b, bStart + j * depth, depth);
    }
  }
  for (let i = fullRows; i < rows; i++) {
    const at = outStart + i * outStride;
    const a0 = aStart + i * depth;
    for (let j = 0; j < fullColumns; j += 4) row(a, a0, b, bStart + j * depth, depth, out, at + j);
    for (let j = fullColumns; j < columns; j++) out[at + j] = dot(a, a0, b, bStart + j * depth, depth);
  }
}

function dot(a: Floats, a0: number, b: Floats, b0: number, depth: number): number {
  let sum = 0;
  for (let k = 0; k < depth; k++) sum += a[a0 + k] * b[b0 + k];
  return sum;
}

function row(a: Floats, a0: number, b: Floats, b0: number, depth: number, out: Floats, at: number): void {
  const b1 = b0 + depth;
  const b2 = b1 + depth;
  const b3 = b2 + depth;
  let s0 = 0;
  let s1 = 0;
  let s2 = 0;
  let s3 = 0;
  for (let k = 0; k < depth; k++) {
    const x = a[a0 + k];
    s0 += x * b[b0 + k];
    s1 += x * b[b1 + k];
    s2 += x * b[b2 + k];
    s3 += x * b[b3 + k];
  }
  out[at] = s0;
  out[at + 1] = s1;
  out[at + 2] = s2;
  out[at + 3] = s3;
}

function tile(
  a: Floats,
  a0: number,
  b: Floats,
  b0: number,
  depth: number,
  out: Floats,
  at: number,
  outStride: number,
): void {
  const a1 = a0 + depth;
  const a2 = a1 + depth;
  const a3 = a2 + depth;
  const b1 = b0 + depth;
  const b2 = b1 + depth;
  const b3 = b2 + depth;
  let s00 = 0;
  let s01 = 0;
  let s02 = 0;
  let s03 = 0;
  let s10 = 0;
  let s11 = 0;
  let s12 = 0;
  let s13 = 0;
  let s20 = 0;
  let s21 = 0;
  let s22 = 0;
  let s23 = 0;
  let s30 = 0;
  let s31 = 0;
  let s32 = 0;
  let s33 = 0;
  for (let k = 0; k < depth; k++) {
    const x0 = a[a0 + k];
    const x1 = a[a1 + k];
    const x2 = a[a2 + k];
    const x3 = a[a3 + k];
    const y0 = b[b0 + k];
    const y1 = b[b1 + k];
    const y2 = b[b2 + k];
    const y3 = b[b3 + k];
    s00 += x0 * y0;
    s01 += x0 * y1;
    s02 += x0 * y2;
    s03 += x0 * y3;
    s10 += x1 * y0;
    s11 += x1 * y1;
    s12 += x1 * y2;
    s13 += x1 * y3;
    s20 += x2 * y0;
    s21 += x2 * y1;
    s22 += x2 * y2;
    s23 += x2 * y3;
    s30 += x3 * y0;
    s31 += x3 * y1;
    s32 += x3 * y2;
    s33 += x3 * y3;
  }
  out[at] = s00;
  out[at + 1] = s01;
  out[at + 2] = s02;
  out[at + 3] = s03;
  out[at + outStride] = s10;
  out[at + outStride + 1] = s11;
  out[at + outStride + 2] = s12;
  out[at + outStride + 3] = s13;
  out[at + 2 * outStride] = s20;
  out[at + 2 * outStride + 1] = s21;
  out[at + 2 * outStride + 2] = s22;
  out[at + 2 * outStride + 3] = s23;
  out[at + 3 * outStride] = s30;
  out[at + 3 * outStride + 1] = s31;
  out[at + 3 * outStride + 2] = s32;
  out[at + 3 * outStride + 3] = s33;
}
