/** @file Functions that read at positions held in tensors, choose by condition, and mixed indexing. */

import { isInteger } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { activeTracer } from '../../core/tracer.ts';
import { contiguousStrides } from '../../core/view.ts';
import { ops } from '../../ops/index.ts';
import { readElements } from '../../ops/kernels.ts';
import { broadcastShapes, elementCount, normalizeAxes, normalizeAxis } from '../../ops/shapes.ts';
import { isSymInt, type Size, sizeAdd, sizeSub } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { normalizeIndex, sliceBounds } from './bounds.ts';
import { tensor } from './creation.ts';
import { cat } from './joining.ts';
import {
  assertTensor,
  describe,
  isScalar,
  isTensor,
  type Mask,
  meetScalar,
  type Operand,
  type ScalarOperand,
} from './operands.ts';
import * as p from './pointwise.ts';
import { expand, flatten, movedim, requireAxis, reshape, select, slice, unsqueeze } from './views.ts';

/** a where the condition holds, else b; broadcast and promoted; either may be a number (torch.where). */
export function where(condition: Mask, a: Operand, b: Operand): Tensor {
  assertTensor(condition, 'where', 'condition');
  if (isTensor(a) && isTensor(b)) return apply1(ops.where, [condition, a, b], {});
  if (isTensor(a) && isScalar(b)) return apply1(ops.where, [condition, meetScalar(a, b)], { right: b });
  if (isScalar(a) && isTensor(b)) return apply1(ops.where, [condition, meetScalar(b, a)], { left: a });
  if (isScalar(a) && isScalar(b)) return apply1(ops.where, [condition], { left: a, right: b });
  throw new TnError({ what: 'where: needs tensors or numbers', found: [`found ${describe(a)} and ${describe(b)}`] });
}

/** `value` where the mask holds; the dtype of x stays (torch.Tensor.masked_fill). */
export function maskedFill(x: TensorLike, mask: Mask, value: Operand): Tensor {
  assertTensor(x, 'maskedFill', 'x');
  assertTensor(mask, 'maskedFill', 'mask');
  return p.to(where(mask, isTensor(value) ? p.to(value, x.dtype) : value, x), x.dtype);
}

/** Each element within [min, max]; null: no bound (torch.clamp). NaN stays NaN. */
export function clamp(x: TensorLike, min: Operand | null = null, max: Operand | null = null): Tensor {
  assertTensor(x, 'clamp', 'x');
  if (min === null && max === null) throw new TnError({ what: 'clamp: needs min or max' });
  if (isTensor(min) || isTensor(max)) {
    const raised = min === null ? x : p.maximum(x, min);
    return max === null ? raised : p.minimum(raised, max);
  }
  const met = [min, max].reduce<Tensor>((y, bound) => (bound === null ? y : meetScalar(y, bound as ScalarOperand)), x);
  return apply1(ops.clamp, [met], { min: min as ScalarOperand | null, max: max as ScalarOperand | null });
}

/** Rows of `weight` [V, …] at integer positions (torch.nn.functional.embedding). */
export function embedding(weight: TensorLike, indices: TensorLike): Tensor {
  assertTensor(weight, 'embedding', 'weight');
  assertTensor(indices, 'embedding', 'indices');
  return apply1(ops.embedding, [weight, indices], {});
}

/** The entries of one axis at the positions of a 1-d tensor (torch.index_select). */
export function indexSelect(x: TensorLike, dim: number, indices: TensorLike): Tensor {
  assertTensor(x, 'indexSelect', 'x');
  assertTensor(indices, 'indexSelect', 'indices');
  return apply1(ops.indexSelect, [x, indices], { axis: requireAxis('indexSelect', x, dim) });
}

/** out[i][j] = x[index[i][j]][j] for dim 0, and so on (torch.gather). */
export function gather(x: TensorLike, dim: number, indices: TensorLike): Tensor {
  assertTensor(x, 'gather', 'x');
  assertTensor(indices, 'gather', 'indices');
  return apply1(ops.gather, [x, indices], { axis: requireAxis('gather', x, dim) });
}

/** Elements of the flattened tensor (torch.take). */
export function take(x: TensorLike, indices: TensorLike): Tensor {
  assertTensor(x, 'take', 'x');
  assertTensor(indices, 'take', 'indices');
  return reshape(indexSelect(flatten(x), 0, flatten(indices)), indices.shape);
}

/** Along `dim` at one position each (torch.take_along_dim, indices not broadcast). */
export const takeAlongDim = (x: TensorLike, indices: TensorLike, dim: number): Tensor => gather(x, dim, indices);

/** Axes reversed; a copy (torch.flip). */
export function flip(x: TensorLike, dims: number | readonly number[]): Tensor {
  assertTensor(x, 'flip', 'x');
  return apply1(ops.flip, [x], { axes: normalizeAxes('flip', dims, x.sizes.length) });
}

/** Elements shifted along axes, those pushed out coming in again (torch.roll). */
export function roll(
  x: TensorLike,
  shifts: number | readonly number[],
  dims: number | readonly number[] | null = null,
): Tensor {
  assertTensor(x, 'roll', 'x');
  if (dims === null) return reshape(roll(flatten(x), shifts, 0), x.shape);
  const counts = [shifts].flat() as number[];
  const axes = [dims].flat() as number[];
  if (counts.length !== axes.length)
    throw new TnError({ what: `roll: ${counts.length} shifts for ${axes.length} dims` });
  return axes.reduce<Tensor>((y, dim, i) => {
    const axis = normalizeAxis('roll', dim, y.sizes.length);
    const size = y.shape[axis];
    const shift =
      typeof size === 'number' && size > 0
        ? ((counts[i] % size) + size) % size
        : counts[i] < 0
          ? sizeAdd(size, counts[i])
          : counts[i];
    if (shift === 0) return y;
    return cat([slice(y, axis, sizeSub(size, shift)), slice(y, axis, 0, sizeSub(size, shift))], axis);
  }, x);
}

/** The lower triangle of the last two axes, zero elsewhere (torch.tril). */
export function tril(x: TensorLike, diagonal: Size = 0): Tensor {
  assertTensor(x, 'tril', 'x');
  return apply1(ops.tril, [x], { diagonal });
}

/** The upper triangle of the last two axes, zero elsewhere (torch.triu). */
export function triu(x: TensorLike, diagonal: Size = 0): Tensor {
  assertTensor(x, 'triu', 'x');
  return apply1(ops.triu, [x], { diagonal });
}

/** x with x[start:end:step] along `dim` replaced (torch.slice_scatter). */
export function sliceScatter(
  x: TensorLike,
  src: TensorLike,
  dim = 0,
  start: Size | null = null,
  end: Size | null = null,
  step = 1,
): Tensor {
  assertTensor(src, 'sliceScatter', 'src');
  assertTensor(x, 'sliceScatter', 'x');
  const axis = requireAxis('sliceScatter', x, dim);
  const [from, upTo] = sliceBounds('sliceScatter', start, end, x.shape[axis]);
  return apply1(ops.sliceScatter, [x, p.to(src, x.dtype)], { axis, start: from, end: upTo, step });
}

/** x with x[index] along `dim` replaced (torch.select_scatter). */
export function selectScatter(x: TensorLike, src: TensorLike, dim: number, index: Size): Tensor {
  assertTensor(src, 'selectScatter', 'src');
  assertTensor(x, 'selectScatter', 'x');
  const axis = requireAxis('selectScatter', x, dim);
  return apply1(ops.selectScatter, [x, p.to(src, x.dtype)], {
    axis,
    index: normalizeIndex('selectScatter', index, x.shape[axis]),
  });
}

/** Positions of the elements that are not zero, one row each: int64 [count, dims] (torch.nonzero). Reads the values. */
export function nonzero(x: Mask): Tensor {
  assertTensor(x, 'nonzero', 'x');
  activeTracer?.readValues(x, 'nonzero()');
  const flags = readElements(x, 'bool');
  const strides = contiguousStrides(x.sizes);
  const found: bigint[] = [];
  for (let i = 0; i < flags.length; i++) {
    if (!flags[i]) continue;
    for (let axis = 0; axis < strides.length; axis++) found.push(BigInt(Math.floor(i / strides[axis]) % x.sizes[axis]));
  }
  const rank = x.sizes.length;
  return reshape(tensor(BigInt64Array.from(found)), [rank === 0 ? 0 : found.length / rank, rank]);
}

/** The elements where the mask holds, in order, as one axis (torch.masked_select). Reads the mask. */
export function maskedSelect(x: TensorLike, mask: Mask): Tensor {
  assertTensor(x, 'maskedSelect', 'x');
  assertTensor(mask, 'maskedSelect', 'mask');
  const shape = broadcastShapes('maskedSelect', [x.shape, mask.shape]);
  const flat = flatten(expand(mask, shape).contiguous());
  return indexSelect(reshape(expand(x, shape), [-1]), 0, reshape(nonzero(flat), [-1]));
}

/** One item of `index`: an integer, `[start, end, step?]`, null (all of the axis), 'new' (a new axis), '...' or a tensor (a comparison is typed boolean). */
export type IndexItem =
  | Size
  | null
  | 'new'
  | '...'
  | readonly [Size | null, (Size | null)?, number?]
  | Tensor
  | boolean;

/**
 * Mixed indexing (Python's x[...]): integers drop their axis, `[start, end, step]` slices it, null keeps it,
 * 'new' adds one, '...' skips to the last axes, tensors pick (integer positions, broadcast together; or a bool mask
 * whose elements are read here). Without tensors the result is a view.
 */
export function index(x: TensorLike, ...items: readonly IndexItem[]): Tensor {
  assertTensor(x, 'index', 'x');
  const used = items.filter((item) => item !== 'new' && item !== '...').length;
  const picks: { axis: number; at: Tensor }[] = [];
  let out = x;
  let axis = 0;
  for (const item of items) {
    if (item === '...') axis += x.sizes.length - used;
    else if (item === 'new') out = unsqueeze(out, axis++);
    else if (item === null) axis++;
    else if (isTensor(item)) picks.push({ axis: axis++, at: item });
    else if (Array.isArray(item)) {
      const [start, end, step] = item as readonly [Size | null, (Size | null)?, number?];
      out = slice(out, axis++, start, end ?? null, step ?? 1);
    } else if (typeof item === 'number' || isSymInt(item)) out = select(out, axis, item as Size);
    else throw new TnError({ what: 'index: unknown item', found: [`found ${describe(item)}`] });
  }
  return picks.length === 0 ? out : pick(out, picks);
}

/** Advanced indexing: neighbouring axes keep their place, separated ones come first (NumPy's rule). */
function pick(x: Tensor, picks: readonly { axis: number; at: Tensor }[]): Tensor {
  const positions = picks.map(({ at, axis }) => (at.dtype === 'bool' ? truePositions(at, x, axis) : at));
  if (positions.some((at) => !isInteger(at.dtype)))
    throw new TnError({ what: 'index: index tensors must be integers or bool' });
  const axes = picks.map(({ axis }) => axis);
  if (axes.length === 1) {
    const [axis] = axes;
    const [at] = positions;
    const rows = indexSelect(x, axis, flatten(at));
    return reshape(rows, [...x.shape.slice(0, axis), ...at.shape, ...x.shape.slice(axis + 1)]);
  }
  const together = axes.every((axis, i) => i === 0 || axis === axes[i - 1] + 1);
  const place = together ? axes[0] : 0;
  const moved = movedim(
    x,
    axes,
    axes.map((_, i) => place + i),
  );
  const sizes = axes.map((axis) => x.shape[axis]);
  // One position in the merged axes: Σ position × size of the axes behind it.
  const flat = positions.reduce((sum, at, i) => {
    const size = sizes[i];
    const positive = where(p.lt(at, 0), p.add(at, size as number), at);
    return i === 0 ? positive : p.add(p.mul(sum, size as number), positive);
  });
  const merged = reshape(moved, [
    ...moved.shape.slice(0, place),
    elementCount(sizes),
    ...moved.shape.slice(place + axes.length),
  ]);
  return pick(merged, [{ axis: place, at: flat }]);
}

function truePositions(mask: Tensor, x: Tensor, axis: number): Tensor {
  if (mask.sizes.length !== 1 || mask.sizes[0] !== x.sizes[axis]) {
    throw new TnError({
      what: 'index: a bool mask must have one dim and the size of its axis',
      fix: 'use where or maskedSelect',
    });
  }
  return reshape(nonzero(mask), [-1]);
}
