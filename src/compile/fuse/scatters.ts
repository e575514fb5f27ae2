/** @file Decides which scatters write in place, and gives whoever still needs the old contents a copy made before. */

import type { Lowering } from '../lower/builder.ts';
import type { LoopNode } from '../lower/ir.ts';
import type { Lowered } from '../lower/lowerGraph.ts';
import { operandsOf } from './operands.ts';

export interface Placement {
  /** Nodes whose values must be in memory when this is done, one per graph output, all different. */
  readonly outputs: readonly LoopNode[];
  /** The last write into each mutated input. */
  readonly writes: readonly LoopNode[];
  /** Nodes that must be stored at their own position: they read what is overwritten later. */
  readonly forced: Set<LoopNode>;
}

/** Nodes that `roots` need, operands first. */
export function topological(lowering: Lowering, roots: readonly LoopNode[]): LoopNode[] {
  const order: LoopNode[] = [];
  const state = new Set<LoopNode>();
  const visit = (node: LoopNode): void => {
    if (state.has(node)) return;
    state.add(node);
    for (const operand of operandsOf(lowering, node)) visit(operand.node);
    order.push(node);
  };
  for (const root of roots) visit(root);
  return order;
}

export function placeScatters(lowered: Lowered): Placement {
  const { lowering } = lowered;
  const writes = lowered.mutations.map(({ target, value }) => {
    if (value !== target && chainOrigin(value) === target) return value;
    lowering.begin({ op: 'copy_', name: target.name, location: value.location });
    return lowering.scatter(target, value, (index) => index);
  });
  const outputs = ownOutputs(lowering, lowered.outputs);
  const roots = [...outputs, ...writes];
  const inCallersMemory = new Set<LoopNode>();
  for (const write of writes) {
    for (let node = write; node.definition.kind === 'scatter'; node = node.definition.base) inCallersMemory.add(node);
  }
  const forced = new Set<LoopNode>();
  const scatters = topological(lowering, roots)
    .filter((node) => node.definition.kind === 'scatter')
    .sort(byPosition);
  for (const scatter of scatters) {
    const { definition } = scatter;
    if (definition.kind !== 'scatter') continue;
    const { base } = definition;
    const borrowed = (base.definition.kind === 'buffer' && !inCallersMemory.has(scatter)) || outputs.includes(base);
    if (borrowed || base.definition.kind === 'view') {
      const copy = copyBefore(lowering, base, scatter);
      forced.add(copy);
      scatter.definition = { ...definition, base: copy };
      continue;
    }
    if (base.definition.kind === 'pointwise') forced.add(base);
    keepOldContents(lowering, roots, scatter, base, forced);
  }
  return { outputs, writes, forced };
}

/** Program order. */
export function byPosition(a: LoopNode, b: LoopNode): number {
  return a.position - b.position || a.id - b.id;
}

/** The tensor that a chain of scatters began with. */
export function chainOrigin(node: LoopNode): LoopNode {
  let at = node;
  while (at.definition.kind === 'scatter') at = at.definition.base;
  return at;
}

/** An output is memory of its own: views, inputs, written tensors and what is returned twice are copied into it. */
function ownOutputs(lowering: Lowering, outputs: readonly LoopNode[]): LoopNode[] {
  const taken = new Set<LoopNode>();
  return outputs.map((node) => {
    const { kind } = node.definition;
    if (kind !== 'buffer' && kind !== 'view' && kind !== 'scatter' && !taken.has(node)) {
      taken.add(node);
      return node;
    }
    lowering.begin({ op: node.op, name: node.name, location: node.location });
    const copy = lowering.identity(node);
    copy.position = node.position;
    return copy;
  });
}

function copyBefore(lowering: Lowering, base: LoopNode, scatter: LoopNode): LoopNode {
  lowering.begin({ op: 'copy', name: `${base.name}_copy`, location: scatter.location });
  const copy = lowering.identity(base);
  copy.position = scatter.position - 0.5;
  return copy;
}

/** Readers of `base` after the scatter get a copy; those before it that could be inlined into later kernels are stored. */
function keepOldContents(
  lowering: Lowering,
  roots: readonly LoopNode[],
  scatter: LoopNode,
  base: LoopNode,
  forced: Set<LoopNode>,
): void {
  const readers = new Map<LoopNode, LoopNode[]>();
  for (const node of topological(lowering, roots)) {
    for (const operand of operandsOf(lowering, node)) {
      const list = readers.get(operand.node);
      if (list) list.push(node);
      else readers.set(operand.node, [node]);
    }
  }
  const readLater = (node: LoopNode): boolean => {
    if (byPosition(node, scatter) > 0) return true;
    if (node.definition.kind !== 'pointwise' && node.definition.kind !== 'view') return false;
    return (readers.get(node) ?? []).some((reader) => reader !== scatter && readLater(reader));
  };
  let copy: LoopNode | null = null;
  for (const reader of readers.get(base) ?? []) {
    if (reader === scatter) continue;
    if (byPosition(reader, scatter) > 0) {
      copy ??= copyBefore(lowering, base, scatter);
      forced.add(copy);
      redirect(reader, base, copy);
    } else if (readLater(reader)) {
      forced.add(reader);
    }
  }
}

/** From now on `reader` reads `copy` where it read `base`. */
function redirect(reader: LoopNode, base: LoopNode, copy: LoopNode): void {
  const { definition } = reader;
  if (definition.kind === 'pointwise' || definition.kind === 'reduce') {
    reader.redirects.set(base, copy);
    return;
  }
  const entries = Object.entries(definition).map(([key, value]) => [key, value === base ? copy : value]);
  reader.definition = Object.fromEntries(entries) as LoopNode['definition'];
}
