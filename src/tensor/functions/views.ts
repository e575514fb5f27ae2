/** @file Functions that rearrange or cut a tensor; the result shares its storage unless stated. */

import { TnError } from '../../core/errors.ts';
import { isContiguous } from '../../core/view.ts';
import { ops } from '../../ops/index.ts';
import { elementCount, normalizeAxis, sameSize, shapeText, staticSize } from '../../ops/shapes.ts';
import { viewStrides } from '../../ops/views.ts';
import {
  type Size,
  sizeAdd,
  sizeEq,
  sizeFloorDiv,
  sizeHint,
  sizeLe,
  sizeLt,
  sizeMod,
  sizeMul,
  sizeSub,
} from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { narrowBounds, normalizeIndex, sliceBounds } from './bounds.ts';
import { assertTensor } from './operands.ts';

/** One -1 stands for what is left over. */
function completeShape(op: string, x: Tensor, shape: readonly Size[]): Size[] {
  const unknown = shape.indexOf(-1);
  if (unknown < 0) return [...shape];
  const known = elementCount(shape.filter((_, i) => i !== unknown));
  const total = elementCount(x.shape);
  const bad = shape.some((size, i) => i !== unknown && typeof size === 'number' && size < 0);
  if (bad || (typeof known === 'number' && known === 0) || sizeHint(total) % sizeHint(known) !== 0) {
    throw new TnError({
      what: `${op}: ${shapeText(x.shape)} cannot become ${shapeText(shape)}`,
      found: ['-1 has no single value'],
    });
  }
  return shape.map((size, i) => (i === unknown ? sizeFloorDiv(total, known) : size));
}

/** Another shape of the same elements; a view where the strides allow it, else of a copy (torch.reshape). */
export function reshape(x: TensorLike, shape: readonly Size[]): Tensor {
  assertTensor(x, 'reshape', 'x');
  const full = completeShape('reshape', x, shape);
  const source = viewStrides(x, full.map(sizeHint)) ? x : contiguous(x);
  return apply1(ops.reshape, [source], { shape: full });
}

/** Another shape of the same memory; throws where the strides do not allow it (torch.Tensor.view). */
export function view(x: TensorLike, shape: readonly Size[]): Tensor {
  assertTensor(x, 'view', 'x');
  const full = completeShape('view', x, shape);
  if (sizeHint(elementCount(full)) === x.count && !viewStrides(x, full.map(sizeHint))) {
    throw new TnError({
      what: `view: a tensor of ${shapeText(x.shape)} with strides [${x.strides.join(', ')}] cannot be viewed as ${shapeText(full)}`,
      fix: 'use reshape, which copies when it must',
    });
  }
  return apply1(ops.reshape, [x], { shape: full });
}

/** The tensor itself if it is row-major without gaps, else a copy that is (torch.Tensor.contiguous). */
export function contiguous(x: TensorLike): Tensor {
  assertTensor(x, 'contiguous', 'x');
  return isContiguous(x) ? x : apply1(ops.clone, [x], {});
}

/** The axes in another order (torch.permute). */
export function permute(x: TensorLike, axes: readonly number[]): Tensor {
  assertTensor(x, 'permute', 'x');
  const rank = x.sizes.length;
  const order = axes.map((axis) => normalizeAxis('permute', axis, rank));
  if (order.length !== rank || new Set(order).size !== rank) {
    throw new TnError({ what: `permute: [${axes.join(', ')}] is not an order of ${rank} dims` });
  }
  return apply1(ops.permute, [x], { axes: order });
}

/** Two axes exchanged (torch.transpose). */
export function transpose(x: TensorLike, dim0: number, dim1: number): Tensor {
  assertTensor(x, 'transpose', 'x');
  const rank = x.sizes.length;
  const order = Array.from({ length: rank }, (_, i) => i);
  const a = normalizeAxis('transpose', dim0, rank);
  const b = normalizeAxis('transpose', dim1, rank);
  if (rank === 0) return x;
  [order[a], order[b]] = [b, a];
  return apply1(ops.permute, [x], { axes: order });
}

/** The transpose of a tensor of at most two dims (torch.Tensor.t). */
export function transposeMatrix(x: TensorLike): Tensor {
  assertTensor(x, 't', 'x');
  if (x.sizes.length > 2)
    throw new TnError({ what: `t: at most 2 dims, found ${x.sizes.length}`, fix: 'use transpose or permute' });
  return x.sizes.length < 2 ? x : transpose(x, 0, 1);
}

/** Axes moved to other places, the rest keeping their order (torch.movedim). */
export function movedim(
  x: TensorLike,
  source: number | readonly number[],
  destination: number | readonly number[],
): Tensor {
  assertTensor(x, 'movedim', 'x');
  const rank = x.sizes.length;
  const from = [source].flat().map((axis) => normalizeAxis('movedim', axis as number, rank));
  const to = [destination].flat().map((axis) => normalizeAxis('movedim', axis as number, rank));
  if (from.length !== to.length || new Set(from).size !== from.length || new Set(to).size !== to.length) {
    throw new TnError({ what: `movedim: [${from.join(', ')}] cannot go to [${to.join(', ')}]` });
  }
  const order = new Array<number>(rank).fill(-1);
  from.forEach((axis, i) => {
    order[to[i]] = axis;
  });
  const rest = Array.from({ length: rank }, (_, i) => i).filter((axis) => !from.includes(axis));
  return apply1(ops.permute, [x], { axes: order.map((axis) => (axis < 0 ? (rest.shift() as number) : axis)) });
}

/** Axes of size 1 repeated without copying; -1 keeps a size, new axes come first (torch.Tensor.expand). */
export function expand(x: TensorLike, shape: readonly Size[]): Tensor {
  assertTensor(x, 'expand', 'x');
  const own = x.shape;
  const shift = shape.length - own.length;
  const full = shape.map((size, i) => (size === -1 && i >= shift ? own[i - shift] : size));
  return apply1(ops.expand, [x], { shape: full });
}

export const broadcastTo = expand;

/** Removes axes of size 1: all of them, or the named ones that have it (torch.squeeze). */
export function squeeze(x: TensorLike, dim?: number | readonly number[]): Tensor {
  assertTensor(x, 'squeeze', 'x');
  const { shape } = x;
  const named =
    dim === undefined ? null : [dim].flat().map((axis) => normalizeAxis('squeeze', axis as number, shape.length));
  const kept = shape.filter((size, axis) => {
    if (named && !named.includes(axis)) return true;
    return named ? !(size === 1 || (typeof size !== 'number' && sizeEq(size, 1, 'squeeze'))) : size !== 1;
  });
  return kept.length === shape.length ? x : reshape(x, kept);
}

/** A new axis of size 1 at `dim` (torch.unsqueeze). */
export function unsqueeze(x: TensorLike, dim: number): Tensor {
  assertTensor(x, 'unsqueeze', 'x');
  const { shape } = x;
  const at = normalizeAxis('unsqueeze', dim, shape.length + 1);
  return reshape(x, [...shape.slice(0, at), 1, ...shape.slice(at)]);
}

/** The axes from `startDim` to `endDim` as one (torch.flatten). */
export function flatten(x: TensorLike, startDim = 0, endDim = -1): Tensor {
  assertTensor(x, 'flatten', 'x');
  const { shape } = x;
  if (shape.length === 0) return reshape(x, [1]);
  const first = normalizeAxis('flatten', startDim, shape.length);
  const last = normalizeAxis('flatten', endDim, shape.length);
  if (first > last) throw new TnError({ what: `flatten: startDim ${startDim} comes after endDim ${endDim}` });
  if (first === last) return x;
  return reshape(x, [...shape.slice(0, first), elementCount(shape.slice(first, last + 1)), ...shape.slice(last + 1)]);
}

/** One axis as several (torch.unflatten). */
export function unflatten(x: TensorLike, dim: number, sizes: readonly Size[]): Tensor {
  assertTensor(x, 'unflatten', 'x');
  const { shape } = x;
  const at = normalizeAxis('unflatten', dim, shape.length);
  return reshape(x, [...shape.slice(0, at), ...sizes, ...shape.slice(at + 1)]);
}

/** x[start:end:step] on one axis, bounds as in Python: negative ones from the end, clamped. `step` > 0. */
export function slice(x: TensorLike, dim = 0, start: Size | null = null, end: Size | null = null, step = 1): Tensor {
  assertTensor(x, 'slice', 'x');
  const axis = requireAxis('slice', x, dim);
  if (!Number.isInteger(step) || step < 1) {
    throw new TnError({ what: `slice: step ${step}`, fix: 'a whole number from 1; use flip to reverse' });
  }
  const [from, upTo] = sliceBounds('slice', start, end, x.shape[axis]);
  return apply1(ops.slice, [x], { axis, start: from, end: upTo, step });
}

/** `length` elements from `start` on one axis (torch.narrow). */
export function narrow(x: TensorLike, dim: number, start: Size, length: Size): Tensor {
  assertTensor(x, 'narrow', 'x');
  const axis = requireAxis('narrow', x, dim);
  const [from, upTo] = narrowBounds(start, length, x.shape[axis]);
  return apply1(ops.slice, [x], { axis, start: from, end: upTo, step: 1 });
}

/** x[index] on one axis, which goes away (torch.select). */
export function select(x: TensorLike, dim: number, index: Size): Tensor {
  assertTensor(x, 'select', 'x');
  const axis = requireAxis('select', x, dim);
  return apply1(ops.select, [x], { axis, index: normalizeIndex('select', index, x.shape[axis]) });
}

/** Windows of `size`, `step` apart, as a new last axis (torch.Tensor.unfold). */
export function unfold(x: TensorLike, dim: number, size: number, step: number): Tensor {
  assertTensor(x, 'unfold', 'x');
  const axis = requireAxis('unfold', x, dim);
  if (!(size >= 0 && step >= 1)) {
    throw new TnError({
      what: `unfold: windows of ${size}, ${step} apart, on an axis of size ${String(x.shape[axis])}`,
    });
  }
  return apply1(ops.unfold, [x], { axis, size, step });
}

/** Parts of the given sizes, one after another; they must cover the axis. */
function cutParts(op: string, x: Tensor, axis: number, parts: readonly Size[]): Tensor[] {
  const total = x.shape[axis];
  const sum = parts.reduce<Size>((a, b) => sizeAdd(a, b), 0);
  if (!sameSize(sum, total, op)) {
    throw new TnError({ what: `${op}: sizes ${shapeText(parts)} add up to ${String(sum)}, not ${String(total)}` });
  }
  let at: Size = 0;
  return parts.map((length) => {
    const part = narrow(x, axis, at, length);
    at = sizeAdd(at, length);
    return part;
  });
}

/**
 * At most `size` elements each along `dim`; or the sizes given (torch.split). On a symbolic axis the number of parts
 * must not depend on the dim's value: what this run finds is kept as a condition.
 */
export function split(x: TensorLike, size: Size | readonly Size[], dim = 0): Tensor[] {
  assertTensor(x, 'split', 'x');
  const axis = requireAxis('split', x, dim);
  if (Array.isArray(size)) return cutParts('split', x, axis, size as readonly Size[]);
  const width = size as Size;
  if (!(sizeHint(width) >= 1))
    throw new TnError({ what: `split: size ${String(width)}`, fix: 'a whole number from 1' });
  const total = x.shape[axis];
  const count = Math.max(1, Math.ceil(x.sizes[axis] / sizeHint(width)));
  const full = new Array<Size>(count - 1).fill(width);
  const head = sizeMul(width, count - 1);
  if (typeof total !== 'number' || typeof width !== 'number') {
    sizeLt(head, total, 'split');
    sizeLe(total, sizeMul(width, count), 'split');
  }
  return cutParts('split', x, axis, [...full, sizeSub(total, head)]);
}

/** At most `count` parts of equal size, the last one smaller (torch.chunk). A symbolic axis is best one that `count` divides. */
export function chunk(x: TensorLike, count: number, dim = 0): Tensor[] {
  assertTensor(x, 'chunk', 'x');
  const axis = requireAxis('chunk', x, dim);
  if (!(count >= 1)) throw new TnError({ what: `chunk: ${count} parts`, fix: 'a whole number from 1' });
  const total = x.shape[axis];
  if (typeof total === 'number') return split(x, Math.max(1, Math.ceil(total / count)), axis);
  const part = sizeFloorDiv(total, count);
  if (sizeEq(sizeMod(total, count), 0, 'chunk')) return cutParts('chunk', x, axis, new Array<Size>(count).fill(part));
  return split(x, sizeAdd(part, 1), axis);
}

/** x[0], x[1], … along `dim` (torch.unbind). */
export function unbind(x: TensorLike, dim = 0): Tensor[] {
  assertTensor(x, 'unbind', 'x');
  const axis = requireAxis('unbind', x, dim);
  const count = x.sizes[axis];
  // As many results as this run has: a symbolic axis is held to that size, with the line that did it.
  sizeEq(x.shape[axis], count, 'unbind');
  return Array.from({ length: count }, (_, i) => select(x, axis, i));
}

/** The tensor tiled: new axes come first; always a copy (torch.Tensor.repeat). */
export function repeat(x: TensorLike, repeats: readonly Size[]): Tensor {
  assertTensor(x, 'repeat', 'x');
  if (repeats.length < x.sizes.length) {
    throw new TnError({
      what: `repeat: ${repeats.length} counts for ${x.sizes.length} dims`,
      fix: 'one count per dim, more in front',
    });
  }
  const shift = repeats.length - x.sizes.length;
  const shape: Size[] = [...new Array<Size>(shift).fill(1), ...x.shape];
  const spread = reshape(
    x,
    shape.flatMap((size) => [1, size]),
  );
  const grown = apply1(ops.expand, [spread], { shape: shape.flatMap((size, i) => [repeats[i], size]) });
  return reshape(
    apply1(ops.clone, [grown], {}),
    shape.map((size, i) => sizeMul(size, repeats[i])),
  );
}

/** As `repeat`, with missing counts in front taken as 1 (torch.tile). */
export function tile(x: TensorLike, repeats: readonly Size[]): Tensor {
  assertTensor(x, 'tile', 'x');
  const missing = Math.max(0, x.sizes.length - repeats.length);
  return repeat(x, [...new Array<Size>(missing).fill(1), ...repeats]);
}

export function requireAxis(op: string, x: TensorLike, dim: number): number {
  assertTensor(x, op, 'x');
  if (x.sizes.length === 0) throw new TnError({ what: `${op}: a tensor of 0 dims has no axes` });
  return normalizeAxis(op, dim, x.sizes.length);
}

/** The diagonal of a matrix, or of the last two axes (torch.diagonal with dim1=-2, dim2=-1, offset 0): a view. */
export function diagonal(x: TensorLike): Tensor {
  assertTensor(x, 'diagonal', 'x');
  const { shape } = x;
  const rank = shape.length;
  if (rank < 2) throw new TnError({ what: 'diagonal: needs at least 2 dims' });
  if (!sameSize(shape[rank - 2], shape[rank - 1], 'diagonal'))
    throw new TnError({ what: 'diagonal: needs a square matrix', found: [shapeText(shape)] });
  const flat = reshape(x, [...shape.slice(0, -2), sizeMul(shape[rank - 2], shape[rank - 1])]);
  return slice(flat, -1, 0, null, staticSize(shape[rank - 1], 'diagonal') + 1);
}
