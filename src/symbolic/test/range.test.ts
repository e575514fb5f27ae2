/** @file Bounds, simplification, proofs and counterexamples against every value of small ranges. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dim } from '../dim.ts';
import { domainPoints } from '../domain.ts';
import { evaluate, freeSymbols, parseExpr } from '../expr.ts';
import {
  counterexample,
  evaluatePredicate,
  negate,
  type Predicate,
  parsePredicate,
  predicate,
  predicateKey,
  predicateSymbols,
  predicateToString,
  prove,
} from '../predicate.ts';
import { boundsOf, isMultipleOf, type Ranges, simplify } from '../range.ts';
import { build, names, smallRange, trees } from './arbitrary.ts';

const ranges = fc
  .tuple(...names.map(() => smallRange))
  .map((all): Ranges => new Map(names.map((name, i) => [name as string, all[i]])));
const predicates = fc
  .tuple(fc.constantFrom('eq', 'ne', 'lt', 'le'), trees(names, 3), trees(names, 2))
  .map(([op, left, right]): Predicate => predicate(op as 'eq', build(left), build(right)));

function points(e: Iterable<string>, within: Ranges): ReadonlyMap<string, number>[] {
  return Array.from(domainPoints(e, within), (point) => new Map(point));
}

/** Lets the big domain take the paths that small ones skip: bounds by relaxation rather than by walking. */
function widened(within: Ranges): Ranges {
  return new Map([...within, ['unused', { min: 0, max: Infinity, multipleOf: 1 }]]);
}

describe('boundsOf', () => {
  test.each([
    ['n*n - n', 0, 2248500],
    ['n - mod(n, 4)', 0, 1500],
    ['n - floordiv(n + 3, 4)', 0, 1125],
    ['n - min(n, 5)', 0, 1495],
    ['max(n - 1, 0)', 0, 1499],
    ['mod(m, 8)', 0, 4],
    ['m*n - n', 3, Infinity],
    ['2*n - 3*pos + 1', -1338, 3001],
  ])('%s lies in [%d, %d]', (text, min, max) => {
    const within = new Map([
      ['n', Dim('n', { max: 1500 })],
      ['m', Dim('m', { multipleOf: 4 })],
      ['pos', Dim('pos', { min: 0, max: 447 })],
    ]);
    const found = boundsOf(parseExpr(text), within);
    expect([found.min, found.max]).toEqual([min, max]);
  });

  test('hold for all values', () => {
    fc.assert(
      fc.property(trees(names, 3), ranges, (tree, within) => {
        const e = build(tree);
        const { min, max } = boundsOf(e, within);
        for (const point of points(freeSymbols(e), within)) {
          const value = evaluate(e, point);
          expect(value).toBeGreaterThanOrEqual(min);
          expect(value).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('hold for all values of unbounded dims', () => {
    const half = fc
      .tuple(fc.integer({ min: -3, max: 5 }), fc.constantFrom(1, 2, 3))
      .map(([min, multipleOf]) => ({ min, max: Infinity, multipleOf }));
    fc.assert(
      fc.property(trees(['a', 'b'], 3), half, half, (tree, a, b) => {
        const e = build(tree);
        const { min, max } = boundsOf(
          e,
          new Map([
            ['a', a],
            ['b', b],
          ]),
        );
        const near = (range: typeof a) => ({ ...range, max: range.min + 24 });
        for (const point of points(
          freeSymbols(e),
          new Map([
            ['a', near(a)],
            ['b', near(b)],
          ]),
        )) {
          const value = evaluate(e, point);
          expect(value).toBeGreaterThanOrEqual(min);
          expect(value).toBeLessThanOrEqual(max);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('of one dim in a small range are exact', () => {
    fc.assert(
      fc.property(trees(['n'], 3), smallRange, (tree, range) => {
        const e = build(tree);
        const within = new Map([['n', range]]);
        const all = points(['n'], within).map((point) => evaluate(e, point));
        expect(boundsOf(e, within)).toEqual({ min: Math.min(...all), max: Math.max(...all) });
      }),
      { numRuns: 400 },
    );
  });
});

describe('simplify', () => {
  test.each([
    ['4*floordiv(m, 4)', 'm'],
    ['mod(m, 4)', '0'],
    ['2*floordiv(m, 4)', 'floordiv(m, 2)'],
    ['mod(m + n, 4)', 'mod(n, 4)'],
    ['max(n - 1, 0)', 'n - 1'],
    ['min(n, 2000)', 'n'],
    ['mod(n, 1501)', 'n'],
    ['floordiv(n, 1501)', '0'],
    ['min(n, 1000)', 'min(n, 1000)'],
  ])('%s becomes %s', (text, wanted) => {
    const within = new Map([
      ['n', Dim('n', { max: 1500 })],
      ['m', Dim('m', { multipleOf: 4 })],
    ]);
    expect(simplify(parseExpr(text), within).key).toBe(wanted);
  });

  test('changes no value in range', () => {
    fc.assert(
      fc.property(trees(names, 3), ranges, (tree, within) => {
        const e = build(tree);
        const simple = simplify(e, widened(within));
        for (const point of points(names, within).filter((_, i) => i % 7 === 0))
          expect(evaluate(simple, point)).toBe(evaluate(e, point));
      }),
      { numRuns: 300 },
    );
  });
});

describe('isMultipleOf', () => {
  test('knows what polynomials imply', () => {
    const within = new Map([
      ['n', Dim('n')],
      ['m', Dim('m', { multipleOf: 6 })],
    ]);
    expect(isMultipleOf(parseExpr('n*n + n'), 2, within)).toBe(true);
    expect(isMultipleOf(parseExpr('n + mod(-n, 4)'), 4, within)).toBe(true);
    expect(isMultipleOf(parseExpr('m*n + 12'), 6, within)).toBe(true);
    expect(isMultipleOf(parseExpr('n'), 2, within)).toBe(false);
  });

  test('is right when it says so', () => {
    fc.assert(
      fc.property(trees(names, 2), ranges, fc.integer({ min: 2, max: 6 }), (tree, within, k) => {
        const e = build(tree);
        if (!isMultipleOf(e, k, within)) return;
        for (const point of points(freeSymbols(e), within)) expect(Math.abs(evaluate(e, point) % k)).toBe(0);
      }),
    );
  });
});

describe('predicates', () => {
  test.each([
    'pos % 4 == 0',
    'n + pos <= 448',
    'n > 3',
    '(n + 1) % m != 0',
    'a < b',
    'max(n - 1, 0) >= 7',
    'floordiv(n, 2) == m',
  ])('%s is its own text', (text) => {
    expect(predicateToString(parsePredicate(text))).toBe(text);
  });

  test('parse is the inverse of print', () => {
    fc.assert(
      fc.property(predicates, (p) => {
        const again = parsePredicate(predicateToString(p));
        expect([again.op, again.left.key, again.right.key]).toEqual([p.op, p.left.key, p.right.key]);
      }),
    );
  });

  test('keys identify what is the same in other words', () => {
    expect(predicateKey(parsePredicate('2*a + 2 <= 2*b'))).toBe(predicateKey(parsePredicate('a < b')));
    expect(predicateKey(parsePredicate('a == b + 1'))).toBe(predicateKey(parsePredicate('b == a - 1')));
    expect(predicateKey(parsePredicate('a <= b'))).not.toBe(predicateKey(parsePredicate('a < b')));
  });

  test('equal keys mean equal truth', () => {
    fc.assert(
      fc.property(predicates, predicates, ranges, (p, q, within) => {
        if (predicateKey(p) !== predicateKey(q)) return;
        for (const point of points(names, within))
          expect(evaluatePredicate(p, point)).toBe(evaluatePredicate(q, point));
      }),
    );
  });

  test('prove, negate and counterexample agree with all values', () => {
    fc.assert(
      fc.property(predicates, ranges, (p, within) => {
        const truths = points(predicateSymbols(p), within).map((point) => evaluatePredicate(p, point));
        const verdict = prove(p, within);
        if (verdict !== undefined) expect(truths.every((truth) => truth === verdict)).toBe(true);
        expect(prove(negate(p), within)).toBe(verdict === undefined ? undefined : !verdict);
        const failing = counterexample(p, within);
        if (failing !== null) {
          expect(evaluatePredicate(p, failing)).toBe(false);
          for (const [name, value] of failing) {
            const range = within.get(name)!;
            expect(value >= range.min && value <= range.max && value % range.multipleOf === 0).toBe(true);
          }
        } else if (predicateSymbols(p).size <= 1) expect(truths.every(Boolean)).toBe(true);
      }),
      { numRuns: 600 },
    );
  });

  test('known predicates are used soundly', () => {
    fc.assert(
      fc.property(predicates, fc.array(predicates, { minLength: 1, maxLength: 3 }), ranges, (p, known, within) => {
        const verdict = prove(p, widened(within), known);
        if (verdict === undefined) return;
        for (const point of points(names, within)) {
          if (known.every((fact) => evaluatePredicate(fact, point))) expect(evaluatePredicate(p, point)).toBe(verdict);
        }
      }),
      { numRuns: 600 },
    );
  });

  test('counterexamples are found far away', () => {
    const within = new Map([
      ['n', Dim('n')],
      ['m', Dim('m', { multipleOf: 4 })],
    ]);
    const only = (text: string) => Object.fromEntries(counterexample(parsePredicate(text), within) ?? []);
    expect(only('n != 123456789')).toEqual({ n: 123456789 });
    expect(only('m*m != 1000000000000')).toEqual({ m: 1000000 });
    expect(only('n*n*n < 1000000000000000').n).toBeGreaterThanOrEqual(100000);
    expect(only('floordiv(n, 1000) != 777777').n).toBeGreaterThanOrEqual(777777000);
    expect(counterexample(parsePredicate('m % 4 == 0'), within)).toBeNull();
    expect(counterexample(parsePredicate('n*n >= n'), within)).toBeNull();
  });

  test('periodic equalities are proved over unbounded ranges', () => {
    const within = new Map([
      ['n', Dim('n')],
      ['m', Dim('m')],
    ]);
    expect(prove(parsePredicate('floordiv(n, 2) + floordiv(n + 1, 2) == n'), within)).toBe(true);
    expect(prove(parsePredicate('m*(n - mod(n, 4)) == 4*m*floordiv(n, 4)'), within)).toBe(true);
    expect(prove(parsePredicate('floordiv(n, 2) == floordiv(n, 3)'), within)).toBeUndefined();
  });
});
