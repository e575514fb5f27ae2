/** @file Methods of tensors that reduce, multiply, index or choose. Semantics: the functions of the same name. */

import type { Size } from '../symbolic/symInt.ts';
import * as ix from './functions/indexing.ts';
import * as lin from './functions/linear.ts';
import * as mutate from './functions/mutate.ts';
import * as norm from './functions/normalization.ts';
import type { Mask, Operand } from './functions/operands.ts';
import * as r from './functions/reductions.ts';
import type { Tensor, TensorLike } from './tensor.ts';
import { TensorShape } from './tensorShape.ts';

export abstract class TensorReduce extends TensorShape {
  sum(this: Tensor, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.sum(this, dim, keepdim);
  }
  prod(this: Tensor, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.prod(this, dim, keepdim);
  }
  mean(this: Tensor, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.mean(this, dim, keepdim);
  }
  var(this: Tensor, dim?: r.Dims, keepdim?: boolean, options?: r.VarianceOptions): Tensor {
    return r.variance(this, dim, keepdim, options);
  }
  std(this: Tensor, dim?: r.Dims, keepdim?: boolean, options?: r.VarianceOptions): Tensor {
    return r.std(this, dim, keepdim, options);
  }
  norm(this: Tensor, order?: number, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.norm(this, order, dim, keepdim);
  }
  logsumexp(this: Tensor, dim: number | readonly number[], keepdim?: boolean): Tensor {
    return r.logsumexp(this, dim, keepdim);
  }
  amax(this: Tensor, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.amax(this, dim, keepdim);
  }
  amin(this: Tensor, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.amin(this, dim, keepdim);
  }
  /** The largest element, or values and first positions along `dim`. */
  max(this: Tensor): Tensor;
  max(this: Tensor, dim: number, keepdim?: boolean): r.ValuesAndIndices;
  max(this: Tensor, dim?: number, keepdim?: boolean): Tensor | r.ValuesAndIndices {
    return dim === undefined ? r.max(this) : r.max(this, dim, keepdim);
  }
  /** The smallest element, or values and first positions along `dim`. */
  min(this: Tensor): Tensor;
  min(this: Tensor, dim: number, keepdim?: boolean): r.ValuesAndIndices;
  min(this: Tensor, dim?: number, keepdim?: boolean): Tensor | r.ValuesAndIndices {
    return dim === undefined ? r.min(this) : r.min(this, dim, keepdim);
  }
  any(this: Tensor, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.any(this, dim, keepdim);
  }
  all(this: Tensor, dim?: r.Dims, keepdim?: boolean): Tensor {
    return r.all(this, dim, keepdim);
  }
  argmax(this: Tensor, dim?: number | null, keepdim?: boolean): Tensor {
    return r.argmax(this, dim, keepdim);
  }
  argmin(this: Tensor, dim?: number | null, keepdim?: boolean): Tensor {
    return r.argmin(this, dim, keepdim);
  }
  cumsum(this: Tensor, dim: number): Tensor {
    return r.cumsum(this, dim);
  }
  sort(this: Tensor, dim?: number, options?: r.SortOptions): r.ValuesAndIndices {
    return r.sort(this, dim, options);
  }
  argsort(this: Tensor, dim?: number, options?: r.SortOptions): Tensor {
    return r.argsort(this, dim, options);
  }
  topk(this: Tensor, k: Size, dim?: number, options?: { readonly largest?: boolean }): r.ValuesAndIndices {
    return r.topk(this, k, dim, options);
  }
  softmax(this: Tensor, dim: number): Tensor {
    return norm.softmax(this, dim);
  }
  logSoftmax(this: Tensor, dim: number): Tensor {
    return norm.logSoftmax(this, dim);
  }
  matmul(this: Tensor, other: TensorLike): Tensor {
    return lin.matmul(this, other);
  }
  mm(this: Tensor, other: TensorLike): Tensor {
    return lin.mm(this, other);
  }
  bmm(this: Tensor, other: TensorLike): Tensor {
    return lin.bmm(this, other);
  }
  dot(this: Tensor, other: TensorLike): Tensor {
    return lin.dot(this, other);
  }
  clamp(this: Tensor, min?: Operand | null, max?: Operand | null): Tensor {
    return ix.clamp(this, min, max);
  }
  /** This where the condition holds, else `other`. */
  where(this: Tensor, condition: Mask, other: Operand): Tensor {
    return ix.where(condition, this, other);
  }
  maskedFill(this: Tensor, mask: Mask, value: Operand): Tensor {
    return ix.maskedFill(this, mask, value);
  }
  maskedFill_(this: Tensor, mask: Mask, value: Operand): Tensor {
    return mutate.copyInto(this, ix.maskedFill(this, mask, value));
  }
  clamp_(this: Tensor, min?: Operand | null, max?: Operand | null): Tensor {
    return mutate.storeResult(this, ix.clamp(this, min, max), 'clamp_');
  }
  maskedSelect(this: Tensor, mask: Mask): Tensor {
    return ix.maskedSelect(this, mask);
  }
  nonzero(this: Tensor): Tensor {
    return ix.nonzero(this);
  }
  /** Mixed indexing: integers, `[start, end, step?]`, null (all), 'new', '...' and tensors. */
  index(this: Tensor, ...items: readonly ix.IndexItem[]): Tensor {
    return ix.index(this, ...items);
  }
  indexSelect(this: Tensor, dim: number, indices: TensorLike): Tensor {
    return ix.indexSelect(this, dim, indices);
  }
  gather(this: Tensor, dim: number, indices: TensorLike): Tensor {
    return ix.gather(this, dim, indices);
  }
  take(this: Tensor, indices: TensorLike): Tensor {
    return ix.take(this, indices);
  }
  flip(this: Tensor, dims: number | readonly number[]): Tensor {
    return ix.flip(this, dims);
  }
  roll(this: Tensor, shifts: number | readonly number[], dims?: number | readonly number[] | null): Tensor {
    return ix.roll(this, shifts, dims);
  }
  tril(this: Tensor, diagonal?: Size): Tensor {
    return ix.tril(this, diagonal);
  }
  triu(this: Tensor, diagonal?: Size): Tensor {
    return ix.triu(this, diagonal);
  }
  sliceScatter(
    this: Tensor,
    src: TensorLike,
    dim?: number,
    start?: Size | null,
    end?: Size | null,
    step?: number,
  ): Tensor {
    return ix.sliceScatter(this, src, dim, start, end, step);
  }
  selectScatter(this: Tensor, src: TensorLike, dim: number, index: Size): Tensor {
    return ix.selectScatter(this, src, dim, index);
  }
}
