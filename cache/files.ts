/** @file Writing so that a reader, at any moment and after a kill, sees the old thing, the new thing or nothing. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errnoOf } from './problem.ts';

/** A reader skips every name that matches; a sweep removes those that are old. */
const TEMPORARY = /\.tmp-\d+-[0-9a-f]{12}$/;

/** Litter of killed processes is removed when it is older than this. Nothing writes one file for an hour. */
export const LITTER_AGE_MS = 3_600_000;

export function temporaryName(path: string): string {
  return `${path}.tmp-${process.pid}-${randomBytes(6).toString('hex')}`;
}

export function isTemporary(name: string): boolean {
  return TEMPORARY.test(name);
}

/**
 * Makes a folder and its parents; `mode` holds for the last one made. (Not with `recursive`: Node then says ENOENT where
 * the disk is read-only.)
 */
export function makeFolder(path: string, mode?: number): void {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' && dirname(path) !== path) {
      makeFolder(dirname(path));
      makeFolder(path, mode);
    } else if (!isFolder(path)) throw error;
  }
}

/** What stands at a path, links followed; null when nothing does or nobody lets us see. */
export function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

/** As `statOrNull`, of a link itself. */
export function lstatOrNull(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

export function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 28));
}

/** Writes a new file and, unless `durable` is false, waits until it is on the disk. */
export function writeNewFile(
  path: string,
  bytes: Uint8Array,
  options: { durable?: boolean; mode?: number } = {},
): void {
  const fd = openSync(path, 'wx', options.mode ?? 0o666);
  try {
    writeAll(fd, bytes);
    if (options.durable !== false) fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Puts the bytes at `path` in one step, whatever stood there. */
export function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  options: { durable?: boolean; mode?: number } = {},
): void {
  const temporary = temporaryName(path);
  try {
    writeNewFile(temporary, typeof bytes === 'string' ? Buffer.from(bytes) : bytes, options);
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/**
 * Renames a finished folder to its place. `false` when another stands there already (the caller decides which wins):
 * rename(2) refuses to replace a folder that is not empty.
 */
export function publishFolder(temporary: string, final: string): boolean {
  try {
    renameSync(temporary, final);
    return true;
  } catch (error) {
    if (['EEXIST', 'ENOTEMPTY', 'EPERM'].includes(errnoOf(error)) && isFolder(final)) return false;
    throw error;
  }
}

/** Takes a file or folder out of sight in one step, then removes it; a kill in between leaves litter, no half entry. */
export function discard(path: string): void {
  const aside = temporaryName(path);
  try {
    renameSync(path, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

/** Makes a rename in `folder` survive a power cut. Some file systems refuse to sync folders: then so be it. */
export function syncFolder(folder: string): void {
  try {
    const fd = openSync(folder, 'r');
    try {
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
  } catch {
    // The entry is whole or absent either way.
  }
}

/** Removes temporary files and folders in `folder` that are older than an hour. Never fails. */
export function sweepLitter(folder: string, now = Date.now(), age = LITTER_AGE_MS): number {
  let swept = 0;
  for (const name of listFolder(folder)) {
    if (!isTemporary(name)) continue;
    const path = join(folder, name);
    try {
      if (now - statSync(path).mtimeMs < age) continue;
      rmSync(path, { recursive: true, force: true });
      swept++;
    } catch {
      // Another process swept it, or we may not: the next sweep tries again.
    }
  }
  return swept;
}

/** Names in a folder, sorted; none when it cannot be read. */
export function listFolder(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

export function isFolder(path: string): boolean {
  return statOrNull(path)?.isDirectory() ?? false;
}

export function readFileOrNull(path: string): Buffer | null {
  try {
    return readFileSync(path);
  } catch {
    return null;
  }
}

/** Parsed JSON, or undefined when the file is absent or is not JSON. */
export function readJson(path: string): unknown {
  const bytes = readFileOrNull(path);
  if (!bytes) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Calls `take` with successive chunks of a region of a file; false when the file ends before the region does. */
export function readRegion(path: string, offset: number, length: number, take: (chunk: Uint8Array) => void): boolean {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(Math.max(1, Math.min(length, 1 << 20)));
    for (let done = 0; done < length; ) {
      const read = readSync(fd, buffer, 0, Math.min(buffer.length, length - done), offset + done);
      if (read === 0) return false;
      take(buffer.subarray(0, read));
      done += read;
    }
    return true;
  } finally {
    closeSync(fd);
  }
}

/** Bytes of all files under a path; 0 when it is not there. */
export function sizeOf(path: string): number {
  const info = statOrNull(path);
  if (!info) return 0;
  if (!info.isDirectory()) return info.size;
  return listFolder(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
}

/** The nearest of `path` and its parents that exists: what a disk-space question is asked of. */
export function nearestExisting(path: string): string {
  let at = path;
  while (!statOrNull(at) && dirname(at) !== at) at = dirname(at);
  return at;
}
