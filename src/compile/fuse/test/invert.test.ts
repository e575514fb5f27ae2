/** @file Inversion of index maps: permutations, merged and split axes, and what is no permutation. */

import { describe, expect, it } from 'vitest';
import { add, type Expr, evaluate, floorDiv, int, mod, mul, symbol } from '../../../symbolic/expr.ts';
import { IndexSpace } from '../../lower/space.ts';
import { invert } from '../invert.ts';

const ranges = new Map([['n', { min: 1, max: 100, multipleOf: 1 }]]);
const n = symbol('n');

function setUp(extents: readonly Expr[]) {
  const space = new IndexSpace(ranges);
  return { space, variables: extents.map((extent) => space.fresh(extent)) };
}

describe('invert', () => {
  it('turns a permutation round', () => {
    const extents = [int(8), n, int(64)];
    const { space, variables } = setUp(extents);
    const [h, t, e] = variables;
    const place = invert(space, [t, add(mul(h, int(64)), e)], variables, extents, [n, int(512)])!;
    const [row, column] = [n, int(512)].map((extent) => space.fresh(extent));
    expect(place([row, column]).map((x) => x.key)).toEqual([
      floorDiv(column, int(64)).key,
      row.key,
      mod(column, int(64)).key,
    ]);
  });

  it('takes a merged axis apart', () => {
    const extents = [n, int(64)];
    const { space, variables } = setUp(extents);
    const [t, c] = variables;
    const forward = [floorDiv(c, int(16)), t, mod(c, int(16))];
    const place = invert(space, forward, variables, extents, [int(4), n, int(16)])!;
    const values = new Map([['n', 7]]);
    const coordinates = [3, 5, 9].map(int);
    expect(place(coordinates).map((x) => evaluate(x, values))).toEqual([5, 3 * 16 + 9]);
  });

  it.each([
    ['a slice', [int(3)], (v: readonly Expr[]) => [v[0]], [int(4)]],
    ['a broadcast', [int(3), int(4)], (v: readonly Expr[]) => [v[1]], [int(4)]],
    ['an offset', [int(3)], (v: readonly Expr[]) => [add(v[0], int(1))], [int(3)]],
    ['a diagonal', [int(3)], (v: readonly Expr[]) => [v[0], v[0]], [int(3), int(3)]],
  ])('refuses %s', (_, extents, forward, shape) => {
    const { space, variables } = setUp(extents);
    expect(invert(space, forward(variables), variables, extents, shape)).toBeNull();
  });
});
