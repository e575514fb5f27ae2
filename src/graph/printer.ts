/** @file The graph as text for people: `tn cache show` prints it, tests compare it. */

import { formatLocation } from '../core/location.ts';
import { exprToString } from '../symbolic/expr.ts';
import { predicateToString } from '../symbolic/predicate.ts';
import { attrsToString } from './attrs.ts';
import type { Graph, Node, ResultTree, Value } from './graph.ts';

export interface PrintOptions {
  /** Append each node's source line. */
  readonly locations?: boolean;
}

export function printGraph(graph: Graph, options: PrintOptions = {}): string {
  const { locations = true } = options;
  const lines: string[] = [`graph ${graph.name}(`];
  for (const input of graph.inputs) {
    lines.push(
      input.kind === 'dim' ? `  ${input.path}: dim ${input.symbol}` : `  ${input.path} = ${typed(input.value)}`,
    );
  }
  lines.push(') {');
  for (const [name, range] of graph.env.ranges) {
    const max = range.max === Number.POSITIVE_INFINITY ? '∞' : range.max;
    lines.push(
      `  dim ${name} in ${range.min}..${max}${range.multipleOf === 1 ? '' : `, multiple of ${range.multipleOf}`}`,
    );
  }
  for (const guard of graph.env.guards) {
    lines.push(`  guard ${predicateToString(guard.predicate)}${comment(locations, formatLocation(guard.location))}`);
  }
  for (const { path, value } of graph.parameters) lines.push(`  weight ${path} = ${typed(value)}`);
  for (const { value } of graph.constants) lines.push(`  constant ${typed(value)}`);
  for (const node of graph.nodes)
    lines.push(`  ${printNode(node)}${comment(locations, formatLocation(node.location))}`);
  for (const { target, value } of graph.mutations) {
    const owner = target.kind === 'input' ? graph.inputs[target.index] : graph.parameters[target.index];
    lines.push(`  write ${owner.path} = ${reference(value)}`);
  }
  lines.push(`  return ${printResult(graph, graph.result)}`, '}');
  return lines.join('\n');
}

export function printNode(node: Node): string {
  const attrs = attrsToString(node.attrs);
  const args = [...node.inputs.map(reference), ...(attrs ? [attrs] : [])].join(', ');
  return `${node.outputs.map(typed).join(', ')} = ${node.op}(${args})`;
}

function reference(value: Value): string {
  return `%${value.name}`;
}

function typed(value: Value): string {
  return `${reference(value)}: ${value.dtype}[${value.shape.map(exprToString).join(', ')}]`;
}

function comment(on: boolean, text: string): string {
  return on ? `  // ${text}` : '';
}

function printResult(graph: Graph, tree: ResultTree): string {
  const views = (steps: readonly { op: string; attrs: Parameters<typeof attrsToString>[0] }[]): string =>
    steps.map((step) => `.${step.op}(${attrsToString(step.attrs)})`).join('');
  switch (tree.kind) {
    case 'output':
      return reference(graph.outputs[tree.index]) + views(tree.views);
    case 'alias':
      return (tree.of === 'input' ? graph.inputs[tree.index] : graph.parameters[tree.index]).path + views(tree.views);
    case 'size':
      return exprToString(tree.value);
    case 'literal':
      return JSON.stringify(tree.value) ?? 'undefined';
    case 'array':
      return `[${tree.items.map((item) => printResult(graph, item)).join(', ')}]`;
    case 'record':
      return `{ ${tree.fields.map(([key, item]) => `${key}: ${printResult(graph, item)}`).join(', ')} }`;
  }
}
