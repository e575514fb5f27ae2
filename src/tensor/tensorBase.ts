/** @file What every tensor knows of itself: shape, dtype, element values, text. */

import type { DType } from '../core/dtype.ts';
import { activeTracer } from '../core/tracer.ts';
import { isContiguous, StridedView } from '../core/view.ts';
import { elementCount, normalizeAxis } from '../ops/shapes.ts';
import type { Size } from '../symbolic/symInt.ts';
import { type PrintOptions, tensorToString } from './print.ts';
import { asArray, type ElementValue, type NestedList, nestedList, ownData, singleValue } from './read.ts';

export abstract class TensorBase extends StridedView {
  /** The sizes; symbolic ones for axes with a Dim while a capture runs. */
  get shape(): readonly Size[] {
    return activeTracer?.shapeOf(this) ?? this.sizes;
  }

  /** Number of axes. */
  get ndim(): number {
    return this.sizes.length;
  }

  dim(): number {
    return this.sizes.length;
  }

  /** Number of elements; symbolic where the shape is. */
  numel(): Size {
    return elementCount(this.shape);
  }

  /** All sizes, or that of one axis (negative: from the end). */
  size(): readonly Size[];
  size(dim: number): Size;
  size(dim?: number): readonly Size[] | Size {
    return dim === undefined ? this.shape : this.shape[normalizeAxis('size', dim, this.ndim)];
  }

  /** Steps between neighbours, in elements. A capture cannot follow them where they depend on a size with a Dim. */
  stride(): readonly number[];
  stride(dim: number): number;
  stride(dim?: number): readonly number[] | number {
    if (activeTracer && this.shape.some((size) => typeof size !== 'number')) activeTracer.readValues(this, '.stride()');
    return dim === undefined ? this.strides : this.strides[normalizeAxis('stride', dim, this.ndim)];
  }

  isContiguous(): boolean {
    return isContiguous(this);
  }

  isFloatingPoint(): boolean {
    return this.dtype.includes('float');
  }

  /** The only element as a number (bigint for an int64 beyond 2^53, boolean for bool). Throws unless there is exactly one. */
  item(): number {
    activeTracer?.readValues(this, '.item()');
    return singleValue(this) as number;
  }

  /** All elements as nested arrays; int64 as numbers while exact, else bigints. */
  tolist(): NestedList {
    activeTracer?.readValues(this, '.tolist()');
    return nestedList(this);
  }

  /** All elements in order; the tensor's own memory (not a copy) if it is contiguous float32. */
  toFloat32Array(): Float32Array {
    activeTracer?.readValues(this, '.toFloat32Array()');
    return asArray(this, 'float32') as Float32Array;
  }

  /** All elements in order; the tensor's own memory (not a copy) if it is contiguous int64. */
  toBigInt64Array(): BigInt64Array {
    activeTracer?.readValues(this, '.toBigInt64Array()');
    return asArray(this, 'int64') as BigInt64Array;
  }

  /** The memory of a contiguous tensor, without copying (bit patterns for the half types). Change it by `copy_`, not through this. */
  get data(): ReturnType<typeof ownData> {
    activeTracer?.readValues(this, '.data');
    return ownData(this);
  }

  override toString(options?: PrintOptions): string {
    activeTracer?.readValues(this, '.toString()');
    return tensorToString(this, options);
  }

  /** What console.log shows. Reads no value that a capture would have to follow: while one runs it shows dtype and shape. */
  [Symbol.for('nodejs.util.inspect.custom')](): string {
    if (activeTracer) return `tensor(<${this.dtype} [${this.shape.map(String).join(', ')}]>)`;
    return tensorToString(this);
  }

  /** `JSON.stringify` gives the nested lists. */
  toJSON(): NestedList {
    return this.tolist();
  }
}

export type { DType, ElementValue, NestedList };
