/** @file Random graphs come back the same and run in onnxruntime; random size expressions mean there what they mean here. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GraphMaker } from '../../compile/test/graphMaker.ts';
import { type DType, dtypes } from '../../core/dtype.ts';
import { elementWriter, emptyView, type StridedView, toNumbers } from '../../core/view.ts';
import { canonicalText } from '../../graph/canonical.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { interpret } from '../../graph/interpreter.ts';
import { printGraph } from '../../graph/printer.ts';
import { evaluate, exprToString } from '../../symbolic/expr.ts';
import { sizeAdd, sizeFromExpr, sizeSub } from '../../symbolic/symInt.ts';
import { build, names, trees } from '../../symbolic/test/arbitrary.ts';
import { decodeModel } from '../reader.ts';
import { encodeModel } from '../writer.ts';
import { difference, OnnxSession } from './onnxRuntime.ts';

test('size expressions', async () => {
  const all = fc.sample(trees(), { numRuns: 300, seed: 11 });
  const maker = new GraphMaker('sizes');
  for (const name of names) {
    maker.dim(name, 4, { min: 0, max: 40 });
    maker.numberInput(name, name);
  }
  const exprs = all.map(build);
  const data = exprs.map((expr) => sizeFromExpr(expr, maker.env));
  const graph = maker.finish(maker.op('constant', [], { data, shape: [data.length], dtype: 'int64' }));
  const session = await OnnxSession.load(encodeModel(graph, { blobs: [] }));
  for (const values of [
    [0, 0, 0],
    [1, 2, 3],
    [7, 40, 13],
    [40, 1, 0],
  ]) {
    const dims = new Map(names.map((name, i) => [name, values[i]]));
    const [found] = await session.run(values);
    const got = toNumbers(found);
    const wrong = exprs.filter((expr, i) => got[i] !== evaluate(expr, dims));
    expect(wrong.map(exprToString)).toEqual([]);
  }
  await session.release();
});

/** A step of a random graph: an op and which of the values so far it takes. */
const step = fc.record({
  kind: fc.nat(9),
  a: fc.nat(50),
  b: fc.nat(50),
  dtype: fc.constantFrom(...dtypes),
  k: fc.nat(2),
});
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function constant(dtype: DType, seed: number): StridedView {
  const view = emptyView(dtype, [3]);
  const write = elementWriter(dtype, view.storage.typed(dtype));
  for (let i = 0; i < 3; i++) write(i, (seed + i) % 4);
  return view;
}

/** Values stay [n, 3] (bounded, so that integers and halves do not overflow): any op can follow any other. */
function randomGraph(steps: readonly Step[]): Graph {
  const maker = new GraphMaker('random');
  const n = maker.dim('n', 4, { max: 40 });
  const pos = maker.dim('pos', 1, { min: 0, max: 3 });
  const state = maker.input('state.0', 'float32', [n, 3]);
  const values: Value[] = [maker.input('x', 'float32', [n, 3]), maker.input('flags', 'bool', [n, 3]), state];
  maker.numberInput('pos', 'pos');
  const bounded = (value: Value): Value =>
    value.dtype === 'bool' ? value : maker.op('clamp', [value], { min: 0, max: 5 });
  const take = (i: number): Value => values[i % values.length];
  const truth = (i: number): Value => maker.op('cast', [take(i)], { dtype: 'bool' });
  const makers: ((s: Step) => Value)[] = [
    ({ a, b }) => bounded(maker.op('add', [take(a), take(b)])),
    ({ a, b }) => bounded(maker.op('mul', [take(a), take(b)])),
    ({ a, dtype }) => maker.op('cast', [take(a)], { dtype }),
    ({ a, b, k }) => maker.op('where', [truth(k), take(a), take(b)]),
    ({ a, dtype, b }) =>
      maker.op('maximum', [take(a), maker.constant(`c_${dtype}_${b}_${values.length}`, constant(dtype, b))]),
    ({ a, b }) => {
      const rows = maker.op('slice', [take(b)], { axis: 0, start: 0, end: pos, step: 1 });
      const base = maker.op('cast', [take(a)], { dtype: rows.dtype });
      return maker.op('sliceScatter', [base, rows], { axis: 0, start: sizeSub(n, pos), end: n, step: 1 });
    },
    ({ a }) => maker.op('flip', [take(a)], { axes: [0, 1] }),
    ({ a, b, k }) => {
      const both = maker.op('cat', [take(a), take(b)], { axis: 0 });
      return maker.op('slice', [both], {
        axis: 0,
        start: k === 0 ? 0 : pos,
        end: k === 0 ? n : sizeAdd(n, pos),
        step: 1,
      });
    },
    ({ a }) => maker.op('permute', [maker.op('reshape', [take(a)], { shape: [3, n] })], { axes: [1, 0] }),
    ({ a }) =>
      bounded(maker.op('amax', [maker.op('expand', [take(a)], { shape: [2, n, 3] })], { axes: [0], keepdim: false })),
  ];
  for (const item of steps) values.push(makers[item.kind](item));
  const last = values[values.length - 1];
  const written = maker.op('cast', [last], { dtype: 'float32' });
  maker.mutate(state, written);
  return maker.finish(maker.op('cast', [last], { dtype: 'float64' }), maker.op('neg', [written]), state);
}

function argument(graph: Graph, n: number, pos: number): (StridedView | number)[] {
  return graph.inputs.map((input) => {
    if (input.kind === 'dim') return pos;
    const view = emptyView(
      input.value.dtype,
      input.value.shape.map((size) => evaluate(size, new Map([['n', n]]))),
    );
    const write = elementWriter(view.dtype, view.storage.typed(view.dtype));
    for (let i = 0; i < view.count; i++) write(i, view.dtype === 'bool' ? i % 3 : ((i * 7) % 11) / 2);
    return view;
  });
}

test('graphs', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
      const graph = randomGraph(steps);
      const bytes = encodeModel(graph, { blobs: [] });
      const back = decodeModel(bytes);
      expect(printGraph(back)).toBe(printGraph(graph));
      expect(canonicalText(back)).toBe(canonicalText(graph));
      expect(Buffer.from(encodeModel(back, { blobs: [] })).equals(bytes)).toBe(true);
      const session = await OnnxSession.load(bytes);
      for (const [n, pos] of [
        [4, 1],
        [9, 3],
      ]) {
        const args = argument(graph, n, pos);
        const { outputs, mutations } = interpret(back, args, []);
        const found = await session.run(args);
        expect([...outputs, ...mutations].map((view, i) => difference(found[i], view))).toEqual([
          null,
          null,
          null,
          null,
        ]);
      }
      await session.release();
    }),
    { numRuns: 100 },
  );
});
