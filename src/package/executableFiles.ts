/** @file Where the files of an executable are made, and how they come to their places. */

import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { WrittenFile } from './executable.ts';
import { payloadMagic } from './payload.ts';
import { wrongRequest } from './refusal.ts';

/** A folder for the work, beside the output so that what is made there can be renamed into place. */
export function inFolder<T>(folder: string, work: (folder: string) => T): T {
  mkdirSync(folder);
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The executable to `temporary`, from where publishing takes it; a file of weights to its place. */
export function place(made: readonly WrittenFile[], temporary: string, output: string): WrittenFile[] {
  const [executable, ...others] = made;
  const placed = others.map(({ path: from, bytes }): WrittenFile => {
    const to = path.join(path.dirname(output), path.basename(from));
    renameSync(from, to);
    return { path: to, bytes };
  });
  renameSync(executable.path, temporary);
  return [{ path: output, bytes: executable.bytes }, ...placed];
}

/** What is there may only be weights that packaging wrote. */
export function refuseForeignPayload(file: string): void {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  try {
    const head = new Uint8Array(payloadMagic.length);
    const bytes = readSync(fd, head, 0, head.length, 0);
    if (bytes === 0 || payloadMagic.every((byte, i) => head[i] === byte)) return;
  } finally {
    closeSync(fd);
  }
  throw wrongRequest({
    what: `${file}: a file stands there that holds no weights of a package`,
    fix: 'remove it, or name another output',
  });
}
