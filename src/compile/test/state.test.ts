/** @file Writes into inputs and parameters: in place, in order, and never under a reader of the old contents. */

import { describe, expect, it } from 'vitest';
import { type Size, sizeAdd } from '../../symbolic/symInt.ts';
import { compare, load } from './compare.ts';
import { GraphMaker } from './graphMaker.ts';
import { viewOf } from './runPart.ts';

const fill = (i: number) => Math.sin(i * 3.7) * 2;
const x8 = () => viewOf('float32', [8, 4], fill);

function check(
  g: GraphMaker,
  outputs: Parameters<GraphMaker['finish']>,
  args: Parameters<typeof compare>[1],
  parameters: Parameters<typeof compare>[2] = [],
) {
  const loaded = load(g.finish(...outputs));
  for (const threads of [1, 2]) {
    for (const { where, error } of compare(loaded, args, parameters, threads)) expect(error, where).toBeLessThan(1e-6);
  }
  return loaded.part;
}

describe('in-place writes', () => {
  it('x.add_(1) reads and writes the same element', () => {
    const g = new GraphMaker('inPlace');
    const x = g.input('x', 'float32', [8, 4]);
    g.mutate(x, g.op('add', [x], { right: 1 }));
    expect(check(g, [], [x8()]).kernels).toHaveLength(1);
  });

  it('a shifted copy within one tensor goes through a buffer', () => {
    const g = new GraphMaker('shift');
    const x = g.input('x', 'float32', [8, 4]);
    const tail = g.op('slice', [x], { axis: 0, start: 1, end: 8, step: 1 });
    g.mutate(x, g.op('sliceScatter', [x, tail], { axis: 0, start: 0, end: 7, step: 1 }));
    check(g, [], [x8()]);
  });

  it('a value of the old contents that is used after the write', () => {
    const g = new GraphMaker('before');
    const x = g.input('x', 'float32', [8, 4]);
    const old = g.op('mul', [x], { right: 3 });
    const zeros = g.op('full', [], { shape: [2, 4], value: 0, dtype: 'float32' });
    const written = g.op('sliceScatter', [x, zeros], { axis: 0, start: 3, end: 5, step: 1 });
    g.mutate(x, written);
    const after = g.op('add', [written, old]);
    check(g, [after], [x8()]);
  });

  it('a reader of the old contents after the write gets a copy', () => {
    const g = new GraphMaker('after');
    const x = g.input('x', 'float32', [8, 4]);
    const zeros = g.op('full', [], { shape: [2, 4], value: 0, dtype: 'float32' });
    const written = g.op('sliceScatter', [x, zeros], { axis: 0, start: 3, end: 5, step: 1 });
    g.mutate(x, written);
    const old = g.op('exp', [g.op('permute', [x], { axes: [1, 0] })]);
    check(g, [old, g.op('sum', [written], { axes: [0], keepdim: false })], [x8()]);
  });

  it('two tensors swapped', () => {
    const g = new GraphMaker('swap');
    const x = g.input('x', 'float32', [8, 4]);
    const y = g.input('y', 'float32', [8, 4]);
    g.mutate(x, g.op('clone', [y]));
    g.mutate(y, g.op('clone', [x]));
    check(g, [], [x8(), viewOf('float32', [8, 4], (i) => i)]);
  });

  it('a slice of a slice is written where it lies', () => {
    const g = new GraphMaker('nested');
    const pos = g.dim('pos', 2, { min: 0, max: 5 });
    g.numberInput('pos', 'pos');
    const cache = g.input('cache', 'float16', [3, 6, 4]);
    const src = g.input('src', 'float32', [1, 4]);
    const layer = g.op('select', [cache], { axis: 0, index: 1 });
    const half = g.op('cast', [src], { dtype: 'float16' });
    const end = g.op('sliceScatter', [layer, half], { axis: 0, start: pos, end: addOne(pos), step: 1 });
    const whole = g.op('selectScatter', [cache, end], { axis: 0, index: 1 });
    g.mutate(cache, whole);
    const seen = g.op('sum', [g.op('cast', [end], { dtype: 'float32' })], { axes: [0], keepdim: false });
    const part = check(g, [seen], [4, viewOf('float16', [3, 6, 4], fill), viewOf('float32', [1, 4], fill)]);
    expect(part.kernels[0].writes.map(({ buffer, bytes }) => `${buffer} ${bytes.key}`)).toEqual(['cache 8']);
  });

  it('a written parameter is bound as it lies, and another scatter of it is a copy', () => {
    const g = new GraphMaker('parameter');
    const w = g.parameter('counts', 'float32', [8, 4]);
    const row = g.op('full', [], { shape: [1, 4], value: 7, dtype: 'float32' });
    const other = g.op('sliceScatter', [w, row], { axis: 0, start: 2, end: 3, step: 1 });
    g.mutate(w, g.op('add', [w], { right: 1 }));
    const part = check(g, [other], [], [x8()]);
    expect(part.abi.weights).toEqual([
      { source: { kind: 'parameter', index: 0 }, layout: { kind: 'rows' }, dtype: 'float32', written: true },
    ]);
  });
});

describe('bad indices', () => {
  it('are reported with value and limit, and nothing out of bounds is read', () => {
    const g = new GraphMaker('gather');
    const table = g.parameter('table', 'float32', [10, 4]);
    const tokens = g.input('tokens', 'int64', [3]);
    const loaded = load(g.finish(g.op('embedding', [table, tokens])));
    const run = loaded.run([viewOf('int64', [3], (i) => [1, 12, -3][i])], [viewOf('float32', [10, 4], fill)]);
    expect(run.error).toEqual({ code: 1, kernel: 0, value: 12, limit: 10 });
  });

  it('negative ones count from the end', () => {
    const g = new GraphMaker('gather');
    const table = g.parameter('table', 'float32', [10, 4]);
    const tokens = g.input('tokens', 'int64', [3]);
    check(
      g,
      [g.op('embedding', [table, tokens])],
      [viewOf('int64', [3], (i) => [1, 9, -3][i])],
      [viewOf('float32', [10, 4], fill)],
    );
  });
});

function addOne(size: Size): Size {
  return sizeAdd(size, 1);
}
