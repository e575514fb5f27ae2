/** @file Canonical expressions against unbounded integers, and text in and out. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TnError } from '../../core/errors.ts';
import {
  add,
  constValue,
  evaluate,
  exprToString,
  floorDiv,
  freeSymbols,
  int,
  mod,
  mul,
  parseExpr,
  substitute,
  symbol,
} from '../expr.ts';
import { build, names, reference, trees } from './arbitrary.ts';

/** Overflow is a legitimate answer of an expression that is too large. */
function withoutOverflow<T>(body: () => T): T | null {
  try {
    return body();
  } catch (error) {
    if (error instanceof TnError && /overflow/.test(error.message)) return null;
    throw error;
  }
}

const values = fc
  .tuple(...names.map(() => fc.integer({ min: -30, max: 60 })))
  .map((all) => new Map(names.map((name, i) => [name as string, all[i]])));

describe('canonical form', () => {
  test.each([
    ['floordiv(4*n, 4)', 'n'],
    ['floordiv(4*n + 3, 4)', 'n'],
    ['mod(4*n + 1, 4)', '1'],
    ['mod(mod(n, 8), 4)', 'mod(n, 4)'],
    ['floordiv(floordiv(n, 2), 3)', 'floordiv(n, 6)'],
    ['floordiv(n - 1, 2) + 1', 'floordiv(n + 1, 2)'],
    ['4*floordiv(n, 4) + mod(n, 4)', 'n'],
    ['floordiv(n + mod(-n, 4), 4)', 'floordiv(n + 3, 4)'],
    ['mod(n + mod(-n, 4), 4)', '0'],
    ['floordiv(-n, 4)', '-floordiv(n + 3, 4)'],
    ['floordiv(2*n + 3, 4)', 'floordiv(n + 1, 2)'],
    ['floordiv(n*m*64 + 64*m, 64*m)', 'n + 1'],
    ['floordiv(n*n - 1, n + 1)', 'n - 1'],
    ['mod(n*m, m)', '0'],
    ['max(n - 1, 0)', 'max(n - 1, 0)'],
    ['max(0, n, n + 2)', 'max(n + 2, 0)'],
    ['max(2*n - 2, 0)', '2*max(n - 1, 0)'],
    ['min(min(a, b), min(b, 7))', 'min(a, b, 7)'],
    ['max(max(n, 3) + 1, 5)', 'max(n + 1, 5)'],
    ['448 - n', '448 - n'],
    ['(n + 1)*(n - 1)', 'n*n - 1'],
    ['0*n', '0'],
    ['floordiv(-7, 2)', '-4'],
    ['mod(-7, 2)', '1'],
    ['mod(7, -2)', '-1'],
    ['mod(n, 1)', '0'],
  ])('%s is %s', (text, canonical) => {
    expect(exprToString(parseExpr(text))).toBe(canonical);
  });

  test('means what was written', () => {
    fc.assert(
      fc.property(trees(), values, (tree, point) => {
        const result = withoutOverflow(() => evaluate(build(tree), point));
        if (result !== null) expect(BigInt(result)).toBe(reference(tree, point));
      }),
      { numRuns: 2000 },
    );
  });

  test('parse is the inverse of print', () => {
    fc.assert(
      fc.property(trees(), (tree) => {
        const e = withoutOverflow(() => build(tree));
        if (e !== null) expect(parseExpr(exprToString(e)).key).toBe(e.key);
      }),
      { numRuns: 2000 },
    );
  });

  test('sums and products do not depend on order', () => {
    fc.assert(
      fc.property(trees(names, 2), trees(names, 2), trees(names, 2), (x, y, z) => {
        const all = withoutOverflow(() => {
          const [a, b, c] = [build(x), build(y), build(z)];
          return [
            mul(a, b).key,
            mul(b, a).key,
            add(a, b).key,
            add(b, a).key,
            mul(c, add(a, b)).key,
            add(mul(c, a), mul(c, b)).key,
          ];
        });
        if (all === null) return;
        expect(all[0]).toBe(all[1]);
        expect(all[2]).toBe(all[3]);
      }),
    );
  });

  test('polynomials have one form', () => {
    const polynomial = trees(names, 3).filter((tree) => !/floordiv|mod|min|max/.test(JSON.stringify(tree)));
    fc.assert(
      fc.property(polynomial, polynomial, (x, y) => {
        const [a, b] = [build(x), build(y)];
        expect(mul(add(a, b), add(a, b)).key).toBe(add(add(mul(a, a), mul(b, b)), mul(int(2), mul(a, b))).key);
      }),
    );
  });

  test('division undoes multiplication', () => {
    fc.assert(
      fc.property(trees(names, 2), trees(names, 2), (x, y) => {
        withoutOverflow(() => {
          const [a, b] = [build(x), build(y)];
          if (constValue(b) === 0) return;
          expect(floorDiv(mul(a, b), b).key).toBe(a.key);
          expect(mod(mul(a, b), b).key).toBe('0');
        });
      }),
    );
  });

  test('substitution is evaluation in two steps', () => {
    fc.assert(
      fc.property(trees(), trees(['b', 'n'], 2), values, (outer, inner, point) => {
        const pair = withoutOverflow(() => {
          const [e, replacement] = [build(outer), build(inner)];
          const both = new Map(point).set('a', evaluate(replacement, point));
          return [evaluate(substitute(e, new Map([['a', replacement]])), point), evaluate(e, both)];
        });
        if (pair) expect(pair[0]).toBe(pair[1]);
      }),
      { numRuns: 500 },
    );
  });
});

describe('limits', () => {
  test('division by a symbol is floor', () => {
    const e = floorDiv(parseExpr('7*n + 3'), symbol('b'));
    for (const [n, b] of [
      [5, 4],
      [-5, 4],
      [3, 7],
    ]) {
      expect(
        evaluate(
          e,
          new Map([
            ['n', n],
            ['b', b],
          ]),
        ),
      ).toBe(Math.floor((7 * n + 3) / b));
    }
  });
  test('the constant divisor 0 is refused', () => {
    expect(() => floorDiv(symbol('n'), int(0))).toThrow(/divided by zero/);
    expect(() => mod(symbol('n'), int(0))).toThrow(/divided by zero/);
    expect(() =>
      evaluate(
        parseExpr('floordiv(n, m)'),
        new Map([
          ['n', 1],
          ['m', 0],
        ]),
      ),
    ).toThrow(/divided by zero/);
  });
  test('leaving the safe integers throws', () => {
    expect(() => mul(int(2 ** 40), mul(int(2 ** 20), symbol('n')))).toThrow(/overflow/);
    expect(() => evaluate(parseExpr('n*n'), new Map([['n', 2 ** 40]]))).toThrow(/overflow/);
    expect(() => int(0.5)).toThrow(/integer/);
  });
  test('text that is no expression is refused', () => {
    for (const text of ['', 'n +', 'n n', 'foo(n, 2)', '2.5', 'n & 1', 'min(n)', '(n']) {
      expect(() => parseExpr(text), text).toThrow(TnError);
    }
  });
  test('symbols are found everywhere', () => {
    expect([...freeSymbols(parseExpr('max(a*b, floordiv(c, d)) + mod(e, 3)'))].sort()).toEqual([
      'a',
      'b',
      'c',
      'd',
      'e',
    ]);
  });
});
