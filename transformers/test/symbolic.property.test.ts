/** @file The rewriting is complete: a program gives the same with sizes that are objects and only `__tn` can compute with. */

import { transformSync } from 'esbuild';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { transform } from '../core.ts';
import { __tn } from './fixtures/torchnative/index.js';

/** A number in disguise: JavaScript's own operators throw on it, or (`===`, truth) see an object. */
class Hidden {
  readonly value: number;
  constructor(value: number) {
    this.value = value;
  }
  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return String(this.value);
    throw new Error('an operator was left as it is');
  }
}

const reveal = (value: unknown): unknown => (value instanceof Hidden ? value.value : value);
const hide = (value: unknown): unknown => (typeof value === 'number' ? new Hidden(value) : value);

type Operation = (...operands: unknown[]) => unknown;

/** The operations of `__tn` on hidden numbers; arithmetic on them stays hidden. */
const hiding: Record<string, unknown> = Object.fromEntries(
  Object.entries(__tn).map(([name, operation]) => {
    if (typeof operation !== 'function') return [name, operation];
    const apply = operation as Operation;
    const wrap: Operation = (...operands) => {
      const value = apply(...operands.map(reveal));
      return operands.some((operand) => operand instanceof Hidden) ? hide(value) : value;
    };
    if (name === 'isStepped') return [name, (value: unknown) => value instanceof Hidden];
    const keeps = name === 'cond' || name === 'test';
    return [name, keeps ? (value: unknown) => (reveal(value) ? value : reveal(value)) : wrap];
  }),
);
hiding.Math = Object.fromEntries(
  ['max', 'min', 'floor', 'abs', 'sqrt'].map((name) => [
    name,
    (...operands: unknown[]) => hide((Math as unknown as Record<string, Operation>)[name]?.(...operands.map(reveal))),
  ]),
);

const sizes = ['a', 'b', 'c'];
const { number, truth } = fc.letrec<{ number: string; truth: string }>((tie) => {
  const n = tie('number');
  const pair = fc.tuple(n, n);
  return {
    number: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(...sizes, ...sizes, '0', '1', '2', 'o.k', 'list[0]', 'zero'),
      fc.tuple(n, fc.constantFrom('+', '-', '*', '/', '%', '**'), n).map(([x, op, y]) => `(${x}) ${op} (${y})`),
      n.map((x) => `-(${x})`),
      n.map((x) => `+(${x})`),
      fc.tuple(tie('truth'), n, n).map(([t, x, y]) => `(${t} ? ${x} : ${y})`),
      fc.tuple(n, n, n).map(([t, x, y]) => `((${t}) ? ${x} : ${y})`),
      fc.tuple(pair, fc.constantFrom('&&', '||')).map(([[x, y], op]) => `((${x}) ${op} (${y}))`),
      fc
        .tuple(
          fc.constantFrom(...sizes, 'o.k', 'list[(0)]', 'same(o).k'),
          fc.constantFrom('=', '+=', '-=', '*=', '&&=', '||='),
          n,
        )
        .map(([t, op, x]) => `(${t} ${op} ${x})`),
      fc
        .tuple(fc.constantFrom(...sizes), fc.constantFrom('++', '--'), fc.boolean())
        .map(([v, op, prefix]) => `(${prefix ? op + v : v + op})`),
      pair.map(([x, y]) => `Math.max(${x}, ${y})`),
      n.map((x) => `Math.floor(${x})`),
      n.map((x) => `((m) => m * 2)(${x})`),
      n.map((x) => `same((${x}) as number)`),
    ),
    truth: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc
        .tuple(n, fc.constantFrom('<', '<=', '>', '>=', '==', '!=', '===', '!=='), n)
        .map(([x, op, y]) => `(${x}) ${op} (${y})`),
      n.map((x) => `!(${x})`),
      n.map((x) => `Boolean(${x})`),
      n.map((x) => `typeof (${x}) === 'number'`),
      n.map((x) => `Number.isInteger(${x})`),
      n.map((x) => `Number.isFinite(${x})`),
      fc.tuple(tie('truth'), fc.constantFrom('&&', '||'), tie('truth')).map(([x, op, y]) => `((${x}) ${op} (${y}))`),
    ),
  };
});
const condition = fc.oneof(number, truth);
const { statement } = fc.letrec<{ statement: string }>((tie) => {
  const s = tie('statement');
  return {
    statement: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      number.map((x) => `log(${x});`),
      fc.tuple(condition, s, s).map(([t, x, y]) => `if (${t}) { ${x} } else { ${y} }`),
      fc.tuple(condition, s).map(([t, x]) => `for (let i = 0; i < 2 && (${t}); i++) { ${x} }`),
      fc
        .tuple(number, s)
        .map(([n, x]) => `for (let i = (${n}) - 1, turn = 0; i && turn < 3; i--, turn++) { log(i); ${x} }`),
      condition.map((t) => `{ let turn = 0; while (${t}) { if (turn++ > 1) break; log(turn); } }`),
      fc
        .tuple(number, number, number, s)
        .map(
          ([n, x, y, z]) =>
            `switch (${n}) { case ${x}: ${z} case 2: log(2); break; case ${y}: log(1); default: log(0); }`,
        ),
      number.map((x) => 'log(`${' + x + '}`);'),
      number.map((x) => `log('size ' + (${x}) + '.');`),
      fc
        .tuple(number, number)
        .map(([x, y]) => `{ const { p = ${x} } = {} as { p?: number }, q = [${y}]; log(p); log(q[0]); }`),
    ),
  };
});

function run(script: string, library: unknown, sizesOf: readonly unknown[]): string {
  const module = { exports: {} as { default?: Operation } };
  new Function('require', 'module', 'exports', script)(() => ({ __tn: library }), module, module.exports);
  const events: string[] = [];
  let steps = 0;
  const log = (value: unknown): void => {
    if (++steps > 300) throw new Error('too many steps');
    events.push(String(reveal(value)));
  };
  try {
    module.exports.default?.(...sizesOf, log);
  } catch (error) {
    events.push((error as Error).message);
  }
  return events.join(' ');
}

describe('symbolic sizes', () => {
  it('pass through every operator, condition and Math call', () => {
    const program = fc.array(statement, { minLength: 1, maxLength: 4 });
    const size = fc.integer({ min: -2, max: 6 });
    fc.assert(
      fc.property(fc.array(program, { minLength: 10, maxLength: 20 }), size, size, size, (programs, a, b, c) => {
        const source = `import type { Tensor } from 'torchnative';
export default function (a: any, b: any, c: any, log: (x: unknown) => void): void {
  const o = { k: b }, list = [c], same = <T>(x: T): T => x, zero = a - a;
  ${programs.map((statements) => `try { ${statements.join('\n')} } catch (e) { log((e as Error).message) }`).join('\n')}
}`;
        const { code } = transformSync(transform(source, '/project/app.ts')?.code ?? '', {
          loader: 'ts',
          format: 'cjs',
          target: 'node20',
          define: { 'import.meta.url': '""' },
        });
        expect(run(code, hiding, [a, b, c].map(hide))).toBe(run(code, __tn, [a, b, c]));
      }),
      { numRuns: 60 },
    );
  });
});
