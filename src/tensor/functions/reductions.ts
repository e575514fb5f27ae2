/** @file Functions that combine elements along axes. `dim` is one axis, several, or absent for all. */

import { isFloat } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { ops } from '../../ops/index.ts';
import type { OpRecord } from '../../ops/record.ts';
import type { ReduceAttrs } from '../../ops/reduction.ts';
import { elementCount, normalizeAxes, normalizeAxis } from '../../ops/shapes.ts';
import { type Size, sizeSub } from '../../symbolic/symInt.ts';
import { apply1, applyOp } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { assertTensor, type Mask } from './operands.ts';
import * as p from './pointwise.ts';
import { requireAxis, slice } from './views.ts';

export type Dims = number | readonly number[] | null;

function reduce(op: OpRecord<ReduceAttrs>, x: Mask, dim: Dims | undefined, keepdim: boolean): Tensor {
  assertTensor(x, op.name, 'x');
  return apply1(op, [x], { axes: normalizeAxes(op.name, dim, x.sizes.length), keepdim });
}

const reducer =
  <X extends Mask = TensorLike>(op: OpRecord<ReduceAttrs>) =>
  (x: X, dim?: Dims, keepdim = false): Tensor =>
    reduce(op, x, dim, keepdim);

/** torch.sum: integers and bools give int64. */
export const sum = reducer(ops.sum);
/** torch.prod: integers and bools give int64. */
export const prod = reducer(ops.prod);
/** torch.mean: floats only. */
export const mean = reducer(ops.mean);
/** torch.amax. */
export const amax = reducer(ops.amax);
/** torch.amin. */
export const amin = reducer(ops.amin);
/** torch.any; always bool. */
export const any = reducer<Mask>(ops.any);
/** torch.all; always bool. */
export const all = reducer<Mask>(ops.all);

const indexReducer =
  (op: OpRecord<ReduceAttrs>) =>
  (x: TensorLike, dim?: number | null, keepdim = false): Tensor =>
    reduce(op, x, dim, keepdim);

/** torch.argmax: int64 position of the first largest element along `dim`, or in the flattened tensor. */
export const argmax = indexReducer(ops.argmax);
/** torch.argmin. */
export const argmin = indexReducer(ops.argmin);

export interface ValuesAndIndices {
  readonly values: Tensor;
  readonly indices: Tensor;
}

/** Largest element of all, or values and first positions along `dim` (torch.max). For two tensors: `maximum`. */
export function max(x: TensorLike): Tensor;
export function max(x: TensorLike, dim: number, keepdim?: boolean): ValuesAndIndices;
export function max(x: TensorLike, dim?: number, keepdim = false): Tensor | ValuesAndIndices {
  assertTensor(x, 'max', 'x');
  if (dim === undefined) return amax(x);
  return { values: amax(x, dim, keepdim), indices: argmax(x, dim, keepdim) };
}

/** Smallest element of all, or values and first positions along `dim` (torch.min). For two tensors: `minimum`. */
export function min(x: TensorLike): Tensor;
export function min(x: TensorLike, dim: number, keepdim?: boolean): ValuesAndIndices;
export function min(x: TensorLike, dim?: number, keepdim = false): Tensor | ValuesAndIndices {
  assertTensor(x, 'min', 'x');
  if (dim === undefined) return amin(x);
  return { values: amin(x, dim, keepdim), indices: argmin(x, dim, keepdim) };
}

export interface VarianceOptions {
  /** The divisor is the count less this (torch: 1, the sample variance). */
  readonly correction?: number;
}

/** torch.var. Half types are computed in float32. */
export function variance(x: TensorLike, dim?: Dims, keepdim = false, { correction = 1 }: VarianceOptions = {}): Tensor {
  requireFloats('var', x);
  const axes = normalizeAxes('var', dim, x.sizes.length);
  const wide = x.dtype === 'float64' ? x : p.to(x, 'float32');
  const count = elementCount(axes.map((axis) => x.shape[axis]));
  const squares = sum(p.square(p.sub(wide, mean(wide, axes, true))), axes, keepdim);
  return p.to(p.div(squares, sizeSub(count, correction)), x.dtype);
}

/** torch.std. */
export function std(x: TensorLike, dim?: Dims, keepdim = false, options?: VarianceOptions): Tensor {
  requireFloats('std', x);
  const wide = x.dtype === 'float64' ? x : p.to(x, 'float32');
  return p.to(p.sqrt(variance(wide, dim, keepdim, options)), x.dtype);
}

/** The p-norm of all elements or along axes (torch.linalg.vector_norm): Infinity for the largest magnitude. */
export function norm(x: TensorLike, order = 2, dim?: Dims, keepdim = false): Tensor {
  requireFloats('norm', x);
  const wide = x.dtype === 'float64' ? x : p.to(x, 'float32');
  const magnitude = p.abs(wide);
  let made: Tensor;
  if (order === Number.POSITIVE_INFINITY) made = amax(magnitude, dim, keepdim);
  else if (order === 1) made = sum(magnitude, dim, keepdim);
  else if (order === 2) made = p.sqrt(sum(p.square(wide), dim, keepdim));
  else made = p.pow(sum(p.pow(magnitude, order), dim, keepdim), 1 / order);
  return p.to(made, x.dtype);
}

/** log Σ exp, without overflow (torch.logsumexp). */
export function logsumexp(x: TensorLike, dim: number | readonly number[], keepdim = false): Tensor {
  requireFloats('logsumexp', x);
  const wide = x.dtype === 'float64' ? x : p.to(x, 'float32');
  const top = amax(wide, dim, true);
  // An infinite maximum must not be subtracted from itself.
  const shift = p.mul(p.isFinite(top), 1);
  const finite = apply1(ops.where, [p.to(shift, 'bool'), top], { right: 0 });
  const total = p.add(p.log(sum(p.exp(p.sub(wide, finite)), dim, true)), finite);
  const axes = normalizeAxes('logsumexp', dim, x.sizes.length);
  return p.to(keepdim ? total : sum(total, axes, false), x.dtype);
}

/** Running sums along `dim` (torch.cumsum). Not compiled. */
export function cumsum(x: TensorLike, dim: number): Tensor {
  assertTensor(x, 'cumsum', 'x');
  return apply1(ops.cumsum, [x], { axis: normalizeAxis('cumsum', dim, x.sizes.length) });
}

export interface SortOptions {
  readonly descending?: boolean;
}

/** torch.sort, stable. Not compiled. */
export function sort(x: TensorLike, dim = -1, { descending = false }: SortOptions = {}): ValuesAndIndices {
  assertTensor(x, 'sort', 'x');
  const axis = normalizeAxis('sort', dim, x.sizes.length);
  const [values, indices] = applyOp(ops.sort, [x], { axis, descending });
  return { values, indices };
}

/** torch.argsort, stable. */
export function argsort(x: TensorLike, dim = -1, options?: SortOptions): Tensor {
  assertTensor(x, 'argsort', 'x');
  return sort(x, dim, options).indices;
}

/** The k largest (or smallest) along `dim`, sorted (torch.topk). */
export function topk(
  x: TensorLike,
  k: Size,
  dim = -1,
  { largest = true }: { readonly largest?: boolean } = {},
): ValuesAndIndices {
  assertTensor(x, 'topk', 'x');
  const axis = requireAxis('topk', x, dim);
  if (!(k <= x.sizes[axis]))
    throw new TnError({ what: `topk: k = ${String(k)} on an axis of size ${String(x.shape[axis])}` });
  const { values, indices } = sort(x, axis, { descending: largest });
  return { values: slice(values, axis, 0, k), indices: slice(indices, axis, 0, k) };
}

function requireFloats(op: string, x: TensorLike): asserts x is Tensor {
  assertTensor(x, op, 'x');
  if (!isFloat(x.dtype))
    throw new TnError({ what: `${op}: needs floats, found ${x.dtype}`, fix: 'convert with .float() first' });
}
