/** @file The stack of active tracers. Tensor operations report to the innermost one; capture implements it. */

import type { StridedView } from './view.ts';

/** What the tensor layer tells a tracer. Views are identified by object: the tensors that the user holds. */
export interface Tracer {
  /** The capture was given up: the rest of the run is eager, on concrete sizes. */
  readonly aborted: boolean;
  /** An operation ran on `inputs` and made `outputs`. `attrs` still hold symbolic sizes. */
  record(
    op: { readonly name: string },
    inputs: readonly StridedView[],
    attrs: Readonly<Record<string, unknown>>,
    outputs: readonly StridedView[],
  ): void;
  /** `target`'s elements were overwritten by `source` (same sizes, target's dtype). Called after the write; `before()` was called before it. */
  mutate(target: StridedView, source: StridedView): void;
  /** Called before a write, so that samples can be snapshotted. */
  beforeMutate(target: StridedView): void;
  /** The symbolic shape of a tensor met in this trace, else null. */
  shapeOf(view: StridedView): readonly number[] | null;
  /** JavaScript is about to read element values: `what` names the method, e.g. `.item()`. */
  readValues(view: StridedView, what: string): void;
  /** Something that cannot be captured happened; the run goes on eagerly. */
  abort(reason: string, fix?: string): void;
}

/** The innermost active tracer. Read on every tensor operation: keep it a plain variable. */
export let activeTracer: Tracer | null = null;

/** Runs `body` with `tracer` (or none, for null) innermost. */
export function withTracer<T>(tracer: Tracer | null, body: () => T): T {
  const outer = activeTracer;
  activeTracer = tracer;
  try {
    return body();
  } finally {
    activeTracer = outer;
  }
}
