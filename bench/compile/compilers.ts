/** @file Counting what the C compiler does: a command that notes each run and passes it on. */

import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

export interface CompilerRuns {
  readonly compiled: number;
  readonly linked: number;
  /** What they wrote, without folders. */
  readonly outputs: readonly string[];
}

export interface CompilerCounter {
  /** For the environment of what is measured. */
  readonly env: { readonly TN_CC: string };
  /** Files compiled and libraries linked since the last time this was asked; questions for a version do not count. */
  take(): CompilerRuns;
}

export function countCompilers(folder: string): CompilerCounter {
  const log = path.join(folder, 'compilers.log');
  const file = path.join(folder, 'cc');
  const real = process.env['TN_CC'] ?? 'cc';
  writeFileSync(file, `#!/bin/sh\nprintf '%s\\n' "$*" >> '${log}'\nexec ${real} "$@"\n`);
  chmodSync(file, 0o755);
  return {
    env: { TN_CC: file },
    take() {
      const lines = existsSync(log) ? readFileSync(log, 'utf8').split('\n') : [];
      rmSync(log, { force: true });
      const words = lines.map((line) => line.split(' '));
      const compiled = words.filter((line) => line.includes('-c')).length;
      const linked = words.filter((line) => line.includes('-shared')).length;
      const outputs = words
        .filter((line) => line.includes('-o'))
        .map((line) => path.basename(line[line.indexOf('-o') + 1]));
      return { compiled, linked, outputs };
    },
  };
}
