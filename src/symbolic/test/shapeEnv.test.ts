/** @file Dims, guards and the error for a dim that cannot stay symbolic. */

import { describe, expect, test } from 'vitest';
import { Dim, isDim } from '../dim.ts';
import { operators as op } from '../operators.ts';
import { parsePredicate, predicateToString } from '../predicate.ts';
import { ShapeEnv } from '../shapeEnv.ts';
import { sizeFromExpr } from '../symInt.ts';

function envOf(samples: Record<string, number>): ShapeEnv {
  const env = new ShapeEnv();
  const dims = {
    pos: Dim('pos', { max: 447 }),
    n: Dim('n', { max: 228 }),
    m: Dim('m'),
    k: Dim('k', { multipleOf: 4 }),
  };
  for (const [name, sample] of Object.entries(samples)) env.declare(dims[name as keyof typeof dims], sample);
  return env;
}

const guards = (env: ShapeEnv) => env.guards.map((guard) => `${guard.kind} ${predicateToString(guard.predicate)}`);

describe('Dim', () => {
  test('has defaults, is frozen, prints as written', () => {
    const dim = Dim('n');
    expect([dim.min, dim.max, dim.multipleOf]).toEqual([1, Infinity, 1]);
    expect(isDim(dim)).toBe(true);
    expect(isDim({ ...dim })).toBe(false);
    expect(Object.isFrozen(dim)).toBe(true);
    expect(String(Dim('pos', { max: 447, multipleOf: 4 }))).toBe('Dim("pos", { max: 447, multipleOf: 4 })');
  });

  test.each([
    [() => Dim('2n'), /name it like a variable/],
    [() => Dim('n', { min: 0.5 }), /min must be an integer/],
    [() => Dim('n', { max: Number.NaN }), /max must be an integer/],
    [() => Dim('n', { min: 5, max: 4 }), /min 5 is greater than max 4/],
    [() => Dim('n', { multipleOf: 0 }), /positive integer/],
    [() => Dim('n', { min: 5, max: 7, multipleOf: 4 }), /no multiple of 4 lies from 5 to 7/],
  ])('refuses what makes no sense', (make, message) => {
    expect(make).toThrow(message);
  });
});

describe('declare', () => {
  test('the same name is the same dim', () => {
    const env = envOf({ pos: 5 });
    env.declare(Dim('pos', { max: 447 }), 5);
    expect(() => env.declare(Dim('pos', { max: 448 }), 5)).toThrow(/found different definitions/);
    expect(() => env.declare(Dim('pos', { max: 447 }), 6)).toThrow(/two sizes in one call/);
    expect(() => env.declare(Dim('q', { max: 3 }), 4)).toThrow(/out of range/);
  });
});

describe('decide', () => {
  test('proves from ranges and records nothing', () => {
    const env = envOf({ pos: 5, n: 3, k: 8 });
    expect(env.decide(parsePredicate('pos <= 447'))).toBe(true);
    expect(env.decide(parsePredicate('n == 0'))).toBe(false);
    expect(env.decide(parsePredicate('k % 4 == 0'))).toBe(true);
    expect(env.decide(parsePredicate('n + pos < 1000'))).toBe(true);
    expect(env.guards).toEqual([]);
  });

  test('several dims: a guard of the call, kept once, in the form that holds', () => {
    const env = envOf({ pos: 5, n: 3 });
    expect(env.decide(parsePredicate('n + pos <= 448'))).toBe(true);
    expect(env.decide(parsePredicate('n + pos < 449'))).toBe(true);
    expect(env.decide(parsePredicate('n == pos'), 'add')).toBe(false);
    expect(env.decide(parsePredicate('pos != n'))).toBe(true);
    expect(guards(env)).toEqual(['call n + pos <= 448', 'call n != pos']);
    expect(env.guards[1].because).toBe('add');
    expect(env.guards[1].location?.file).toMatch(/shapeEnv\.test\.ts$/);
    expect(env.narrowings()).toEqual([]);
  });

  test('later questions use what guards imply', () => {
    const env = envOf({ pos: 5, n: 3, m: 8 });
    env.decide(parsePredicate('n + pos <= 448'));
    expect(env.prove(parsePredicate('n + pos < 500'))).toBe(true);
    expect(env.prove(parsePredicate('n + pos == 460'))).toBe(false);
    expect(env.prove(parsePredicate('2*n + 2*pos <= 896'))).toBe(true);
    expect(env.prove(parsePredicate('n <= 447 - pos'))).toBeUndefined();
    env.decide(parsePredicate('m == n + pos'));
    expect(env.prove(parsePredicate('m <= 448'))).toBe(true);
    expect(env.prove(parsePredicate('m - n == pos'))).toBe(true);
    expect(guards(env)).toHaveLength(2);
  });

  test('one dim: a narrowing, unless it is an index bound', () => {
    const env = envOf({ pos: 8, n: 3 });
    expect(env.requireIndexBound(parsePredicate('pos < 100'))).toBe(true);
    expect(env.decide(parsePredicate('pos < 200'))).toBe(true);
    expect(env.decide(parsePredicate('n < 4'))).toBe(true);
    expect(guards(env)).toEqual(['call pos < 100', 'narrow n < 4']);
    expect(env.narrowings()).toMatchObject([{ dim: 'n', predicate: 'n < 4', counterexample: 4 }]);
  });
});

describe('the error for a narrowed dim', () => {
  test('has the shape that users know', () => {
    const env = envOf({ pos: 8 });
    env.decide(parsePredicate('pos % 4 == 0'), 'reshape([1, pos/4, 4, 64])');
    const { message } = env.narrowError('decode');
    const lines = message
      .replace(/at .*\(shapeEnv.test.ts:(\d+):\d+\)/, 'at HERE')
      .replace(/before line \d+/, 'before line L')
      .split('\n');
    expect(lines).toEqual([
      'compileCache "decode": dim `pos` cannot stay symbolic.',
      '  pos   declared Dim("pos", { max: 447 }), sample 8',
      '  needs pos % 4 == 0        fails for pos = 9',
      expect.stringMatching(/^ {2}because {2}reshape\(\[1, pos\/4, 4, 64\]\) {3}at /),
      '  fix   Dim("pos", { max: 447, multipleOf: 4 }), or pad before line L, or drop `pos` from inputMatchers',
    ]);
  });

  test('lists all of them, each with its line, and one fix a dim', () => {
    const env = envOf({ pos: 8, n: 6 });
    env.decide(parsePredicate('pos % 4 == 0'));
    env.decide(parsePredicate('n < 100'));
    env.decide(parsePredicate('n % 3 == 0'));
    env.decide(parsePredicate('pos == 8'));
    const { message } = env.narrowError('decode');
    expect(message).toContain('dims `pos` and `n` cannot stay symbolic');
    expect(message.match(/needs/g)).toHaveLength(4);
    expect(message.match(/shapeEnv\.test\.ts:\d+/g)).toHaveLength(4);
    expect(message).toContain('Dim("n", { max: 99, multipleOf: 3 })');
    expect(message).not.toContain('Dim("pos", { min');
  });

  test('ordinary code gives it', () => {
    const env = envOf({ n: 6 });
    const n = op.mul(symbolOf(env, 'n'), 1);
    expect(op.strictEq(op.mod(n, 2), 0)).toBe(true);
    expect(env.narrowError('f').message).toContain('Dim("n", { max: 228, multipleOf: 2 })');
  });
});

function symbolOf(env: ShapeEnv, name: string): unknown {
  return sizeFromExpr(env.symbol(name), env);
}
