/** @file The files that a program imports: what is watched, and what its key is made of. */

import { utimesSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownRoot, ownVersion } from '../ownPackage.ts';
import { sourceClosure } from '../sourceClosure.ts';
import { createProject, type Project } from './project.ts';

const app =
  "import { compileCache } from 'torchnative';\nimport { half } from './lib/half.js';\nimport dep from 'dep/sub';\nexport const f = compileCache('f', (x: number) => half(x));\n";
const half =
  "import type { T } from '../types';\nimport { f } from '../app.ts';\nexport const half = (x: T): number => x / 2; void f;\n";

let project: Project;
let ticks = 0;

/** Writes a file with a time of its own, so that a change is seen within one clock tick. */
function write(name: string, content: string): void {
  const path = project.write(name, content);
  utimesSync(path, new Date(), new Date(1_700_000_000_000 + 1000 * ++ticks));
}

const key = (): string => sourceClosure(project.path('app.ts')).key;

beforeEach(() => {
  project = createProject({});
  write('app.ts', app);
  write('lib/half.ts', half);
  write('types.ts', 'export type T = number;\n');
  write('node_modules/dep/package.json', '{ "name": "dep", "version": "1.2.3", "main": "index.js" }');
});
afterEach(() => project.remove());

describe('sourceClosure', () => {
  it('lists project files by relative path, and packages by version', () => {
    const { files, packages, paths } = sourceClosure(project.path('app.ts'));
    expect(files.map(([path]) => path)).toEqual(['app.ts', 'lib/half.ts', 'types.ts']);
    expect(packages).toEqual([
      ['dep', '1.2.3'],
      ['torchnative', ownVersion],
    ]);
    expect([...paths].sort()).toEqual(['app.ts', 'lib/half.ts', 'types.ts'].map(project.path));
  });

  it('ignores comments and layout', () => {
    const before = key();
    write('lib/half.ts', `// Half of it.\n${half.replaceAll(' = ', '=').replaceAll("'", '"')}/* end */\n`);
    expect(key()).toBe(before);
  });

  it('is the same in another folder', () => {
    const other = createProject({ 'app.ts': app, 'lib/half.ts': half, 'types.ts': 'export type T = number;\n' });
    other.write('node_modules/dep/package.json', '{ "version": "1.2.3" }');
    expect(sourceClosure(other.path('app.ts')).key).toBe(key());
    other.remove();
  });

  it.each([
    ['the file itself', () => write('app.ts', app.replace("'f'", "'g'"))],
    ['a helper', () => write('lib/half.ts', half.replace('/ 2', '/ 4'))],
    ["a package's version", () => write('node_modules/dep/package.json', '{ "version": "1.2.4" }')],
    ['a file that was not there', () => write('types.d.ts', 'export type T = number;\n')],
    ['an import', () => write('types.ts', "export * from './more.ts';\nexport type T = number;\n")],
  ])('changes with %s', (_, change) => {
    const before = key();
    change();
    expect(key()).not.toBe(before);
  });

  it('sees a missing file come', () => {
    write('app.ts', `${app}export * from './later.ts';`);
    const before = key();
    expect(sourceClosure(project.path('app.ts')).files).toContainEqual(['later.ts', 'missing']);
    write('later.ts', 'export const later = 1;');
    expect(key()).not.toBe(before);
  });

  it.each([
    ["await import('./x.ts');", 'a dynamic import'],
    ["import x = require('./x.ts');", 'a require'],
    ["export type X = typeof import('./x.ts');", 'a type import'],
    ["export * as x from './x.ts';", 'a re-export'],
    ["import './x.ts';", 'a bare import'],
  ])('follows %s', (statement) => {
    write('x.ts', 'export default 1;');
    write('app.ts', `${app}${statement}`);
    expect(sourceClosure(project.path('app.ts')).files.map(([path]) => path)).toContain('x.ts');
  });

  it("follows the package's own imports map, self reference and workspace links", () => {
    write(
      'package.json',
      JSON.stringify({
        name: 'fixture',
        version: '1.0.0',
        type: 'module',
        imports: { '#in/*': './lib/*.ts' },
        exports: { './out': { default: './lib/out.ts' } },
      }),
    );
    write('lib/inner.ts', 'export const inner = 1;');
    write('lib/out.ts', 'export const out = 1;');
    write(
      'app.ts',
      "import 'torchnative';\nimport '#in/inner';\nimport 'fixture/out';\nimport 'node:fs';\nimport 'path';",
    );
    const { files, packages } = sourceClosure(project.path('app.ts'));
    expect(files.map(([path]) => path)).toEqual(['app.ts', 'lib/inner.ts', 'lib/out.ts']);
    expect(packages.map(([name]) => name)).toEqual(['node:fs', 'node:path', 'torchnative']);
  });

  it('hashes what is no script by its bytes', () => {
    write('data.json', '{ "a": 1 }');
    write('app.ts', `${app}import data from './data.json' with { type: 'json' };`);
    const before = key();
    write('data.json', '{ "a": 2 }');
    expect(key()).not.toBe(before);
  });

  it("takes this package's own sources as a package", () => {
    const closure = sourceClosure(`${ownRoot}/transformers/test/sourceClosure.test.ts`);
    expect(closure.packages).toContainEqual(['torchnative', ownVersion]);
    expect(closure.files.map(([path]) => path).sort()).toEqual([
      'transformers/test/project.ts',
      'transformers/test/sourceClosure.test.ts',
    ]);
  });
});
