/** @file Methods of tensors that rearrange, cut or repeat. Semantics: the functions of the same name. */

import type { Size } from '../symbolic/symInt.ts';
import { assertTensor } from './functions/operands.ts';
import * as f from './functions/views.ts';
import type { Tensor, TensorLike } from './tensor.ts';
import { TensorMath } from './tensorMath.ts';

/** Sizes as separate arguments or as one array: `x.reshape(2, -1)`, `x.reshape([2, -1])`. */
export type SizeArgs = readonly Size[] | readonly [readonly Size[]];

export function sizeList(sizes: SizeArgs): readonly Size[] {
  return Array.isArray(sizes[0]) ? (sizes[0] as readonly Size[]) : (sizes as readonly Size[]);
}

export abstract class TensorShape extends TensorMath {
  reshape(this: Tensor, ...shape: SizeArgs): Tensor {
    return f.reshape(this, sizeList(shape));
  }
  /** As reshape, but never copies: throws where it would have to. */
  view(this: Tensor, ...shape: SizeArgs): Tensor {
    return f.view(this, sizeList(shape));
  }
  contiguous(this: Tensor): Tensor {
    return f.contiguous(this);
  }
  permute(this: Tensor, ...axes: readonly number[] | readonly [readonly number[]]): Tensor {
    return f.permute(this, sizeList(axes));
  }
  transpose(this: Tensor, dim0: number, dim1: number): Tensor {
    return f.transpose(this, dim0, dim1);
  }
  t(this: Tensor): Tensor {
    return f.transposeMatrix(this);
  }
  /** The last two axes exchanged. */
  get mT(): Tensor {
    return f.transpose(this as unknown as Tensor, -2, -1);
  }
  movedim(this: Tensor, source: number | readonly number[], destination: number | readonly number[]): Tensor {
    return f.movedim(this, source, destination);
  }
  expand(this: Tensor, ...shape: SizeArgs): Tensor {
    return f.expand(this, sizeList(shape));
  }
  expandAs(this: Tensor, other: TensorLike): Tensor {
    assertTensor(other, 'expandAs', 'other');
    return f.expand(this, other.shape);
  }
  broadcastTo(this: Tensor, shape: readonly Size[]): Tensor {
    return f.expand(this, shape);
  }
  squeeze(this: Tensor, dim?: number | readonly number[]): Tensor {
    return f.squeeze(this, dim);
  }
  unsqueeze(this: Tensor, dim: number): Tensor {
    return f.unsqueeze(this, dim);
  }
  flatten(this: Tensor, startDim?: number, endDim?: number): Tensor {
    return f.flatten(this, startDim, endDim);
  }
  unflatten(this: Tensor, dim: number, sizes: readonly Size[]): Tensor {
    return f.unflatten(this, dim, sizes);
  }
  /** x[start:end:step] on one axis, as Python's slices. */
  slice(this: Tensor, dim?: number, start?: Size | null, end?: Size | null, step?: number): Tensor {
    return f.slice(this, dim, start, end, step);
  }
  narrow(this: Tensor, dim: number, start: Size, length: Size): Tensor {
    return f.narrow(this, dim, start, length);
  }
  select(this: Tensor, dim: number, index: Size): Tensor {
    return f.select(this, dim, index);
  }
  unfold(this: Tensor, dim: number, size: number, step: number): Tensor {
    return f.unfold(this, dim, size, step);
  }
  split(this: Tensor, size: number | readonly number[], dim?: number): Tensor[] {
    return f.split(this, size, dim);
  }
  chunk(this: Tensor, count: number, dim?: number): Tensor[] {
    return f.chunk(this, count, dim);
  }
  unbind(this: Tensor, dim?: number): Tensor[] {
    return f.unbind(this, dim);
  }
  repeat(this: Tensor, ...repeats: SizeArgs): Tensor {
    return f.repeat(this, sizeList(repeats));
  }
  tile(this: Tensor, ...repeats: SizeArgs): Tensor {
    return f.tile(this, sizeList(repeats));
  }
  diagonal(this: Tensor): Tensor {
    return f.diagonal(this);
  }
}
