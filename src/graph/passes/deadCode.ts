/** @file Drops nodes and constants that nothing outside needs. */

import type { Graph, Value } from '../graph.ts';
import { liveOutValues } from '../graph.ts';

export function removeDeadCode(graph: Graph): Graph {
  const live = new Set<Value>(liveOutValues(graph));
  const nodes = [];
  for (const node of [...graph.nodes].reverse()) {
    if (!node.outputs.some((output) => live.has(output))) continue;
    for (const input of node.inputs) live.add(input);
    nodes.push(node);
  }
  return {
    ...graph,
    nodes: nodes.reverse(),
    constants: graph.constants.filter((constant) => live.has(constant.value)),
  };
}
