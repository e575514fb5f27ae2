/** @file `tn build`: what it writes, where it finds fault, and how it ends. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { originalPositionFor, TraceMap } from '@jridgewell/trace-mapping';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project, type RunResult, repository } from '../../../test/project.ts';

/** Types of what the programs use: those of the package itself are made by its build. */
const types = `declare module 'torchnative' {
  export class Tensor { mul(x: number): Tensor }
  export function compileCache<F>(name: string, options: object, fn: F): F;
}
declare const console: { log(text: unknown): void };
`;
const compilerOptions = {
  target: 'es2022',
  lib: ['es2022'],
  module: 'nodenext',
  strict: true,
  types: [],
  declaration: true,
  declarationMap: true,
  rewriteRelativeImportExtensions: true,
  rootDir: 'src',
  outDir: 'dist',
};
const config = (extra: object = {}): string =>
  JSON.stringify({ compilerOptions: { ...compilerOptions, ...extra }, include: ['src'] });

const app = `import { compileCache, type Tensor } from 'torchnative';
import { factor } from './factor.ts';

/** Doubles. */
export const twice = compileCache('twice', {}, (x: Tensor, n: number): Tensor => {
  const k = n * factor; return x.mul(k);
});
`;

let project: Project;
const read = (name: string): string => readFileSync(join(project.root, name), 'utf8');
const build = (...args: string[]): Promise<RunResult> =>
  project.node([join(repository, 'bin/tn.mjs'), 'build', ...args], { env: { NO_COLOR: '1' } });

beforeAll(() => {
  project = createProject({
    'tsconfig.json': config(),
    'src/types.d.ts': types,
    'src/app.ts': app,
    'src/factor.ts': 'export const factor: number = 2;\n',
  });
});
afterAll(() => project.remove());

describe('tn build', () => {
  test('writes scripts with metadata, declarations of the sources, and maps that lead to them', async () => {
    const { stdout, stderr, status } = await build();
    expect([stdout, stderr, status]).toEqual(['built 2 files into dist: part twice\n', '', 0]);
    const script = read('dist/app.js');
    expect(script).toContain('params: [{');
    expect(script).toContain('__tn.mul(n, factor)');
    expect(read('dist/app.d.ts')).not.toContain('__tn');
    expect(read('dist/app.d.ts')).toContain('/** Doubles. */');

    const map = JSON.parse(read('dist/app.js.map'));
    expect(map.sources).toEqual(['../src/app.ts']);
    const lines = script.split('\n');
    const line = lines.findIndex((text) => text.includes('x.mul('));
    const found = originalPositionFor(new TraceMap(map), { line: line + 1, column: lines[line].indexOf('x.mul(') });
    expect(found).toMatchObject({ line: 6, column: '  const k = n * factor; return '.length });
    const declarations = new TraceMap(read('dist/app.d.ts.map'));
    const column = read('dist/app.d.ts').split('\n')[2].indexOf('twice');
    expect(originalPositionFor(declarations, { line: 3, column })).toMatchObject({ line: 5, column: 13 });
  });

  test('the same source key as under tn run, and register leaves the output alone', async () => {
    const facts = /source: "(\w+)"/;
    const { stdout } = await project.node([
      '--input-type=module',
      '-e',
      `import { transform } from ${JSON.stringify(join(repository, 'dist/transformers/core.js'))};
      import { readFileSync } from 'node:fs';
      const code = (path) => transform(readFileSync(path, 'utf8'), process.cwd() + '/' + path)?.code;
      console.log(JSON.stringify([code('src/app.ts'), code('dist/app.js')]));`,
    ]);
    const [source, output] = JSON.parse(stdout) as [string, string | null];
    expect(output).toBe(null);
    expect(facts.exec(read('dist/app.js'))?.[1]).toBe(facts.exec(source)?.[1]);
  });

  test('finds fault where the source has it, and writes all the same', async () => {
    project.write('src/wrong.ts', "import { twice } from './app.ts';\nexport const y: string = twice;\n");
    const { stderr, stdout, status } = await build('--outDir', 'wrong');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^src\/wrong\.ts\(2,14\): error TS2322/);
    expect(stdout).toContain('into wrong');
    const json = await build('--json', '-p', 'tsconfig.json');
    expect(json).toMatchObject({ status: 1, stderr: '' });
    const report = JSON.parse(json.stdout) as { parts: object[]; diagnostics: object[]; files: string[] };
    expect(report.diagnostics).toMatchObject([
      { file: 'src/wrong.ts', line: 2, column: 14, code: 2322, category: 'error' },
    ]);
    expect(report.parts).toEqual([{ name: 'twice', file: 'src/app.ts', line: 5, column: 22 }]);
    expect(report.files).toContain('dist/app.js.map');
    project.write('tsconfig.strict.json', config({ noEmitOnError: true, outDir: 'none' }));
    expect((await build('-p', 'tsconfig.strict.json')).status).toBe(1);
    expect(existsSync(join(project.root, 'none'))).toBe(false);
    project.write('src/wrong.ts', 'export {};\n');
  });

  test('a syntax error has its file and line', async () => {
    project.write('src/wrong.ts', "import { compileCache } from 'torchnative';\nexport const x = = compileCache;\n");
    const { stderr, status } = await build();
    expect(status).toBe(1);
    expect(stderr).toMatch(/^src\/wrong\.ts\(2,18\): error TS/);
    project.write('src/wrong.ts', 'export {};\n');
  });

  test('CommonJS output is refused, with the way out', async () => {
    project.write('tsconfig.cjs.json', config({ module: 'commonjs', rewriteRelativeImportExtensions: true }));
    const { stderr, status } = await build('-p', 'tsconfig.cjs.json', '--outDir', 'cjs');
    expect(status).toBe(1);
    expect(stderr).toMatch(/src\/app\.ts\(1,1\): error TS0: .*cannot import torchnative.*"module": "nodenext"/);
  });

  test('wrong requests end with 2 and one line', async () => {
    project.write('tsconfig.bad.json', '{ "compilerOptions": { "target": "es1" }, "include": ["src"] }');
    project.write('tsconfig.empty.json', '{ "files": [], "references": [{ "path": "./lib" }] }');
    for (const [args, says] of [
      [['-p', 'nowhere'], /no such tsconfig: nowhere/],
      [['-p', 'tsconfig.bad.json'], /tsconfig\.bad\.json:1:\d+: .*target/],
      [['-p', 'tsconfig.empty.json'], /names no files; build its references: lib/],
      [['--watch'], /unknown option/],
    ] as const) {
      const { stdout, stderr, status } = await build(...args);
      expect([status, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(says);
      expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    }
  });
});
