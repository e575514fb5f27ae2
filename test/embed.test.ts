/** @file The embedding example: one model in programs of five languages, several packages in one, sanitizers, valgrind. */

import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { embedProject, expectedOutput, hasTool, numpyFolder } from './embedding.ts';
import { repository } from './project.ts';

const project = embedProject();
const { root, build } = project;
const refusal = 'refused: classify: images has size 9 on axis 2, wants 8\n';
let folders: { readonly static: string; readonly shared: string; readonly npm: string };

beforeAll(async () => {
  expect((await project.tn('model.ts')).stdout).toBe(expectedOutput);
  const both = ['classify', 'step', '--name', 'demo'];
  folders = {
    static: await project.pack('static', ...both, '--format', 'static'),
    shared: await project.pack('shared', ...both, '--format', 'shared'),
    npm: await project.pack('npm', ...both, '--format', 'npm'),
  };
});
afterAll(() => project.remove());

const strict = ['-std=gnu11', '-Wall', '-Wextra', '-Werror'];
const linked = (): string[] => [`-I${folders.static}`, `-L${folders.static}`, '-ldemo', '-lm', '-pthread'];

describe('C', () => {
  test.runIf(hasTool('pkg-config'))('with pkg-config', async () => {
    const env = { PKG_CONFIG_PATH: folders.static };
    await project.run('sh', ['-c', 'cc c/main.c $(pkg-config --cflags --libs demo) -o build/main'], env);
    const { stdout, stderr } = await project.run('build/main', ['build/static/demo.weights']);
    expect(stdout).toBe(expectedOutput);
    expect(stderr).toBe('');
  });

  test.runIf(hasTool('cmake'))('with CMake', async () => {
    await project.run('cmake', ['-S', 'c', '-B', 'build/cmake', `-DCMAKE_PREFIX_PATH=${folders.static}`]);
    await project.run('cmake', ['--build', 'build/cmake']);
    expect((await project.run('build/cmake/main', ['build/static/demo.weights'])).stdout).toBe(expectedOutput);
  });

  test('under address and undefined-behaviour sanitizers', async () => {
    const flags = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-g'];
    await project.run('gcc', [...strict, ...flags, 'c/main.c', '-o', 'build/sanitized', ...linked()]);
    const { stdout, stderr } = await project.run('build/sanitized', ['build/static/demo.weights']);
    expect(stdout).toBe(expectedOutput);
    expect(stderr).toBe('');
  });

  test.runIf(hasTool('valgrind'))('under valgrind, at level v3', async () => {
    await project.run('gcc', [...strict, '-g', 'c/main.c', '-o', 'build/plain', ...linked()]);
    const options = ['--error-exitcode=9', '--leak-check=full', '--errors-for-leak-kinds=definite', '-q'];
    const env = { TN_ISA: 'v3', TN_THREADS: '2' };
    const { stdout } = await project.run('valgrind', [...options, 'build/plain', 'build/static/demo.weights'], env);
    expect(stdout).toBe(expectedOutput);
  });

  test('weights that are not there: one line, exit 1', async () => {
    await project.run('gcc', [...strict, 'c/main.c', '-o', 'build/plain2', ...linked()]);
    const { status, stderr } = await project.exec('build/plain2', ['build/nothing.weights']);
    expect(status).toBe(1);
    expect(stderr).toMatch(/^[^\n]*nothing\.weights[^\n]*\n$/);
  });
});

describe('other languages', () => {
  test.runIf(hasTool('python3'))('Python', async ({ skip }) => {
    const numpy = numpyFolder();
    if (numpy === null) skip();
    const { stdout, stderr } = await project.run('python3', ['python/main.py', 'build/shared'], { PYTHONPATH: numpy! });
    expect(stdout).toBe(expectedOutput);
    expect(stderr).toBe(refusal);
  });

  test.runIf(hasTool('cargo'))('Rust', async () => {
    const env = { DEMO: folders.shared };
    const { stdout, stderr } = await project.run(
      'cargo',
      ['run', '--quiet', '--offline', '--manifest-path', 'rust/Cargo.toml'],
      env,
    );
    expect(stdout).toBe(expectedOutput);
    expect(stderr).toBe(refusal);
  });

  test.runIf(hasTool('go', 'version') && hasTool('pkg-config'))('Go', { timeout: 300_000 }, async () => {
    const env = { PKG_CONFIG_PATH: folders.shared, LD_LIBRARY_PATH: folders.shared };
    const { stdout, stderr } = await project.run('go', ['run', '-C', 'go', '.', folders.shared], env);
    expect(stdout).toBe(expectedOutput);
    expect(stderr).toBe(refusal);
  });

  test('TypeScript, from the npm folder', async () => {
    // What `npm install` puts there; koffi is the one of this clone.
    const modules = join(root, 'npm/node_modules');
    await project.run('mkdir', ['-p', modules]);
    await project.run('cp', ['-r', folders.npm, join(modules, 'demo')]);
    for (const name of ['koffi', '@koromix', '@types', 'undici-types']) {
      symlinkSync(join(repository, 'node_modules', name), join(modules, name));
    }
    const tsx = join(repository, 'node_modules/tsx/dist/cli.mjs');
    const { stdout, stderr } = await project.run(process.execPath, [tsx, 'npm/main.ts']);
    expect(stdout).toBe(expectedOutput);
    expect(stderr).toBe(`${refusal}a worker reads 3 1 4 1 5\n`);

    const compilerOptions = { strict: true, module: 'nodenext', target: 'es2022', noEmit: true, types: ['node'] };
    writeFileSync(join(root, 'npm/tsconfig.json'), JSON.stringify({ compilerOptions }));
    const tsc = join(repository, 'node_modules/typescript/bin/tsc');
    expect((await project.run(process.execPath, [tsc, '-p', 'npm'])).stdout).toBe('');
  });
});

describe('several packages in one program', () => {
  const packages = [
    { name: 'digits', parts: ['classify'] },
    { name: 'memory', parts: ['step'] },
    { name: 'again', parts: ['classify'] },
  ];

  beforeAll(async () => {
    for (const { name, parts } of packages) await project.pack(name, ...parts, '--name', name, '--format', 'static');
  });

  test('all run and agree with their samples', async () => {
    // Each package's own main.c, under another name, called one after another.
    const mains = packages.map(({ name }) => `int ${name}_main(int argc, char **argv);`);
    const calls = packages.map(({ name }, i) => `${name}_main(2, (char *[]){"${name}", argv[${i + 1}], 0})`);
    const text = `${mains.join('\n')}\nint main(int argc, char **argv) { return argc != 4 || ${calls.join(' || ')}; }\n`;
    writeFileSync(join(build, 'all.c'), text);
    for (const { name } of packages) {
      const flags = [...strict, `-Dmain=${name}_main`, `-I${join(build, name)}`, '-c', join(build, name, 'main.c')];
      await project.run('gcc', [...flags, '-o', join(build, `${name}_main.o`)]);
    }
    const objects = packages.map(({ name }) => join(build, `${name}_main.o`));
    const libraries = packages.flatMap(({ name }) => [`-L${join(build, name)}`, `-l${name}`]);
    const output = join(build, 'all');
    await project.run('gcc', [
      ...strict,
      join(build, 'all.c'),
      ...objects,
      ...libraries,
      '-lm',
      '-pthread',
      '-o',
      output,
    ]);
    const { stdout } = await project.run(
      output,
      packages.map(({ name }) => join(build, name)),
    );
    for (const part of ['classify', 'step']) expect(stdout).toContain(part);
    expect(stdout).not.toMatch(/differs/i);
    expect(stdout.match(/classify/g)?.length).toBeGreaterThanOrEqual(2);
  });

  test('no global symbol is without its package’s prefix', async () => {
    for (const { name } of packages) {
      const { stdout } = await project.run('nm', ['-g', '--defined-only', join(build, name, `lib${name}.a`)]);
      const symbols = [...stdout.matchAll(/^[0-9a-f]+ \w (\S+)$/gm)].map(([, symbol]) => symbol);
      expect(symbols.length).toBeGreaterThan(20);
      expect(symbols.filter((symbol) => !symbol.startsWith(`${name}_`))).toEqual([]);
    }
    const { stdout } = await project.run('nm', ['-D', '--defined-only', join(folders.shared, 'libdemo.so')]);
    const names = [...stdout.matchAll(/^[0-9a-f]+ \w (\S+)$/gm)].map(([, symbol]) => symbol);
    expect(names).toContain('demo_classify');
    expect(names.filter((symbol) => !symbol.startsWith('demo_') || /_(rt|core|v3|plain|v4)_/.test(symbol))).toEqual([]);
  });
});
