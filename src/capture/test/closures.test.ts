/** @file Closure values read call after call: what has changed in place is seen, however the last reading was kept. */

import { expect, test } from 'vitest';
import { plainText, plainValue } from '../inputTree.ts';
import { closureValues, registerFile, type SourceMeta } from '../sources.ts';

function textOf(values: Record<string, unknown>): () => string | undefined {
  const info = {
    url: 'file:///x.ts',
    file: '/x.ts',
    files: [],
    packages: [],
    units: [],
    names: [],
    bindings: () => ({}),
  };
  const file = registerFile({ ...info, v: 2 });
  const meta: SourceMeta = { v: 2, file, source: 's', reach: [], loc: [1, 1], params: null, deps: () => values };
  return () => closureValues(meta).get('x');
}

test('objects that hold no others, and those that do', () => {
  const flat: Record<string, unknown> = { a: 1, run: () => 1 };
  const nested = { list: [1, 2], deep: { b: 1 } };
  const array: unknown[] = [1, 2];
  const map = new Map([['a', 1]]);
  const changes: [unknown, () => void][] = [
    [flat, () => (flat.a = 2)],
    [flat, () => (flat.b = 2)],
    [flat, () => delete flat.a],
    [flat, () => (flat.b = { c: 1 })],
    [flat, () => ((flat.b as { c: number }).c = 2)],
    [nested, () => nested.list.push(3)],
    [nested, () => (nested.deep.b = 2)],
    [array, () => (array[0] = 0)],
    [array, () => (array.length = 5)],
    [map, () => map.set('a', 2)],
  ];
  for (const [x, change] of changes) {
    const text = textOf({ x });
    const before = text();
    expect(text()).toBe(before);
    change();
    expect(text()).not.toBe(before);
  }
});

test('plain values are told from their texts', () => {
  const values = [undefined, null, true, false, 0, -0, 1.5, Number.NaN, -Infinity, 2n ** 70n, '', 'a"\n', '\ud800'];
  for (const value of values) expect(plainValue(plainText(value) as string)).toBe(value);
});
