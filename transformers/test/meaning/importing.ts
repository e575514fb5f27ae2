/** @file Cases of meaning: what a part reaches through imports. */

import { edited, inG, type MeaningCase, part } from './cases.ts';

export const importingCases: readonly MeaningCase[] = [
  edited(
    'default export',
    're-capture',
    { ...inG("import h from './h.ts';\nexport const g = (x: Tensor) => h(x);"), 'h.ts': 'export default (x) => x;' },
    ['h.ts', '=> x', '=> -x'],
  ),
  edited(
    'beside a default export',
    'hit',
    {
      ...inG("import h from './h.ts';\nexport const g = (x: Tensor) => h(x);"),
      'h.ts': 'export default (x) => x; export const u = 1;',
    },
    ['h.ts', '1', '2'],
  ),
  edited(
    'through renaming re-exports',
    're-capture',
    {
      ...inG("import { a } from './i.ts';\nexport const g = (x: Tensor) => a(x);"),
      'i.ts': "export { b as a } from './h.ts';",
      'h.ts': 'export const b = (x) => x, c = (x) => -x;',
    },
    ['i.ts', 'b as a', 'c as a'],
  ),
  edited(
    'beside renaming re-exports',
    'hit',
    {
      ...inG("import { a } from './i.ts';\nexport const g = (x: Tensor) => a(x);"),
      'i.ts': "export { b as a } from './h.ts';",
      'h.ts': 'export const b = (x) => x, c = (x) => -x;',
    },
    ['h.ts', '=> -x', '=> x + x'],
  ),
  edited(
    'through export *',
    're-capture',
    {
      ...inG("import { b } from './i.ts';\nexport const g = (x: Tensor) => b(x);"),
      'i.ts': "export * from './h.ts';",
      'h.ts': 'export const b = (x) => x;',
    },
    ['h.ts', '=> x', '=> -x'],
  ),
  edited(
    'two names swapped',
    're-capture',
    {
      ...inG("import { a, b } from './h.ts';\nexport const g = (x: Tensor) => a(b(x));"),
      'h.ts': 'export const a = (x) => x.neg();\nexport const b = (x) => x.exp();',
    },
    ['g.ts', '{ a, b }', '{ a as b, b as a }'],
  ),
  edited(
    'a member of a namespace import',
    're-capture',
    {
      ...inG("import * as h from './h.ts';\nexport const g = (x: Tensor) => h.a(x);"),
      'h.ts': 'export const a = (x) => x;\nexport const b = 1;',
    },
    ['h.ts', '=> x', '=> -x'],
  ),
  edited(
    'another member of a namespace import',
    'hit',
    {
      ...inG("import * as h from './h.ts';\nexport const g = (x: Tensor) => h.a(x);"),
      'h.ts': 'export const a = (x) => x;\nexport const b = 1;',
    },
    ['h.ts', '1', '2'],
  ),
  edited(
    'a computed member of a namespace import',
    're-capture',
    {
      ...inG("import * as h from './h.ts';\nconst n = 'a';\nexport const g = (x: Tensor) => h[n](x);"),
      'h.ts': 'export const a = (x) => x;\nexport const b = 1;',
    },
    ['h.ts', '1', '2'],
  ),
  edited(
    'a namespace import as a value',
    're-capture',
    {
      ...inG("import * as h from './h.ts';\nexport const g = (x: Tensor) => use(h, x);\nconst use = (a, x) => x;"),
      'h.ts': 'export const b = 1;',
    },
    ['h.ts', '1', '2'],
  ),
  edited(
    'a namespace re-exported',
    're-capture',
    {
      ...inG("import { h } from './i.ts';\nexport const g = (x: Tensor) => x.add(h.b);"),
      'i.ts': "export * as h from './h.ts';",
      'h.ts': 'export const b = 1;',
    },
    ['h.ts', '1', '2'],
  ),
  edited(
    'a dynamic import',
    're-capture',
    {
      ...inG("export const g = async (x: Tensor) => (await import('./h.ts')).a(x);"),
      'h.ts': 'export const a = (x) => x;\nexport const b = 1;',
    },
    ['h.ts', '1', '2'],
  ),
  edited(
    'JSON',
    're-capture',
    {
      ...inG("import o from './o.json' with { type: 'json' };\nexport const g = (x: Tensor) => x.add(o.a);"),
      'o.json': '{ "a": 1 }',
    },
    ['o.json', '1', '2'],
  ),
  edited(
    'JSON of something else',
    'hit',
    {
      ...inG("import o from './o.json' with { type: 'json' };\nexport const g = (x: Tensor) => x; export const u = o;"),
      'o.json': '{ "a": 1 }',
    },
    ['o.json', '1', '2'],
  ),
  edited('eval', 're-capture', inG("const k = 1;\nexport const g = (x: Tensor) => eval('k');"), ['g.ts', '= 1', '= 2']),
  edited(
    'CommonJS',
    're-capture',
    {
      ...inG("import { a } from './h.cjs';\nexport const g = (x: Tensor) => a(x);"),
      'h.cjs': 'const k = 1; exports.a = (x) => k;',
    },
    ['h.cjs', '1', '2'],
  ),
  edited(
    'a package',
    're-capture',
    {
      ...inG("import { a } from 'dep';\nexport const g = (x: Tensor) => a(x);"),
      'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0" }',
    },
    ['node_modules/dep/package.json', '1.0.0', '1.0.1'],
  ),
  edited(
    'a package of an unreached file',
    'hit',
    {
      ...inG("import { h } from './h.ts';\nexport const g = (x: Tensor) => x; export const u = h;"),
      'h.ts': "import { a } from 'dep'; export const h = a;",
      'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0" }',
    },
    ['node_modules/dep/package.json', '1.0.0', '1.0.1'],
  ),
  edited(
    'a package that an unreached file loads for its effects',
    're-capture',
    {
      ...inG("import { h } from './h.ts';\nexport const g = (x: Tensor) => x; export const u = h;"),
      'h.ts': "import 'dep'; export const h = 1;",
      'node_modules/dep/package.json': '{ "name": "dep", "version": "1.0.0" }',
    },
    ['node_modules/dep/package.json', '1.0.0', '1.0.1'],
  ),
  edited(
    'an alias of tsconfig',
    're-capture',
    {
      'app.ts': "import { g } from '@lib/g';\n" + part,
      'src/g.ts': 'export const g = (x) => x;',
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["./src/*"] } } }',
    },
    ['src/g.ts', '=> x', '=> -x'],
  ),
  edited(
    'baseUrl of a tsconfig that is extended',
    're-capture',
    {
      'app.ts': "import { g } from 'lib/g';\n" + part,
      'src/lib/g.ts': 'export const g = (x) => x;',
      'tsconfig.json': '{ "extends": "./base.json" }',
      'base.json': '{ "compilerOptions": { "baseUrl": "./src" } } // more',
    },
    ['src/lib/g.ts', '=> x', '=> -x'],
  ),
  edited(
    'the function of the part itself',
    're-capture',
    { 'app.ts': "export const f = compileCache('f', (x: Tensor) => x.add(1));" },
    ['app.ts', '1', '2'],
  ),
  edited(
    'the matchers of the part',
    're-capture',
    {
      'app.ts':
        "const m = { x: { 0: Dim('n') } };\nexport const f = compileCache('f', { inputMatchers: m }, (x: Tensor) => x);",
    },
    ['app.ts', "'n'", "'m'"],
  ),
  edited(
    'a part beside it',
    'hit',
    {
      'app.ts':
        "export const f = compileCache('f', (x: Tensor) => x.add(1));\nexport const h = compileCache('h', (x: Tensor) => x.add(3));",
    },
    ['app.ts', '3', '4'],
  ),
  edited(
    'a method beside it',
    're-capture',
    {
      'app.ts':
        "class A { @compileCache('f') forward(x: Tensor) { return this.other(x); }\n other(x: Tensor) { return x.add(1); } }",
    },
    ['app.ts', '1', '2'],
  ),
  edited(
    'a private name',
    're-capture',
    { 'app.ts': "class A { #k = 1; @compileCache('f') forward(x: Tensor) { return x.add(this.#k); } }" },
    ['app.ts', '= 1', '= 2'],
  ),
];
