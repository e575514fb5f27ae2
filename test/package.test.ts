/** @file The packed tarball, as a user installs it: no sources, no tsx, `node --import torchnative/register`. */

import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { packageVersion } from '../src/dispatch/version.ts';
import { giveEngine } from './engineCache.ts';
import { packedModules } from './packed.ts';
import { shareObjects } from './sharedObjects.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tn-package-'));
const app = join(folder, 'app');
const installed = join(app, 'node_modules/torchnative');

function run(command: string, args: readonly string[], cwd = app, env: Record<string, string> = {}): string {
  const { NODE_OPTIONS: _options, INIT_CWD: _npm, ...own } = process.env;
  return execFileSync(command, args, {
    cwd,
    env: { ...own, NO_COLOR: '1', TN_CACHE_DIR: join(folder, 'cache'), ...env },
    encoding: 'utf8',
  });
}

beforeAll(() => {
  shareObjects(join(folder, 'cache'));
  mkdirSync(join(app, 'node_modules'), { recursive: true });
  // A copy, with nothing of the clone beside it.
  cpSync(join(packedModules(), 'torchnative'), installed, { recursive: true });
  // What npm would have fetched.
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name.startsWith('.') || name === 'torchnative' || existsSync(join(app, 'node_modules', name))) continue;
    symlinkSync(join(root, 'node_modules', name), join(app, 'node_modules', name));
  }
  writeFileSync(join(app, 'package.json'), '{ "name": "app", "type": "module" }');
  cpSync(join(root, 'examples/hello.ts'), join(app, 'hello.ts'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('holds built files, types and the C runtime, and no sources or tests', () => {
  expect(existsSync(join(installed, 'src'))).toBe(false);
  expect(existsSync(join(installed, 'dist/src/runtime/c/tn_runtime.h'))).toBe(true);
  expect(existsSync(join(installed, 'dist/src/index.d.ts'))).toBe(true);
  const files = run('find', [installed, '-path', '*/test/*'], folder);
  expect(files).toBe('');
});

test('version', () => {
  const { version } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as { version: string };
  expect(packageVersion()).toBe(version);
});

test('bare register: captured, then native in the next process', () => {
  const first = run('node', ['--import', 'torchnative/register', 'hello.ts']);
  expect(first).toBe('tensor([21., 42., 63.])\ntensor([3., 4., 5., 6., 7.])\n');
  expect(run('node', ['--import', 'torchnative/register', 'hello.ts'], app, { TN_MODE: 'require' })).toBe(first);
});

test('its command serves the same entry', () => {
  const tn = join(installed, 'bin/tn.mjs');
  expect(run('node', [tn, 'run', 'hello.ts'], app, { TN_MODE: 'require' })).toContain('21., 42., 63.');
  expect(run('node', [tn, 'cache', 'ls'])).toMatch(/addMul .* native/);
});

/** Rows of numbers from a file, or from the asset; a class with weights, and one of Node's modules. */
const program = `import { readFileSync } from 'node:fs';
import { asset, compileCache, Dim, manualSeed, nn, partReports, type Tensor, tensor } from 'torchnative';

class Net extends nn.Module {
  readonly layer = new nn.Linear(4, 2);
  @compileCache('net', { inputMatchers: { x: { 0: Dim('n', { max: 64 }) } } })
  forward(x: Tensor): Tensor {
    return nn.functional.relu(this.layer.forward(x));
  }
}

manualSeed(3);
const net = new Net();
const name = process.argv[2];
const text = name === undefined ? asset('./rows', import.meta.url).text('rows.txt') : readFileSync(name, 'utf8');
const out = net.forward(tensor(text.trim().split('\\n').map((row) => row.split(' ').map(Number))));
console.log(JSON.stringify(out.tolist()), partReports().get('net')?.captured ?? 0);
`;

test('its command packages a part in every form, and a program', () => {
  const tn = (...args: readonly string[]): string => run('node', [join(installed, 'bin/tn.mjs'), ...args]);
  writeFileSync(join(app, 'net.ts'), program);
  mkdirSync(join(app, 'rows'));
  writeFileSync(join(app, 'rows/rows.txt'), '1 2 3 4\n5 6 7 8\n');
  expect(tn('run', 'net.ts')).toMatch(/ 1\n$/);
  const wanted = tn('run', 'net.ts', 'rows/rows.txt');
  expect(wanted).toMatch(/ 0\n$/);

  giveEngine(join(folder, 'cache'));
  const out = join(folder, 'out');
  mkdirSync(out);
  const made = (name: string, ...args: readonly string[]): string => {
    tn('cache', 'package', ...args, '-o', join(out, name));
    return join(out, name);
  };
  const whole = made('app', '--app', 'net.ts');
  expect(run(whole, [])).toBe(wanted);
  expect(run(whole, ['rows/rows.txt'])).toBe(wanted);
  // One level each: what is tried here is which files an installed package has.
  const exe = made('exe', 'net', '--format', 'exe', '--isa', 'plain');
  expect(run(exe, ['--self-test'])).toMatch(/all checksums and samples are right/);

  const library = made('static', 'net', '--format', 'static', '--isa', 'plain');
  run('sh', ['-c', 'cc main.c -I. $(PKG_CONFIG_PATH=. pkg-config --cflags --libs net) -o main && ./main'], library);
  const npm = made('npm', 'net', '--format', 'npm', '--isa', 'plain');
  symlinkSync(npm, join(app, 'node_modules/net-part'));
  writeFileSync(
    join(app, 'use.mjs'),
    `import { net } from 'net-part';
     const { data } = net({ shape: [2, 4], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) });
     console.log(JSON.stringify([[...data.slice(0, 2)], [...data.slice(2)]]), 0);`,
  );
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
  expect(run('node', ['use.mjs'])).toBe(wanted);
});
