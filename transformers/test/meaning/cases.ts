/** @file Small programs with an edit, and whether the meaning of their part `f` is still the same. */

export interface MeaningCase {
  readonly name: string;
  /** `app.ts` is prepended with the import of the package. */
  readonly files: Readonly<Record<string, string>>;
  /** New contents; null removes a file. */
  readonly edit: Readonly<Record<string, string | null>>;
  readonly verdict: 'hit' | 're-capture';
}

const part = "export const f = compileCache('f', (x: Tensor) => g(x));\n";
const importG = "import { g } from './g.ts';\n";

/** A case whose files are edited by replacing one text. */
function edited(
  name: string,
  verdict: MeaningCase['verdict'],
  files: Readonly<Record<string, string>>,
  ...edits: readonly [file: string, before: string, after: string][]
): MeaningCase {
  const edit: Record<string, string> = {};
  for (const [file, before, after] of edits) {
    const text = edit[file] ?? files[file] ?? '';
    if (!text.includes(before)) throw new Error(`${name}: ${file} has no ${before}`);
    edit[file] = text.replace(before, after);
  }
  return { name, files, edit, verdict };
}

const inG = (g: string): Record<string, string> => ({ 'app.ts': importG + part, 'g.ts': g });

export const meaningCases: readonly MeaningCase[] = [
  // How it is written.
  edited('a comment', 'hit', inG('export const g = (x: Tensor) => x.add(1);'), ['g.ts', 'x.add', '/* why */ x.add']),
  edited(
    'layout, quotes, parentheses, semicolons',
    'hit',
    inG("export const g = (x: Tensor) => x.add(k['a']);\nconst k = { 'a': 1, b: 2 }"),
    ['g.ts', "x.add(k['a']);\nconst k = { 'a': 1, b: 2 }", '(\n  x.add((k["a"]),)\n);;const k = { a: 1, "b": 0x2, };'],
  ),
  edited('a type annotation', 'hit', inG('export const g = (x: Tensor) => x.add(1);'), [
    'g.ts',
    '(x: Tensor)',
    '(x: Tensor<2>): Tensor',
  ]),
  edited('a cast', 'hit', inG('export const g = (x: Tensor) => x.add(1);'), [
    'g.ts',
    'x.add(1)',
    '(x.add(1) as Tensor)!',
  ]),
  edited('an interface', 'hit', inG('interface O { a: number }\nexport const g = (x: Tensor, o?: O) => x.add(1);'), [
    'g.ts',
    'a: number',
    'a: number; b?: string',
  ]),
  edited(
    'an imported type',
    'hit',
    {
      ...inG("import type { O } from './o.ts';\nexport const g = (x: Tensor, o?: O) => x.add(1);"),
      'o.ts': 'export type O = 1;',
    },
    ['o.ts', '1', '2'],
  ),
  edited(
    'a type beside values, imported without `type`',
    'hit',
    {
      ...inG("import { O } from './o.ts';\nexport const g = (x: Tensor, o?: O) => x.add(1);"),
      'o.ts': 'export type O = 1; export const k = 1;',
    },
    ['o.ts', 'k = 1', 'k = 2'],
  ),
  edited(
    'an overload signature',
    'hit',
    inG('export function g(x: Tensor): Tensor;\nexport function g(x: Tensor) { return x; }'),
    ['g.ts', 'g(x: Tensor): Tensor;', 'g(x: any): Tensor;'],
  ),
  edited('the place in the file', 'hit', inG('export const g = (x: Tensor) => h(x);\nfunction h(x) { return x; }'), [
    'g.ts',
    'export const g = (x: Tensor) => h(x);\nfunction h(x) { return x; }',
    'function h(x) { return x; }\nexport const g = (x: Tensor) => h(x);',
  ]),
  {
    name: 'a helper moves to another folder',
    files: inG('export const g = (x: Tensor) => x.add(1);'),
    edit: {
      'g.ts': null,
      'lib/deep/g2.ts': 'export const g = (x: Tensor) => x.add(1);',
      'app.ts': "import { g } from './lib/deep/g2.ts';\n" + part,
    },
    verdict: 'hit',
  },
  {
    name: 'a helper moves behind a re-export',
    files: inG('export const g = (x: Tensor) => x.add(1);'),
    edit: { 'h.ts': 'export const g = (x: Tensor) => x.add(1);', 'g.ts': "export * from './h.ts';" },
    verdict: 'hit',
  },
  edited('a local name', 're-capture', inG('export const g = (x: Tensor) => { const a = x; return a; };'), [
    'g.ts',
    'const a = x; return a',
    'const b = x; return b',
  ]),
  edited('an operator', 're-capture', inG('export const g = (x: Tensor) => x + 1;'), ['g.ts', '+', '-']),
  edited('a literal', 're-capture', inG('export const g = (x: Tensor) => x.add(1);'), ['g.ts', '1', '2']),
  edited('an optional chain', 're-capture', inG('export const g = (x: Tensor) => x.a.b;'), ['g.ts', 'a.b', 'a?.b']),
  edited('tn-ignore', 're-capture', inG('export const g = (x: Tensor) => {\n\n return x + 1; };'), [
    'g.ts',
    '{\n\n',
    '{\n // tn-ignore\n',
  ]),
  edited(
    'tn-ignore before something else',
    'hit',
    inG('export const g = (x: Tensor) => x + 1;\n\nexport const other = 1;'),
    ['g.ts', '\n\n', '\n// tn-ignore\n'],
  ),
  edited('tn-ignore-file', 're-capture', inG('\nexport const g = (x: Tensor) => x + 1;'), [
    'g.ts',
    '\n',
    '/* tn-ignore-file */\n',
  ]),

  // What is reached.
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

  // What is changed at the top level.
  edited(
    'printing what the part gives',
    'hit',
    {
      'app.ts':
        "export const f = compileCache('f', (x: Tensor) => x.add(k));\nconst k = 1;\nconsole.log(f(tensor([1, 2])));",
    },
    ['app.ts', '[1, 2]', '[1, 2, 3]'],
  ),
  edited(
    'keeping what the part gives',
    'hit',
    {
      'app.ts':
        "export const f = compileCache('f', (x: Tensor) => x.add(k));\nconst k = 1;\nconst all = []; for (let i = 0; i < 3; i++) all.push(f(tensor([i])).sum());",
    },
    ['app.ts', 'i < 3', 'i < 4'],
  ),
  edited(
    'calling a method of a model',
    'hit',
    {
      'app.ts':
        "class M { w = k; @compileCache('f') forward(x: Tensor) { return x.add(this.w); } }\nconst k = 1;\nconst m = new M();\nconsole.log(m.forward(tensor([1])));",
    },
    ['app.ts', '[1]', '[2]'],
  ),
  edited(
    'Object.assign',
    're-capture',
    {
      ...inG("import { config } from './config.ts';\nexport const g = (x: Tensor) => config.act(x);"),
      'config.ts': 'export const config: any = {};\nObject.assign(config, { act: (x) => x });',
    },
    ['config.ts', '=> x', '=> -x'],
  ),
  edited(
    'Object.assign of something else',
    'hit',
    {
      ...inG("import { config } from './config.ts';\nexport const g = (x: Tensor) => config.act(x);"),
      'config.ts': 'export const config: any = {}; const other = {};\nObject.assign(other, { act: (x) => x });',
    },
    ['config.ts', '=> x', '=> -x'],
  ),
  edited(
    'a patch of a prototype in a file loaded for it',
    're-capture',
    {
      ...inG("import './patch.ts';\nimport { A } from './a.ts';\nexport const g = (x: Tensor) => new A().m(x);"),
      'a.ts': 'export class A { m(x) { return x; } }',
      'patch.ts': "import { A } from './a.ts';\nA.prototype.m = (x) => x.neg();",
    },
    ['patch.ts', 'neg', 'exp'],
  ),
  edited(
    'a patch of another class',
    'hit',
    {
      ...inG("import './patch.ts';\nimport { A } from './a.ts';\nexport const g = (x: Tensor) => new A().m(x);"),
      'a.ts': 'export class A { m(x) { return x; } } export class B {}',
      'patch.ts': "import { B } from './a.ts';\nB.prototype.m = (x) => x.neg();",
    },
    ['patch.ts', 'neg', 'exp'],
  ),
  edited(
    'a patch by a function',
    're-capture',
    {
      ...inG("import { A } from './a.ts';\nexport const g = (x: Tensor) => new A().m(x);"),
      'a.ts': "import { mix } from './mix.ts';\nexport class A { m(x) { return x; } }\nmix(A);",
      'mix.ts': 'export function mix(c) { c.prototype.m = (x) => x.neg(); }',
    },
    ['mix.ts', 'neg', 'exp'],
  ),
  edited(
    'a registry',
    're-capture',
    {
      ...inG(
        "import { all } from './all.ts';\nimport './one.ts';\nexport const g = (x: Tensor) => all.reduce((y, h) => h(y), x);",
      ),
      'all.ts': 'export const all: any[] = [];',
      'one.ts': "import { all } from './all.ts';\nall.push((x) => x.neg());",
    },
    ['one.ts', 'neg', 'exp'],
  ),
  edited(
    'a registry behind a function',
    're-capture',
    {
      ...inG(
        "import { all } from './all.ts';\nimport './one.ts';\nexport const g = (x: Tensor) => all.reduce((y, h) => h(y), x);",
      ),
      'all.ts': 'export const all: any[] = [];\nexport function add(h) { all.push(h); }',
      'one.ts': "import { add } from './all.ts';\nadd((x) => x.neg());",
    },
    ['one.ts', 'neg', 'exp'],
  ),
  edited(
    'a registry behind an object with methods',
    're-capture',
    {
      ...inG(
        "import { all } from './all.ts';\nimport './one.ts';\nexport const g = (x: Tensor) => all.reduce((y, h) => h(y), x);",
      ),
      'all.ts': 'export const all: any[] = [];\nexport const api = { add(h) { const list = all; list.push(h); } };',
      'one.ts': "import { api } from './all.ts';\napi.add((x) => x.neg());",
    },
    ['one.ts', 'neg', 'exp'],
  ),
  edited(
    'a registry behind another name',
    're-capture',
    {
      ...inG(
        "import { all } from './all.ts';\nimport './one.ts';\nexport const g = (x: Tensor) => all.reduce((y, h) => h(y), x);",
      ),
      'all.ts': 'export const all: any[] = [];\nexport const same = { list: all };\nexport const get = () => same;',
      'one.ts': "import { get } from './all.ts';\nget().list.push((x) => x.neg());",
    },
    ['one.ts', 'neg', 'exp'],
  ),
  edited(
    'the order of two patches',
    're-capture',
    {
      ...inG(
        "import './p.ts';\nimport './q.ts';\nimport { ops } from './ops.ts';\nexport const g = (x: Tensor) => ops.h(x);",
      ),
      'ops.ts': 'export const ops: any = {};',
      'p.ts': "import { ops } from './ops.ts';\nops.h = (x) => x.neg();",
      'q.ts': "import { ops } from './ops.ts';\nops.h = (x) => x.exp();",
    },
    ['g.ts', "import './p.ts';\nimport './q.ts';", "import './q.ts';\nimport './p.ts';"],
  ),
  edited(
    'the order of imports that change nothing',
    'hit',
    {
      ...inG("import { a } from './p.ts';\nimport { b } from './q.ts';\nexport const g = (x: Tensor) => a(b(x));"),
      'p.ts': 'export const a = (x) => x.neg();',
      'q.ts': 'export const b = (x) => x.exp();',
    },
    [
      'g.ts',
      "import { a } from './p.ts';\nimport { b } from './q.ts';",
      "import { b } from './q.ts';\nimport { a } from './p.ts';",
    ],
  ),
  edited(
    'a variable set again',
    're-capture',
    inG('let impl = (x) => x.neg();\nimpl = (x) => x.exp();\nexport const g = (x: Tensor) => impl(x);'),
    ['g.ts', '.exp(', '.sin('],
  ),
  edited(
    'a variable set by a function that others may call',
    're-capture',
    inG(
      'let impl = (x) => x.neg();\nexport function set(h) { impl = (x) => h(x.exp()); }\nexport const g = (x: Tensor) => impl(x);',
    ),
    ['g.ts', '.exp(', '.sin('],
  ),
  edited(
    'a class patched in a block',
    're-capture',
    inG(
      'class A { m(x) { return x; } }\nif (true) { const c = A; for (const n of ["m"]) c.prototype[n] = (x) => x.neg(); }\nexport const g = (x: Tensor) => new A().m(x);',
    ),
    ['g.ts', 'neg', 'exp'],
  ),
  edited(
    'a member deleted',
    're-capture',
    inG('const ops: any = { a: 1, b: 2 };\ndelete ops.a;\nexport const g = (x: Tensor) => x.add(ops.a ?? ops.b);'),
    ['g.ts', 'delete ops.a', 'delete ops.b'],
  ),
  edited(
    'a global',
    're-capture',
    {
      ...inG("import './h.ts';\nexport const g = (x: Tensor) => hidden(x);"),
      'h.ts': '(globalThis as any).hidden = (x) => x.neg();',
    },
    ['h.ts', 'neg', 'exp'],
  ),
  edited(
    'a built-in prototype',
    're-capture',
    {
      ...inG("import './h.ts';\nexport const g = (x: Tensor) => [x].twice();"),
      'h.ts': 'Object.defineProperty(Array.prototype, "twice", { value() { return this[0].neg(); } });',
    },
    ['h.ts', 'neg', 'exp'],
  ),
  edited(
    'eval at the top level',
    're-capture',
    { ...inG("import './h.ts';\nexport const g = (x: Tensor) => x;"), 'h.ts': "eval('1');" },
    ['h.ts', '1', '2'],
  ),
  edited(
    'a counter',
    'hit',
    inG(
      'let count = 0;\nexport const g = (x: Tensor) => x.add(count);\nexport const other = (y) => { count++; return y + 1; };',
    ),
    ['g.ts', 'y + 1', 'y + 2'],
  ),
  edited(
    'the order of calls that make values',
    're-capture',
    inG(
      'const list = [(x) => x.neg(), (x) => x.exp()];\nconst a = list.pop();\nconst b = list.pop();\nexport const g = (x: Tensor) => a(x).add(b(x.exp()));',
    ),
    ['g.ts', 'const a = list.pop();\nconst b = list.pop();', 'const b = list.pop();\nconst a = list.pop();'],
  ),
  edited(
    'a constant handed to a function',
    'hit',
    {
      'app.ts':
        "const k = 3;\nexport const f = compileCache('f', (x: Tensor) => x.add(k));\nfor (const a of [1]) helper(k, a);\nfunction helper(a, b) { return a + b; }",
    },
    ['app.ts', 'a + b', 'a - b'],
  ),
  edited(
    'circular imports',
    're-capture',
    {
      ...inG("import { h } from './h.ts';\nexport const g = (x: Tensor) => h(x, 3);"),
      'h.ts': "import { g } from './g.ts';\nexport const h = (x, n) => (n > 0 ? g(x) : x);",
    },
    ['h.ts', 'n > 0', 'n > 1'],
  ),
];
