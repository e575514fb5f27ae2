/** @file How many elements a kernel reads and writes of each buffer, as expressions of the dims. */

import { type Expr, int, mul } from '../../symbolic/expr.ts';
import { walkScalar } from '../fuse/operands.ts';
import { numelOf } from '../lower/affine.ts';
import type { Lowering } from '../lower/builder.ts';
import type { Buffer, ScalarNode } from '../lower/ir.ts';
import { exprDependsOn } from './analysis.ts';
import type { Axis } from './axes.ts';

export interface Traffic {
  readonly buffer: Buffer;
  readonly access: 'read' | 'write';
  readonly elements: Expr;
}

/** Elements behind an offset: the extents of all loops that it depends on, no more than the buffer has. */
function footprint(lowering: Lowering, buffer: Buffer, offset: Expr, axes: readonly Axis[]): Expr {
  const visited = axes
    .filter((axis) => exprDependsOn(lowering, offset, axis.variable.key))
    .reduce((product, axis) => mul(product, axis.extent), int(1));
  const all = numelOf(buffer.shape);
  return lowering.space.weigh(visited) > lowering.space.weigh(all) ? all : visited;
}

/** The reads of a value computed over `axes`. */
export function readsOf(lowering: Lowering, value: ScalarNode, axes: readonly Axis[]): Traffic[] {
  const reads: Traffic[] = [];
  walkScalar(lowering, value, (scalar) => {
    if (scalar.kind !== 'memory') return;
    const elements = footprint(lowering, scalar.buffer, scalar.offset, axes);
    reads.push({ buffer: scalar.buffer, access: 'read', elements });
  });
  return reads;
}

/** One entry per buffer and access: the largest. */
export function mergeTraffic(lowering: Lowering, all: readonly Traffic[]): Traffic[] {
  const merged: Traffic[] = [];
  for (const entry of all) {
    const at = merged.findIndex((other) => other.buffer === entry.buffer && other.access === entry.access);
    if (at < 0) merged.push(entry);
    else if (lowering.space.weigh(entry.elements) > lowering.space.weigh(merged[at].elements)) merged[at] = entry;
  }
  return merged;
}
