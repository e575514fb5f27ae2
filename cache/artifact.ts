/**
 * @file Artifacts: native code for one graph, one target and one compiler, found by key.
 *
 * `<cache>/artifacts/<key>/`: the files, each under a name that holds part of its hash (a path that was once loaded is
 * never used again for other code), `artifact.json`, and a `verified-*.json` for every record whose samples were run.
 * Whatever is wrong with one is a miss with a reason.
 */

import { createHash } from 'node:crypto';
import { accessSync, constants, rmSync } from 'node:fs';
import { extname, join } from 'node:path';
import { type StoreContext, touchUse, volatilePath } from './context.ts';
import {
  discard,
  isTemporary,
  makeFolder,
  publishFolder,
  readFileOrNull,
  readJson,
  replaceFile,
  sizeOf,
  statOrNull,
  sweepLitter,
  syncFolder,
  temporaryName,
  writeNewFile,
} from './files.ts';
import { makeVolatile, sha256Hex } from './layout.ts';
import { attempt, problem, StoreFault, type StoreProblem, type StoreResult } from './problem.ts';

const SCHEMA = 1;

/** What is known of an artifact beside its files. `details` is the compiler's own, JSON. */
export interface ArtifactInfo {
  readonly compiler: string;
  /** Instruction level: `plain`, `v3`, `v4`, `v4x`, `neon`. */
  readonly target: string;
  readonly precision: string;
  readonly tnVersion: string;
  readonly details?: unknown;
}

export interface StoredFile {
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface StoredArtifactInfo extends ArtifactInfo {
  readonly key: string;
  /** ISO 8601, UTC. */
  readonly created: string;
  /** Logical name (`program.so`) → file. */
  readonly files: Readonly<Record<string, StoredFile>>;
}

export interface Artifact {
  readonly key: string;
  readonly folder: string;
  /** Logical name → absolute path. */
  readonly files: Readonly<Record<string, string>>;
  readonly info: StoredArtifactInfo;
}

export interface ArtifactMiss {
  readonly miss: string;
  /** Set when the folder is at fault and compiling again would not help. */
  readonly problem?: StoreProblem;
}

/** The outcome of running an artifact on a record's samples. */
export interface Verification {
  readonly ok: boolean;
  /** What was found: the largest error, or the first kernel that differs. */
  readonly detail: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export type ArtifactFile = Uint8Array | { readonly copyFrom: string };

/**
 * Finds an artifact whose files are whole. A file is hashed once per change of it (dev, inode, size, times), so a
 * flipped byte is a miss; and it must be executable where it stands, so a noexec mount is a miss that says so.
 */
export function findArtifact(context: StoreContext, key: string): Artifact | ArtifactMiss {
  if (context.distrusted) return { miss: context.distrusted.message, problem: context.distrusted };
  const folder = volatilePath(context, 'artifacts', key);
  const info = readInfo(join(folder, 'artifact.json'));
  if (typeof info === 'string') return { miss: info };
  if (info.key !== key) return { miss: `artifact.json is of another key (${info.key.slice(0, 12)})` };
  const files: Record<string, string> = {};
  for (const [name, stored] of Object.entries(info.files)) {
    const path = join(folder, stored.file);
    const wrong = checkFile(context, path, name, stored);
    if (wrong) return wrong;
    files[name] = path;
  }
  touchUse(context, 'artifact', key);
  return { key, folder, files, info };
}

function checkFile(context: StoreContext, path: string, name: string, stored: StoredFile): ArtifactMiss | null {
  const found = statOrNull(path);
  if (!found?.isFile()) return { miss: `${name} is missing` };
  if (found.size !== stored.bytes) return { miss: `${name} has ${found.size} bytes, ${stored.bytes} expected` };
  const hash = attempt('reading an artifact', path, () => context.memo.hash(path));
  if (!hash.ok) return { miss: hash.problem.message, problem: hash.problem };
  if (hash.value !== stored.sha256) return { miss: `${name} is damaged: its content is not what artifact.json names` };
  return isLibrary(name) ? checkExecutable(path) : null;
}

/** access(2) answers EACCES on a noexec mount, to root as well: known without loading anything. */
function checkExecutable(path: string): ArtifactMiss | null {
  try {
    accessSync(path, constants.X_OK);
    return null;
  } catch {
    const found = notExecutable(path);
    return { miss: found.message, problem: found };
  }
}

export function notExecutable(path: string): StoreProblem {
  const fix = 'set TN_CACHE_DIR to a folder on a file system that is not mounted noexec';
  return problem('not-executable', path, `native code may not be run from ${path}`, fix);
}

/** Stores an artifact; when another process was first and its artifact is whole, that one is kept and given. */
export function publishArtifact(
  context: StoreContext,
  key: string,
  files: Readonly<Record<string, ArtifactFile>>,
  info: ArtifactInfo,
): StoreResult<Artifact> {
  return attempt('storing native code', volatilePath(context, 'artifacts', key), () => {
    if (!/^[A-Za-z0-9_-]{8,128}$/.test(key)) throw new Error(`internal: artifact key "${key}"`);
    const there = findArtifact(context, key);
    if ('files' in there) return there;
    const parent = makeVolatile(context.cache, 'artifacts');
    const folder = join(parent, key);
    const temporary = temporaryName(folder);
    sweepLitter(parent);
    try {
      makeFolder(temporary, 0o700);
      const stored = Object.fromEntries(
        Object.entries(files).map(([name, from]) => [name, storeFile(temporary, name, from)]),
      );
      const whole: StoredArtifactInfo = { ...info, key, created: new Date().toISOString(), files: stored };
      writeNewFile(
        join(temporary, 'artifact.json'),
        Buffer.from(JSON.stringify({ schema: SCHEMA, ...whole }, null, 1) + '\n'),
      );
      for (let round = 0; round < 10; round++) {
        if (publishFolder(temporary, folder)) {
          syncFolder(parent);
          for (const { file, sha256 } of Object.values(stored)) context.memo.remember(join(folder, file), sha256);
          const paths = Object.fromEntries(
            Object.entries(stored).map(([name, { file }]) => [name, join(folder, file)]),
          );
          touchUse(context, 'artifact', key);
          const blocked = Object.keys(paths)
            .filter(isLibrary)
            .map((name) => checkExecutable(paths[name]));
          const fault = blocked.find((each) => each !== null)?.problem;
          if (fault) throw new StoreFault(fault);
          return { key, folder, files: paths, info: whole };
        }
        const theirs = findArtifact(context, key);
        if ('files' in theirs) return theirs;
        discard(folder);
      }
      throw new StoreFault(problem('io', folder, `${folder} is being replaced all the time`, 'run again'));
    } finally {
      rmSync(temporary, { recursive: true, force: true });
    }
  });
}

function storeFile(folder: string, name: string, from: ArtifactFile): StoredFile {
  const bytes = from instanceof Uint8Array ? from : readFileOrNull(from.copyFrom);
  if (!bytes) throw new StoreFault(problem('missing', name, `${name} was not made by the compiler`, 'run again'));
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const extension = extname(name);
  const file = `${name.slice(0, name.length - extension.length).replace(/[^A-Za-z0-9_.-]/g, '_')}-${sha256.slice(0, 12)}${extension}`;
  writeNewFile(join(folder, file), bytes, { mode: isLibrary(name) ? 0o700 : 0o600 });
  return { file, bytes: bytes.byteLength, sha256 };
}

/** Removes an artifact; gives the bytes freed. Processes that have loaded it keep it. Never fails. */
export function removeArtifact(context: StoreContext, key: string): number {
  const folder = volatilePath(context, 'artifacts', key);
  const bytes = sizeOf(folder);
  const removed = attempt('removing native code', folder, () => discard(folder));
  return removed.ok ? bytes : 0;
}

/** Notes the outcome of running the artifact on a record's samples. `id` names record and samples; see `recordId`. */
export function putVerification(
  context: StoreContext,
  key: string,
  id: string,
  outcome: Verification,
): StoreResult<void> {
  const path = verificationPath(context, key, id);
  return attempt('storing a check', path, () => {
    makeVolatile(context.cache, 'artifacts');
    replaceFile(path, JSON.stringify({ schema: SCHEMA, id, ...outcome }) + '\n', { durable: false, mode: 0o600 });
  });
}

/** The outcome noted for a record, or null when the artifact was never run on its samples. */
export function readVerification(context: StoreContext, key: string, id: string): Verification | null {
  if (context.distrusted) return null;
  const value = readJson(verificationPath(context, key, id)) as
    | (Partial<Verification> & { id?: unknown })
    | null
    | undefined;
  if (!value || value.id !== id || typeof value.ok !== 'boolean') return null;
  return { ok: value.ok, detail: String(value.detail ?? ''), at: String(value.at ?? '') };
}

/** Every artifact in the cache, whole or not, by key. */
export function listArtifacts(
  context: StoreContext,
  keys: readonly string[],
): { key: string; info: StoredArtifactInfo | null }[] {
  return keys
    .filter((key) => !isTemporary(key))
    .map((key) => {
      const info = readInfo(volatilePath(context, 'artifacts', key, 'artifact.json'));
      return { key, info: typeof info === 'string' ? null : info };
    });
}

function verificationPath(context: StoreContext, key: string, id: string): string {
  return volatilePath(context, 'artifacts', key, `verified-${sha256Hex(id).slice(0, 24)}.json`);
}

function readInfo(path: string): StoredArtifactInfo | string {
  if (!statOrNull(path)) return 'not compiled yet';
  const value = readJson(path) as (Partial<StoredArtifactInfo> & { schema?: unknown }) | null | undefined;
  if (!value || typeof value !== 'object') return 'artifact.json is not JSON';
  if (value.schema !== SCHEMA) return `artifact.json has schema ${String(value.schema)}, this version reads ${SCHEMA}`;
  const files = value.files;
  const whole =
    typeof value.key === 'string' &&
    typeof files === 'object' &&
    files !== null &&
    // A name with a separator would reach out of the folder.
    Object.values(files).every(
      (f) => f && /^[A-Za-z0-9_.-]+$/.test(f.file) && typeof f.sha256 === 'string' && Number.isSafeInteger(f.bytes),
    );
  if (!whole) return 'artifact.json lacks fields';
  const { schema: _, ...info } = value;
  return info as StoredArtifactInfo;
}

function isLibrary(name: string): boolean {
  return /\.(so|dylib|dll)$/.test(name);
}
