/** @file One text for a graph's meaning: equal texts compile to the same code, whatever lines and names were moved. */

import { bytesText } from '../core/view.ts';
import { exprToString } from '../symbolic/expr.ts';
import { predicateToString } from '../symbolic/predicate.ts';
import { attrsToString } from './attrs.ts';
import type { Graph, Value } from './graph.ts';
import { resultToJson } from './serialize.ts';

/** Weights count by dtype and shape only; constants by their elements. Names of values, paths and lines are left out. */
export function canonicalText(graph: Graph): string {
  const numbers = new Map<Value, number>();
  const name = (value: Value): string => `%${numbers.get(value)}`;
  const define = (value: Value): string => {
    numbers.set(value, numbers.size);
    return `${name(value)}:${value.dtype}[${value.shape.map(exprToString).join(',')}]`;
  };
  const lines: string[] = [];
  for (const input of graph.inputs)
    lines.push(input.kind === 'dim' ? `dim ${input.symbol}` : `input ${define(input.value)}`);
  for (const { value } of graph.parameters) lines.push(`weight ${define(value)}`);
  for (const { value, data } of graph.constants) lines.push(`constant ${define(value)} ${bytesText(data)}`);
  for (const [symbol, { min, max, multipleOf }] of graph.env.ranges)
    lines.push(`range ${symbol} ${min} ${max} ${multipleOf}`);
  for (const { predicate } of graph.env.guards) lines.push(`guard ${predicateToString(predicate)}`);
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(name).join(',');
    lines.push(`${node.outputs.map(define).join(',')} = ${node.op}(${inputs}; ${attrsToString(node.attrs)})`);
  }
  lines.push(`outputs ${graph.outputs.map(name).join(',')}`);
  for (const { target, value } of graph.mutations) lines.push(`write ${target.kind} ${target.index} ${name(value)}`);
  lines.push(`result ${JSON.stringify(resultToJson(graph.result))}`);
  return lines.join('\n');
}
