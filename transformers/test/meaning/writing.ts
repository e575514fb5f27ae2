/** @file Cases of meaning: how it is written. */

import { edited, inG, type MeaningCase, part } from './cases.ts';

export const writingCases: readonly MeaningCase[] = [
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
];
