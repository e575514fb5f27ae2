/**
 * @file `tn run FILE.ts [args…]`: runs a TypeScript program with the transformer.
 *
 * The program runs in this process: its signals, exit code and standard streams are Node's own, and no second start of
 * Node is paid for. (In a clone `bin/tn.mjs` has started this process with the sources' condition and tsx.)
 */

import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { badRequest } from './failure.ts';

export async function run(file: string, args: readonly string[]): Promise<void> {
  const path = resolve(file);
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) throw badRequest(`tn run: no such file: ${file}`);
  if (!info.isFile()) throw badRequest(`tn run: not a file: ${file}`);
  const register = new URL(
    import.meta.url.endsWith('.ts') ? '../../transformers/register.ts' : '../../shells/register.js',
    import.meta.url,
  ).href;
  await import('./runsPrograms.ts');
  // What the program sees, and what processes that it forks start with, is as if it had been started by itself.
  process.argv = [process.argv[0], path, ...args];
  process.execArgv.push('--import', register);
  const program = import(pathToFileURL(path).href);
  // An error in it is not one of this command: this branch leaves it to Node, which shows the program's line and stack.
  void program.then(() => {});
  // This branch waits, so that a program that never ends its start is reported as Node does (exit code 13).
  await program.catch(() => {});
}
