/** @file Making folders for build results. */

import { mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * Makes a folder of our own (mode 0700) and what is missing above it.
 *
 * Not `mkdirSync(…, { recursive: true })`: in Node 20 that never returns where a parent exists but answers "no such file"
 * to mkdir, as /proc does.
 * @throws the system's error of the first folder that cannot be made.
 */
export function makeFolder(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = path.dirname(folder);
  if (parent !== folder) makeFolder(parent);
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process was faster.
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
    throw error;
  }
}
