/** @file Batch axes as the templates want them: merged into one or two before a matrix, and back. */

import { constValue, type Expr, floorDiv, int, mod } from '../../symbolic/expr.ts';
import { linearOffset, numelOf, rowMajorStrides } from './affine.ts';
import type { Lowering } from './builder.ts';
import type { LoopNode } from './ir.ts';

/** The index into axes of `shape` for a flattened one. */
export function digits(flat: Expr, shape: readonly Expr[]): Expr[] {
  const strides = rowMajorStrides(shape);
  return shape.map((size, axis) =>
    axis === 0 ? floorDiv(flat, strides[0]) : mod(floorDiv(flat, strides[axis]), size),
  );
}

/** Leading axes as exactly `kept` ones before the matrix: the outer ones merged, missing ones added. */
export function mergeBatch(b: Lowering, x: LoopNode, kept: number): LoopNode {
  const batch = x.shape.slice(0, -2);
  if (batch.length === kept) return x;
  const inner = batch.slice(Math.max(0, batch.length - (kept - 1)));
  const outer = batch.slice(0, Math.max(0, batch.length - (kept - 1)));
  const missing = kept - 1 - inner.length;
  const shape = [numelOf(outer), ...new Array<Expr>(missing).fill(int(1)), ...inner, ...x.shape.slice(-2)];
  return b.view(x, shape, (index) => [...digits(index[0], outer), ...index.slice(1 + missing)]);
}

/** The reverse of `mergeBatch`. */
export function splitBatch(b: Lowering, x: LoopNode, shape: readonly Expr[], kept: number): LoopNode {
  const rank = shape.length - 2;
  if (rank === kept) return x;
  const inner = Math.min(rank, kept - 1);
  const missing = kept - 1 - inner;
  return b.view(x, shape, (index) => [
    linearOffset(index.slice(0, rank - inner), shape.slice(0, rank - inner)),
    ...new Array<Expr>(missing).fill(int(0)),
    ...index.slice(rank - inner),
  ]);
}

/** A mask that broadcasts to scores of shape [...batch, L, S], as one of shape [batch, heads, L or 1, S or 1]. */
export function alignMask(b: Lowering, mask: LoopNode, output: readonly Expr[]): LoopNode {
  const batch = output.slice(0, -2);
  if (batch.length === 2 || (batch.length < 2 && mask.shape.length <= 2)) return mask;
  const outer = batch.slice(0, -1);
  const last = mask.shape.slice(-2);
  const rows = last.length === 2 ? last : [int(1), ...last];
  const shape = [numelOf(outer), batch.at(-1) ?? int(1), ...rows];
  return b.view(mask, shape, ([merged, head, i, j]) =>
    broadcastAt(mask, [...digits(merged, outer), ...(batch.length > 0 ? [head] : []), i, j]),
  );
}

/** Index into a tensor that broadcasts to an index of more axes. */
export function broadcastAt(x: LoopNode, index: readonly Expr[]): Expr[] {
  const shift = index.length - x.shape.length;
  return x.shape.map((size, axis) => (constValue(size) === 1 ? int(0) : index[shift + axis]));
}
