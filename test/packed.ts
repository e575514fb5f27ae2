/** @file The package as npm packs it, built once for every state of the sources and shared by the tests that install it. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repository } from './project.ts';

const inputs = [
  'src',
  'cache',
  'types',
  'transformers',
  'bin',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'LICENSE',
  'README.md',
];
const prefix = 'torchnative-packed-';
const hour = 3_600_000;

/** A `node_modules` folder that holds the packed package and what npm would fetch for it. */
export function packedModules(): string {
  const home = join(tmpdir(), prefix + stateOf(inputs.map((name) => join(repository, name))).slice(0, 16));
  if (!existsSync(home)) {
    const made = mkdtempSync(`${home}.`);
    try {
      pack(made);
      renameSync(made, home);
    } catch (error) {
      rmSync(made, { recursive: true, force: true });
      // Another process was first.
      if (!existsSync(home)) throw error;
    }
    removeOld(home);
  }
  return join(home, 'node_modules');
}

function pack(folder: string): void {
  // In a copy: other tests run what stands in dist/ of this clone.
  const clone = join(folder, 'clone');
  for (const name of inputs) cpSync(join(repository, name), join(clone, name), { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(clone, 'node_modules'));
  const run = (command: string, ...args: string[]): string => {
    const { NODE_OPTIONS: _options, INIT_CWD: _npm, ...env } = process.env;
    const { status, stdout, stderr } = spawnSync(command, args, { cwd: clone, encoding: 'utf8', env });
    if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed\n${stdout}${stderr}`);
    return stdout;
  };
  run('npm', 'run', '-s', 'build');
  const tarball = run('npm', 'pack', '--silent', '--pack-destination', folder).trim().split('\n').at(-1) ?? '';
  run('tar', 'xzf', join(folder, tarball), '-C', folder);
  const modules = join(folder, 'node_modules');
  mkdirSync(modules);
  renameSync(join(folder, 'package'), join(modules, 'torchnative'));
  for (const name of readdirSync(join(repository, 'node_modules'))) {
    if (name.startsWith('.') || name === 'torchnative') continue;
    symlinkSync(join(repository, 'node_modules', name), join(modules, name));
  }
  rmSync(clone, { recursive: true });
}

/** A hash of names and contents. */
function stateOf(paths: readonly string[]): string {
  const hash = createHash('sha256');
  const add = (path: string): void => {
    hash.update(`${path}\0`);
    if (statSync(path).isDirectory()) for (const name of readdirSync(path).sort()) add(join(path, name));
    else hash.update(readFileSync(path));
  };
  for (const path of paths) add(path);
  return hash.digest('hex');
}

/** Packages of states long gone: a test of now may still use one of a moment ago. */
function removeOld(kept: string): void {
  for (const name of readdirSync(tmpdir())) {
    const path = join(tmpdir(), name);
    if (!name.startsWith(prefix) || path === kept) continue;
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
    if (age > hour) rmSync(path, { recursive: true, force: true });
  }
}
