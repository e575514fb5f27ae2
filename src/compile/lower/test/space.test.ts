/** @file Index simplification: what the extents prove, and nothing that brute force refutes. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, type Expr, evaluate, floorDiv, int, mod, mul, symbol } from '../../../symbolic/expr.ts';
import { linearOffset } from '../affine.ts';
import { digits } from '../batch.ts';
import { IndexSpace } from '../space.ts';

const ranges = new Map([['n', { min: 1, max: 100, multipleOf: 1 }]]);
const n = symbol('n');

describe('IndexSpace.simplify', () => {
  it('undoes a reshape that splits heads, with a symbolic row count', () => {
    const space = new IndexSpace(ranges);
    const [h, t, e] = [int(8), n, int(64)].map((extent) => space.fresh(extent));
    const flat = linearOffset([t, h, e], [n, int(8), int(64)]);
    const index = digits(flat, [int(1), n, int(512)]).map((part) => space.simplify(part));
    expect(index[0].key).toBe('0');
    expect(index[1].key).toBe(t.key);
    expect(space.equal(index[2], add(mul(h, int(64)), e))).toBe(true);
  });

  it('splits by a size that is a sum', () => {
    const space = new IndexSpace(ranges);
    const width = add(floorDiv(n, int(3)), int(10));
    const [r, c] = [int(80), width].map((extent) => space.fresh(extent));
    const flat = add(mul(r, width), c);
    expect(space.simplify(floorDiv(flat, width)).key).toBe(r.key);
    expect(space.simplify(mod(flat, width)).key).toBe(c.key);
  });

  it('drops loops of one pass', () => {
    const space = new IndexSpace(ranges);
    expect(space.simplify(mul(space.fresh(int(1)), n)).key).toBe('0');
  });

  it('keeps the value of random expressions', () => {
    const part = fc.record({
      stride: fc.integer({ min: 1, max: 12 }),
      extent: fc.integer({ min: 1, max: 5 }),
    });
    const property = fc.property(
      fc.array(part, { minLength: 1, maxLength: 3 }),
      fc.integer({ min: 1, max: 24 }),
      fc.integer({ min: 1, max: 6 }),
      fc.boolean(),
      (parts, divisor, second, symbolic) => {
        const space = new IndexSpace(ranges);
        const variables = parts.map(({ extent }) => space.fresh(int(extent)));
        const sum = variables.reduce<Expr>((total, v, i) => add(total, mul(v, int(parts[i].stride))), int(0));
        const by = symbolic ? mul(n, int(divisor)) : int(divisor);
        const whole = [floorDiv(sum, by), mod(sum, by), mod(floorDiv(sum, int(second)), by)];
        const simple = whole.map((e) => space.simplify(e));
        const visit = (at: number, values: Map<string, number>): void => {
          if (at === variables.length) {
            for (const size of [1, 3]) {
              values.set('n', size);
              expect(simple.map((e) => evaluate(e, values))).toEqual(whole.map((e) => evaluate(e, values)));
            }
            return;
          }
          for (let i = 0; i < parts[at].extent; i++) visit(at + 1, values.set(variables[at].key, i));
        };
        visit(0, new Map());
      },
    );
    fc.assert(property, { numRuns: 300 });
  });
});
