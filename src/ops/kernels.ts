/** @file Building blocks of the eager kernels: typed arrays in, typed arrays out, row-major and free of strides. */

import { computeDType, type DType, dtypeInfo, isHalf, type TypedArray } from '../core/dtype.ts';
import { invariant } from '../core/errors.ts';
import { bfloat16ToNumber, halfTable, numberToBfloat16, numberToHalf } from '../core/half.ts';
import { contiguousStrides, elementPositions, emptyView, isContiguous, product, StridedView } from '../core/view.ts';
import type { ConcreteMeta } from './record.ts';

/** Elements as JavaScript numbers (every dtype but int64; half types as float32). */
export type NumberArray = Float32Array | Float64Array | Int32Array | Uint8Array | Int8Array;
export type Elements = NumberArray | BigInt64Array;

/** An array of the kind that computes in `dtype`, in a buffer of its own. */
export function allocate(dtype: DType, length: number): Elements {
  const info = dtypeInfo[computeDType(dtype)];
  return new info.array(new ArrayBuffer(length * info.bytes), 0, length) as Elements;
}

/**
 * The elements of `view` in row-major order, converted to the compute dtype of `dtype`.
 * Contiguous data that needs no conversion is not copied: never write into the result.
 */
export function readElements(view: StridedView, dtype: DType = view.dtype): Elements {
  const target = computeDType(dtype);
  const total = view.count;
  const data = view.storage.typed(view.dtype);
  const contiguous = isContiguous(view);
  if (target === view.dtype && contiguous) return data.subarray(view.offset, view.offset + total) as Elements;
  const positions = contiguous ? null : elementPositions(view.sizes, view.strides, view.offset);
  const out = allocate(target, total);
  if (isHalf(view.dtype) && target === 'bool') {
    const values = readElements(view) as Float32Array;
    for (let i = 0; i < total; i++) out[i] = values[i] !== 0 ? 1 : 0;
  } else if (isHalf(view.dtype)) decodeHalves(view, data as Uint16Array, positions, out);
  else if (
    target === view.dtype ||
    (positions === null && target !== 'int64' && target !== 'bool' && view.dtype !== 'int64')
  ) {
    copyElements(data, view.offset, positions, out);
  } else convertElements(data, view.offset, positions, out, target);
  return out;
}

function decodeHalves(view: StridedView, bits: Uint16Array, positions: Int32Array | null, out: Elements): void {
  const total = out.length;
  const start = view.offset;
  if (out instanceof BigInt64Array) {
    for (let i = 0; i < total; i++)
      out[i] = toBigInt(decodeOne(view.dtype, bits[positions ? positions[i] : start + i]));
    return;
  }
  if (view.dtype === 'float16') {
    const table = halfTable();
    if (positions) for (let i = 0; i < total; i++) out[i] = table[bits[positions[i]]];
    else for (let i = 0; i < total; i++) out[i] = table[bits[start + i]];
    return;
  }
  if (out instanceof Float32Array) {
    const words = new Uint32Array(out.buffer, out.byteOffset, total);
    if (positions) for (let i = 0; i < total; i++) words[i] = bits[positions[i]] << 16;
    else for (let i = 0; i < total; i++) words[i] = bits[start + i] << 16;
    return;
  }
  for (let i = 0; i < total; i++) out[i] = bfloat16ToNumber(bits[positions ? positions[i] : start + i]);
}

function decodeOne(dtype: DType, bits: number): number {
  return dtype === 'float16' ? halfTable()[bits] : bfloat16ToNumber(bits);
}

function copyElements(data: TypedArray, start: number, positions: Int32Array | null, out: Elements): void {
  const total = out.length;
  if (positions === null) {
    (out as Float32Array).set((data as Float32Array).subarray(start, start + total));
    return;
  }
  const from = data as Float32Array;
  const to = out as Float32Array;
  for (let i = 0; i < total; i++) to[i] = from[positions[i]];
}

function convertElements(
  data: TypedArray,
  start: number,
  positions: Int32Array | null,
  out: Elements,
  target: DType,
): void {
  const total = out.length;
  const at = (i: number): number => (positions ? positions[i] : start + i);
  if (out instanceof BigInt64Array) {
    const from = data as Float64Array;
    for (let i = 0; i < total; i++) out[i] = toBigInt(from[at(i)]);
  } else if (target === 'bool') {
    if (data instanceof BigInt64Array) for (let i = 0; i < total; i++) out[i] = data[at(i)] !== 0n ? 1 : 0;
    else for (let i = 0; i < total; i++) out[i] = (data as Float64Array)[at(i)] !== 0 ? 1 : 0;
  } else if (data instanceof BigInt64Array) {
    if (dtypeInfo[target].category === 'int')
      for (let i = 0; i < total; i++) out[i] = Number(BigInt.asIntN(32, data[at(i)]));
    else for (let i = 0; i < total; i++) out[i] = Number(data[at(i)]);
  } else {
    const from = data as Float64Array;
    for (let i = 0; i < total; i++) out[i] = from[at(i)];
  }
}

/** Truncates toward zero; NaN and infinities become the smallest int64, as the x86 conversion does. */
export function toBigInt(value: number): bigint {
  return Number.isFinite(value) ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

/** A view of `values` (which must be in the compute dtype of `meta.dtype`, row-major, unshared), encoded if a half type. */
export function fromElements(meta: ConcreteMeta, values: Elements): StridedView {
  const out = emptyView(meta.dtype, meta.shape);
  const data = out.storage.typed(meta.dtype);
  invariant(values.length === data.length, () => `${values.length} elements for a shape of ${data.length}`);
  if (meta.dtype === 'float16') encode(values as Float32Array, data as Uint16Array, numberToHalf);
  else if (meta.dtype === 'bfloat16') encode(values as Float32Array, data as Uint16Array, numberToBfloat16);
  else (data as Float32Array).set(values as Float32Array);
  return out;
}

function encode(values: Float32Array, bits: Uint16Array, one: (value: number) => number): void {
  for (let i = 0; i < bits.length; i++) bits[i] = one(values[i]);
}

/** A fresh output and the array to fill: the output's own data, or float32 scratch that `finish` encodes for the half types. */
export function makeOutput(meta: ConcreteMeta): { readonly values: Elements; finish(): StridedView } {
  if (isHalf(meta.dtype)) {
    const values = allocate('float32', product(meta.shape));
    return { values, finish: () => fromElements(meta, values) };
  }
  const view = emptyView(meta.dtype, meta.shape);
  return { values: view.storage.typed(meta.dtype) as Elements, finish: () => view };
}

/** `view` with every axis of `shape`: stride 0 where it repeats. */
export function expandView(view: StridedView, shape: readonly number[]): StridedView {
  const shift = shape.length - view.sizes.length;
  const strides = shape.map((size, axis) => {
    const own = axis - shift;
    return own < 0 || (view.sizes[own] === 1 && size !== 1) ? 0 : view.strides[own];
  });
  return new StridedView(view.storage, view.dtype, shape, strides, view.offset);
}

/** How an operand of a broadcast is walked: all elements in order, `i % period` (1: a scalar), or explicit positions. */
export type Walk = { readonly period: number; readonly positions: Int32Array | null };

export function walkOf(sizes: readonly number[], outSizes: readonly number[]): Walk {
  const total = product(outSizes);
  const own = product(sizes);
  if (own === total || own === 1) return { period: own, positions: null };
  // A bias: the operand repeats as a block because its sizes are the output's last ones.
  let axis = 0;
  while (axis < sizes.length && sizes[axis] === 1) axis++;
  const tail = sizes.slice(axis);
  const shift = outSizes.length - tail.length;
  if (tail.every((size, i) => size === outSizes[shift + i])) return { period: own, positions: null };
  const packed = contiguousStrides(sizes);
  const strides = outSizes.map((size, i) => {
    const from = i - (outSizes.length - sizes.length);
    return from < 0 || (sizes[from] === 1 && size !== 1) ? 0 : packed[from];
  });
  return { period: 0, positions: elementPositions(outSizes, strides, 0) };
}

/** Row-major copy of any strided view, same dtype, bit for bit. */
export function copyView(view: StridedView): StridedView {
  const out = emptyView(view.dtype, view.sizes);
  const to = out.storage.typed(view.dtype) as Float32Array;
  const from = view.storage.typed(view.dtype) as Float32Array;
  if (isContiguous(view)) {
    to.set(from.subarray(view.offset, view.offset + view.count));
    return out;
  }
  const positions = elementPositions(view.sizes, view.strides, view.offset);
  for (let i = 0; i < positions.length; i++) to[i] = from[positions[i]];
  return out;
}

/** Overwrites `target` with `source`: same sizes and dtype; the two may overlap. */
export function writeView(target: StridedView, source: StridedView): void {
  const shared = target.storage === source.storage ? copyView(source) : source;
  const to = target.storage.typed(target.dtype) as Float32Array;
  const from = shared.storage.typed(shared.dtype) as Float32Array;
  const total = target.count;
  const sourceAt = isContiguous(shared) ? null : elementPositions(shared.sizes, shared.strides, shared.offset);
  const targetAt = isContiguous(target) ? null : elementPositions(target.sizes, target.strides, target.offset);
  if (!sourceAt && !targetAt) {
    to.set(from.subarray(shared.offset, shared.offset + total), target.offset);
    return;
  }
  for (let i = 0; i < total; i++) {
    to[targetAt ? targetAt[i] : target.offset + i] = from[sourceAt ? sourceAt[i] : shared.offset + i];
  }
}
