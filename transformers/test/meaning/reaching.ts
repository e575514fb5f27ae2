/** @file Cases of meaning: what a part reaches in its files. */

import { edited, inG, type MeaningCase } from './cases.ts';

export const reachingCases: readonly MeaningCase[] = [
  edited(
    'a helper of a helper',
    're-capture',
    {
      ...inG("import { h } from './h.ts';\nexport const g = (x: Tensor) => h(x);"),
      'h.ts': 'export const h = (x) => x;',
    },
    ['h.ts', '=> x', '=> -x'],
  ),
  edited('a constant', 're-capture', inG('const k = 2;\nexport const g = (x: Tensor) => x.mul(k);'), [
    'g.ts',
    '2',
    '3',
  ]),
  edited(
    'an unused function',
    'hit',
    inG('export const g = (x: Tensor) => x;\nexport function unused() { return 1; }'),
    ['g.ts', '1', '2'],
  ),
  edited(
    'an unused function that uses what is reached',
    'hit',
    inG('export const g = (x: Tensor) => x;\nexport function unused(y) { return g(y); }'),
    ['g.ts', 'g(y)', 'g(g(y))'],
  ),
  edited(
    'an unused file',
    'hit',
    { ...inG("import './h.ts'; export const g = (x: Tensor) => x;"), 'h.ts': 'export const h = 1;' },
    ['h.ts', '1', '2'],
  ),
  edited(
    'an unused constant with a name that is a parameter',
    'hit',
    inG('const x = 1;\nexport const g = (x: Tensor) => x; export const u = () => x;'),
    ['g.ts', '= 1', '= 2'],
  ),
  edited(
    'an unused constant with a name that is a member',
    'hit',
    inG('const add = 1;\nexport const g = (x: Tensor) => x.add(x); export const u = () => add;'),
    ['g.ts', '= 1', '= 2'],
  ),
  edited(
    'a constant used by a default of a parameter',
    're-capture',
    inG('const k = 1;\nexport const g = (x: Tensor, y = k) => x.add(y);'),
    ['g.ts', '= 1', '= 2'],
  ),
  edited(
    'a constant used by shorthand',
    're-capture',
    inG('const k = 1;\nexport const g = (x: Tensor) => x.add({ k });'),
    ['g.ts', '= 1', '= 2'],
  ),
  edited(
    'a constant taken apart',
    're-capture',
    inG('const { a: [k] } = { a: [1] };\nexport const g = (x: Tensor) => x.add(k);'),
    ['g.ts', '[1]', '[2]'],
  ),
  edited(
    'an enum',
    're-capture',
    inG('const one = 1; enum E { A = one, B }\nexport const g = (x: Tensor) => x.add(E.B);'),
    ['g.ts', 'one = 1', 'one = 2'],
  ),
  edited(
    'a const enum',
    're-capture',
    inG('export const enum E { A, B }\nexport const g = (x: Tensor) => x.add(E.B);'),
    ['g.ts', 'A, B', 'B, A'],
  ),
  edited(
    'a namespace',
    're-capture',
    inG('namespace N { export const k = 1; }\nexport const g = (x: Tensor) => x.add(N.k);'),
    ['g.ts', '1', '2'],
  ),
  edited(
    'a class, any method',
    're-capture',
    inG('class A { m(x) { return x; } other() { return 1; } }\nexport const g = (x: Tensor) => new A().m(x);'),
    ['g.ts', '1', '2'],
  ),
  edited(
    'a base class',
    're-capture',
    {
      ...inG("import { B } from './b.ts';\nclass A extends B {}\nexport const g = (x: Tensor) => new A().m(x);"),
      'b.ts': 'export class B { m(x) { return x; } }',
    },
    ['b.ts', 'return x', 'return -x'],
  ),
  edited(
    'what a static block uses',
    're-capture',
    inG('const k = 1; class A { static v; static { this.v = k; } }\nexport const g = (x: Tensor) => x.add(A.v);'),
    ['g.ts', '= 1', '= 2'],
  ),
  edited(
    'what a decorator does',
    're-capture',
    inG('const d = (c) => c; @d class A { m(x) { return x; } }\nexport const g = (x: Tensor) => new A().m(x);'),
    ['g.ts', '=> c;', '=> class extends c {};'],
  ),
  edited(
    'types that a foreign decorator may read',
    're-capture',
    inG(
      'const d = (...a) => {}; class A { @d m(x: number) { return x; } }\nexport const g = (x: Tensor) => new A().m(x);',
    ),
    ['g.ts', 'x: number', 'x: string'],
  ),
];
