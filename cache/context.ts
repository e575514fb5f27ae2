/** @file What every part of the store shares: the cache folder, the memo of hashes, the clock and who is told what. */

import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { isTemporary, listFolder, statOrNull, writeNewFile } from './files.ts';
import { makeVolatile, type VolatileFolder } from './layout.ts';
import type { HashMemo } from './memo.ts';
import { errnoOf, problemOf, type StoreProblem } from './problem.ts';

export interface StoreContext {
  /** The cache folder, absolute. */
  readonly cache: string;
  /** Why nothing in the cache folder may be read or written; null when it may. */
  readonly distrusted: StoreProblem | null;
  readonly memo: HashMemo;
  readonly limitBytes: number;
  /** Names that this process has stamped lately, so that a hot path costs no system call. */
  readonly stamped: Map<string, number>;
}

export type UseKind = 'artifact' | 'object' | 'packed' | 'record';

/** Stamps are refreshed at most so often. */
export const USE_PERIOD_MS = 3_600_000;

export function volatilePath(context: StoreContext, folder: VolatileFolder, ...names: string[]): string {
  return join(context.cache, folder, ...names);
}

/** The folder, made if need be; null where that cannot be done. */
export function volatileOrNull(context: StoreContext, folder: VolatileFolder): string | null {
  if (context.distrusted) return null;
  try {
    return makeVolatile(context.cache, folder);
  } catch (error) {
    if (!problemOf(error, 'opening', context.cache)) throw error;
    return null;
  }
}

/** Notes that something was used now. Costs a map lookup within the hour; never fails. */
export function touchUse(context: StoreContext, kind: UseKind, id: string, now = Date.now()): void {
  const name = `${kind}-${id}`;
  if (now - (context.stamped.get(name) ?? Number.NEGATIVE_INFINITY) < USE_PERIOD_MS) return;
  context.stamped.set(name, now);
  const folder = volatileOrNull(context, 'use');
  if (!folder) return;
  const path = join(folder, name);
  try {
    if (now - (statOrNull(path)?.mtimeMs ?? 0) < USE_PERIOD_MS) return;
    utimesSync(path, now / 1000, now / 1000);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') createStamp(path, now);
  }
}

function createStamp(path: string, now: number): void {
  try {
    writeNewFile(path, new Uint8Array(0), { durable: false, mode: 0o600 });
    utimesSync(path, now / 1000, now / 1000);
  } catch {
    // Another process made it, or nothing can be written: the age is then judged by the files themselves.
  }
}

/** When something was last used (ms since 1970), or null when no stamp is there. */
export function lastUse(context: StoreContext, kind: UseKind, id: string): number | null {
  return statOrNull(volatilePath(context, 'use', `${kind}-${id}`))?.mtimeMs ?? null;
}

/** Names in one of the cache's folders, without the temporary ones. */
export function listVolatile(context: StoreContext, folder: VolatileFolder): string[] {
  if (context.distrusted) return [];
  return listFolder(volatilePath(context, folder)).filter((name) => !isTemporary(name));
}
