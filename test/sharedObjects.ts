/**
 * @file One folder of compiled objects for all caches of a test run: the C that packages and runtimes have in common is compiled
 * once, not once a project. Objects are found by a hash of what goes into them, as in a user's cache.
 *
 * Vitest calls `setup` before the first test and `teardown` after the last. Tests about caches, first runs and compilers keep folders of their own.
 */

import { copyFileSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';

/** Kept from run to run, as `src/package/engine/test/support.ts` does: the engine as it is fetched, and its objects. */
const kept = join(tmpdir(), `tn-engine-test-${userInfo().uid}`);
export const keptSources = join(kept, 'engine');
export const keptObjects = join(kept, 'kept');

/** Says to the workers, which inherit it, where the run's folder is. */
const variable = 'TN_TEST_FOLDER';

export function setup(): void {
  const folder = mkdtempSync(join(tmpdir(), 'tn-test-run-'));
  process.env[variable] = folder;
  const objects = join(folder, 'objects');
  mkdirSync(objects, { mode: 0o700 });
  if (!existsSync(keptObjects)) return;
  for (const name of readdirSync(keptObjects)) copyFileSync(join(keptObjects, name), join(objects, name));
}

export function teardown(): void {
  const folder = process.env[variable];
  if (folder) rmSync(folder, { recursive: true, force: true });
}

/** A folder that is removed after the last test of the run. */
export function runFolder(prefix: string): string {
  return mkdtempSync(join(process.env[variable] ?? tmpdir(), prefix));
}

/** Lets a cache that holds no objects yet take them from the run's folder, and add to it. */
export function shareObjects(cache: string): void {
  const folder = process.env[variable];
  const objects = join(cache, 'objects');
  if (!folder || lstatSync(objects, { throwIfNoEntry: false })) return;
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  symlinkSync(join(folder, 'objects'), objects);
}
