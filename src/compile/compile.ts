/**
 * @file The compiler's table of contents: `lower/` makes loop IR of a graph, `fuse/` cuts it into kernels, `emit/`
 * writes each as C (with `templates/` for the heavy ones), `plan/` lays out memory and barriers, `toolchain/` builds.
 */

import type { Graph } from '../graph/graph.ts';
import { symbolSources } from '../graph/graph.ts';
import { add, constValue, floorDiv, int, mod, mul } from '../symbolic/expr.ts';
import { describe, type KernelDraft, renderFile } from './emit/draft.ts';
import { emitKernel } from './emit/kernel.ts';
import { matmulPanels } from './emit/matmul.ts';
import { shortHash } from './emit/names.ts';
import { bytesFor, emitProgram, isInlineConstant, type ProgramKernel } from './emit/program.ts';
import { type BufferSlot, KernelScope } from './emit/scope.ts';
import type { Memory } from './fuse/expand.ts';
import { type Scheduled, schedule } from './fuse/kernels.ts';
import type { Lowering } from './lower/builder.ts';
import type { Buffer } from './lower/ir.ts';
import { lowerGraph } from './lower/lowerGraph.ts';
import type { CFile, CompiledPart, Target, WeightLayout, WeightSlot } from './part.ts';
import { panelColumns } from './templates/cost.ts';
import { isaFacts } from './templates/isa.ts';
import type { IsaFacts, TemplatePrecision } from './templates/types.ts';

export type {
  CFile,
  CompiledPart,
  PartAbi,
  PlannedKernel,
  PlannedTraffic,
  Target,
  WeightLayout,
  WeightSlot,
} from './part.ts';

/** The file that calls the kernels in order. */
export const programFile = 'program.c';

/**
 * C code for a graph. Depends on nothing but its arguments: the same graph gives the same text.
 * Throws TnError when an op has no compiled form.
 */
export function compileGraph(graph: Graph, target: Target): CompiledPart {
  const lowered = lowerGraph(graph);
  const { lowering } = lowered;
  const scheduled = schedule(lowered);
  const dims = [...symbolSources(graph).keys()];
  const isa = isaFacts[target.isa];
  const { precision } = target;
  const memory = readPacked(lowering, scheduled, isa, dims, precision);
  const context = { lowering, scheduled: { ...scheduled, memory }, isa, dims, precision };
  const drafts = scheduled.kernels.map((kernel) => emitKernel(context, kernel));

  const files = new Map<string, CFile>();
  const weights: WeightSlot[] = [];
  const kernels = drafts.map((draft): ProgramKernel => {
    const functionName = nameDraft(draft, files);
    return { draft, functionName, weights: draft.scope.slots.map((slot) => weightOf(slot, weights)) };
  });
  const inputs = graph.inputs.flatMap((input, index) => (input.kind === 'tensor' ? [index] : []));
  const program = emitProgram(lowering.space, {
    name: graph.name,
    dims,
    inputs,
    outputs: graph.outputs.length,
    weights,
    kernels,
  });
  return {
    name: graph.name,
    files: [...files.values(), { name: programFile, source: program.source }],
    kernels: kernels.map(({ draft, functionName }, at) => ({
      name: functionName,
      template: draft.template,
      reads: trafficOf(draft, 'read'),
      writes: trafficOf(draft, 'write'),
      lines: describe(draft),
      barrier: program.barriers[at],
    })),
    abi: {
      dims,
      inputs,
      outputs: graph.outputs.map(({ dtype, shape }) => ({ dtype, shape })),
      weights,
    },
    arena: program.arena.bytes,
    work: program.work,
  };
}

/**
 * A weight that some product reads as panels is read from the panels by everyone: a tied embedding gathers its rows from
 * what the last matrix product uses, and is in memory once. Panels of rounded elements are for products alone.
 */
function readPacked(
  lowering: Lowering,
  scheduled: Scheduled,
  isa: IsaFacts,
  dims: readonly string[],
  precision: TemplatePrecision,
): Memory {
  const panels = new Map<Buffer, WeightLayout>();
  for (const { root } of scheduled.kernels) {
    if (!root) continue;
    const scope = new KernelScope(lowering, isa, dims);
    const wanted = matmulPanels({ scope, memory: scheduled.memory, written: scheduled.written, precision }, root);
    if (wanted && isRowPanels(wanted.layout, wanted.buffer)) panels.set(wanted.buffer, wanted.layout);
  }
  return {
    bufferOf: (node) => scheduled.memory.bufferOf(node),
    packed: (buffer, index) => {
      const layout = panels.get(buffer);
      if (!layout) return null;
      const [column, depth] = index;
      const panel = floorDiv(column, int(panelColumns));
      const line = add(mul(panel, buffer.shape[1]), depth);
      return { layout, offset: add(mul(line, int(panelColumns)), mod(column, int(panelColumns))) };
    },
  };
}

/** Whether panels hold a whole [N, K] matrix, a column of a panel being a row of the matrix. */
function isRowPanels(layout: WeightLayout, buffer: Buffer): boolean {
  if (layout.kind !== 'panels16' || layout.element !== undefined || buffer.shape.length !== 2) return false;
  const [n, k] = buffer.shape.map(constValue);
  return (
    layout.n === n &&
    layout.k0 === k &&
    layout.k1 === 1 &&
    layout.strideN === k &&
    layout.strideK0 === 1 &&
    layout.offset === 0
  );
}

/** Kernels of one text share one file; the name tells what it does and, by a hash of the text, which one it is. */
function nameDraft(draft: KernelDraft, files: Map<string, CFile>): string {
  const placeholder = 'KERNEL';
  const { text, uses } = draft.render(placeholder);
  const key = [text, ...uses, ...draft.scope.uses, ...draft.scope.helpers].join('\n').replace(/\/\*.*?\*\//gs, '');
  const name = `${draft.label}_${shortHash(key)}`;
  if (!files.has(name)) files.set(name, { name: `${name}.c`, source: renderFile(draft, name) });
  return name;
}

/** Index of the weight that a slot is bound to, added when new; null for other memory. */
function weightOf(slot: BufferSlot, weights: WeightSlot[]): number | null {
  const { buffer, layout } = slot;
  const { place } = buffer;
  if ((place.kind !== 'parameter' && place.kind !== 'constant') || isInlineConstant(buffer)) return null;
  const key = JSON.stringify([place.kind, place.index, layout]);
  const at = weights.findIndex((w) => JSON.stringify([w.source.kind, w.source.index, w.layout]) === key);
  if (at >= 0) {
    if (slot.writes) weights[at] = { ...weights[at], written: true };
    return at;
  }
  weights.push({
    source: { kind: place.kind, index: place.index },
    layout,
    dtype: buffer.dtype,
    written: slot.writes,
  });
  return weights.length - 1;
}

function trafficOf(draft: KernelDraft, access: 'read' | 'write') {
  return draft.traffic
    .filter((entry) => entry.access === access)
    .map(({ buffer, elements }) => ({ buffer: buffer.name, bytes: bytesFor(buffer, elements) }));
}
