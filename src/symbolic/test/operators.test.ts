/** @file Sizes and operators: JavaScript's meaning on plain values, and for every call that the guards admit. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dim } from '../dim.ts';
import { evaluate } from '../expr.ts';
import { operators as op, operatorSymbol } from '../operators.ts';
import { evaluatePredicate, predicateToString } from '../predicate.ts';
import { ShapeEnv } from '../shapeEnv.ts';
import {
  isSymbolic,
  isSymInt,
  type Size,
  SymFloat,
  SymInt,
  sizeAdd,
  sizeEq,
  sizeExpr,
  sizeFloorDiv,
  sizeFromExpr,
  sizeHint,
  sizeLe,
  sizeLt,
  sizeMax,
  sizeMin,
  sizeMod,
  sizeMul,
  sizeNe,
  sizeNeg,
  sizeSub,
  symFloatFromString,
  symKey,
} from '../symInt.ts';

function capture(samples: Record<string, number>): { env: ShapeEnv; sizes: Record<string, Size> } {
  const env = new ShapeEnv();
  for (const [name, value] of Object.entries(samples)) env.declare(Dim(name, { min: -1000, max: 1000 }), value);
  return {
    env,
    sizes: Object.fromEntries(Object.keys(samples).map((name) => [name, sizeFromExpr(env.symbol(name), env)])),
  };
}

const guards = (env: ShapeEnv) => env.guards.map((guard) => predicateToString(guard.predicate));

describe('sizes', () => {
  test('compute symbolically, constants are numbers', () => {
    const { env, sizes } = capture({ n: 6, m: 4 });
    const { n, m } = sizes;
    expect(String(sizeAdd(sizeMul(n, 2), 1))).toBe('2*n + 1');
    expect(sizeSub(sizeAdd(n, 3), n)).toBe(3);
    expect(sizeHint(sizeMul(n, m))).toBe(24);
    expect(String(sizeMin(n, m))).toBe('min(m, n)');
    expect(String(sizeMax(sizeNeg(n), 0))).toBe('max(-n, 0)');
    expect(String(sizeMod(n, 4))).toBe('mod(n, 4)');
    expect(String(sizeFloorDiv(n, 4))).toBe('floordiv(n, 4)');
    expect([sizeFloorDiv(-7, 2), sizeMod(-7, 2), sizeNeg(0)]).toEqual([-4, 1, 0]);
    expect([symKey(n), symKey(7)]).toEqual(['n', '7']);
    expect(env.guards).toEqual([]);
    expect([sizeEq(n, n), sizeNe(n, m, 'x'), sizeLt(m, n), sizeLe(n, 2000)]).toEqual([true, true, true, true]);
    expect(guards(env)).toEqual(['n != m', 'm < n']);
  });

  test('of two captures do not mix', () => {
    const [one, two] = [capture({ n: 6 }), capture({ n: 6 })];
    expect(() => sizeAdd(one.sizes.n, two.sizes.n)).toThrow(/two different captures/);
    expect(() => op.add(one.sizes.n, two.sizes.n)).toThrow(/two different captures/);
  });

  test('refuse to be plain numbers outside of transformed code', () => {
    const { n } = capture({ n: 6 }).sizes;
    expect(`${n}`).toBe('n');
    expect(() => n + 1).toThrow(/tn run/);
    expect(() => n * 2).toThrow(/torchnative\/register/);
    expect(() => n | 0).toThrow(/operator that sizes do not have/);
  });
});

describe('division', () => {
  test('is a size when it is proved to be exact', () => {
    const env = new ShapeEnv();
    env.declare(Dim('n', { multipleOf: 4 }), 8);
    const n = sizeFromExpr(env.symbol('n'), env);
    const half = op.div(n, 2);
    expect(half).toBeInstanceOf(SymInt);
    expect(String(half)).toBe('floordiv(n, 2)');
    expect(String(op.mul(half, 2))).toBe('n');
    expect(env.guards).toEqual([]);
  });

  test('is a size under a guard when the sample divides, recorded at its first use as an integer', () => {
    const { env, sizes } = capture({ n: 6 });
    const half = op.div(sizes.n, 2);
    expect(String(half)).toBe('n / 2');
    expect(env.guards).toEqual([]);
    expect(isSymInt(half)).toBe(true);
    expect(sizeExpr(half as Size).key).toBe('floordiv(n, 2)');
    expect(guards(env)).toEqual(['mod(n, 2) == 0'.replace('mod(n, 2)', 'n % 2')]);
    expect(String(op.mul(op.div(sizes.n, 2), 2))).toBe('n');
  });

  test('that is rounded leaves no guard', () => {
    const { env, sizes } = capture({ n: 6 });
    const { Math: M } = op;
    expect(String(M.floor(op.div(sizes.n, 2)))).toBe('floordiv(n, 2)');
    expect(String(M.ceil(op.div(sizes.n, 2)))).toBe('floordiv(n + 1, 2)');
    expect(String(M.round(op.div(sizes.n, 2)))).toBe('floordiv(n + 1, 2)');
    expect(String(M.floor(op.add(op.div(op.sub(sizes.n, 1), 2), 1)))).toBe('floordiv(n + 1, 2)');
    expect(String(M.floor(op.mul(sizes.n, 0.5)))).toBe('floordiv(n, 2)');
    expect(env.guards).toEqual([]);
    expect(op.lt(op.div(sizes.n, 2), 4)).toBe(true);
    expect(guards(env)).toEqual(['n < 8']);
    expect(op.isInteger(op.div(sizes.n, 4))).toBe(false);
    expect(guards(env)).toEqual(['n < 8', 'n % 4 != 0']);
  });

  test('is a float when the sample does not divide', () => {
    const { env, sizes } = capture({ n: 5 });
    const half = op.div(sizes.n, 2) as SymFloat;
    expect(half).toBeInstanceOf(SymFloat);
    expect(half.hint).toBe(2.5);
    expect(half.evaluate(new Map([['n', 7]]))).toBe(3.5);
    expect(half.toC((name) => name)).toBe('((double)(n) / 2.0)');
    expect(() => sizeExpr(half as unknown as Size)).toThrow(/round it/);
    expect(env.guards).toEqual([]);
  });
});

describe('floats', () => {
  test('are read back from their text', () => {
    const { env, sizes } = capture({ n: 5 });
    const { Math: M } = op;
    const all = [
      op.div(1, M.sqrt(op.add(sizes.n, 1))),
      op.sub(op.mul(sizes.n, 0.1), op.div(sizes.n, 3)),
      op.neg(M.exp(op.mul(sizes.n, -1e-7))),
      M.max(M.log2(sizes.n), 0.3),
      op.pow(2, sizes.n),
      M.atan2(sizes.n, -0.5),
      M.round(op.mul(sizes.n, 0.1)),
    ] as SymFloat[];
    for (const value of all) {
      expect(value).toBeInstanceOf(SymFloat);
      const again = symFloatFromString(value.key, env);
      expect([again.key, again.hint]).toEqual([value.key, value.hint]);
    }
    expect(String(all[0])).toBe('1 / sqrt([n + 1])');
    expect(env.guards).toEqual([]);
  });

  test('that are compared pin their dims', () => {
    const { env, sizes } = capture({ n: 5 });
    expect(op.lt(op.Math.sqrt(sizes.n), 3)).toBe(true);
    expect(guards(env)).toEqual(['n == 5']);
    expect(env.guards[0].because).toBe('sqrt(n) < 3');
  });
});

describe('operators on anything else are JavaScript', () => {
  const anything = fc.oneof(
    fc.integer({ min: -9, max: 9 }),
    fc.double(),
    fc.constantFrom(undefined, null, true, false, '', '3', 'x', 0, -0, Number.NaN, [], [4], {}, 3n, new Date(5)),
  );
  const outcome = (body: () => unknown): unknown => {
    try {
      return body();
    } catch (error) {
      return (error as Error).constructor.name;
    }
  };
  const pairs: [(a: never, b: never) => unknown, (a: unknown, b: unknown) => unknown][] = [
    [(a, b) => a + b, op.add],
    [(a, b) => a - b, op.sub],
    [(a, b) => a * b, op.mul],
    [(a, b) => a / b, op.div],
    [(a, b) => a % b, op.mod],
    [(a, b) => a ** b, op.pow],
    [(a, b) => a < b, op.lt],
    [(a, b) => a <= b, op.le],
    [(a, b) => a > b, op.gt],
    [(a, b) => a >= b, op.ge],
    // biome-ignore lint/suspicious/noDoubleEquals: the operator under test
    [(a, b) => a == b, op.eq],
    // biome-ignore lint/suspicious/noDoubleEquals: the operator under test
    [(a, b) => a != b, op.ne],
    [(a, b) => a === b, op.strictEq],
    [(a, b) => a !== b, op.strictNe],
    [(a) => -(a as number), op.neg],
    [(a) => +(a as number), op.pos],
    [(a) => !a, op.not],
    [(a) => !!a, op.truthy],
    [(a) => !!a, (a) => !!op.cond(a)],
    [(a) => typeof a, op.typeOf],
    [(a) => Number.isInteger(a), op.isInteger],
    [(a, b) => Math.max(a, b), op.Math.max],
    [(a) => Math.floor(a), op.Math.floor],
    [(a, b) => Math.hypot(a, b), op.Math.hypot],
  ];
  test.each(pairs.map((pair, i) => [i, ...pair] as const))('operator %i', (_, native, ours) => {
    fc.assert(
      fc.property(anything, anything, (a, b) => {
        expect(outcome(() => ours(a, b))).toEqual(outcome(() => native(a as never, b as never)));
      }),
      { numRuns: 300 },
    );
  });

  test('cond keeps the value', () => {
    const value = {};
    for (const v of [value, '', null, 0, Number.NaN]) expect(op.cond(v)).toBe(v);
  });

  test('objects with operators are asked, identity is not', () => {
    const target = {
      [operatorSymbol]: (name: string, other: unknown, reversed: boolean) =>
        name === 'mod' ? undefined : [name, other, reversed],
    };
    expect(op.add(target, 1)).toEqual(['add', 1, false]);
    expect(op.sub(2, target)).toEqual(['sub', 2, true]);
    expect(op.neg(target)).toEqual(['neg', undefined, false]);
    expect(op.mod(target, 2)).toBeNaN();
    expect([op.strictEq(target, target), op.eq(target, 1), op.not(target)]).toEqual([true, false, false]);
  });
});

/** A small program over two sizes: each step applies an operator to earlier values. */
type Program = readonly { readonly op: string; readonly a: number; readonly b: number }[];

const binaryOps = ['add', 'sub', 'mul', 'div', 'mod', 'lt', 'le', 'gt', 'ge', 'eq', 'strictEq', 'strictNe'] as const;
const mathOps = ['floor', 'ceil', 'round', 'trunc', 'abs', 'sign', 'sqrt'] as const;
const programs: fc.Arbitrary<Program> = fc.array(
  fc.record({
    op: fc.constantFrom(...binaryOps, ...mathOps, 'min', 'max', 'pick', 'neg', 'isInteger', 'cond'),
    a: fc.nat(20),
    b: fc.nat(20),
  }),
  { minLength: 1, maxLength: 7 },
);

function run(program: Program, inputs: readonly unknown[]): unknown[] {
  const values: unknown[] = [...inputs, 2, 3, 0.5, -1, 4, 1.5, 0.1];
  for (const { op: name, a: i, b: j } of program) {
    const a = values[i % values.length];
    const b = values[j % values.length];
    if (name === 'pick') values.push(op.truthy(op.lt(a, b)) ? a : b);
    else if (name === 'cond') values.push(op.cond(a) ? b : a);
    else if (name === 'neg') values.push(op.neg(a));
    else if (name === 'isInteger') values.push(op.isInteger(a));
    else if (name === 'min' || name === 'max') values.push(op.Math[name](a, b));
    else if ((mathOps as readonly string[]).includes(name)) values.push(op.Math[name as 'floor'](a));
    else values.push(op[name as 'add'](a, b));
  }
  return values.slice(inputs.length);
}

describe('a captured program', () => {
  test('means the same as the program, for every call that its guards admit', () => {
    let admitted = 0;
    fc.assert(
      fc.property(programs, fc.integer({ min: -6, max: 12 }), fc.integer({ min: 1, max: 12 }), (program, n, m) => {
        const { env, sizes } = capture({ n, m });
        const symbolic = run(program, [sizes.n, sizes.m]);
        // What is used as an integer may add guards: ask before they are tested.
        const exprs = symbolic.map((value) => (isSymInt(value) ? value.expr : value));
        for (let x = -6; x <= 12; x += 3) {
          for (let y = -2; y <= 12; y += 2) {
            const point = new Map([
              ['n', x],
              ['m', y],
            ]);
            const holds = env.guards.every((guard) => evaluatePredicate(guard.predicate, point));
            if (x === n && y === m) expect(holds).toBe(true);
            if (!holds) continue;
            const plain = run(program, [x, y]);
            // A size has no negative zero, so what is computed from one may differ.
            if (plain.some((value) => Object.is(value, -0))) continue;
            admitted++;
            symbolic.forEach((value, i) => {
              const got =
                value instanceof SymFloat
                  ? value.evaluate(point)
                  : isSymInt(value)
                    ? evaluate(value.expr, point)
                    : exprs[i];
              expect(got === 0 ? 0 : got).toEqual(plain[i]);
            });
          }
        }
        expect(symbolic.every((value) => !isSymbolic(value) || value.env === env)).toBe(true);
      }),
      { numRuns: 500 },
    );
    expect(admitted).toBeGreaterThan(1500);
  });
});
