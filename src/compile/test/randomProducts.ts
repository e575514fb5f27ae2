/** @file Random graphs of products and convolutions of odd sizes; with their operands' rounding to bfloat16 stated, or left to the precision. */

import type { Graph, Value } from '../../graph/graph.ts';
import { GraphMaker } from './graphMaker.ts';
import { randomStream } from './randomGraph.ts';

/**
 * Some six steps on x [1, n, C], C changing with each. `states`: operands of products are cast to bfloat16 and back, as
 * precision bf16 rounds them without being told.
 */
export function randomProducts(seed: number, states: boolean, steps = 6): Graph {
  const next = randomStream(seed);
  const between = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)];
  const g = new GraphMaker(`products${seed}`);
  const n = g.dim('n', 3, { min: 1, max: 600 });
  let width = between(1, 70);
  let x = g.input('x', 'float32', [1, n, width]);
  const results: Value[] = [];
  const rounded = (value: Value): Value =>
    states ? g.op('cast', [g.op('cast', [value], { dtype: 'bfloat16' })], { dtype: 'float32' }) : value;
  // Products give the wider dtype: that of the unrounded operands.
  const plain = (value: Value): Value =>
    value.dtype === 'float32' ? value : g.op('cast', [value], { dtype: 'float32' });
  const dtype = (): 'float32' | 'float16' | 'bfloat16' => pick(['float32', 'float16', 'bfloat16'] as const);
  for (let step = 0; step < steps; step++) {
    const choice = next();
    x = plain(x);
    if (choice < 0.55) {
      const out = between(1, 90);
      const bias = next() < 0.5 ? [g.parameter(`b${step}`, dtype(), [out])] : [];
      const weight = g.parameter(`w${step}`, dtype(), [out, width]);
      x = g.op('linear', [rounded(x), rounded(weight), ...bias]);
      width = out;
    } else if (choice < 0.75) {
      const out = between(1, 40);
      const filter = g.parameter(`f${step}`, dtype(), [out, width, 3]);
      const turned = g.op('permute', [rounded(x)], { axes: [0, 2, 1] });
      const mixed = g.op('conv1d', [turned, rounded(filter)], { stride: 1, padding: 1, dilation: 1, groups: 1 });
      x = g.op('permute', [mixed], { axes: [0, 2, 1] });
      width = out;
    } else if (choice < 0.9) {
      const scores = g.op('matmul', [rounded(x), g.op('permute', [rounded(x)], { axes: [0, 2, 1] })]);
      x = g.op('matmul', [rounded(g.op('softmax', [scores], { axis: 2 })), rounded(x)]);
    } else x = g.op('cast', [x], { dtype: pick(['float16', 'float32'] as const) });
    x = g.op('tanh', [x]);
    results.push(x);
  }
  // One row, of static size: matrix-vector kernels, whose rows are not rounded.
  const row = g.op('slice', [x], { axis: 1, start: 0, end: 1, step: 1 });
  const last = g.op('linear', [plain(row), rounded(g.parameter('last', 'float16', [37, width]))]);
  return g.finish(last, ...results.slice(-2));
}
