/** @file Objects of generated C files: what several parts of a test have in common is compiled once. */

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { runFolder } from '../../../test/sharedObjects.ts';

export interface SourceFile {
  readonly name: string;
  readonly source: string;
}

let made: string | null = null;

/** Compiles those of the files that were not compiled with these flags yet, with one call; paths of all objects. */
export function objectsOf(compiler: string, flags: readonly string[], files: readonly SourceFile[]): string[] {
  made ??= runFolder('kernels-');
  const folder = made;
  const stems = files.map(({ name, source }) => {
    const key = createHash('sha256').update(JSON.stringify([compiler, flags, source]));
    return `${path.basename(name, '.c')}-${key.digest('hex').slice(0, 16)}`;
  });
  const wanted: string[] = [];
  stems.forEach((stem, i) => {
    if (existsSync(path.join(folder, `${stem}.o`)) || wanted.includes(`${stem}.c`)) return;
    writeFileSync(path.join(folder, `${stem}.c`), files[i].source);
    wanted.push(`${stem}.c`);
  });
  if (wanted.length > 0) {
    execFileSync(compiler, [...flags, '-c', ...wanted], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }
  return [...new Set(stems)].map((stem) => path.join(folder, `${stem}.o`));
}
