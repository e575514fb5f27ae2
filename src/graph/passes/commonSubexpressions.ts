/** @file Merges nodes that compute the same: equal op, inputs and attributes. Values that leave the graph stay apart: eager gave each memory of its own. */

import { attrsToString } from '../attrs.ts';
import { type Graph, liveOutValues, type Node, type Value } from '../graph.ts';

export function mergeCommonSubexpressions(graph: Graph): Graph {
  const replacement = new Map<Value, Value>();
  const use = (value: Value): Value => replacement.get(value) ?? value;
  const leaving = new Set(liveOutValues(graph));
  const seen = new Map<string, Node>();
  const nodes: Node[] = [];
  for (const original of graph.nodes) {
    const node = { ...original, inputs: original.inputs.map(use) };
    const key = `${node.op}(${node.inputs.map((input) => input.id).join(',')};${attrsToString(node.attrs)})`;
    const twin = node.outputs.some((output) => leaving.has(output)) ? undefined : seen.get(key);
    if (twin) {
      node.outputs.forEach((output, i) => {
        replacement.set(output, twin.outputs[i]);
      });
    } else {
      seen.set(key, node);
      nodes.push(node);
    }
  }
  return {
    ...graph,
    nodes,
    outputs: graph.outputs.map(use),
    mutations: graph.mutations.map((mutation) => ({ ...mutation, value: use(mutation.value) })),
  };
}
