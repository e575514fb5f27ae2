/** @file Random programs for the property test: expressions and statements that log what they evaluate, as source text. */

import { inspect } from 'node:util';
import fc from 'fast-check';

const variables = ['a', 'b', 'c', 'd'];
const leaf = fc.oneof(
  fc.constantFrom(...variables),
  fc.constantFrom('0', '1', '2', '-3', '0.5', '1e21', '4n', "'7'", "'x'", '`t`', 'null', 'undefined', 'true', 'false'),
  fc.constantFrom('NaN', '-0', 'Infinity', '[]', '({})', '[3]', 'o', 'arr', 'o.p', 'o.q', 'arr[0]', 'dated', 'valued'),
  fc.constantFrom(
    'prim',
    'prox',
    'prox.q',
    'big',
    'cls',
    '1_000',
    '-1n',
    '/x/g.test(text(a))',
    'Symbol.iterator in arr',
  ),
  fc.constantFrom('missing?.p', 'o?.p', 'o?.r?.s', 'typeof nowhere', 'log(1)', 'log(a)', 'this', 'new.target'),
);

const binary = ['+', '-', '*', '/', '%', '**', '<', '<=', '>', '>=', '==', '!=', '===', '!==', '|', '<<', '&&', '||'];
const compound = ['=', '+=', '-=', '*=', '/=', '%=', '**=', '|=', '&&=', '||=', '??='];

const { expression, target } = fc.letrec<{ expression: string; target: string }>((tie) => {
  const inner = tie('expression');
  const pair = fc.tuple(inner, inner);
  return {
    target: fc.oneof(
      { depthSize: 'small' },
      fc.constantFrom(...variables, 'o.p', 'arr[0]', 'o[a]', 'arr[a]', 'this.z', 'arr![1]', '(b)'),
      inner.map((key) => `arr[${key}]`),
      inner.map((key) => `o[${key}, 'p']`),
      fc.constant('log(o).p'),
      pair.map(([x, key]) => `(${x}, o)[${key}]`),
      inner.map((key) => `log(arr)[log(${key})]`),
    ),
    expression: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.tuple(inner, fc.constantFrom(...binary), inner).map(([x, op, y]) => `(${x}) ${op} (${y})`),
      fc
        .tuple(leaf, fc.constantFrom('+', '-', '*', '<', '===', '&&'), leaf)
        .map(([x, op, y]) => `${op === '&&' ? `${x} ${op} ${y}` : `${x} ${op} ${y}`}`.replace(/^-/, ' -'))
        .map((e) => `(${e})`),
      fc
        .tuple(fc.constantFrom('!', '-', '+', '~', 'typeof ', 'typeof', 'void ', '!!', '- '), inner)
        .map(([op, x]) => `${op}(${x})`),
      fc.tuple(inner, inner, inner).map(([x, y, z]) => `((${x}) ? ${y} : ${z})`),
      fc.tuple(tie('target'), fc.constantFrom(...compound), inner).map(([t, op, x]) => `(${t} ${op} ${x})`),
      fc
        .tuple(fc.constantFrom(...variables), fc.boolean(), fc.constantFrom('++', '--'))
        .map(([v, prefix, op]) => `(${prefix ? op + v : v + op})`),
      tie('target').map((t) => (t.startsWith('(b') ? 'b--' : `${t}++`)),
      pair.map(([x, y]) => `((${x}) ?? (${y}))`),
      pair.map(([x, y]) => `(${x}, ${y})`),
      pair.map(([x, y]) => `Math.max(${x}, ${y})`),
      inner.map((x) => `Number.isInteger(${x})`),
      inner.map((x) => `Boolean(${x})`),
      inner.map((x) => `log(${x})`),
      inner.map((x) => `\`<\${text(${x})}>\``),
      inner.map((x) => `((${x}) as unknown as number)`),
      inner.map((x) => `(yield ${x})`),
      inner.map((x) => `(typeof (${x}) === 'number')`),
      inner.map((x) => `(() => ${x.includes('yield') ? 'a - 1' : x})()`),
      inner.map((x) => `((e = ${x.includes('yield') ? 'b * 2' : x}) => { return-e })()`),
      inner.map(
        (x) =>
          `(new (class { static toString() { return 'C'; } static k = ${x.includes('yield') ? 'c' : x}; m(n: number) { return n % 2; } })()).m(a)`,
      ),
      pair.map(([x, y]) => `[${x}, ...[${y}]].length`),
      pair.map(([x, y]) => `({ k: ${x}, ...{ [text(${y})]: 1 } }.k)`),
      inner.map((x) => `('p' in o === (${x}))`),
      inner.map((x) => `(delete o[text(${x})])`),
      inner.map((x) => `tag\`<\${${x}}|\${a}>\``),
      inner.map((x) => `o?.[text(${x})]?.p`),
      inner.map((x) => `arr?.[${x}]`),
      pair.map(([x, y]) => `o.m?.(${x}, ...[${y}])`),
      inner.map((x) => `arr[\`\${${x}}\`]`),
      pair.map(([x, y]) => `table[\`\${log(${x})}-\${log(${y})}\`]`),
      inner.map((x) => `cls.twice(${x})`),
      pair.map(([x, y]) => `(cls.count += ${x}, cls.count -= ${y})`),
      inner.map((x) => `(cls.count++ + --cls.count + (${x}))`),
      inner.map((x) => `(({ p: k = ${x.includes('yield') ? 'c' : x}, ...rest }: any) => [k, rest.q, k - 1])(o)`),
      inner.map((x) => `new Array(${x.includes('yield') ? '2' : `(${x}) ? 2 : 3`}).length`),
      inner.map((x) => `[3, 1, 2].sort((i, j) => i - j || ${x.includes('yield') ? '0' : x}).join()`),
      pair.map(([x, y]) => `(!(${x}) !== !(${y} < a || b > ${x}))`),
      pair.map(([x, y]) => `Boolean(${x} <= ${y})`),
    ),
  };
});

const { statement } = fc.letrec<{ statement: string }>((tie) => {
  const inner = tie('statement');
  return {
    statement: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      expression.map((x) => (/^[[({`]/.test(x) ? `;${x}` : x)), // ends by automatic semicolon insertion
      fc
        .tuple(target, fc.constantFrom(...compound), expression)
        .map(([t, op, x]) => (t.startsWith('(') ? `;${t} ${op} ${x}` : `${t} ${op} ${x}`)),
      fc.constantFrom(...variables).map((v) => `${v}++`),
      fc.tuple(expression, inner, inner).map(([x, s, t]) => `if (${x}) { ${s} } else { ${t} }`),
      fc.tuple(expression, target, expression).map(([x, t, y]) => `if (${x}) ${t} += ${y}\nelse c--`),
      fc.tuple(expression, inner).map(([x, s]) => `for (let i = 0, n = 2; i < n && ${x}; i++) { log(i); ${s} }`),
      expression.map((x) => `for (let i = 0; i < 3; i += 1) { if (${x}) continue; log(i) }`),
      expression.map((x) => `{ let w = 2; while (w-- > 0 && ${x}) log(w); do { w++ } while (w < 1) }`),
      fc
        .tuple(expression, expression, expression, inner)
        .map(([x, y, z, s]) => `switch (${x}) { case ${y}: ${s}\n break; default: log('d'); case ${z}: log('z') }`),
      expression.map((x) => `switch (${x}) { case 'x': log('sx'); break; case null: log('n') }`),
      fc
        .tuple(expression, expression)
        .map(([x, y]) => `{ const [f = ${x}, { g = ${y} } = {}] = [undefined]; log(f); log(g) }`),
      fc
        .tuple(expression, expression)
        .map(
          ([x, y]) =>
            `outer: for (const i of [1, 2]) { for (const j in { u: 1, v: 2 }) { if (${x}) continue outer; log(j); if (${y}) break outer; } log(i) }`,
        ),
      fc
        .tuple(expression, expression)
        .map(([x, y]) => `switch (true) { case ${x} < ${y}: log('lt'); break; case !(${x}): log('not') }`),
      fc
        .tuple(expression, expression)
        .map(([x, y]) => `for (let [i, j] = [0, 3]; i < j; i++, j--) { log(i + j); [a, b] = [${x}, ${y}] }`),
      // (In a block: esbuild takes `x++`, a new line and `(` for a call.)
      fc.tuple(expression, expression).map(([x, y]) => `{ ({ p: c = ${x}, [text(${y})]: d } = { q: 1 } as any) }`),
      expression.map(
        (x) =>
          `try { throw new Error(\`<\${text(${x})}> \` + a) } catch (e: any) { log(e.message) } finally { log('f') }`,
      ),
      fc.tuple(expression, inner).map(([x, s]) => `for (var u = [${x}][0], w = 0; w < 2; w++) { log(u); ${s} }`),
      expression.map((x) => `{ const done = ${x} > a; if (done) log('done'); if (!done) log('more') }`),
      expression.map((x) => `label: for (const k of [1, 2]) { log(k); if (${x}) break label; }`),
      fc.tuple(inner, expression).map(([s, x]) => `try { ${s}\n throw ${x} } catch (e) { log(text(e)) }`),
    ),
  };
});

/** The body of one program. */
export const programBody: fc.Arbitrary<string> = fc
  .array(statement, { minLength: 1, maxLength: 5 })
  .map((statements) => statements.join('\n'));

/** A module with one exported generator function for each body. */
export function programModule(bodies: readonly string[]): string {
  const functions = bodies.map(
    (body, i) => `
export ${i % 4 === 3 ? 'async ' : ''}function* p${i}(this: any, a: any, b: any, c: any, d: any, tools: any): any {
  'use strict';
  const { log, text, o, arr, dated, valued, missing, prim, prox, big, cls, tag, table } = tools;
${body}
  return [a, b, c, d];
}`,
  );
  return `import type { Tensor } from 'torchnative';\n${classText}\n${functions.join('\n')}\n`;
}

/** Counts in a private field; a transformed class like it stands in every module. */
const classText = `
export class Counter {
  #count = 1;
  static made = 0;
  static { Counter.made++; }
  get count(): any { return this.#count; }
  set count(value: any) { this.#count = typeof value === 'bigint' ? 3 : value; }
  twice(x: any) { return #count in this ? x * 2 + this.#count : -x; }
}`;

/** What a run did: every logged value, what was yielded, and how it ended. */
export async function runProgram(program: unknown, inputs: readonly unknown[], Counter: unknown): Promise<string> {
  const events: string[] = [];
  let steps = 0;
  const text = (value: unknown): string => {
    if (typeof value === 'function') return 'function';
    if (typeof value === 'object' && value !== null) {
      if (value instanceof Error) return value.constructor.name;
      if (value instanceof Date) return 'date';
      return inspect(value, { depth: 3, breakLength: Infinity });
    }
    return Object.is(value, -0) ? '-0' : `${typeof value} ${String(value)}`;
  };
  const log = (value: unknown): unknown => {
    if (++steps > 200) throw new RangeError('too many steps');
    events.push(text(value));
    return value;
  };
  const arr = [1, 2, 'three', 4];
  const o = {
    get p(): unknown {
      events.push('get p');
      return arr[1];
    },
    set p(value: unknown) {
      events.push(`set p ${text(value)}`);
      arr[1] = value as number;
    },
    q: 5,
  };
  const valued = {
    valueOf(): number {
      events.push('valueOf');
      return 6;
    },
  };
  const self = { z: 3 };
  const prim = {
    [Symbol.toPrimitive](hint: string): unknown {
      events.push(`toPrimitive ${hint}`);
      return hint === 'number' ? 8 : 'eight';
    },
  };
  const cls = new (Counter as new () => object)();
  const tag = (strings: TemplateStringsArray, ...values: unknown[]): string =>
    `${strings.raw.join('~')}${values.map(text).join()}`;
  try {
    type Run = Generator<unknown, unknown, unknown> | AsyncGenerator<unknown, unknown, unknown>;
    const generator = (program as (...args: unknown[]) => Run).call(self, ...inputs, {
      log,
      text,
      o,
      arr,
      dated: new Date(12345),
      valued,
      missing: undefined,
      prim,
      prox: new Proxy({ q: 4 } as Record<string | symbol, unknown>, {
        get(target, key) {
          events.push(`proxy ${String(key)}`);
          return target[key];
        },
      }),
      big: 12345678901234567890n,
      cls,
      tag,
      table: { '1-2': 'found' },
    });
    let next = await generator.next();
    for (let turn = 0; !next.done && turn < 100; turn++) {
      events.push(`yield ${text(next.value)}`);
      next = await generator.next(turn % 3 === 0 ? turn : `y${turn}`);
    }
    events.push(`end ${text(next.value)}`);
  } catch (error) {
    events.push(`threw ${text(error)}`);
  }
  return [...events, text(arr), text(self)].join('; ');
}
