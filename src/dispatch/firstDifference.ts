/** @file When native results differ from eager ones: the first operation whose own result differs, found by cutting the graph. */

import { isHalf } from '../core/dtype.ts';
import { copyElements, type StridedView } from '../core/view.ts';
import type { Graph, Node, Value } from '../graph/graph.ts';
import { interpret } from '../graph/interpreter.ts';
import { type Comparison, compareTensors } from './compare.ts';
import type { Precision } from './mode.ts';

/** Runs a graph without writes natively: its outputs, in order. */
export type RunNative = (
  graph: Graph,
  inputs: readonly (StridedView | number)[],
  parameters: readonly StridedView[],
) => readonly StridedView[];

export interface FirstDifference {
  readonly node: Node;
  readonly value: Value;
  readonly comparison: Comparison;
}

/**
 * The first node after which native code is wrong, or null when every cut of the graph is right (then the fault lies in
 * how results are written back). Cuts between the nodes: everything before the cut is compiled, what later nodes need is
 * its output. log2(nodes) compilations.
 */
export function firstDifference(
  graph: Graph,
  inputs: readonly (StridedView | number)[],
  parameters: readonly StridedView[],
  run: RunNative,
  precision: Precision = 'float32',
): FirstDifference | null {
  const wanted = new Map<Value, StridedView>();
  interpret(graph, inputs, parameters, {
    onValue: (value, view) => {
      wanted.set(value, view);
    },
  });
  const halfState = [...inputs, ...parameters].some((source) => typeof source !== 'number' && isHalf(source.dtype));
  const wrongAfter = (count: number): FirstDifference | null => {
    const outputs = frontier(graph, count);
    if (outputs.length === 0) return null;
    const cut: Graph = {
      ...graph,
      name: `${graph.name}-first-${count}`,
      nodes: graph.nodes.slice(0, count),
      outputs,
      mutations: [],
      result: { kind: 'array', items: outputs.map((_, index) => ({ kind: 'output', index, views: [] })) },
    };
    const copies = inputs.map((input) => (typeof input === 'number' ? input : copyElements(input)));
    const found = run(cut, copies, parameters.map(copyElements));
    for (const [i, value] of outputs.entries()) {
      const comparison = compareTensors(found[i], wanted.get(value) as StridedView, { halfState, precision });
      const node = graph.nodes.find(({ outputs: made }) => made.includes(value));
      if (!comparison.ok && node) return { node, value, comparison };
    }
    return null;
  };
  let right = 0;
  let wrong = graph.nodes.length;
  let difference = wrongAfter(wrong);
  if (!difference) return null;
  while (wrong - right > 1) {
    const middle = (right + wrong) >> 1;
    const found = wrongAfter(middle);
    if (found) {
      wrong = middle;
      difference = found;
    } else right = middle;
  }
  return difference;
}

/** Values of the first `count` nodes that the rest of the graph, its results or its writes need. */
function frontier(graph: Graph, count: number): Value[] {
  const made = new Set(graph.nodes.slice(0, count).flatMap((node) => node.outputs));
  const used = [
    ...graph.nodes.slice(count).flatMap((node) => node.inputs),
    ...graph.outputs,
    ...graph.mutations.map((mutation) => mutation.value),
  ];
  return [...new Set(used)].filter((value) => made.has(value));
}
