/** @file A script as the engine's bytecode: what a packaged program holds instead of its source. */

import { spawnSync } from 'node:child_process';
import { TnError } from '../../core/errors.ts';

export interface BytecodeOptions {
  /** The script's name in stack traces. */
  readonly name: string;
  /** Keep line numbers for stack traces: a fifth more bytes. */
  readonly lines?: boolean;
}

const mostBytes = 1 << 28;

/**
 * Compiles a script with the tool of `buildBytecodeTool`. The same script gives the same bytes.
 *
 * @throws TnError when the engine does not understand the script
 */
export function compileBytecode(tool: string, script: string, { name, lines = false }: BytecodeOptions): Uint8Array {
  const run = spawnSync(tool, lines ? [name, 'lines'] : [name], { input: script, maxBuffer: mostBytes });
  if (run.status === 0 && !run.error) return run.stdout;
  const said = run.error?.message ?? run.stderr.toString().trim();
  throw new TnError({
    what: 'the program cannot be compiled to bytecode',
    found: said ? said.split('\n').slice(0, 4) : [`the compiler ended with ${run.status ?? run.signal}`],
    fix: 'please report this, with the syntax that the message names',
  });
}
