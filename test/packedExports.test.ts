/** @file What the packed package exports: each entry is there, with its types, and loads where its tool is missing. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packedModules } from './packed.ts';
import { createProject, type Project, repository } from './project.ts';

interface Target {
  readonly types?: string;
  readonly default?: string;
}

let modules = '';
let project: Project;
beforeAll(() => {
  modules = packedModules();
  project = createProject({}, join(modules, 'torchnative'));
});
afterAll(() => project.remove());

/** The names that an entry exports at run time. */
async function namesIn(entry: string): Promise<string[]> {
  const code = `console.log(JSON.stringify(Object.keys(await import(${JSON.stringify(entry)}))))`;
  const { stdout, stderr } = await project.node(['--input-type=module', '-e', code]);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as string[];
}

describe('the packed package', () => {
  test('has the files of every entry', () => {
    const root = join(modules, 'torchnative');
    const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      exports: Readonly<Record<string, Target | string>>;
    };
    for (const [entry, target] of Object.entries(exports)) {
      const paths = typeof target === 'string' ? [target] : [target.types, target.default];
      for (const path of paths) expect(path && existsSync(join(root, path)), `${entry}: ${path}`).toBe(true);
    }
  });

  test.each(['vite', 'vitest', 'rollup', 'rolldown', 'esbuild', 'webpack'])('torchnative/%s loads', async (tool) => {
    expect(await namesIn(`torchnative/${tool}`)).toEqual(['torchnative']);
  });

  test('torchnative/ts-patch loads, also by require', async () => {
    expect(await namesIn('torchnative/ts-patch')).toEqual(['default', 'transformProgram']);
    const { stdout } = await project.node(['-p', "typeof require('torchnative/ts-patch').transformProgram"]);
    expect(stdout).toBe('function\n');
  });

  test('torchnative/register installs itself without a word', async () => {
    const { stdout, stderr } = await project.node(['--import', 'torchnative/register', '-p', '1']);
    expect([stdout, stderr]).toEqual(['1\n', '']);
  });

  test("webpack's plugin finds its loader", async () => {
    const code = `const rules = [];
(await import('torchnative/webpack')).torchnative().apply({ options: { module: { rules }, output: {} }, hooks: {} });
console.log(typeof (await import(rules[0].use[0].loader)).default);`;
    const { stdout, stderr } = await project.node(['--input-type=module', '-e', code]);
    expect([stdout, stderr]).toEqual(['function\n', '']);
  });

  test('sources that are nested deeply are transformed', async () => {
    project.write(
      'deep.ts',
      `import 'torchnative';\nexport const f = (x: number) => ${Array(4000).fill('x').join('+')};\n`,
    );
    const code = `import { torchnative } from 'torchnative/esbuild';
torchnative().setup({
  initialOptions: {},
  async onLoad(_, load) {
    console.log((await load({ path: ${JSON.stringify(join(project.root, 'deep.ts'))}, suffix: '' })).contents.includes('__tn.add('));
  },
});`;
    const { stdout, stderr } = await project.node(['--input-type=module', '-e', code]);
    expect([stdout, stderr]).toEqual(['true\n', '']);
  });

  test('its types need no tool to be installed', async () => {
    const tools = ['vite', 'vitest', 'rollup', 'rolldown', 'esbuild', 'webpack'];
    const imports = tools.map((tool) => `import { torchnative as ${tool} } from 'torchnative/${tool}';`);
    project.write(
      'plugins.ts',
      `${imports.join('\n')}\nexport const plugins = [${tools.map((tool) => `${tool}()`)}];\n`,
    );
    const options = ['--noEmit', '--module', 'nodenext', '--target', 'es2022', '--types', 'node', '--strict'];
    symlinkSync(join(repository, 'node_modules/@types'), join(project.root, 'node_modules/@types'));
    const tsc = join(repository, 'node_modules/typescript/bin/tsc');
    const { stdout, status } = await project.node([tsc, ...options, '--skipLibCheck', 'false', 'plugins.ts']);
    expect([stdout, status]).toEqual(['', 0]);
  });

  test('publint finds nothing', () => {
    const publint = join(repository, 'node_modules/publint/src/cli.js');
    const { stdout, status } = spawnSync(process.execPath, [publint, 'run', '.', '--strict', '--pack', 'false'], {
      cwd: join(modules, 'torchnative'),
      encoding: 'utf8',
    });
    expect(status, stdout).toBe(0);
  });
});
