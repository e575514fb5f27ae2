/**
 * @file Keeping the cache under its limit: what was used least lately goes first. `out` folders are never touched;
 * everything removed here can be made again.
 */

import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { blobPath } from './blobs.ts';
import { lastUse, listVolatile, type StoreContext, type UseKind, volatileOrNull, volatilePath } from './context.ts';
import { discard, isTemporary, listFolder, replaceFile, sizeOf, statOrNull, sweepLitter } from './files.ts';
import { sweepLock, tryLock } from './lock.ts';
import { blobsOf } from './manifest.ts';
import { listProjects } from './project.ts';
import { collectRoot, type RecordRef, readManifests, recordId, removeRecord } from './record.ts';

export const DEFAULT_LIMIT = 8 * 1024 ** 3;

/** Between two evictions that were not asked for. */
const EVICT_PERIOD_MS = 3_600_000;
/** What a process uses right now is not taken from under it, however small the limit. */
const IN_USE_MS = 60_000;

export interface StoredItem {
  readonly kind: UseKind;
  /** Names it within its kind. */
  readonly id: string;
  /** For people: the part's name, or the id. */
  readonly label: string;
  /** Bytes that go away with it: for a record its own files and the weights that only it names. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly lastUsed: number;
}

export interface EvictionReport {
  readonly limit: number;
  readonly before: number;
  readonly after: number;
  /** In the order in which they went. */
  readonly removed: readonly StoredItem[];
}

interface Removable extends StoredItem {
  readonly remove: () => number;
}

/** Everything in the cache that can be evicted, least lately used first. */
export function listItems(context: StoreContext): StoredItem[] {
  return inventory(context).map(({ kind, id, label, bytes, lastUsed }) => ({ kind, id, label, bytes, lastUsed }));
}

/** Removes what was used least lately until the cache holds at most `limit` bytes. Never fails: what stays is counted. */
export function evict(
  context: StoreContext,
  limit = context.limitBytes,
  now = Date.now(),
  inUse = IN_USE_MS,
): EvictionReport {
  sweep(context, now);
  const items = inventory(context);
  const before = items.reduce((sum, item) => sum + item.bytes, 0) + sharedBytes(context);
  let after = before;
  const removed: StoredItem[] = [];
  for (const item of items) {
    if (after <= limit) break;
    if (now - item.lastUsed < inUse) continue;
    try {
      const freed = item.remove();
      rmSync(volatilePath(context, 'use', `${item.kind}-${item.id}`), { force: true });
      after -= freed;
      removed.push({ kind: item.kind, id: item.id, label: item.label, bytes: freed, lastUsed: item.lastUsed });
    } catch {
      // Not ours to remove, or gone: the next one.
    }
  }
  return { limit, before, after, removed };
}

/** Evicts when that was not done within the hour, by one process at a time; null when there was nothing to do. */
export function evictNowAndThen(context: StoreContext, now = Date.now()): EvictionReport | null {
  const folder = volatileOrNull(context, 'use');
  if (!folder) return null;
  const stamp = join(folder, 'evicted');
  if (now - (statOrNull(stamp)?.mtimeMs ?? 0) < EVICT_PERIOD_MS) return null;
  const got = tryLock(context.cache, 'evict');
  if (!('lock' in got)) return null;
  try {
    replaceFile(stamp, '', { durable: false, mode: 0o600 });
    return evict(context, context.limitBytes, now);
  } catch {
    return null;
  } finally {
    got.lock.release();
  }
}

function inventory(context: StoreContext): Removable[] {
  const items: Removable[] = [];
  const add = (kind: UseKind, id: string, path: string, remove: () => number, extra: Partial<StoredItem> = {}) => {
    const info = statOrNull(path);
    if (!info) return;
    const lastUsed = Math.max(lastUse(context, kind, id) ?? 0, info.mtimeMs);
    items.push({ kind, id, label: id, bytes: sizeOf(path), lastUsed, remove, ...extra });
  };
  const gone = (path: string): number => {
    const bytes = sizeOf(path);
    discard(path);
    return bytes;
  };
  for (const key of listVolatile(context, 'artifacts')) {
    const path = volatilePath(context, 'artifacts', key);
    add('artifact', key, path, () => gone(path));
  }
  for (const name of listVolatile(context, 'objects')) {
    const path = volatilePath(context, 'objects', name);
    add('object', name, path, () => gone(path));
  }
  for (const name of listVolatile(context, 'packed')) {
    if (name.endsWith('.json')) continue;
    const path = volatilePath(context, 'packed', name);
    add('packed', name, path, () => gone(path) + gone(`${path}.json`));
  }
  for (const { record, bytes } of records(context)) {
    const remove = (): number => {
      const result = removeRecord(context, record);
      if (!result.ok) throw new Error(result.problem.message);
      return result.value;
    };
    add('record', recordId(record), record.folder, remove, { label: `${record.part}@${record.entry}`, bytes });
  }
  return items.sort((a, b) => a.lastUsed - b.lastUsed || (a.id < b.id ? -1 : 1));
}

/** Records of the default roots, with the bytes that go with each: weights that several name are counted in none. */
function records(context: StoreContext): { record: RecordRef; bytes: number }[] {
  return listProjects(context).flatMap((project) => {
    const found = readManifests(context, project.recordRoot).records;
    const uses = new Map<string, number>();
    for (const record of found) for (const blob of blobsOf(record.manifest)) uses.set(blob, (uses.get(blob) ?? 0) + 1);
    return found.map((record) => {
      const alone = [...blobsOf(record.manifest)].filter((blob) => uses.get(blob) === 1);
      const weights = alone.reduce((sum, blob) => sum + sizeOf(blobPath(record.root, blob)), 0);
      return { record, bytes: sizeOf(record.folder) + sizeOf(record.model) + weights };
    });
  });
}

/** Weights that several records of a root name: they go with the last of them. */
function sharedBytes(context: StoreContext): number {
  let shared = 0;
  for (const project of listProjects(context)) {
    const uses = new Map<string, number>();
    for (const record of readManifests(context, project.recordRoot).records) {
      for (const blob of blobsOf(record.manifest)) uses.set(blob, (uses.get(blob) ?? 0) + 1);
    }
    for (const [blob, count] of uses) if (count > 1) shared += sizeOf(blobPath(project.recordRoot, blob));
  }
  return shared;
}

/** Litter of killed processes, orphaned weights and locks of dead holders. */
function sweep(context: StoreContext, now: number): void {
  if (context.distrusted) return;
  for (const folder of ['artifacts', 'objects', 'packed', 'use', 'memo', 'locks'] as const) {
    sweepLitter(volatilePath(context, folder), now);
  }
  for (const project of listProjects(context)) {
    sweepLitter(project.recordRoot, now);
    sweepLitter(join(project.recordRoot, 'blobs'), now);
    collectRoot(context, project.recordRoot);
  }
  const locks = volatilePath(context, 'locks');
  for (const name of listFolder(locks)) if (!isTemporary(name)) sweepLock(join(locks, name));
}
