/** @file What becomes of small pieces of source text. */

import { describe, expect, it } from 'vitest';
import { transform } from '../core.ts';
import { ownRoot } from '../ownPackage.ts';

const importLine = "import { compileCache, type Tensor } from 'torchnative';\n";

/** The text after the import line, transformed. */
function rewrite(source: string, path = '/project/app.ts'): string {
  const result = transform(importLine + source, path);
  return result ? result.code.slice(result.code.indexOf('\n') + 1) : '';
}

describe('transform: which files', () => {
  it.each([
    ["import { x } from './other.ts';\nx + 1;", '/project/app.ts'],
    ["// from 'torchnative'\nexport const s = 'torchnative' + 1;", '/project/app.ts'],
    ["import { x } from 'torchnative-extras';\nx + 1;", '/project/app.ts'],
    [`${importLine}x + y;`, '/project/node_modules/lib/app.ts'],
    [`${importLine}x + y;`, `${ownRoot}/src/nn/module.ts`],
    [`${importLine}declare const x: number;`, '/project/app.d.ts'],
    [`/* tn-ignore-file: generated */\n${importLine}x + y;`, '/project/app.ts'],
    [`${importLine}let = = 1`, '/project/app.ts'],
  ])('leaves %j in %s', (code, path) => {
    expect(transform(code, path)).toBeUndefined();
  });

  it.each([
    "import type { Tensor } from 'torchnative';",
    "import * as tn from 'torchnative';",
    'import "torchnative";',
    "export { tensor } from 'torchnative';",
    "import {\n  nn,\n} from 'torchnative/extra';",
  ])('takes %j', (code) => {
    expect(transform(`${code}\nexport const f = (x: number) => x + 1;`, '/project/app.ts')?.code).toContain(
      '(x: number) => __tn.add',
    );
  });

  it("takes a relative import of the package's own entry, by the same specifier", () => {
    const code = "import { tensor } from '../src/index.ts';\nexport const f = (x: number) => x + 1;";
    expect(transform(code, `${ownRoot}/test/some.test.ts`)?.code).toContain('import { __tn } from "../src/index.ts";');
    expect(transform(code, '/project/test/some.test.ts')).toBeUndefined();
  });

  it('takes what options say', () => {
    const code = "import { tensor } from '@me/torch';\nexport const f = (x: number) => x + 1;";
    expect(transform(code, '/project/app.ts')).toBeUndefined();
    expect(transform(code, '/project/app.ts', { packageSpecifiers: ['@me/torch'] })).toBeDefined();
    expect(transform(code, '/project/app.ts', { packageSpecifiers: [(s) => s.endsWith('/torch')] })).toBeDefined();
  });

  it('does nothing to its own output', () => {
    const { code } = transform(importLine, '/project/app.ts') ?? { code: '' };
    expect(transform(code, '/project/app.ts')).toBeUndefined();
  });
});

describe('transform: the header', () => {
  it('stands before the first statement, on its line, after comments, directives and the hash-bang', () => {
    const code = `#!/usr/bin/env node\n/* licence */\n'use strict';\n// about\n${importLine}let k = 1;\n`;
    const lines = transform(code, '/project/app.ts')?.code.split('\n') ?? [];
    expect(lines.slice(0, 4)).toEqual(['#!/usr/bin/env node', '/* licence */', "'use strict';", '// about']);
    expect(lines[4]).toMatch(
      /^import \{ __tn \} from "torchnative"; const __tnFile = __tn\.file\(.*\}\); import \{ comp/,
    );
    expect(lines[5]).toBe('let k = 1;');
  });

  it('stands before decorators of an exported class', () => {
    const code = "@seal export class A {}\nimport { seal } from 'torchnative';";
    expect(transform(code, '/project/app.ts')?.code).toMatch(/^import .*\}\); @seal export class A/);
  });
});

describe('transform: operators', () => {
  it.each([
    ['a + b * c - d;', '__tn.sub(__tn.add(a , __tn.mul(b , c)) , d);'],
    ['(a + b) % -c;', '__tn.mod((__tn.add(a , b)) , __tn.neg(c));'],
    ['a /* x */ + // y\n b;', '__tn.add(a /* x */ , // y\n b);'],
    ['if (a === b) f();', 'if (__tn.strictEq(a , b)) f();'],
    ['if (a && !b || c) f();', 'if (__tn.cond(a) && __tn.not(b) || __tn.cond(c)) f();'],
    ['a ? b : c;', '__tn.cond(a) ? b : c;'],
    ['const v = a || b;', 'const v = __tn.cond(a) || b;'],
    ['const v = a ?? b;', 'const v = a ?? b;'],
    ['while (n) n -= 1;', 'while (__tn.cond(n)) n = __tn.sub(n, 1);'],
    ['const f = () => { return-x };', 'const f = () => { return __tn.neg(x) };'],
    ['Math.max(a, Math.PI);', '__tn.Math.max(a, Math.PI);'],
    ['{ const Math = g; Math.max(a); }', '{ const Math = g; Math.max(a); }'],
    ['let y = g(); typeof y === "number";', 'let y = g(); __tn.typeOf( y) === "number";'],
    ['let y = 0; typeof y === "string";', 'let y = 0; typeof y === "string";'],
    ['typeof nowhere === "number";', 'typeof nowhere === "number";'],
    ['Number.isInteger(a);', '__tn.isInteger(a);'],
    ["'a' + b + 'c';", "__tn.add('a' , b) + 'c';"],
    ['Boolean(a);', '__tn.truthy(a);'],
    ['for (let i = 0; i < n; i++) f(i);', 'for (let i = 0; __tn.test(__tn.lt(i , n)); i++) f(i);'],
    [
      'for (let i = n; i; i--) f(i);',
      "for (let i = n; __tn.cond(i); typeof i === 'object' && __tn.isStepped(i) ? i = __tn.sub(i, 1) : i--) f(i);",
    ],
    ['(a as number) + (b satisfies number) + c!;', '__tn.add(__tn.add((a as number) , (b satisfies number)) , c!);'],
    ['o.p += 1;', 'o.p = __tn.add(o.p, 1);'],
    ['x ||= y;', '__tn.cond(x) || (x = y);'],
    ['if (a < b && !(c > d)) f();', 'if (__tn.test(__tn.lt(a , b)) && !__tn.test((__tn.gt(c , d)))) f();'],
    ['const done = a.all(); while (!done) f();', 'const done = a.all(); while (!__tn.test(done)) f();'],
    ['(a > 0) * (b > 0);', '__tn.mul((__tn.gt(a , 0)) , (__tn.gt(b , 0)));'],
    ['if (a ? b : c > 0) f();', 'if (__tn.cond(a) ? __tn.cond(b) : __tn.test(__tn.gt(c , 0))) f();'],
    ['switch (true) { case n > 3: f(); }', 'switch (true) { case __tn.test(__tn.gt(n , 3)): f(); }'],
    ['x[`1:${n}, ${m + 1}`];', '__tn.at(x , ["1:",", ",""], __tn.part(n ), __tn.part(__tn.add(m , 1) ));'],
    ['x[`:${n}`][0].y = 1;', '__tn.at(x , [":",""], __tn.part(n ))[0].y = 1;'],
    ['new Array(n);', 'new Array(__tn.count(n));'],
    ['throw new Error(`bad ${n}` + n);', 'throw new Error(__tn.add(`bad ${__tn.shown(n)}` , __tn.shown(n)));'],
    ['var i = 0; var i = n; i === 3;', 'var i = 0; var i = n; __tn.strictEq(i , 3);'],
    ['const v = (x &&= y) + 1;', 'const v = __tn.add((__tn.cond(x) && (x = y)) , 1);'],
  ])('%s', (source, expected) => {
    expect(rewrite(source)).toBe(expected);
  });

  it.each([
    '1 / 3 + 2 ** 10;',
    '-1n;',
    'a === null;',
    "a !== 'x';",
    'a == undefined;',
    'a in b;',
    'a instanceof B;',
    'delete a.b;',
    '~a | b << 2;',
    "'a' + `b`;",
    "s += 'b';",
    'enum E { A = 1 + 2, B = A << 1 }',
    'type T<A> = A extends number ? -1 : typeof x;',
    'declare const z: number;',
    'interface I { a: 1 | -1 }',
    'declare class X { y: number }',
    'switch (s) { case "a": break; case "b": break; }',
    'let i = 0; i++; i += 2; i--;',
    'for (let i = 0; i < 3; i++) if (i * 2 === 4) f(i);',
    'x[`:${n}`] = 1;',
    'x[`:${n}`]();',
    'delete x[`:${n}`];',
    '[x[`:${n}`]] = y;',
    '({ a: x[`:${n}`] } = y);',
    'f`${n}`;',
    'while (true) { break }',
    'Math.PI;',
  ])('leaves %s', (source) => {
    expect(rewrite(source)).toBe(source);
  });

  it('evaluates a target once', () => {
    expect(rewrite('function f() { g()[h()] *= 2; }')).toBe(
      'function f() { let __tn1, __tn2; __tn1 = g(), __tn2 = (h()), __tn1[__tn2] = __tn.mul(__tn1[__tn2], 2); }',
    );
    // Nowhere to declare a temporary: stays (a symbolic value there throws with an explanation).
    expect(rewrite('const f = () => g()[h()] *= 2;')).toBe('const f = () => g()[h()] *= 2;');
  });

  it.each([
    ['a %= b++\n(c)', 'a = __tn.mod(a, b++);\n(c)'],
    ['let x = a + b++ // so far\n[c] = d', 'let x = __tn.add(a , b++); // so far\n[c] = d'],
    ['a += () => {}\n`text`', 'a = __tn.add(a, () => {});\n`text`'],
    ['for (let x = 1; (x); ) (c)', 'for (let x = 1; (x); ) (c)'],
    ['a += b++;\n(c)', 'a = __tn.add(a, b++);\n(c)'],
  ])('ends %j where the source does', (source, wanted) => {
    expect(rewrite(source)).toBe(wanted);
  });

  it('makes a switch on numbers compare', () => {
    expect(rewrite('function f(n: number) { switch (n) { case 1: return a; default: return b; } }')).toBe(
      'function f(n: number) { let __tn1; switch (__tn1 = (n), true) { case __tn.strictEq(__tn1, (1)): return a; default: return b; } }',
    );
  });

  it('leaves what a pragma says', () => {
    expect(rewrite('// tn-ignore: hot loop\na + b;\nc + d;')).toBe('// tn-ignore: hot loop\na + b;\n__tn.add(c , d);');
    const stamped = rewrite('class A {\n  // tn-ignore\n  m() { return a + b; }\n  n() { return a + b; }\n}');
    expect(stamped.replace(/"[0-9a-f]{64}"/, 'hash')).toBe(
      'class A { static { __tn.stamp(this, __tnFile, hash); }\n  // tn-ignore\n  m() { return a + b; }\n  n() { return __tn.add(a , b); }\n}',
    );
  });

  it('reads tsx, legacy parameter decorators and JavaScript', () => {
    expect(rewrite('const e = <A b={x + 1}>{y && z}</A>;', '/project/app.tsx')).toBe(
      'const e = <A b={__tn.add(x , 1)}>{__tn.cond(y) && z}</A>;',
    );
    expect(rewrite('class A { constructor(@inject() private x = a + b) {} }')).toContain('private x = __tn.add(a , b)');
    expect(
      transform("import { nn } from 'torchnative';\nexport const a = x < y > (z);", '/project/app.js')?.code,
    ).toContain('a = __tn.gt(__tn.lt(x , y) , (z))');
  });
});
