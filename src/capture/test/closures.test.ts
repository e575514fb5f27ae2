/** @file Closure values read call after call: what has changed in place is seen, however the last reading was kept. */

import { expect, test } from 'vitest';
import { plainText, plainValue } from '../inputTree.ts';
import { closureValues, registerFile, type SourceMeta, stampClass } from '../sources.ts';

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

test('the same map as long as nothing changes; names that come, go and change places', () => {
  const file: Record<string, unknown> = { a: 1, b: 'x', run: () => 1, nested: { deep: { c: 1 } } };
  const closed: Record<string, unknown> = { k: 1, much: Array.from({ length: 1000 }, (_, i) => i) };
  class Settings {
    static level = 1;
  }
  const info = { url: 'file:///y.ts', file: '/y.ts', packages: [], units: [], names: ['a', 'b', 'nested', 'later'] };
  const token = registerFile({ ...info, v: 2, files: [['y.ts', 'h']], bindings: () => ({ ...file }) });
  stampClass(Settings, token, 'meaning');
  const meta: SourceMeta = { v: 2, file: token, source: 's', reach: [], loc: [1, 1], params: null, deps: () => closed };
  const fresh = (): [string, string][] => [...closureValues({ ...meta })];
  let last = closureValues(meta);
  expect([...last.keys()]).toEqual(['k', 'much', 'module a', 'module b', 'module nested', 'file 0: Settings.level']);
  const changes: (() => void)[] = [
    () => (file.a = 2),
    () => (file.a = '2'),
    () => (file.a = -0),
    () => (file.a = 0),
    () => (file.a = Number.NaN),
    () => (file.a = { deep: 1 }),
    () => (file.a = null),
    () => delete file.a,
    () => (file.later = 3),
    () => ((file.nested as { deep: { c: number } }).deep.c = 2),
    () => ((file.nested as { deep: object }).deep = { c: 2, d: 1 }),
    () => (Settings.level = 2),
    () => (closed.k = true),
    () => delete closed.k,
    () => (closed.much = [1]),
  ];
  for (const change of changes) {
    expect(closureValues(meta)).toBe(last);
    change();
    const next = closureValues(meta);
    expect([...next]).not.toEqual([...last]);
    expect([...next]).toEqual(fresh());
    last = next;
  }
  for (const change of [() => (file.run = () => 2), () => (file.nested = structuredClone(file.nested))]) {
    change();
    expect(closureValues(meta)).toBe(last);
  }
});

test('plain values are told from their texts', () => {
  const values = [undefined, null, true, false, 0, -0, 1.5, Number.NaN, -Infinity, 2n ** 70n, '', 'a"\n', '\ud800'];
  for (const value of values) expect(plainValue(plainText(value) as string)).toBe(value);
});
