/** @file Everything that the meaning of a unit depends on, numbered in an order that only the code itself decides. */

import type { GraphNode, ProgramGraph, SourceFile, UnitNode, WholeNode } from './graph.ts';
import type { LoadEffect, SideEffects } from './sideEffects.ts';

/** What a unit reaches. */
export interface Reach {
  /** In the order of discovery: the unit itself first. */
  readonly nodes: ReadonlyMap<GraphNode, number>;
  /** Top-level code that may change something of it, in the order in which it runs. */
  readonly effects: readonly UnitNode[];
  /** The files that are loaded with the unit's own, in the order in which they are evaluated. */
  readonly files: readonly SourceFile[];
}

class Reacher {
  readonly nodes = new Map<GraphNode, number>();
  private readonly graph: ProgramGraph;
  private readonly files: readonly SourceFile[];
  private readonly queue: GraphNode[] = [];

  constructor(graph: ProgramGraph, files: readonly SourceFile[]) {
    this.graph = graph;
    this.files = files;
  }

  add(node: GraphNode): void {
    if (this.nodes.has(node)) return;
    this.nodes.set(node, this.nodes.size);
    this.queue.push(node);
  }

  /** Follows everything that was added. */
  follow(): void {
    for (let i = 0; i < this.queue.length; i++) {
      const node = this.queue[i] as GraphNode;
      for (const edge of this.graph.edgesOf(node)) for (const to of edge.to) this.add(to);
      // Code made of text may name anything.
      if (node.kind === 'unit' && node.unit.evaluates) for (const file of this.files) this.add(file.whole);
    }
    this.queue.length = 0;
  }
}

/** Follows a unit to everything that it depends on. */
export function reachOf(start: UnitNode | WholeNode, graph: ProgramGraph, sideEffects: SideEffects): Reach {
  const files = graph.evaluationOrder(start.file);
  const reacher = new Reacher(graph, files);
  const { nodes } = reacher;
  reacher.add(start);
  reacher.follow();
  const possible = sideEffects.among(files);
  const { assigners } = graph.actors(files);
  // A part that is reached itself is known with all that it does.
  const matters = ({ everything, changed, parts }: LoadEffect): boolean =>
    everything ||
    intersects(changed, nodes) ||
    parts.some(({ part, changed: byPart }) => !nodes.has(part) && intersects(byPart, nodes));
  for (let size = -1; size !== nodes.size; ) {
    size = nodes.size;
    for (const effect of possible) {
      if (nodes.has(effect.node) || !matters(effect)) continue;
      reacher.add(effect.node);
      reacher.follow();
    }
    for (const node of assigners) {
      if (!nodes.has(node) && assignsReached(node, nodes)) reacher.add(node);
    }
    reacher.follow();
  }
  return { nodes, effects: possible.filter(matters).map(({ node }) => node), files };
}

function intersects(changed: ReadonlySet<GraphNode>, nodes: ReadonlyMap<GraphNode, number>): boolean {
  for (const node of changed) if (nodes.has(node)) return true;
  return false;
}

/** Whether functions of a unit give another value to a variable that is reached. */
function assignsReached({ file, unit }: UnitNode, nodes: ReadonlyMap<GraphNode, number>): boolean {
  return unit.assigns.some((name) =>
    file.module?.names.get(name)?.some((index) => nodes.has(file.units[index] as UnitNode)),
  );
}
