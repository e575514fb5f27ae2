/** @file Sizes that stay symbolic: what the functions record holds for other values of a dim, or is guarded. */

import { describe, expect, test } from 'vitest';
import { type Tracer, withTracer } from '../../core/tracer.ts';
import type { StridedView } from '../../core/view.ts';
import { opByName } from '../../ops/index.ts';
import type { Attrs } from '../../ops/record.ts';
import { Dim } from '../../symbolic/dim.ts';
import { symbol } from '../../symbolic/expr.ts';
import { predicateToString } from '../../symbolic/predicate.ts';
import { ShapeEnv } from '../../symbolic/shapeEnv.ts';
import { type Size, sizeFromExpr, sizeMul } from '../../symbolic/symInt.ts';
import * as tn from '../index.ts';
import type { Tensor } from '../tensor.ts';

/** Follows shapes through `infer`, and nothing else. */
class ShapeTracer implements Tracer {
  readonly aborted = false;
  private readonly shapes = new Map<StridedView, readonly Size[]>();
  set(x: Tensor, shape: readonly Size[]): void {
    this.shapes.set(x, shape);
  }
  record(
    op: { readonly name: string },
    inputs: readonly StridedView[],
    attrs: Attrs,
    outputs: readonly StridedView[],
  ): void {
    const metas = inputs.map((view) => ({ dtype: view.dtype, shape: this.shapes.get(view) ?? view.sizes }));
    const made = opByName(op.name).infer(metas, attrs);
    outputs.forEach((view, i) => {
      expect(made[i].dtype).toBe(view.dtype);
      expect(made[i].shape.map((size) => Number((size as { hint?: number }).hint ?? size))).toEqual(view.sizes);
      this.shapes.set(view, made[i].shape);
    });
  }
  mutate(): void {}
  beforeMutate(): void {}
  shapeOf(view: StridedView): readonly Size[] | null {
    return this.shapes.get(view) ?? null;
  }
  readValues(): void {}
  abort(): void {}
}

/** Runs on x [n, 4] with n = 6 (any multiple of 2 in 1..100) and gives the shapes as text, and the guards. */
function trace(body: (x: Tensor, n: Size) => Tensor | readonly Tensor[]): { shapes: string[]; guards: string[] } {
  const env = new ShapeEnv();
  env.declare(Dim('n', { max: 100, multipleOf: 2 }), 6);
  const n = sizeFromExpr(symbol('n'), env);
  const tracer = new ShapeTracer();
  const x = tn.ones([6, 4]);
  tracer.set(x, [n, 4]);
  return withTracer(tracer, () => {
    const made = [body(x, n)].flat() as Tensor[];
    return {
      shapes: made.map((y) => y.shape.map(String).join(', ')),
      guards: env.guards.map((guard) => `${guard.kind}: ${predicateToString(guard.predicate)}`),
    };
  });
}

const free: [string, (x: Tensor, n: Size) => Tensor | readonly Tensor[], string[]][] = [
  ['reshape with -1', (x) => x.reshape(-1, 2), ['2*n, 2']],
  ['flatten', (x) => x.flatten(), ['4*n']],
  ['numel', (x) => tn.zeros([x.numel()]), ['4*n']],
  ['matmul with itself', (x) => x.matmul(x.t()), ['n, n']],
  ['broadcast with a row', (x) => x.add(tn.ones([1, 4])), ['n, 4']],
  ['a slice of everything but one', (x) => x.slice(0, 1), ['n - 1, 4']],
  ['the last row', (x) => x.select(0, -1), ['4']],
  ['arange and full of a size', (_x, n) => [tn.arange(n), tn.full([n, 2], 1)], ['n', 'n, 2']],
  ['cat', (x) => tn.cat([x, x, tn.ones([3, 4])]), ['2*n + 3, 4']],
  ['pad', (x) => tn.pad(x, [0, 0, 2, 1]), ['n + 3, 4']],
  ['chunk of a multiple', (x) => x.chunk(2), ['floordiv(n, 2), 4', 'n - floordiv(n, 2), 4']],
  ['expand', (x, n) => x.unsqueeze(0).expand(n, -1, -1), ['n, n, 4']],
  ['softmax, layerNorm-like reductions', (x) => [x.softmax(0), x.sum(0), x.mean(1, true)], ['n, 4', '4', 'n, 1']],
  ['embedding', (x) => tn.embedding(x, tn.tensor([0n, 1n])), ['2, 4']],
  ['tril of a square', (x) => tn.ones(x.shape.slice(0, 1).concat(x.shape[0])).tril(), ['n, n']],
  ['repeat', (x) => x.repeat(2, 1), ['2*n, 4']],
  ['scalar sizes in arithmetic', (x, n) => x.mul(sizeMul(n, 2)).div(n), ['n, 4']],
];

describe('no condition is put on the dim', () => {
  test.each(free)('%s', (_name, body, wanted) => {
    const { shapes, guards } = trace(body);
    expect(shapes).toEqual(wanted);
    expect(guards).toEqual([]);
  });
});

describe('what depends on the value is guarded', () => {
  test.each<[string, (x: Tensor, n: Size) => Tensor | readonly Tensor[], RegExp]>([
    ['a bound inside the axis', (x) => x.slice(0, 0, 5), /^call: /],
    ['a row that must exist', (x) => x.select(0, 4), /^call: /],
    ['reflection from the edge', (x) => tn.pad(x.t(), [3, 3], { mode: 'reflect' }), /n/],
    ['unbind', (x) => [x.unbind(0)[0]], /narrow: n == 6/],
    ['split in a number of parts', (x) => x.split(4), /n/],
    ['equal sizes', (x) => x.add(tn.ones([6, 4])), /narrow: n == 6/],
    ['a transform of the axis', (x) => tn.rfft(x.t()), /narrow: n == 6/],
  ])('%s', (_name, body, guard) => {
    const { guards } = trace(body);
    expect(guards.join('; ')).toMatch(guard);
  });
});
