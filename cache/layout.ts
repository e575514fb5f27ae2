/** @file Where everything stands: the cache folder, the names in it, and who may have made it. */

import { createHash } from 'node:crypto';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { userCacheFolder } from '../transformers/userCache.ts';
import { lstatOrNull, makeFolder, statOrNull } from './files.ts';
import { problem, StoreFault, type StoreProblem } from './problem.ts';

/** Folders of the cache that are not record roots. (`transformed` is the transformer's, which sees to it itself.) */
export const VOLATILE = [
  'artifacts',
  'objects',
  'packed',
  'use',
  'verdicts',
  'locks',
  'memo',
  'engine',
  'transformed',
] as const;
export type VolatileFolder = (typeof VOLATILE)[number];

/** The folder of everything; absolute. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return userCacheFolder(env);
}

/**
 * A text as a file name that gives it back: letters, digits, `_`, `-` and inner `.` stay, any other byte is `%XX`.
 * Throws a `bad-name` fault when the part is empty or the name gets longer than file systems take.
 */
export function encodeName(text: string): string {
  let name = '';
  for (const byte of Buffer.from(text)) {
    const char = String.fromCharCode(byte);
    const plain = /[A-Za-z0-9_-]/.test(char) || (char === '.' && name !== '');
    name += plain ? char : '%' + byte.toString(16).toUpperCase().padStart(2, '0');
  }
  if (name === '' || name.length > 180) {
    const found = name === '' ? 'an empty name' : `a name of ${name.length} characters`;
    throw new StoreFault(
      problem('bad-name', text, `part "${text.slice(0, 60)}": ${found} cannot be stored`, 'use 1 to 180 letters'),
    );
  }
  return name;
}

export function decodeName(name: string): string | null {
  try {
    return decodeURIComponent(name);
  } catch {
    return null;
  }
}

export function sha256Hex(...texts: string[]): string {
  const hash = createHash('sha256');
  // The length before each text keeps ('ab', 'c') and ('a', 'bc') apart.
  for (const text of texts) hash.update(`${Buffer.byteLength(text)}:`).update(text);
  return hash.digest('hex');
}

/** The id of an entry: 12 hex of hash(project, part, source key, static signature). No absolute path goes in. */
export function entryId(project: string, part: string, sourceKey: string, staticSignature: string): string {
  return sha256Hex(project, part, sourceKey, staticSignature).slice(0, 12);
}

/**
 * Why a cache folder must not be used, or null. It may not exist yet. Native code is loaded from it, so it must be
 * owned by this user (or by the system's root, who could do anything anyway) and be closed to other writers.
 */
export function distrust(folder: string): StoreProblem | null {
  const info = statOrNull(folder);
  const itself = lstatOrNull(folder);
  if (!info || !itself || typeof process.getuid !== 'function') return null;
  const user = process.getuid();
  // A link counts as much as what it points to: whoever made it can turn it elsewhere.
  for (const { uid } of [info, itself]) {
    if (uid === user || uid === 0) continue;
    const message = `the cache folder ${folder} is owned by user ${uid}, not by you (${user})`;
    return problem('foreign-owner', folder, message, 'set TN_CACHE_DIR to a folder of your own');
  }
  if ((info.mode & 0o022) === 0 || !info.isDirectory()) return null;
  try {
    chmodSync(folder, info.mode & 0o700);
    return null;
  } catch {
    return problem('unsafe-mode', folder, `others may write into the cache folder ${folder}`, `chmod 700 ${folder}`);
  }
}

/** Makes the cache folder (mode 0700) and one of its own folders; gives that one's path. Faults and errno pass up. */
export function makeVolatile(cache: string, folder: VolatileFolder): string {
  const doubt = distrust(cache);
  if (doubt) throw new StoreFault(doubt);
  if (!lstatOrNull(cache)) makeFolder(cache, 0o700);
  const path = join(cache, folder);
  if (!lstatOrNull(path)) makeFolder(path, 0o700);
  return path;
}

export function sha256OfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
