/** @file A strided view on a storage: what eager kernels take and give. `Tensor` is a view with methods. */

import { type DType, isHalf } from './dtype.ts';
import { bfloat16ToNumber, halfTable, numberToBfloat16, numberToHalf } from './half.ts';
import { Storage } from './storage.ts';

// What is marked internal is concrete also while a capture runs: read by users, it would be baked in unseen.
export class StridedView {
  /** @internal */
  readonly storage: Storage;
  readonly dtype: DType;
  /** Concrete sizes, also while a capture runs (symbolic ones are the tracer's). @internal */
  readonly sizes: readonly number[];
  /** In elements. @internal */
  readonly strides: readonly number[];
  /** Of the first element, in elements. @internal */
  readonly offset: number;

  constructor(storage: Storage, dtype: DType, sizes: readonly number[], strides: readonly number[], offset = 0) {
    this.storage = storage;
    this.dtype = dtype;
    this.sizes = sizes;
    this.strides = strides;
    this.offset = offset;
  }

  /** Number of elements; concrete, also while a capture runs. @internal */
  get count(): number {
    return product(this.sizes);
  }
}

export function product(sizes: readonly number[]): number {
  let total = 1;
  for (const size of sizes) total *= size;
  return total;
}

export function contiguousStrides(sizes: readonly number[]): number[] {
  const strides = new Array<number>(sizes.length);
  let stride = 1;
  for (let axis = sizes.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= Math.max(sizes[axis], 1);
  }
  return strides;
}

/** Row-major with no gaps; axes of size 1 and empty tensors may have any strides (torch.Tensor.is_contiguous). */
export function isContiguous(view: StridedView): boolean {
  let stride = 1;
  for (let axis = view.sizes.length - 1; axis >= 0; axis--) {
    const size = view.sizes[axis];
    if (size === 0) return true;
    if (size !== 1) {
      if (view.strides[axis] !== stride) return false;
      stride *= size;
    }
  }
  return true;
}

export function emptyView(dtype: DType, sizes: readonly number[]): StridedView {
  return new StridedView(Storage.allocate(dtype, product(sizes)), dtype, sizes, contiguousStrides(sizes), 0);
}

/** Storage positions of all elements in row-major order of `sizes`; the fast path of every generic kernel. */
export function elementPositions(sizes: readonly number[], strides: readonly number[], offset: number): Int32Array {
  const total = product(sizes);
  const positions = new Int32Array(total);
  if (total === 0) return positions;
  const rank = sizes.length;
  if (rank === 0) {
    positions[0] = offset;
    return positions;
  }
  const index = new Array<number>(rank).fill(0);
  const last = rank - 1;
  const inner = sizes[last];
  const innerStride = strides[last];
  let base = offset;
  for (let out = 0; out < total; ) {
    for (let i = 0, p = base; i < inner; i++, p += innerStride) positions[out++] = p;
    for (let axis = last - 1; axis >= 0; axis--) {
      base += strides[axis];
      if (++index[axis] < sizes[axis]) break;
      base -= strides[axis] * sizes[axis];
      index[axis] = 0;
    }
  }
  return positions;
}

/** All elements in row-major order as float64 numbers (int64 beyond 2^53 loses digits: use `toBigInts`). */
export function toNumbers(view: StridedView): Float64Array {
  const total = view.count;
  const data = view.storage.typed(view.dtype);
  const isWhole = isContiguous(view);
  // A copy by the engine itself, several times as fast.
  if (isWhole && view.dtype === 'float32') {
    return new Float64Array((data as Float32Array).subarray(view.offset, view.offset + total));
  }
  const out = new Float64Array(total);
  const get = elementReader(view.dtype, data);
  if (isWhole) {
    for (let i = 0; i < total; i++) out[i] = get(view.offset + i);
  } else {
    const positions = elementPositions(view.sizes, view.strides, view.offset);
    for (let i = 0; i < total; i++) out[i] = get(positions[i]);
  }
  return out;
}

export function elementReader(dtype: DType, data: ReturnType<Storage['typed']>): (position: number) => number {
  if (dtype === 'float16') {
    const table = halfTable();
    const bits = data as Uint16Array;
    return (p) => table[bits[p]];
  }
  if (dtype === 'bfloat16') {
    const bits = data as Uint16Array;
    return (p) => bfloat16ToNumber(bits[p]);
  }
  if (dtype === 'int64') {
    const big = data as BigInt64Array;
    return (p) => Number(big[p]);
  }
  const plain = data as Float32Array;
  return (p) => plain[p];
}

/** Writes a number with the dtype's own rounding or wrapping (floats to nearest even, integers truncated and wrapped, bool: not zero). */
export function elementWriter(
  dtype: DType,
  data: ReturnType<Storage['typed']>,
): (position: number, value: number) => void {
  if (isHalf(dtype)) {
    const bits = data as Uint16Array;
    const encode = dtype === 'float16' ? numberToHalf : numberToBfloat16;
    return (p, v) => {
      bits[p] = encode(v);
    };
  }
  if (dtype === 'int64') {
    const big = data as BigInt64Array;
    return (p, v) => {
      big[p] = Number.isFinite(v) ? BigInt(Math.trunc(v)) : -(2n ** 63n);
    };
  }
  const plain = data as Float32Array;
  if (dtype === 'bool') {
    return (p, v) => {
      plain[p] = v !== 0 ? 1 : 0;
    };
  }
  return (p, v) => {
    plain[p] = v;
  };
}

/** A contiguous copy with memory of its own, bit for bit. */
export function copyElements(view: StridedView): StridedView {
  const copy = emptyView(view.dtype, view.sizes);
  const from = view.storage.typed(view.dtype);
  const to = copy.storage.typed(view.dtype);
  if (isContiguous(view)) {
    (to as Uint8Array).set(from.subarray(view.offset, view.offset + view.count) as Uint8Array);
    return copy;
  }
  const positions = elementPositions(view.sizes, view.strides, view.offset);
  for (let i = 0; i < positions.length; i++) to[i] = from[positions[i]];
  return copy;
}

/** The elements' bytes as hexadecimal text, in row-major order. */
export function bytesText(view: StridedView): string {
  const { storage } = copyElements(view);
  let text = '';
  for (const byte of storage.bytes()) text += byte.toString(16).padStart(2, '0');
  return text;
}
