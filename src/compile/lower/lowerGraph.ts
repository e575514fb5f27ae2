/** @file Lowers a graph: every op's own lowering is called once, in program order. */

import { invariant, TnError } from '../../core/errors.ts';
import { formatLocation } from '../../core/location.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { opByName } from '../../ops/index.ts';
import { constValue } from '../../symbolic/expr.ts';
import { Lowering } from './builder.ts';
import { asNode, type Buffer, type LoopNode } from './ir.ts';
import { IndexSpace } from './space.ts';

/** A graph as loop IR: what must be in memory at the end, and where. */
export interface Lowered {
  readonly lowering: Lowering;
  readonly inputs: readonly (LoopNode | null)[];
  readonly parameters: readonly LoopNode[];
  /** One per graph output. */
  readonly outputs: readonly LoopNode[];
  readonly outputBuffers: readonly Buffer[];
  readonly mutations: readonly { readonly target: LoopNode; readonly value: LoopNode }[];
}

/** Throws TnError for an op that has no compiled form; the caller keeps such a graph eager. */
export function lowerGraph(graph: Graph): Lowered {
  const lowering = new Lowering(new IndexSpace(graph.env.ranges));
  const nodes = new Map<Value, LoopNode>();
  const source = (value: Value, place: Buffer['place']): LoopNode => {
    lowering.begin({ op: place.kind, name: value.name, location: null });
    const node = lowering.node(value, { kind: 'buffer', buffer: lowering.buffer(value.name, value, place) });
    nodes.set(value, node);
    return node;
  };
  const inputs = graph.inputs.map((input, index) =>
    input.kind === 'tensor' ? source(input.value, { kind: 'input', index }) : null,
  );
  const parameters = graph.parameters.map(({ value }, index) => source(value, { kind: 'parameter', index }));
  graph.constants.forEach(({ value, data }, index) => {
    const node = source(value, { kind: 'constant', index, data });
    if (data.count === 1) inlineConstant(lowering, node);
  });
  const get = (value: Value): LoopNode => {
    const node = nodes.get(value);
    invariant(node, () => `value ${value.name} is used before it is made`);
    return node;
  };
  for (const { target } of graph.mutations) {
    if (target.kind === 'parameter') lowering.mutated.add(parameters[target.index]);
  }
  for (const node of graph.nodes) {
    const record = opByName(node.op);
    if (record.lower === 'eager') {
      throw new TnError({
        what: `${graph.name}: ${node.op} has no compiled form`,
        where: formatLocation(node.location),
        fix: 'the part stays eager; compile the methods around it instead',
      });
    }
    lowering.begin({ op: node.op, name: node.outputs[0].name, location: node.location });
    const results = record.lower(lowering, node.inputs.map(get), node.attrs, node.outputs);
    node.outputs.forEach((output, i) => {
      const result = asNode(results[i]);
      if (result.op === node.op) result.name = output.name;
      nodes.set(output, result);
    });
  }
  return {
    lowering,
    inputs,
    parameters,
    outputs: graph.outputs.map(get),
    outputBuffers: graph.outputs.map((value, index) => lowering.buffer(value.name, value, { kind: 'output', index })),
    mutations: graph.mutations.map(({ target, value }) => {
      const node = target.kind === 'input' ? inputs[target.index] : parameters[target.index];
      invariant(node, () => 'a number argument is written');
      return { target: node, value: get(value) };
    }),
  };
}

/** A constant of one element is a literal, not memory. */
function inlineConstant(lowering: Lowering, node: LoopNode): void {
  const { definition } = node;
  if (definition.kind !== 'buffer' || definition.buffer.place.kind !== 'constant') return;
  if (!node.shape.every((size) => constValue(size) === 1)) return;
  const { data } = definition.buffer.place;
  const raw = data.storage.typed(data.dtype)[data.offset];
  const scalar = constantScalar(lowering, node, raw);
  if (scalar) node.definition = { kind: 'pointwise', body: () => scalar };
}

function constantScalar(lowering: Lowering, node: LoopNode, raw: number | bigint) {
  switch (node.dtype) {
    case 'float16':
    case 'bfloat16':
      return null; // bit patterns: read as memory
    case 'bool':
      return lowering.scalars.constant(raw !== 0, 'bool');
    default:
      return lowering.scalars.constant(raw, node.dtype);
  }
}
