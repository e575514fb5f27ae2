/** @file Which C compiler there is, and what identifies it. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { TnError } from '../../core/errors.ts';

export type CompilerFamily = 'gcc' | 'clang';

/** A C compiler that answered. Plain data: it travels to the helper process as JSON. */
export interface Compiler {
  /** The program, as an absolute path with links resolved where that keeps its meaning. */
  readonly path: string;
  /** Arguments that belong to every call (`CC="ccache gcc"` gives path ccache, arguments gcc). */
  readonly args: readonly string[];
  readonly family: CompilerFamily;
  /** The line in which it states its version. */
  readonly version: string;
  /** Target triple, `x86_64-linux-gnu` say. */
  readonly target: string;
  /** What an artifact's key holds of the compiler: version and target, no paths. */
  readonly identity: string;
}

/** Where a search looked and what it saw; `found` has one line a candidate. */
export type CompilerSearch =
  | { readonly ok: true; readonly compiler: Compiler }
  | { readonly ok: false; readonly error: TnError };

const fallbacks = ['cc', 'gcc', 'clang'] as const;

let memo: { readonly key: string; readonly search: CompilerSearch } | null = null;

/**
 * The compiler to use: `TN_CC`, else `CC`, else the first of cc, gcc, clang on the path that answers `-v`.
 * A variable that is set but does not work is an error, not a reason to look further. Remembered per environment.
 * @throws TnError when there is none.
 */
export function findCompiler(env: NodeJS.ProcessEnv = process.env): Compiler {
  const search = searchCompiler(env);
  if (!search.ok) throw search.error;
  return search.compiler;
}

/** As `findCompiler`, with the failure as a value. */
export function searchCompiler(env: NodeJS.ProcessEnv = process.env): CompilerSearch {
  const key = [env['TN_CC'], env['CC'], env['PATH']].join('\0');
  if (memo?.key !== key) memo = { key, search: search(env) };
  return memo.search;
}

function search(env: NodeJS.ProcessEnv): CompilerSearch {
  const variable = env['TN_CC']?.trim() ? 'TN_CC' : env['CC']?.trim() ? 'CC' : null;
  const candidates = variable ? [env[variable]!.trim()] : fallbacks;
  const found: string[] = [];
  for (const command of candidates) {
    const answer = askCompiler(command, env);
    if (typeof answer !== 'string') return { ok: true, compiler: answer };
    found.push(`${variable ? `${variable}=${command}` : command}: ${answer}`);
  }
  const error = new TnError({
    what: 'no C compiler was found',
    found,
    fix: variable
      ? `set ${variable} to a working gcc (12 or later) or clang (14 or later), or unset it`
      : 'install gcc or clang (Debian, Ubuntu: apt install gcc libc6-dev), or name one in TN_CC',
  });
  return { ok: false, error };
}

/** The compiler behind a command line, or why it cannot be used. */
export function askCompiler(command: string, env: NodeJS.ProcessEnv): Compiler | string {
  const [program, ...args] = command.split(/\s+/);
  const file = resolveProgram(program, env);
  if (!file) return 'not found';
  const run = spawnSync(file, [...args, '-v'], {
    encoding: 'utf8',
    timeout: 20_000,
    env: { ...env, LC_ALL: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (run.error) return run.error.message;
  const text = run.stdout + run.stderr;
  const version = /^.*\b(?:gcc version|clang version)\b.*$/m.exec(text)?.[0].trim();
  const target = /^Target:\s*(\S+)/m.exec(text)?.[1];
  if (run.status !== 0 || !version || !target) {
    return `does not answer -v like gcc or clang (exit ${run.status ?? run.signal})`;
  }
  const family = version.includes('clang version') ? 'clang' : 'gcc';
  return { path: file, args, family, version, target, identity: `${version}; ${target}` };
}

/** The absolute path of a program, links resolved unless the name matters (ccache, busybox look at it). */
export function resolveProgram(program: string, env: NodeJS.ProcessEnv): string | null {
  const folders = program.includes('/') ? ['.'] : (env['PATH'] ?? '').split(path.delimiter).filter(Boolean);
  for (const folder of folders) {
    const file = path.resolve(folder, program);
    try {
      accessSync(file, constants.X_OK);
      if (!statSync(file).isFile()) continue;
      const real = realpathSync(file);
      return /gcc|clang/.test(path.basename(real)) ? real : file;
    } catch {
      // Not there, or not ours to run: the next folder.
    }
  }
  return null;
}
