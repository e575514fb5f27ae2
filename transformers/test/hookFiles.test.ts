/** @file The register hook and files of every extension, circular imports, and what is no module: transformed, passed on or refused. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildRegister, createProject, type Project } from './project.ts';

/** A part and a use of `Math`: both show that the file was transformed. */
const part = (name: string): string =>
  `export const ${name} = compileCache('${name}', (x) => x * 2);
export const params = record.parts.at(-1).metadata?.params[0].name;\n`;
const head = "import { compileCache, record } from 'torchnative';\n";

let project: Project;
let built = '';
beforeAll(async () => {
  project = createProject({
    'module.mts': `${head}const n: number = 3;\n${part('a').replace('(x)', '(x: number)')}console.log(a(n), params);\n`,
    'plain.js': `${head}${part('b')}console.log(b(4), params);\n`,
    'plain.mjs': `${head}${part('c')}console.log(c(5), params);\n`,
    'view.tsx': `${head}const h = (tag: string, _: null, child: string): string => tag + child;\n${part('d').replace('(x)', '<T extends number,>(x: T)')}console.log(d(6), params, <p>text</p>);\n`,
    'view.jsx': `${head}const h = (tag, _, child) => tag + child;\n${part('e')}console.log(e(7), params, <p>text</p>);\n`,
    'tsconfig.json': '{ "compilerOptions": { "jsx": "react", "jsxFactory": "h" } }',
    'common.cjs': "console.log(typeof require, typeof module.exports, 'torchnative');\n",
    'common.cts': "console.log(typeof require, typeof module.exports, 'torchnative');\n",
    'typed.cts': "const n: number = 1;\nconsole.log(typeof module.exports, n, 'torchnative');\n",
    'circle/a.ts': `${head}import { fromB } from './b.ts';\nexport const fromA = (x: number): number => x + 1;\n${part('f').replace('(x) => x * 2', '(x: number) => fromB(x) * 2')}console.log(f(1), params);\n`,
    'circle/b.ts': `${head}import { fromA } from './a.ts';\nexport const fromB = (x: number): number => fromA(x) * 10;\nvoid [compileCache, record];\n`,
    'generated.js': `${head}${part('g')}console.log(g(8), params);\n//# sourceMappingURL=generated.js.map\n`,
    'broken.js': `${head}export const x = = 1;\n`,
    'broken.mts': `${head}class A { @ }\n`,
    'broken.jsx': `${head}export const x = <p>;\n`,
  });
  built = await buildRegister(project);
});
afterAll(() => project.remove());

const orders: [string, () => string[]][] = [
  ['alone', () => ['--import', built]],
  ['after tsx', () => ['--import', 'tsx', '--import', built]],
  ['before tsx', () => ['--import', built, '--import', 'tsx']],
];

describe.each(orders)('register %s', (_, imports) => {
  it.each([
    ['module.mts', '6 x\n'],
    ['plain.js', '8 x\n'],
    ['plain.mjs', '10 x\n'],
    ['view.tsx', '12 x ptext\n'],
    ['view.jsx', '14 x ptext\n'],
    ['circle/a.ts', '40 x\n'],
    ['generated.js', '16 x\n'],
    ['common.cjs', 'function object torchnative\n'],
  ])('%s runs', (file, printed) => {
    const { stdout, stderr } = project.node(...imports(), file);
    expect([stdout, stderr]).toEqual([printed, '']);
  });

  it.each([
    ['broken.js', 'broken.js:2'],
    // (tsx calls an .mts file .ts.)
    ['broken.mts', /broken\.m?ts:2/],
    ['broken.jsx', 'broken.jsx:'],
  ])('%s is refused at its place', (file, place) => {
    const { stderr, status } = project.node(...imports(), file);
    expect(status).toBe(1);
    expect(stderr).toMatch(place);
  });
});

describe('CommonJS in TypeScript', () => {
  it.each(orders.slice(1))('is left to tsx, %s', (_, imports) => {
    for (const [file, printed] of [
      ['common.cts', 'function object torchnative\n'],
      ['typed.cts', 'object 1 torchnative\n'],
    ]) {
      const { stdout, stderr } = project.node(...imports(), file);
      expect([stdout, stderr]).toEqual([printed, '']);
    }
  });

  it('is refused by Node itself without tsx', () => {
    const { stderr, status } = project.node('--import', built, 'typed.cts');
    expect(status).toBe(1);
    expect(stderr).toContain('typed.cts');
  });
});
