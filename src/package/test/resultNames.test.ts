/** @file What results are called: fields, items, `out`. */

import { expect, it } from 'vitest';
import type { Graph, ResultTree } from '../../graph/graph.ts';
import { resultNames } from '../resultNames.ts';

const output = (index: number): ResultTree => ({ kind: 'output', index, views: [] });
const array = (...items: ResultTree[]): ResultTree => ({ kind: 'array', items });
const record = (fields: Readonly<Record<string, ResultTree>>): ResultTree => ({
  kind: 'record',
  fields: Object.entries(fields),
});

it.each<[string, ResultTree, number, readonly string[]]>([
  ['a tensor', output(0), 1, ['out']],
  ['items', array(output(1), output(0)), 2, ['out1', 'out0']],
  ['a record', record({ digits: output(0), probabilities: output(1) }), 2, ['digits', 'probabilities']],
  ['one field', record({ digits: output(0) }), 1, ['digits']],
  ['nested', record({ kv: array(output(0), record({ keys: output(1) })) }), 2, ['kv.0', 'kv.1.keys']],
  ['items that are records', array(record({ a: output(0) }), record({ a: output(1) })), 2, ['out0.a', 'out1.a']],
  ['one that is returned twice', record({ a: output(0), b: output(0) }), 1, ['a']],
  ['what is no tensor', record({ size: { kind: 'literal', value: 3 } }), 0, []],
])('%s', (_what, result, count, names) => {
  const outputs = Array.from({ length: count }) as Graph['outputs'];
  expect(resultNames({ outputs, result })).toEqual(names);
});
