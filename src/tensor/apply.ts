/** @file The one path of every tensor operation: infer, run eagerly, report to the tracer. */

import { activeTracer } from '../core/tracer.ts';
import type { StridedView } from '../core/view.ts';
import type { Attr, Attrs, ConcreteMeta, OpRecord } from '../ops/record.ts';
import { isSymbolic } from '../symbolic/symInt.ts';
import { type Tensor, TensorObject } from './tensor.ts';

/** Runs `op` on concrete data; `attrs` may hold symbolic numbers while a capture runs. */
export function applyOp<A extends Attrs>(op: OpRecord<A>, inputs: readonly StridedView[], attrs: A): Tensor[] {
  const tracer = activeTracer;
  const plain = tracer ? (concreteAttrs(attrs) as A) : attrs;
  const outputs = op.infer(
    inputs.map((input) => ({ dtype: input.dtype, shape: input.sizes })),
    plain,
  ) as ConcreteMeta[];
  const results = op.eager(inputs, plain, outputs).map((view) => TensorObject.of(view));
  if (tracer) tracer.record(op, inputs, attrs, results);
  return results;
}

/** One result of an op that has exactly one. */
export function apply1<A extends Attrs>(op: OpRecord<A>, inputs: readonly StridedView[], attrs: A): Tensor {
  return applyOp(op, inputs, attrs)[0];
}

function concreteAttrs(attrs: Attrs): Attrs {
  const out: Record<string, Attr> = {};
  for (const key in attrs) out[key] = concreteAttr(attrs[key]);
  return out;
}

function concreteAttr(value: Attr): Attr {
  if (Array.isArray(value)) return value.map(concreteAttr);
  if (isSymbolic(value)) return value.hint;
  return value;
}
