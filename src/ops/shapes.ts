/** @file Shape rules shared by the records: broadcasting, axes, element counts, over numbers and SymInts alike. */

import { TnError } from '../core/errors.ts';
import { constValue, type Expr, int } from '../symbolic/expr.ts';
import { type Size, sizeEq, sizeHint, sizeMul } from '../symbolic/symInt.ts';

export function shapeText(shape: readonly Size[]): string {
  return `[${shape.map(String).join(', ')}]`;
}

/** True if both sizes are equal; over symbols proved, or decided by the sample and kept as a guard. */
export function sameSize(a: Size, b: Size, because: string): boolean {
  return a === b || sizeEq(a, b, because);
}

export function sameShape(a: readonly Size[], b: readonly Size[], because: string): boolean {
  return a.length === b.length && a.every((size, axis) => sameSize(size, b[axis], because));
}

/** The size as a number where an op needs one: a symbolic size is held to this run's value, with the user's line. */
export function staticSize(size: Size, because: string): number {
  if (typeof size === 'number') return size;
  const value = sizeHint(size);
  sizeEq(size, value, because);
  return value;
}

/** torch.broadcast_shapes. */
export function broadcastShapes(op: string, shapes: readonly (readonly Size[])[]): Size[] {
  if (shapes.length === 1) return [...shapes[0]];
  const rank = Math.max(0, ...shapes.map((shape) => shape.length));
  const out: Size[] = new Array<Size>(rank).fill(1);
  const because = `${op} of ${shapes.map(shapeText).join(' and ')}`;
  for (const shape of shapes) {
    const shift = rank - shape.length;
    for (let i = 0; i < shape.length; i++) {
      const merged = mergeSizes(out[shift + i], shape[i], because);
      if (merged === null) {
        throw new TnError({
          what: `${op}: shapes ${shapes.map(shapeText).join(' and ')} do not broadcast`,
          found: [`sizes ${out[shift + i]} and ${shape[i]} at axis ${shift + i} of the result`],
          fix: 'sizes must be equal, or one of them 1, counted from the last axis',
        });
      }
      out[shift + i] = merged;
    }
  }
  return out;
}

function mergeSizes(a: Size, b: Size, because: string): Size | null {
  if (a === b || b === 1) return a;
  if (a === 1) return b;
  if (typeof a === 'number' && typeof b === 'number') return null;
  if (sizeEq(a, b, because)) return typeof a === 'number' ? a : b;
  if (sizeEq(b, 1, because)) return a;
  if (sizeEq(a, 1, because)) return b;
  return null;
}

/** An axis counted from the front; negative ones count from the end. */
export function normalizeAxis(op: string, axis: number, rank: number): number {
  const limit = Math.max(rank, 1);
  if (!Number.isInteger(axis) || axis < -limit || axis >= limit) {
    throw new TnError({
      what: `${op}: dim ${axis} is out of range for a tensor of ${rank} dims`,
      fix: `a whole number from ${-limit} to ${limit - 1}`,
    });
  }
  return axis < 0 ? axis + limit : axis;
}

/** Distinct axes in ascending order; all of them for null. */
export function normalizeAxes(op: string, axes: number | readonly number[] | null | undefined, rank: number): number[] {
  if (axes === null || axes === undefined) return Array.from({ length: rank }, (_, i) => i);
  const list = (typeof axes === 'number' ? [axes] : axes).map((axis) => normalizeAxis(op, axis, rank));
  if (new Set(list).size !== list.length)
    throw new TnError({ what: `${op}: dim appears twice in [${list.join(', ')}]` });
  return rank === 0 ? [] : list.sort((a, b) => a - b);
}

export function elementCount(shape: readonly Size[]): Size {
  let total: Size = 1;
  for (const size of shape) total = sizeMul(total, size);
  return total;
}

/** Index into an input of `shape` for an element of the broadcast output `outShape`. */
export function broadcastIndex(index: readonly Expr[], outRank: number, shape: readonly Expr[]): Expr[] {
  const shift = outRank - shape.length;
  return shape.map((size, axis) => (constValue(size) === 1 ? int(0) : index[shift + axis]));
}

/** The shape without `axes`, or with 1 in their place. */
export function reducedShape(shape: readonly Size[], axes: readonly number[], keepdim: boolean): Size[] {
  const out: Size[] = [];
  shape.forEach((size, axis) => {
    if (!axes.includes(axis)) out.push(size);
    else if (keepdim) out.push(1);
  });
  return out;
}
