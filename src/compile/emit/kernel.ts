/** @file Chooses how a kernel is written: a template, a reduction, or plain loops. */

import { add, type Expr, int } from '../../symbolic/expr.ts';
import type { Kernel, Scheduled } from '../fuse/kernels.ts';
import type { Lowering } from '../lower/builder.ts';
import type { LoopNode } from '../lower/ir.ts';
import type { IsaFacts, TemplatePrecision } from '../templates/types.ts';
import { type KernelDraft, kernelNodes, labelOf, renderLoops } from './draft.ts';
import { emitPointwise } from './pointwise.ts';
import { emitReduction } from './reduction.ts';
import { KernelScope } from './scope.ts';
import { emitTemplate } from './template.ts';
import { mergeTraffic, type Traffic } from './traffic.ts';

export interface EmitContext {
  readonly lowering: Lowering;
  readonly scheduled: Scheduled;
  readonly isa: IsaFacts;
  readonly dims: readonly string[];
  readonly precision: TemplatePrecision;
}

export function emitKernel(context: EmitContext, kernel: Kernel): KernelDraft {
  const { lowering } = context;
  const scope = new KernelScope(lowering, context.isa, context.dims);
  const kind = kernel.root?.definition.kind ?? 'pointwise';
  if (kind === 'pointwise' || kind === 'reduce') {
    const emit = kind === 'pointwise' ? emitPointwise : emitReduction;
    const { body, traffic, elements, inlined } = emit(scope, kernel, context.scheduled.memory);
    const nodes = kernelNodes(kernel, inlined);
    return {
      kernel,
      nodes,
      scope,
      label: labelOf(nodes),
      template: kind === 'pointwise' ? 'loops' : 'reduce',
      traffic: mergeTraffic(lowering, traffic),
      work: add(elements, bytesWork(traffic)),
      scratch: [],
      render: (name) => ({ text: renderLoops(scope, body, name), uses: [] }),
    };
  }
  return emitTemplate(context, scope, kernel);
}

/** A nanosecond for sixteen elements moved, roughly. */
function bytesWork(traffic: readonly Traffic[]): Expr {
  return traffic.reduce((sum, entry) => add(sum, entry.elements), int(0));
}

/** What plain-loop emitters return. `elements`: how many values are computed. */
export interface EmittedLoops {
  readonly body: readonly string[];
  readonly traffic: readonly Traffic[];
  readonly elements: Expr;
  readonly inlined: Iterable<LoopNode>;
}
