/** @file Cases of meaning: what top-level code changes. */

import { edited, inG, type MeaningCase } from './cases.ts';

export const loadingCases: readonly MeaningCase[] = [
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
  edited(
    'a class patched by a method of another, through a field',
    're-capture',
    inG(
      'class A { m(x) { return x; } }\nclass I { #c = A; run() { this.#c.prototype.m = (x) => x.neg(); } }\nnew I().run();\nexport const g = (x: Tensor) => new A().m(x);',
    ),
    ['g.ts', 'neg', 'exp'],
  ),
  edited(
    'a class patched through a field that is inherited',
    're-capture',
    {
      ...inG("import './i.ts';\nimport { A } from './a.ts';\nexport const g = (x: Tensor) => new A().m(x);"),
      'a.ts': 'export class A { m(x) { return x; } }\nexport class B { c = A; }',
      'i.ts':
        "import { B } from './a.ts';\nclass I extends B { run() { this.c.prototype.m = (x) => x.neg(); } }\nnew I().run();",
    },
    ['i.ts', 'neg', 'exp'],
  ),
  edited(
    'a registry filled by a call of another part',
    're-capture',
    {
      'app.ts':
        "const all: any[] = [];\nexport const f = compileCache('f', (x: Tensor) => all[0](x));\nconst h = compileCache('h', (x: Tensor) => { all.push((y) => y.neg()); return x; });\nh(tensor([1]));",
    },
    ['app.ts', 'neg', 'exp'],
  ),
  edited(
    'a class of a package patched',
    're-capture',
    inG(
      "import { Layer } from 'dep';\nLayer.prototype.forward = (x) => x.neg();\nexport const g = (x: Tensor) => new Layer().forward(x);",
    ),
    ['g.ts', 'neg', 'exp'],
  ),
  edited(
    'a function of a file that is handed on whole',
    're-capture',
    {
      ...inG("import './i.ts';\nimport { all } from './all.ts';\nexport const g = (x: Tensor) => all[0](x);"),
      'all.ts': 'export const all: any[] = [];',
      'add.ts': "import { all } from './all.ts';\nexport const add = () => all.push((x) => x.neg());",
      'index.ts': "export * from './add.ts';",
      'i.ts': "import * as lib from './index.ts';\nfor (const name of ['add']) lib[name]();",
    },
    ['add.ts', 'neg', 'exp'],
  ),
  edited(
    'a getter that patches',
    're-capture',
    inG(
      'const ops: any = {};\nconst setup = { get done() { ops.h = (x) => x.neg(); return 1; } };\nsetup.done;\nexport const g = (x: Tensor) => ops.h(x);',
    ),
    ['g.ts', 'neg', 'exp'],
  ),
  edited(
    'a model that is made, moved and printed',
    'hit',
    {
      'app.ts':
        "const sizes = { width: 4 };\nclass M extends nn.Module { lin = new nn.Linear(sizes.width, 4); list: any[] = []; constructor() { super(); this.list.push(1); this.lin.eval(); }\n @compileCache('f') forward(x: Tensor) { return this.lin.forward(x); } }\nconst m = new M();\nm.eval();\nconst y = m.forward(tensor([1, 2]));\nconsole.log(y.shape, [...y.tolist()]);",
    },
    ['app.ts', '[1, 2]', '[1, 2, 3]'],
  ),
];
