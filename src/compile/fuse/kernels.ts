/** @file Cuts the realised nodes into kernels: one per stored value, reductions and templates with the reader they feed. */

import { invariant } from '../../core/errors.ts';
import type { Expr } from '../../symbolic/expr.ts';
import { linearOffset } from '../lower/affine.ts';
import type { Lowering } from '../lower/builder.ts';
import { type Buffer, type LoopNode, type ScalarNode, templateKinds } from '../lower/ir.ts';
import type { Lowered } from '../lower/lowerGraph.ts';
import { Expander, type Memory, NotFusible, type Produced, producedShape } from './expand.ts';
import { invert } from './invert.ts';
import { operandsOf } from './operands.ts';
import { type Realised, realise } from './realise.ts';
import { byPosition, chainOrigin, type Placement, placeScatters } from './scatters.ts';

/** One tensor (or region of one) that a kernel writes. */
export interface Store {
  readonly node: LoopNode;
  readonly buffer: Buffer;
  /** The index space that is written. */
  readonly shape: readonly Expr[];
  /** Element offset in the buffer, row-major. */
  offset(index: readonly Expr[]): Expr;
  /** The value there, inlined. Not for the root itself. */
  value(expander: Expander, index: readonly Expr[]): ScalarNode;
}

export interface Kernel {
  /** The reduction or template that is computed; null for a pointwise kernel. */
  readonly root: LoopNode | null;
  readonly stores: readonly Store[];
  /** Index of the store for an index of the root; null: the root itself is stored. */
  readonly place: ((coordinates: readonly Expr[]) => readonly Expr[]) | null;
}

export interface Scheduled {
  readonly kernels: readonly Kernel[];
  readonly memory: Memory;
  readonly realised: Realised;
  /** Callers' memory that the part writes into. */
  readonly written: ReadonlySet<Buffer>;
}

export function schedule(lowered: Lowered): Scheduled {
  const { lowering } = lowered;
  const placement = placeScatters(lowered);
  const realised = realise(lowering, placement);
  const absorbed = absorb(lowering, placement, realised);
  const taken = new Set([...absorbed.values()].map(({ root }) => root));
  const buffers = assignBuffers(lowered, placement, realised, taken);
  const memory: Memory = {
    bufferOf: (node) => buffers.get(node) ?? null,
    packed: () => null,
  };
  const kernels: Kernel[] = [];
  for (const node of [...realised.stored].filter((n) => !taken.has(n)).sort(byPosition)) {
    if (node.definition.kind === 'buffer') continue;
    const store = storeOf(node, buffers);
    const absorption = absorbed.get(node);
    if (absorption) kernels.push({ root: absorption.root, stores: [store], place: absorption.place });
    else {
      const computes = node.definition.kind === 'reduce' || templateKinds.has(node.definition.kind);
      kernels.push({ root: computes ? node : null, stores: [store], place: null });
    }
  }
  const written = new Set(placement.writes.map((node) => buffers.get(node)!));
  return { kernels, memory, realised, written };
}

function storeOf(node: LoopNode, buffers: ReadonlyMap<LoopNode, Buffer>): Store {
  const buffer = buffers.get(node);
  invariant(buffer, () => `${node.name} has no buffer`);
  const { definition } = node;
  if (definition.kind === 'scatter') {
    return {
      node,
      buffer,
      shape: definition.src.shape,
      offset: (index) => linearOffset(definition.map(index), buffer.shape),
      value: (expander, index) => expander.element(definition.src, index),
    };
  }
  return {
    node,
    buffer,
    shape: node.shape,
    offset: (index) => linearOffset(index, node.shape),
    value: (expander, index) => expander.definitionAt(node, index),
  };
}

function assignBuffers(
  lowered: Lowered,
  placement: Placement,
  realised: Realised,
  taken: ReadonlySet<LoopNode>,
): Map<LoopNode, Buffer> {
  const buffers = new Map<LoopNode, Buffer>();
  placement.outputs.forEach((node, index) => {
    buffers.set(node, lowered.outputBuffers[index]);
  });
  for (const node of realised.order) {
    const { definition } = node;
    if (definition.kind === 'buffer') buffers.set(node, definition.buffer);
    else if (definition.kind === 'scatter') {
      const base = buffers.get(definition.base);
      invariant(base, () => `the base of ${node.name} is not stored`);
      buffers.set(node, base);
    } else if (realised.stored.has(node) && !taken.has(node) && !buffers.has(node)) {
      buffers.set(node, lowered.lowering.buffer(node.name, node, { kind: 'arena' }));
    }
  }
  return buffers;
}

interface Absorption {
  readonly root: LoopNode;
  readonly place: (coordinates: readonly Expr[]) => readonly Expr[];
}

/** Reductions and templates whose only reader writes each of their elements once: the reader becomes their epilogue. */
function absorb(lowering: Lowering, placement: Placement, realised: Realised): Map<LoopNode, Absorption> {
  const absorbed = new Map<LoopNode, Absorption>();
  const required = new Set([...placement.outputs, ...placement.writes, ...placement.forced]);
  const candidates = realised.order.filter(
    (node) => node.definition.kind === 'reduce' || templateKinds.has(node.definition.kind),
  );
  for (const root of candidates.sort(byPosition).reverse()) {
    if (required.has(root)) continue;
    const readers = realised.sinks.get(root);
    if (readers?.size !== 1) continue;
    const [reader] = readers.keys();
    const { kind } = reader.definition;
    if (absorbed.has(reader) || (kind !== 'pointwise' && kind !== 'view' && kind !== 'scatter')) continue;
    if (!canMove(lowering, realised, root, reader)) continue;
    const place = placeIn(lowering, realised, root, reader);
    if (place) absorbed.set(reader, { root, place });
  }
  return absorbed;
}

/** Whether `root` may run as late as `reader`: nothing that it reads is overwritten by then. */
function canMove(lowering: Lowering, realised: Realised, root: LoopNode, reader: LoopNode): boolean {
  const writes = realised.order.filter(
    (node) => node.definition.kind === 'scatter' && byPosition(node, root) > 0 && byPosition(node, reader) <= 0,
  );
  if (writes.length === 0) return true;
  const overwritten = new Set(writes.map(chainOrigin));
  const seen = new Set<LoopNode>();
  const reads = (node: LoopNode): boolean => {
    if (seen.has(node)) return false;
    seen.add(node);
    return operandsOf(lowering, node).some(({ node: operand }) => {
      if (overwritten.has(chainOrigin(operand))) return true;
      return !realised.stored.has(operand) && reads(operand);
    });
  };
  return !reads(root);
}

function placeIn(
  lowering: Lowering,
  realised: Realised,
  root: LoopNode,
  reader: LoopNode,
): ((coordinates: readonly Expr[]) => Expr[]) | null {
  const { space, scalars } = lowering;
  const store = storeShape(reader);
  const variables = store.map((size) => space.fresh(size));
  const forward = findLoad(lowering, realised, root, reader, variables);
  if (!forward) return null;
  // Loops of one pass stand for themselves; the map uses the others.
  const shape = producedShape(root);
  const place = invert(space, forward.slice(0, shape.length), variables, store, shape);
  if (!place) return null;
  const coordinates = shape.map((size) => space.fresh(size));
  const known = new Set(realised.stored);
  known.delete(root);
  const probe: Memory = {
    bufferOf: (node) => (known.has(node) || node.definition.kind === 'buffer' ? probeBuffer : null),
    packed: () => null,
  };
  const producedAt = (node: LoopNode, at: readonly Expr[]): Produced => {
    const values = [0, 1].map((slot) => scalars.produced(slot, node.dtype));
    return { node, coordinates: at, value: values[0], ...(shape === node.shape ? {} : { parts: values }) };
  };
  const expander = new Expander(lowering, probe, producedAt(root, coordinates));
  try {
    valueAt(expander, reader, place(coordinates));
  } catch (error) {
    if (error instanceof NotFusible) return null;
    throw error;
  }
  return place;
}

const probeBuffer: Buffer = { id: -1, name: 'probe', dtype: 'float32', shape: [], place: { kind: 'arena' } };

function storeShape(node: LoopNode): readonly Expr[] {
  return node.definition.kind === 'scatter' ? node.definition.src.shape : node.shape;
}

function valueAt(expander: Expander, reader: LoopNode, index: readonly Expr[]): ScalarNode {
  const { definition } = reader;
  if (definition.kind !== 'scatter') return expander.definitionAt(reader, index);
  return expander.element(definition.src, index);
}

/** The index at which `reader` loads `root`, as a function of its own index; the first found. */
function findLoad(
  lowering: Lowering,
  realised: Realised,
  root: LoopNode,
  reader: LoopNode,
  variables: readonly Expr[],
): readonly Expr[] | null {
  let found: readonly Expr[] | null = null;
  const known: Memory = {
    bufferOf: (node) => (realised.stored.has(node) || node.definition.kind === 'buffer' ? probeBuffer : null),
    packed: () => null,
  };
  class Spy extends Expander {
    protected override onLoad(node: LoopNode, index: readonly Expr[]): void {
      if (node === root) found ??= index;
    }
  }
  valueAt(new Spy(lowering, known), reader, variables);
  return found;
}
