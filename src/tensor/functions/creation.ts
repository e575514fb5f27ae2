/** @file Functions that make tensors: of JavaScript values, filled, counting. */

import { assertDType, bytesOf, type DType } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { Storage } from '../../core/storage.ts';
import { activeTracer } from '../../core/tracer.ts';
import { contiguousStrides, product, StridedView } from '../../core/view.ts';
import { ops } from '../../ops/index.ts';
import { categoryOf, type ScalarOperand } from '../../ops/promotion.ts';
import { shapeText } from '../../ops/shapes.ts';
import { isSymbolic, type Size } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import { type Tensor, type TensorLike, TensorObject } from '../tensor.ts';
import { assertTensor, describe, isScalar, isTensor, type Mask } from './operands.ts';

export interface TensorOptions {
  readonly dtype?: DType;
}

export type NestedScalars = ScalarOperand | readonly NestedScalars[];
export type ArrayData = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array | Int8Array;
export type TensorData = NestedScalars | ArrayData;

/**
 * A tensor of numbers, nested arrays of them, or a typed array (copied).
 * Without `dtype`: float32 of numbers, bool of booleans, int64 of bigints; a typed array keeps its own element type.
 */
export function tensor(data: TensorData, { dtype }: TensorOptions = {}): Tensor {
  if (dtype !== undefined) assertDType(dtype, 'tensor');
  if (ArrayBuffer.isView(data)) return fromArray(data as ArrayData, dtype);
  if (isTensor(data)) throw new TnError({ what: 'tensor: the data is a tensor already', fix: 'use clone()' });
  const shape: number[] = [];
  const flat: ScalarOperand[] = [];
  collect(data as NestedScalars, 0, shape, flat);
  return apply1(ops.constant, [], { data: flat, shape, dtype: dtype ?? inferDType(flat) });
}

function collect(data: NestedScalars, depth: number, shape: number[], flat: ScalarOperand[]): void {
  if (isScalar(data)) {
    if (depth !== shape.length) throw ragged();
    flat.push(data);
    return;
  }
  if (!Array.isArray(data))
    throw new TnError({
      what: 'tensor: needs numbers, booleans, bigints or arrays of them',
      found: [`found ${describe(data)}`],
    });
  // The first path to a leaf (or to an empty array) fixes the rank: nothing was collected before it.
  if (depth === shape.length) {
    if (flat.length > 0 || shape.includes(0)) throw ragged();
    shape.push(data.length);
  } else if (shape[depth] !== data.length) throw ragged();
  for (const item of data) collect(item as NestedScalars, depth + 1, shape, flat);
}

function ragged(): TnError {
  return new TnError({ what: 'tensor: nested arrays of different lengths', fix: 'pad them to one length' });
}

function inferDType(flat: readonly ScalarOperand[]): DType {
  if (flat.length === 0) return 'float32';
  if (flat.every((item) => typeof item === 'boolean')) return 'bool';
  return flat.every((item) => typeof item === 'bigint') ? 'int64' : 'float32';
}

const arrayDTypes: readonly (readonly [new (n: number) => ArrayData, DType])[] = [
  [Float32Array, 'float32'],
  [Float64Array, 'float64'],
  [Int32Array, 'int32'],
  [BigInt64Array, 'int64'],
  [Uint8Array, 'uint8'],
  [Int8Array, 'int8'],
];

function fromArray(data: ArrayData, dtype: DType | undefined): Tensor {
  const own = arrayDTypes.find(([kind]) => data instanceof kind)?.[1];
  if (!own) throw new TnError({ what: `tensor: no dtype for a ${data.constructor.name}` });
  if (activeTracer)
    return apply1(ops.constant, [], {
      data: Array.from(data as Float32Array),
      shape: [data.length],
      dtype: dtype ?? own,
    });
  const storage = Storage.allocate(own, data.length);
  (storage.typed(own) as Float32Array).set(data as Float32Array);
  const made = TensorObject.of(new StridedView(storage, own, [data.length], [1], 0));
  return dtype === undefined || dtype === own ? made : apply1(ops.cast, [made], { dtype });
}

/**
 * A tensor on memory that already exists, without copying it: `buffer` from `byteOffset`, row-major `shape` of `dtype`.
 * The offset must be a multiple of the element size.
 */
export function fromBuffer(buffer: ArrayBuffer, shape: readonly number[], dtype: DType, byteOffset = 0): Tensor {
  assertDType(dtype, 'fromBuffer');
  const bytes = product(shape) * bytesOf(dtype);
  if (byteOffset % bytesOf(dtype) !== 0 || byteOffset + bytes > buffer.byteLength) {
    throw new TnError({
      what: `fromBuffer: ${dtype} ${shapeText(shape)} at byte ${byteOffset} does not fit a buffer of ${buffer.byteLength} bytes`,
    });
  }
  return TensorObject.of(
    new StridedView(new Storage(buffer, byteOffset, bytes), dtype, shape, contiguousStrides(shape)),
  );
}

function checkShape(op: string, shape: readonly Size[]): void {
  const bad =
    !Array.isArray(shape) || shape.some((size) => typeof size === 'number' && !(Number.isInteger(size) && size >= 0));
  if (bad) throw new TnError({ what: `${op}: sizes must be whole numbers from 0`, found: [`found ${String(shape)}`] });
}

/**
 * The tensor that an expression of tensors and operators is: TypeScript gives `x + y * 2` the type number, and
 * `t(x + y * 2)` the type `Tensor`. A plain number becomes a 0-d tensor (float32, bool of a boolean).
 */
export function t<R extends number = number>(expression: Mask): Tensor<R> {
  const value: Mask = expression;
  const made = isTensor(value) ? value : full([], value, { dtype: typeof value === 'boolean' ? 'bool' : 'float32' });
  return made as Tensor<R>;
}

/** Every element `value` (torch.full). Without `dtype`: float32 for a number, as `tensor`; bool for a boolean, int64 for a bigint. */
export function full(shape: readonly Size[], value: ScalarOperand, { dtype }: TensorOptions = {}): Tensor {
  checkShape('full', shape);
  const made = dtype ?? inferDType([value]);
  assertDType(made, 'full');
  return apply1(ops.full, [], { shape: [...shape], value, dtype: made });
}

export function zeros(shape: readonly Size[], { dtype = 'float32' }: TensorOptions = {}): Tensor {
  return full(shape, 0, { dtype });
}

export function ones(shape: readonly Size[], { dtype = 'float32' }: TensorOptions = {}): Tensor {
  return full(shape, 1, { dtype });
}

/** Unspecified contents; here zeros, which the operating system gives for nothing (torch.empty). */
export const empty = zeros;

export function zerosLike(x: TensorLike, { dtype }: TensorOptions = {}): Tensor {
  assertTensor(x, 'zerosLike', 'x');
  return full(x.shape, 0, { dtype: dtype ?? x.dtype });
}

export function onesLike(x: TensorLike, { dtype }: TensorOptions = {}): Tensor {
  assertTensor(x, 'onesLike', 'x');
  return full(x.shape, 1, { dtype: dtype ?? x.dtype });
}

export const emptyLike = zerosLike;

export function fullLike(x: TensorLike, value: ScalarOperand, { dtype }: TensorOptions = {}): Tensor {
  assertTensor(x, 'fullLike', 'x');
  return full(x.shape, value, { dtype: dtype ?? x.dtype });
}

/** arange(end), arange(start, end) or arange(start, end, step) (torch.arange): int64 if all are whole, else float32. */
export function arange(
  start: Size,
  end?: Size | TensorOptions,
  step: number | TensorOptions = 1,
  options: TensorOptions = {},
): Tensor {
  const optionsOf = [end, step, options].find(
    (item) => typeof item === 'object' && !isSymbolic(item) && 'dtype' in item,
  );
  const { dtype } = (optionsOf ?? {}) as TensorOptions;
  const bounded = end !== undefined && isScalar(end);
  const from = bounded ? start : 0;
  const upTo = bounded ? (end as Size) : start;
  const by = typeof step === 'number' ? step : 1;
  if (by === 0 || Number.isNaN(by)) throw new TnError({ what: 'arange: step must not be 0' });
  const whole = [from, upTo, by].every((value) => categoryOf(value) === 'int');
  return apply1(ops.arange, [], { start: from, end: upTo, step: by, dtype: dtype ?? (whole ? 'int64' : 'float32') });
}

/** Ones on the diagonal, zeros elsewhere (torch.eye). */
export function eye(rows: Size, columns: Size = rows, { dtype = 'float32' }: TensorOptions = {}): Tensor {
  const row = apply1(ops.reshape, [arange(rows)], { shape: [rows, 1] });
  return apply1(ops.cast, [apply1(ops.eq, [row, arange(columns)], {})], { dtype });
}

/** `steps` values from `start` to `end`, both included, evenly spaced (torch.linspace). */
export function linspace(start: number, end: number, steps: number, { dtype = 'float32' }: TensorOptions = {}): Tensor {
  if (!(Number.isInteger(steps) && steps >= 0))
    throw new TnError({ what: `linspace: ${steps} steps`, fix: 'a whole number from 0' });
  const step = steps > 1 ? (end - start) / (steps - 1) : 0;
  // From both ends, so that the last value is exact.
  const at = (i: number): number => (i < steps / 2 ? start + i * step : end - (steps - 1 - i) * step);
  const values = Float64Array.from({ length: steps }, (_, i) => at(i));
  const made = tensor(values);
  return dtype === 'float64' ? made : apply1(ops.cast, [made], { dtype });
}
