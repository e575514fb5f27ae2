/** @file `node:os`: the little that programs ask of the system. */

import { engine } from './internal/engine.ts';

export const EOL = '\n';
export const devNull = '/dev/null';

export function platform(): string {
  return 'linux';
}

export function type(): string {
  return 'Linux';
}

export function arch(): string {
  return engine().arch;
}

export function endianness(): 'LE' {
  return 'LE';
}

export function tmpdir(): string {
  const { TMPDIR, TMP, TEMP } = engine().env;
  const folder = TMPDIR || TMP || TEMP || '/tmp';
  return folder.length > 1 ? folder.replace(/\/$/, '') : folder;
}

export function homedir(): string {
  return engine().env.HOME ?? '/';
}

/** The cores that this process may use. */
export function availableParallelism(): number {
  return Math.max(1, Number(engine().bind('cpu_cores')?.() ?? 1));
}
