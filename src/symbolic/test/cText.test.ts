/** @file C text of expressions, compiled and run. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Dim } from '../dim.ts';
import { type Expr, evaluate, exprToC, parseExpr } from '../expr.ts';
import { evaluatePredicate, parsePredicate, predicateToC } from '../predicate.ts';
import { ShapeEnv } from '../shapeEnv.ts';
import { symFloatFromString } from '../symInt.ts';
import { build, names, trees } from './arbitrary.ts';

const prelude = `#include <stdint.h>
#include <stdio.h>
#include <math.h>
static inline int64_t tn_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t tn_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t tn_floordiv(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
static inline int64_t tn_floormod(int64_t a, int64_t b) { return a - b * tn_floordiv(a, b); }
`;
const hasCompiler = spawnSync('gcc', ['--version']).status === 0;

/** Compiles and runs a main that prints one value a line. */
function runC(body: string): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'tn-c-'));
  try {
    const source = join(folder, 'main.c');
    writeFileSync(source, `${prelude}int main(void) {\n${body}return 0;\n}\n`);
    execFileSync('gcc', [
      '-O1',
      '-Wall',
      '-Wextra',
      '-Werror',
      '-Wno-unused-function',
      '-o',
      join(folder, 'main'),
      source,
      '-lm',
    ]);
    return execFileSync(join(folder, 'main'), { encoding: 'utf8' }).trim().split('\n');
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const declare = (point: ReadonlyMap<string, number>) =>
  [...point].map(([name, value]) => `int64_t ${name} = ${value}; (void)${name};`).join(' ');

describe('C text', () => {
  test('uses plain operators where the ranges allow them', () => {
    const ranges = new Map([
      ['n', Dim('n')],
      ['pos', Dim('pos', { min: 0, max: 447 })],
    ]);
    const c = (text: string) => exprToC(parseExpr(text), (name) => `d->${name}`, ranges);
    expect(c('2*n + 1')).toBe('2 * d->n + 1');
    expect(c('floordiv(n + 1, 2)')).toBe('(d->n + 1) / 2');
    expect(c('3*mod(n, 4) + pos')).toBe('3 * (d->n % 4) + d->pos');
    expect(c('floordiv(n - 2, 3)')).toBe('(d->n + 1) / 3 - 1');
    expect(c('floordiv(n - pos, 3)')).toBe('tn_floordiv(d->n - d->pos, 3)');
    expect(c('max(n - 5, pos, 1)')).toBe('tn_max(tn_max(d->n - 5, d->pos), 1)');
    expect(c('448 - n')).toBe('448 - d->n');
    expect(c('5000000000*n')).toBe('5000000000LL * d->n');
    expect(predicateToC(parsePredicate('n + pos <= 448'), (name) => name)).toBe('n + pos <= 448');
  });

  test.skipIf(!hasCompiler)('has the value of the expression', () => {
    const cases: { e: Expr; point: ReadonlyMap<string, number> }[] = [];
    const point = fc
      .tuple(...names.map(() => fc.integer({ min: -30, max: 40 })))
      .map((all) => new Map(names.map((name, i) => [name as string, all[i]])));
    for (const [tree, at] of fc.sample(fc.tuple(trees(), point), 400)) {
      try {
        const e = build(tree);
        evaluate(e, at);
        cases.push({ e, point: at });
      } catch {
        // too large
      }
    }
    // Each symbol is known to be at least what it is, so that plain operators come up too.
    const lines = cases.map(({ e, point: at }) => {
      const ranges = new Map([...at].map(([name, value]) => [name, { min: value, max: Infinity, multipleOf: 1 }]));
      return `{ ${declare(at)} printf("%lld\\n", (long long)(${exprToC(e, (name) => name, ranges)})); }\n`;
    });
    expect(runC(lines.join('')).map(Number)).toEqual(cases.map(({ e, point: at }) => evaluate(e, at)));
  });

  test.skipIf(!hasCompiler)('of predicates and floats too', () => {
    const at = new Map([
      ['n', 7],
      ['m', 10],
    ]);
    const env = new ShapeEnv();
    for (const [name, value] of at) env.declare(Dim(name), value);
    const predicates = ['n % 4 == 3', 'n + m > 17', 'm*m >= 100', 'n != m'].map(parsePredicate);
    const floats = [
      '1 / sqrt([n + 1])',
      'round(-0.25 * n)',
      'round(0.5 * n)',
      '(n % 2.5) - 1e-7',
      'max(pow(2, n), hypot(n, m))',
      'fround(0.1 * m)',
      'neg(-3 * n)',
    ].map((text) => symFloatFromString(text, env));
    const name = (symbol: string) => symbol;
    const lines = [
      ...predicates.map((p) => `printf("%d\\n", ${predicateToC(p, name)});\n`),
      ...floats.map((value) => `printf("%.17g\\n", ${value.toC(name)});\n`),
    ];
    const wanted = [
      ...predicates.map((p) => Number(evaluatePredicate(p, at))),
      ...floats.map((value) => value.evaluate(at)),
    ];
    runC(`${declare(at)}\n${lines.join('')}`)
      .map(Number)
      .forEach((value, i) => {
        expect(value).toBeCloseTo(wanted[i], 12);
      });
  });
});
