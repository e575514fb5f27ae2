/**
 * @file The sticky store: records, weights, native code and verdicts on disk, safe for many processes at once and for
 * being killed at any moment. `README.md` beside this file shows the layout.
 *
 * Everything is synchronous, as decorated calls are. Nothing throws on account of the disk: writes give a
 * `StoreResult`, reads a miss with its reason.
 */

import { accessSync, chmodSync, constants, existsSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import {
  type Artifact,
  type ArtifactFile,
  type ArtifactInfo,
  type ArtifactMiss,
  findArtifact,
  listArtifacts,
  notExecutable,
  publishArtifact,
  putVerification,
  readVerification,
  removeArtifact,
  type StoredArtifactInfo,
  type Verification,
} from './artifact.ts';
import { type BlobSource, blobPath, checkBlob } from './blobs.ts';
import {
  lastUse,
  listVolatile,
  type StoreContext,
  touchUse,
  type UseKind,
  volatileOrNull,
  volatilePath,
} from './context.ts';
import { DEFAULT_LIMIT, type EvictionReport, evict, evictNowAndThen, listItems, type StoredItem } from './evict.ts';
import { nearestExisting, sizeOf, temporaryName, writeNewFile } from './files.ts';
import { cacheFolder, distrust, makeVolatile, type VolatileFolder } from './layout.ts';
import {
  type Lock,
  type LockAttempt,
  type LockHolder,
  lockHolder,
  tryLock,
  type WaitOptions,
  waitLock,
  withLock,
} from './lock.ts';
import type { Manifest } from './manifest.ts';
import { createMemo, type HashMemo } from './memo.ts';
import { findPacked, type PackedFind, publishPacked } from './packed.ts';
import { attempt, StoreFault, type StoreProblem, type StoreResult } from './problem.ts';
import { listProjects, noteProject, type Project, projectFor, recordRoots } from './project.ts';
import {
  findRecord,
  type RecordDraft,
  type RecordListing,
  type RecordRef,
  type RecordSamples,
  readManifests,
  readOnnx,
  readSamples,
  recordBytes,
  recordId,
  removeRecord,
  updateManifest,
  writeRecord,
} from './record.ts';
import { clearVerdicts, findVerdict, listVerdicts, putVerdict, type Verdict } from './verdicts.ts';

export type {
  Artifact,
  ArtifactFile,
  ArtifactInfo,
  ArtifactMiss,
  StoredArtifactInfo,
  Verification,
} from './artifact.ts';
export type { BlobSource } from './blobs.ts';
export type { UseKind } from './context.ts';
export type { EvictionReport, StoredItem } from './evict.ts';
export { cacheFolder, entryId, type VolatileFolder } from './layout.ts';
export type { Lock, LockAttempt, LockHolder, WaitOptions } from './lock.ts';
export type {
  Manifest,
  ManifestBinding,
  ManifestDim,
  ManifestDraft,
  ManifestGuard,
  ManifestParameter,
  ManifestSamples,
  ManifestSize,
  ManifestSource,
  ManifestValue,
} from './manifest.ts';
export type { PackedFind } from './packed.ts';
export type { ProblemKind, StoreProblem, StoreResult } from './problem.ts';
export type { Project } from './project.ts';
export type { RecordDraft, RecordListing, RecordRef, RecordSamples, SkippedRecord } from './record.ts';
export type { Verdict } from './verdicts.ts';

export interface StoreOptions {
  /** The cache folder; default `TN_CACHE_DIR`, else the user's. */
  readonly folder?: string;
  /** Bytes; default `TN_CACHE_LIMIT` (`8GB`, `500 MB`, plain bytes), else 8 GiB. */
  readonly limitBytes?: number;
  /** Told when a publish has evicted something (at most once an hour). */
  readonly onEvict?: (report: EvictionReport) => void;
  readonly env?: NodeJS.ProcessEnv;
}

export interface Store {
  readonly folder: string;
  readonly limitBytes: number;
  /** Why the cache folder is not used at all (another user's); null when it is. */
  readonly problem: StoreProblem | null;
  /** Whether files can be made, and run, in the cache folder now: tried, not guessed. */
  probe(): StoreResult<{ freeBytes: number }>;

  projectFor(fileOrFolder: string): Project;
  projects(): Project[];
  recordRoots(project: Project): string[];
  /** Makes the project, and an `out` folder of it, known to `tn cache ls`. Cheap when it is known. */
  noteProject(project: Project, out?: string): StoreResult<void>;

  writeRecord(draft: RecordDraft): StoreResult<RecordRef>;
  readManifests(root: string, part?: string): RecordListing;
  findRecord(root: string, part: string, entry: string): RecordRef | null;
  readOnnx(record: RecordRef): StoreResult<Uint8Array>;
  readSamples(record: RecordRef): StoreResult<RecordSamples>;
  /**
   * `change` gets the manifest as it is on disk now, after other processes' changes, and gives the new one. `blobs`
   * (a new binding's weights) are stored before it.
   */
  updateManifest(
    record: RecordRef,
    change: (manifest: Manifest) => Manifest,
    blobs?: readonly BlobSource[],
  ): StoreResult<RecordRef>;
  /** Gives the bytes freed, weights that no other record names included. */
  removeRecord(record: RecordRef | { root: string; folder: string }): StoreResult<number>;
  recordBytes(record: RecordRef): { own: number; weights: number };
  recordId(record: RecordRef): string;
  blobPath(root: string, sha256: string): string;
  /** Bytes of a blob, 0 when it is not kept in this root. */
  blobBytes(root: string, sha256: string): number;
  /** null when the blob is there whole. */
  checkBlob(root: string, sha256: string): StoreProblem | null;

  /** sha256 of a region of a file, remembered by the file's identity and times; null when the file is too short. */
  hashFileRegion(path: string, offset?: number, length?: number): StoreResult<string | null>;
  readonly memo: HashMemo;

  findArtifact(key: string): Artifact | ArtifactMiss;
  publishArtifact(
    key: string,
    files: Readonly<Record<string, ArtifactFile>>,
    info: ArtifactInfo,
  ): StoreResult<Artifact>;
  /** Gives the bytes freed. Processes that have loaded it keep it. */
  removeArtifact(key: string): number;
  artifacts(): { key: string; info: StoredArtifactInfo | null }[];
  putVerification(key: string, record: RecordRef, outcome: Omit<Verification, 'at'>): StoreResult<void>;
  readVerification(key: string, record: RecordRef): Verification | null;
  /** A folder of the cache for the caller's own files (`objects` for the compiler), made if need be. */
  ownFolder(name: VolatileFolder): StoreResult<string>;

  findPacked(blob: string, layout: string): PackedFind;
  publishPacked(blob: string, layout: string, content: Uint8Array | ((path: string) => void)): StoreResult<string>;

  putVerdict(project: Project, verdict: Omit<Verdict, 'created' | 'variant'> & { variant?: string }): StoreResult<void>;
  findVerdict(project: Project, part: string, sourceKey: string, variant?: string): Verdict | null;
  clearVerdicts(project: Project, part?: string, variant?: string): number;
  verdicts(project: Project): Verdict[];

  touchUse(kind: UseKind, id: string): void;
  /** ms since 1970, or null. */
  lastUse(kind: UseKind, id: string): number | null;
  items(): StoredItem[];
  evict(limitBytes?: number): EvictionReport;

  withLock<T>(name: string, work: (lock: Lock) => T, options?: WaitOptions): T;
  tryLock(name: string): LockAttempt;
  waitLock(name: string, options?: WaitOptions): Lock | null;
  lockHolder(name: string): LockHolder | null;
}

/** Opens the store. Makes nothing on disk until something is written. */
export function openStore(options: StoreOptions = {}): Store {
  const env = options.env ?? process.env;
  const cache = options.folder ?? cacheFolder(env);
  const limitBytes = options.limitBytes ?? parseBytes(env.TN_CACHE_LIMIT ?? '') ?? DEFAULT_LIMIT;
  const memo = createMemo(() => volatileOrNull(context, 'memo'));
  let judged: { readonly doubt: StoreProblem | null } | null = null;
  const context: StoreContext = {
    cache,
    memo,
    limitBytes,
    stamped: new Map(),
    get distrusted() {
      if (judged) return judged.doubt;
      const doubt = distrust(cache);
      // A folder that is not there yet may still be made by another user: judged again until it stands.
      if (existsSync(cache)) judged = { doubt };
      return doubt;
    },
  };

  /** After something was stored: keeps the limit, now and then. */
  const stored = <T>(result: StoreResult<T>): StoreResult<T> => {
    const report = result.ok ? evictNowAndThen(context) : null;
    if (report && report.removed.length > 0) options.onEvict?.(report);
    return result;
  };
  const sampleId = (record: RecordRef): string => {
    const { files } = record.manifest;
    const samples = Object.keys(files)
      .sort()
      .map((name) => files[name].sha256);
    return [recordId(record), ...samples].join(' ');
  };

  return {
    folder: cache,
    limitBytes,
    get problem() {
      return context.distrusted;
    },
    probe: () => probe(context),

    projectFor: (path) => projectFor(context, path),
    projects: () => listProjects(context),
    recordRoots,
    noteProject: (project, out) =>
      attempt('noting a project', project.recordRoot, () => noteProject(context, project, out)),

    writeRecord: (draft) => stored(writeRecord(context, draft)),
    readManifests: (root, part) => readManifests(context, root, part),
    findRecord: (root, part, entry) => findRecord(context, root, part, entry),
    readOnnx,
    readSamples,
    updateManifest: (record, change, blobs) => updateManifest(context, record, change, blobs),
    removeRecord: (record) => removeRecord(context, record),
    recordBytes,
    recordId,
    blobPath,
    blobBytes: (root, sha256) => sizeOf(blobPath(root, sha256)),
    checkBlob: (root, sha256) => checkBlob(context, root, sha256),

    hashFileRegion: (path, offset, length) => attempt('reading weights', path, () => memo.hash(path, offset, length)),
    memo,

    findArtifact: (key) => findArtifact(context, key),
    publishArtifact: (key, files, info) => stored(publishArtifact(context, key, files, info)),
    removeArtifact: (key) => removeArtifact(context, key),
    artifacts: () => listArtifacts(context, listVolatile(context, 'artifacts')),
    putVerification: (key, record, outcome) =>
      putVerification(context, key, sampleId(record), { ...outcome, at: new Date().toISOString() }),
    readVerification: (key, record) => readVerification(context, key, sampleId(record)),
    ownFolder: (name) => attempt(`opening ${name}`, cache, () => makeVolatile(cache, name)),

    findPacked: (blob, layout) => findPacked(context, blob, layout),
    publishPacked: (blob, layout, content) => stored(publishPacked(context, blob, layout, content)),

    putVerdict: (project, verdict) => {
      const noted = attempt('noting a project', project.recordRoot, () => noteProject(context, project));
      if (!noted.ok) return noted;
      return putVerdict(context, project, { variant: '', ...verdict, created: new Date().toISOString() });
    },
    findVerdict: (project, part, sourceKey, variant) => findVerdict(context, project, part, sourceKey, variant),
    clearVerdicts: (project, part, variant) => clearVerdicts(context, project, part, variant),
    verdicts: (project) => listVerdicts(context, project),

    touchUse: (kind, id) => touchUse(context, kind, id),
    lastUse: (kind, id) => lastUse(context, kind, id),
    items: () => listItems(context),
    evict: (limit) => evict(context, limit),

    withLock: (name, work, wait) => withLock(cache, name, work, wait),
    tryLock: (name) => tryLock(cache, name),
    waitLock: (name, wait) => waitLock(cache, name, wait),
    lockHolder: (name) => lockHolder(cache, name),
  };
}

/** Bytes in `8GB`, `1.5 GiB`, `500mb`, `1000000` (K, M, G, T count by 1024 each); null when it is not such a text. */
export function parseBytes(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*$/i.exec(text);
  if (!match) return null;
  const power = ' kmgt'.indexOf(match[2].toLowerCase() || ' ');
  return Math.round(Number(match[1]) * 1024 ** power);
}

function probe(context: StoreContext): StoreResult<{ freeBytes: number }> {
  return attempt('using the cache folder', context.cache, () => {
    if (context.distrusted) throw new StoreFault(context.distrusted);
    const path = temporaryName(join(makeVolatile(context.cache, 'artifacts'), 'probe'));
    try {
      writeNewFile(path, new Uint8Array(4096), { durable: false });
      chmodSync(path, 0o700);
      try {
        accessSync(path, constants.X_OK);
      } catch {
        throw new StoreFault(notExecutable(volatilePath(context, 'artifacts')));
      }
    } finally {
      rmSync(path, { force: true });
    }
    const disk = statfsSync(nearestExisting(context.cache));
    return { freeBytes: disk.bavail * disk.bsize };
  });
}
