/** @file Projects in temporary folders that have this package installed, and programs of theirs run by real processes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const repository = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '');

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Told of the process as soon as it runs; it leads a process group of its own. */
  readonly onStart?: (child: ChildProcess) => void;
}

export interface Project {
  readonly root: string;
  readonly cache: string;
  /** Writes a file. */
  write(name: string, text: string): void;
  /** Replaces a text that must be there. */
  edit(name: string, before: string, after: string): void;
  /** `tn run FILE` in the project. */
  tn(file: string, options?: RunOptions): Promise<RunResult>;
  /** `node …` in the project. */
  node(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Any program in the project. */
  exec(program: string, args: readonly string[], options?: RunOptions): Promise<RunResult>;
  remove(): void;
}

/** `clone` is the package to install; default: this repository. */
export function createProject(files: Readonly<Record<string, string>>, clone = repository): Project {
  const home = realpathSync(mkdtempSync(join(tmpdir(), 'tn-project-')));
  const root = join(home, 'project');
  const cache = join(home, 'cache');
  mkdirSync(join(root, 'node_modules'), { recursive: true });
  symlinkSync(clone, join(root, 'node_modules', 'torchnative'));
  const path = (name: string): string => join(root, name);
  const write = (name: string, text: string): void => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), text);
  };
  write('package.json', JSON.stringify({ name: 'user', version: '1.0.0', type: 'module' }));
  for (const [name, text] of Object.entries(files)) write(name, text);
  const exec = (
    program: string,
    args: readonly string[],
    { env = {}, onStart }: RunOptions = {},
  ): Promise<RunResult> => {
    const child = spawn(program, args, {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(), TN_CACHE_DIR: cache, ...env },
    });
    onStart?.(child);
    return ended(child);
  };
  const node = (args: readonly string[], options?: RunOptions): Promise<RunResult> =>
    exec(process.execPath, args, options);
  return {
    root,
    cache,
    write,
    exec,
    node,
    edit(name, before, after) {
      const text = readFileSync(path(name), 'utf8');
      if (!text.includes(before)) throw new Error(`${name} has no ${JSON.stringify(before)}`);
      write(name, text.replace(before, after));
    },
    tn: (file, options) => node([join(clone, 'bin/tn.mjs'), 'run', file], options),
    remove: () => rmSync(home, { recursive: true, force: true }),
  };
}

/** This process's environment without what the test runner and the user's shell put there for Node and for us. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(TN_|NODE_OPTIONS$|VITEST|NODE_V8_COVERAGE)/.test(name),
  );
  return Object.fromEntries(kept);
}

function ended(child: ChildProcess): Promise<RunResult> {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  return new Promise((resolve) => {
    child.on('close', (status, signal) => resolve({ stdout, stderr, status, signal }));
  });
}
