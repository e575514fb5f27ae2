/**
 * @file Values that are kept on disk, in a folder of the user's cache that nobody else may write into. A file that is
 * damaged or cannot be read is none; where nothing can be written, nothing is kept.
 */

import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from './sha256.ts';
import { userCacheFolder } from './userCache.ts';

/** Its name is known to `cache/`, which would take it for a project's folder. */
const folderName = 'transformed';

const dayMs = 86_400_000;
/** What was not used for so long goes: its source may be gone. */
const keptDays = 30;
const keptBytes = 256 * 1024 ** 2;
const litterAgeMs = 3_600_000;
const temporary = /\.tmp-\d+-[0-9a-f]{12}$/;

const trusted = new Map<string, boolean>();

/** As `cache/` does: code is run that lies there, so the folder is this user's (or root's) and closed to others. */
function isTrusted(cache: string): boolean {
  let answer = trusted.get(cache);
  if (answer === undefined) {
    const info = statSync(cache);
    const user = process.getuid?.() ?? null;
    const owners = [info.uid, lstatSync(cache).uid];
    answer = info.isDirectory() && (user === null || owners.every((owner) => owner === user || owner === 0));
    if (answer && user !== null && (info.mode & 0o022) !== 0) chmodSync(cache, info.mode & 0o700);
    trusted.set(cache, answer);
  }
  return answer;
}

function isOff(): boolean {
  return process.env.TN_TRANSFORM_CACHE === 'off';
}

/** What was kept under a name, or null. */
export function readKept(name: string): unknown {
  if (isOff()) return null;
  try {
    const cache = userCacheFolder(process.env);
    if (!isTrusted(cache)) return null;
    const path = join(cache, folderName, name);
    const bytes = readFileSync(path);
    const text = bytes.subarray(bytes.indexOf(10) + 1);
    if (bytes.toString('latin1', 0, 65) !== `${sha256(text)}\n`) return null;
    noteUse(path);
    return JSON.parse(text.toString('utf8'));
  } catch {
    return null;
  }
}

/** The time of a file says when it was used last, to the day. */
function noteUse(path: string): void {
  const now = Date.now();
  if (now - statSync(path).mtimeMs < dayMs) return;
  try {
    utimesSync(path, now / 1000, now / 1000);
  } catch {
    // Read-only: whoever can write there will see to it.
  }
}

/** Keeps a value (as JSON) under a name, in one step: who reads meanwhile sees the one before or this one. */
export function writeKept(name: string, value: unknown): void {
  if (isOff()) return;
  const text = JSON.stringify(value);
  try {
    const cache = userCacheFolder(process.env);
    const folder = join(cache, folderName);
    makeFolder(cache);
    if (!isTrusted(cache)) return;
    makeFolder(folder);
    replace(join(folder, name), `${sha256(text)}\n${text}`);
    sweepNowAndThen(folder);
  } catch {
    // A full or read-only disk costs nothing but the cache.
  }
}

/** (Not with `recursive`: Node never comes back where a file system takes no folders at all.) */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    if (!existsSync(path)) throw error; // else another process was quicker
  }
}

function replace(path: string, text: string): void {
  const aside = `${path}.tmp-${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    writeFileSync(aside, text, { mode: 0o600, flag: 'wx' });
    renameSync(aside, path);
  } catch (error) {
    rmSync(aside, { force: true });
    throw error;
  }
}

let swept = false;

/** Once a day the folder is looked through. */
function sweepNowAndThen(folder: string): void {
  if (swept) return;
  swept = true;
  const stamp = join(folder, 'swept');
  const now = Date.now();
  if (now - (statSync(stamp, { throwIfNoEntry: false })?.mtimeMs ?? 0) < dayMs) return;
  replace(stamp, '');
  sweep(folder, now);
}

/** Removes what has not been used for long, then what was used least lately until the rest fits. */
export function sweep(folder: string, now: number, limit = keptBytes): void {
  const files = readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const info = statSync(path, { throwIfNoEntry: false });
    return info && name !== 'swept' ? [{ path, size: info.size, age: now - info.mtimeMs }] : [];
  });
  files.sort((a, b) => a.age - b.age);
  let total = 0;
  for (const { path, size, age } of files) {
    const longest = temporary.test(path) ? litterAgeMs : keptDays * dayMs;
    total += size;
    if (age > longest || total > limit) rmSync(path, { force: true });
  }
}
