/** @file A write through a chain of views, as pure operations on the base: SSA form of `k.slice(...).copy_(x)`. */

import { invariant } from '../core/errors.ts';
import type { ViewStep } from '../graph/graph.ts';
import type { Attrs } from '../ops/record.ts';
import type { Size } from '../symbolic/symInt.ts';
import type { ShapedValue } from './graphTracer.ts';

type Emit = (op: string, inputs: readonly ShapedValue[], attrs: Attrs) => ShapedValue;

/** The base after `source` was written through `views`, or null when one of them has no inverse. */
export function scatterThroughViews(
  base: ShapedValue,
  views: readonly ViewStep[],
  source: ShapedValue,
  emit: Emit,
): ShapedValue | null {
  // Down the chain: what each view sees before the write (only needed where the view drops elements).
  const seen: ShapedValue[] = [base];
  for (const step of views.slice(0, -1)) seen.push(emit(step.op, [seen[seen.length - 1]], step.attrs));
  // And back up: each level with the new elements put in.
  let current = source;
  for (let level = views.length - 1; level >= 0; level--) {
    const inverse = invert(views[level], seen[level], current, emit);
    if (!inverse) return null;
    current = inverse;
  }
  return current;
}

function invert(step: ViewStep, before: ShapedValue, after: ShapedValue, emit: Emit): ShapedValue | null {
  switch (step.op) {
    case 'slice':
      return emit('sliceScatter', [before, after], step.attrs);
    case 'select':
      return emit('selectScatter', [before, after], step.attrs);
    case 'reshape':
      return emit('reshape', [after], { shape: before.shape as readonly Size[] as readonly number[] });
    case 'permute': {
      const axes = step.attrs.axes;
      invariant(Array.isArray(axes), () => 'permute without axes');
      const inverse = new Array<number>(axes.length);
      axes.forEach((axis, i) => {
        inverse[axis as number] = i;
      });
      return emit('permute', [after], { axes: inverse });
    }
    default:
      return null;
  }
}
