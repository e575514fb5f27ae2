/** @file Random graphs of pointwise ops, views, reductions, scatters and templates, for comparing compiled code with the oracle. */

import type { DType } from '../../core/dtype.ts';
import type { StridedView } from '../../core/view.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { evaluate } from '../../symbolic/expr.ts';
import { type Size, sizeAdd, sizeHint, sizeMul } from '../../symbolic/symInt.ts';
import { GraphMaker } from './graphMaker.ts';
import { viewOf } from './runPart.ts';

/** A deterministic stream of numbers in [0, 1). */
export function randomStream(seed: number): () => number {
  let state = (seed * 2654435761) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const unary = ['neg', 'abs', 'exp', 'tanh', 'sigmoid', 'floor', 'relu', 'gelu', 'sign', 'round'];
const binary = ['add', 'sub', 'mul', 'minimum', 'maximum'];
const comparisons = ['lt', 'ge', 'eq'];
const reductions = ['sum', 'mean', 'amax', 'amin', 'prod'];
const dtypes: readonly DType[] = [
  'float32',
  'float32',
  'float16',
  'bfloat16',
  'float64',
  'int64',
  'int32',
  'uint8',
  'bool',
];

const isFloating = (dtype: DType): boolean => dtype.includes('float');

/** A graph of some ten ops over one or two symbolic dims. Every value stays moderate, so that errors mean something. */
export function randomGraph(seed: number, steps = 10): Graph {
  const next = randomStream(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)];
  const g = new GraphMaker(`random${seed}`);
  const n = g.dim('n', 3, { min: 1, max: 64 });
  const m = g.dim('m', 4, { min: 2, max: 64, multipleOf: 2 });
  const sizes: Size[] = [n, m, 1, 2, 5, 16, 33];
  const values: Value[] = [];
  const shape = (): Size[] => Array.from({ length: 1 + Math.floor(next() * 3) }, () => pick(sizes));
  const base = shape();
  g.input('along', 'float32', [n, m]);
  for (let i = 0; i < 3; i++) values.push(g.input(`x${i}`, pick(dtypes), i < 2 ? base : shape()));
  const numel = (value: Value): number => g.shapeOf(value).reduce<number>((p, s) => p * sizeHint(s), 1);
  const keep = (value: Value): Value => {
    values.push(value);
    return value;
  };
  for (let step = 0; step < steps; step++) {
    const x = pick(values.slice(-5));
    const rank = g.shapeOf(x).length;
    const axis = Math.floor(next() * Math.max(rank, 1));
    const choice = next();
    try {
      if (choice < 0.2) {
        const float = isFloating(x.dtype) ? x : g.op('cast', [x], { dtype: 'float32' });
        keep(g.op(pick(unary), [float]));
      } else if (choice < 0.4) {
        const same = values.filter((y) => y.shape.map(String).join() === x.shape.map(String).join());
        const y = pick([...same, x]);
        keep(
          g.op(
            pick(binary),
            x.dtype === 'bool' || y.dtype === 'bool'
              ? [g.op('cast', [x], { dtype: 'int32' }), g.op('cast', [y], { dtype: 'int64' })]
              : [x, y],
          ),
        );
      } else if (choice < 0.46) keep(g.op(pick(comparisons), [x], { right: 1 }));
      else if (choice < 0.52) keep(g.op('cast', [x], { dtype: pick(dtypes) }));
      else if (choice < 0.6 && rank > 1) {
        const order = Array.from({ length: rank }, (_, i) => i).sort(() => next() - 0.5);
        keep(g.op('permute', [x], { axes: order }));
      } else if (choice < 0.66 && rank > 1) {
        const s = g.shapeOf(x);
        const merged = [...s.slice(0, rank - 2), sizeMul(s[rank - 2], s[rank - 1])];
        keep(g.op('reshape', [x], { shape: merged }));
      } else if (choice < 0.7 && rank > 0) {
        const s = g.shapeOf(x);
        if (sizeHint(s[axis]) === 16)
          keep(g.op('reshape', [x], { shape: [...s.slice(0, axis), 4, 4, ...s.slice(axis + 1)] }));
      } else if (choice < 0.76 && rank > 0) {
        keep(
          g.op('slice', [x], {
            axis,
            start: 0,
            end: sizeAdd(
              g.shapeOf(x)[axis],
              sizeHint(g.shapeOf(x)[axis]) > 1 && typeof g.shapeOf(x)[axis] === 'number' ? -1 : 0,
            ),
            step: 1,
          }),
        );
      } else if (choice < 0.88 && rank > 0) {
        const numeric = x.dtype === 'bool' ? g.op('cast', [x], { dtype: 'float32' }) : x;
        const axes = next() < 0.3 ? Array.from({ length: rank }, (_, i) => i) : [axis];
        const name = isFloating(numeric.dtype)
          ? pick(reductions.filter((r) => r !== 'prod'))
          : pick(['sum', 'amax', 'amin']);
        keep(g.op(name, [numeric], { axes, keepdim: next() < 0.5 }));
      } else if (choice < 0.9 && rank > 0)
        keep(
          g.op('argmax', [x.dtype === 'bool' ? g.op('cast', [x], { dtype: 'int32' }) : x], {
            axes: [axis],
            keepdim: false,
          }),
        );
      else if (choice < 0.94 && rank > 0) {
        const float = isFloating(x.dtype) ? x : g.op('cast', [x], { dtype: 'float32' });
        keep(g.op('softmax', [float], { axis }));
      } else if (choice < 0.97 && rank > 0) {
        const src = g.op('full', [], {
          shape: [...g.shapeOf(x).slice(0, axis), 1, ...g.shapeOf(x).slice(axis + 1)],
          value: x.dtype === 'bool' ? true : 1,
          dtype: x.dtype,
        });
        keep(g.op('sliceScatter', [x, src], { axis, start: 0, end: 1, step: 1 }));
      } else if (rank > 1) {
        const float = isFloating(x.dtype) ? x : g.op('cast', [x], { dtype: 'float32' });
        const order = Array.from({ length: rank }, (_, i) => i);
        [order[rank - 1], order[rank - 2]] = [order[rank - 2], order[rank - 1]];
        keep(g.op('matmul', [g.op('tanh', [float]), g.op('permute', [float], { axes: order })]));
      }
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'TnError') throw error;
    }
    if (numel(values.at(-1)!) > 4000) values.pop();
  }
  const made = values.slice(3);
  const outputs = made.length === 0 ? [g.op('neg', [g.op('cast', [values[0]], { dtype: 'float32' })])] : made.slice(-3);
  return g.finish(...outputs);
}

/** Arguments with NaN, infinities and subnormals among them. */
export function randomArguments(graph: Graph, dims: ReadonlyMap<string, number>, seed: number): StridedView[] {
  const next = randomStream(seed);
  const number = (): number => {
    const kind = next();
    const value = (next() - 0.5) * 6;
    return kind < 0.02 ? Number.NaN : kind < 0.04 ? Number.POSITIVE_INFINITY : kind < 0.06 ? 1e-40 : value;
  };
  return graph.inputs.map((input) => {
    if (input.kind === 'dim') throw new Error('no number arguments here');
    const sizes = input.value.shape.map((size) => evaluate(size, dims));
    const float = input.value.dtype.includes('float');
    return viewOf(input.value.dtype, sizes, () => (float ? number() : Math.floor(next() * 4)));
  });
}
