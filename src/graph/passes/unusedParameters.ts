/** @file Drops parameters that the graph neither reads, writes nor returns: `this` may hold a whole model. */

import type { Graph, Mutation, ResultTree, Value } from '../graph.ts';
import { liveOutValues } from '../graph.ts';

export function dropUnusedParameters(graph: Graph): Graph {
  const used = new Set<Value>(liveOutValues(graph));
  for (const node of graph.nodes) for (const input of node.inputs) used.add(input);
  const needed = new Set<number>();
  graph.parameters.forEach((parameter, index) => {
    if (used.has(parameter.value)) needed.add(index);
  });
  for (const { target } of graph.mutations) if (target.kind === 'parameter') needed.add(target.index);
  collectAliases(graph.result, needed);
  const renumbered = new Map([...needed].sort((a, b) => a - b).map((index, position) => [index, position]));
  const at = (index: number): number => renumbered.get(index) as number;
  return {
    ...graph,
    parameters: graph.parameters.filter((_, index) => needed.has(index)),
    mutations: graph.mutations.map((mutation): Mutation => {
      const { target } = mutation;
      return target.kind === 'parameter'
        ? { ...mutation, target: { kind: 'parameter', index: at(target.index) } }
        : mutation;
    }),
    result: renumberAliases(graph.result, at),
  };
}

function collectAliases(tree: ResultTree, into: Set<number>): void {
  if (tree.kind === 'alias' && tree.of === 'parameter') into.add(tree.index);
  else if (tree.kind === 'array') for (const item of tree.items) collectAliases(item, into);
  else if (tree.kind === 'record') for (const [, item] of tree.fields) collectAliases(item, into);
}

function renumberAliases(tree: ResultTree, at: (index: number) => number): ResultTree {
  switch (tree.kind) {
    case 'alias':
      return tree.of === 'parameter' ? { ...tree, index: at(tree.index) } : tree;
    case 'array':
      return { ...tree, items: tree.items.map((item) => renumberAliases(item, at)) };
    case 'record':
      return { ...tree, fields: tree.fields.map(([key, item]) => [key, renumberAliases(item, at)] as const) };
    default:
      return tree;
  }
}
