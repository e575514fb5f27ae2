/** @file A bundled program as the engine's bytecode: what an executable holds instead of its source. */

import { spawnSync } from 'node:child_process';
import { TnError } from '../../core/errors.ts';

export interface BytecodeOptions {
  /** The program's name in stack traces. */
  readonly name: string;
  /** Keep line numbers for stack traces: a fifth more bytes. */
  readonly lines?: boolean;
}

const mostBytes = 1 << 28;

/**
 * Compiles a program, one ES module that imports nothing, with the tool of `buildBytecodeTool`. The same program gives the
 * same bytes.
 *
 * @throws TnError when the engine does not understand it
 */
export function compileBytecode(tool: string, program: string, { name, lines = false }: BytecodeOptions): Uint8Array {
  const run = spawnSync(tool, lines ? [name, 'lines'] : [name], { input: program, maxBuffer: mostBytes });
  if (run.status === 0 && !run.error) return run.stdout;
  const said = run.error?.message ?? run.stderr.toString().trim();
  throw new TnError({
    what: 'the program cannot be compiled to bytecode',
    found: said ? said.split('\n').slice(0, 4) : [`the compiler ended with ${run.status ?? run.signal}`],
    fix: 'please report this, with the syntax that the message names',
  });
}
