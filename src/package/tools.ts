/** @file Programs that packaging runs: the archiver, the linker, what was made. */

import { spawnSync } from 'node:child_process';
import { statfsSync } from 'node:fs';
import { TnError } from '../core/errors.ts';

export interface ToolRun {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ToolOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** ms; default two minutes. */
  readonly timeout?: number;
  /** Where it writes, and how much: not every tool says that a disk is full. */
  readonly room?: { readonly folder: string; readonly bytes: number };
}

/** Runs a program to its end. @throws TnError when it cannot be started, is ended by a signal, or takes too long. */
export function runTool(program: string, args: readonly string[], options: ToolOptions = {}): ToolRun {
  const run = spawnSync(program, [...args], {
    encoding: 'utf8',
    cwd: options.cwd,
    env: { ...(options.env ?? process.env), LC_ALL: 'C' },
    timeout: options.timeout ?? 120_000,
    maxBuffer: 16 << 20,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (run.error) {
    const code = (run.error as NodeJS.ErrnoException).code;
    throw new TnError({
      what: code === 'ETIMEDOUT' ? `${program} took too long` : `${program} could not be started: ${run.error.message}`,
      fix: code === 'ENOENT' ? 'install binutils and a C compiler; `tn doctor` says what is there' : null,
    });
  }
  return run;
}

/** As `runTool`; a failure of the program is an error too, with the first line that tells why. */
export function mustRun(what: string, program: string, args: readonly string[], options: ToolOptions = {}): ToolRun {
  const run = runTool(program, args, options);
  if (run.status === 0) return run;
  if (run.signal === 'SIGINT' || run.signal === 'SIGTERM') {
    throw new TnError('packaging was interrupted; nothing was changed');
  }
  const lines = run.stderr.split('\n').filter((line) => line.trim() !== '');
  if (lines.some((line) => /No space left on device|Disk quota exceeded/i.test(line)) || isFull(options.room)) {
    throw new TnError({ what: `no space left to ${what}`, fix: 'make room, or name a place on another disk' });
  }
  const said = lines.find((line) => /error|undefined|cannot/i.test(line)) ?? lines[0];
  throw new TnError({
    what: `could not ${what} (${run.signal ?? `exit ${run.status}`})`,
    found: said ? [said.trim()] : [],
    fix: '`tn doctor` says what is wrong with the compiler; if it is fine, please report this',
  });
}

function isFull(room: ToolOptions['room']): boolean {
  if (!room) return false;
  const { bavail, bsize } = statfsSync(room.folder);
  return bavail * bsize < room.bytes;
}
