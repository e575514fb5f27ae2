/** @file Kernels made from templates. */

import type { Expr } from '../../symbolic/expr.ts';
import type { Memory } from '../fuse/expand.ts';
import type { Kernel } from '../fuse/kernels.ts';
import type { Buffer, LoopNode } from '../lower/ir.ts';
import type { KernelContext, KernelSource, TemplatePrecision } from '../templates/types.ts';
import { emitAttention } from './attention.ts';
import { emitConv1d } from './conv1d.ts';
import { type KernelDraft, kernelNodes, labelOf } from './draft.ts';
import type { EmitContext } from './kernel.ts';
import { emitMatmul } from './matmul.ts';
import { emitRfft, emitRowReduce } from './rows.ts';
import type { KernelScope } from './scope.ts';
import { mergeTraffic, type Traffic } from './traffic.ts';

export interface TemplateInput {
  readonly scope: KernelScope;
  readonly kernel: Kernel;
  readonly memory: Memory;
  /** Weights that the part writes into: never packed. */
  readonly written: ReadonlySet<Buffer>;
  readonly precision: TemplatePrecision;
}

export interface TemplateEmission {
  readonly template: string;
  readonly inlined: Iterable<LoopNode>;
  readonly traffic: readonly Traffic[];
  /** Tenths of a nanosecond on one core. */
  readonly work: Expr;
  render(context: KernelContext): KernelSource;
}

function emissionOf(input: TemplateInput): TemplateEmission {
  const kind = input.kernel.root!.definition.kind;
  switch (kind) {
    case 'matmul':
      return emitMatmul(input);
    case 'attention':
      return emitAttention(input);
    case 'conv1d':
      return emitConv1d(input);
    case 'layerNorm':
    case 'softmax':
      return emitRowReduce(input);
    case 'rfft':
      return emitRfft(input);
    default:
      throw new Error(`internal: no template for ${kind}`);
  }
}

export function emitTemplate(context: EmitContext, scope: KernelScope, kernel: Kernel): KernelDraft {
  const { memory, written } = context.scheduled;
  const { precision } = context;
  const emission = emissionOf({ scope, kernel, memory, written, precision });
  const nodes = kernelNodes(kernel, emission.inlined);
  const render = (functionName: string): KernelSource => {
    // Rendered twice: the first pass finds out which buffers and dims the text names.
    const base = { isa: scope.isa, precision, functionName, comment: labelOf(nodes) };
    scope.resetTemporaries();
    emission.render(base);
    scope.resetTemporaries();
    return emission.render({ ...base, setup: scope.setup().join('\n'), uses: [...scope.uses] });
  };
  const { scratchBytes } = render('kernel');
  return {
    kernel,
    nodes,
    scope,
    label: labelOf(nodes),
    template: emission.template,
    traffic: mergeTraffic(scope.lowering, emission.traffic),
    work: emission.work,
    scratch: scratchBytes === '0' ? [] : [scratchBytes],
    render,
  };
}
