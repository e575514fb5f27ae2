/**
 * @file Records: what a capture left, whole or not there at all.
 *
 * `<root>/<part>.<entry>.onnx`, `<root>/<part>.<entry>/{manifest.json, test_data_set_0/{input,output}_N.pb}` and
 * `<root>/blobs/<sha256>`. The folder with the manifest appears last, in one rename; the manifest names the model and
 * the samples by hash, so that files of two writers, or torn ones, never read as one record.
 */

import { createHash } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { type BlobSource, blobPath, collectBlobs, writeBlob } from './blobs.ts';
import { type StoreContext, touchUse } from './context.ts';
import {
  discard,
  isTemporary,
  listFolder,
  lstatOrNull,
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
import { decodeName, encodeName, makeVolatile, sha256Hex } from './layout.ts';
import { tryLock, withLock } from './lock.ts';
import {
  blobsOf,
  checkManifest,
  MANIFEST_SCHEMA,
  type Manifest,
  type ManifestDraft,
  type ManifestFile,
} from './manifest.ts';
import { attempt, problem, StoreFault, type StoreProblem, type StoreResult } from './problem.ts';

const SAMPLES = 'test_data_set_0';

/** A record found on disk. Its paths are absolute. */
export interface RecordRef {
  readonly root: string;
  readonly part: string;
  readonly entry: string;
  /** The folder of the manifest. */
  readonly folder: string;
  /** The .onnx file. */
  readonly model: string;
  /** The folder of the samples. */
  readonly samples: string;
  readonly manifest: Manifest;
}

export interface SkippedRecord {
  readonly folder: string;
  /** From the folder's name; null when that does not parse. */
  readonly part: string | null;
  readonly entry: string | null;
  readonly reason: string;
}

export interface RecordListing {
  readonly records: readonly RecordRef[];
  /** What looks like a record but must not be used, and why. */
  readonly skipped: readonly SkippedRecord[];
}

export interface RecordSamples {
  /** Serialised ONNX TensorProtos, one an input of the model, in order. */
  readonly inputs: readonly Uint8Array[];
  readonly outputs: readonly Uint8Array[];
}

export interface RecordDraft {
  /** The record root: `project.recordRoot` or the `out` folder. */
  readonly root: string;
  readonly manifest: ManifestDraft;
  readonly onnx: Uint8Array;
  readonly samples: RecordSamples;
  /** Every blob that the model's external data names. */
  readonly blobs: readonly BlobSource[];
}

/** Writes a record, replacing one of the same part and entry. A kill at any moment leaves the old one, this one or none. */
export function writeRecord(context: StoreContext, draft: RecordDraft): StoreResult<RecordRef> {
  const root = resolve(draft.root);
  return attempt(`storing part "${draft.manifest.part}"`, root, () => {
    openRoot(context, root);
    return withLock(context.cache, rootLock(root), () => writeLocked(context, root, draft));
  });
}

function writeLocked(context: StoreContext, root: string, draft: RecordDraft): RecordRef {
  const { part, entry } = draft.manifest;
  const folder = join(root, `${encodeName(part)}.${entry}`);
  const model = `${folder}.onnx`;
  const temporary = temporaryName(folder);
  const temporaryModel = temporaryName(model);
  sweepLitter(root);
  sweepLitter(join(root, 'blobs'));
  for (const blob of draft.blobs) writeBlob(context, root, blob);
  try {
    const files: Record<string, ManifestFile> = {};
    const blobs = draft.blobs.map((blob) => blob.sha256);
    writeNewFile(temporaryModel, draft.onnx);
    files['model.onnx'] = describeBytes(draft.onnx);
    makeFolder(join(temporary, SAMPLES));
    for (const [kind, list] of Object.entries({ input: draft.samples.inputs, output: draft.samples.outputs })) {
      for (const [i, bytes] of list.entries()) {
        writeNewFile(join(temporary, SAMPLES, `${kind}_${i}.pb`), bytes, { durable: false });
        files[`${kind}_${i}.pb`] = describeBytes(bytes);
      }
    }
    const checked = checkManifest(
      JSON.parse(JSON.stringify({ ...draft.manifest, schema: MANIFEST_SCHEMA, files, blobs })),
    );
    if (!('manifest' in checked)) throw new Error(`internal: manifest of "${part}": ${checked.reason}`);
    writeNewFile(join(temporary, 'manifest.json'), manifestBytes(checked.manifest));
    // The old manifest goes first: from here on there is no record until the new one is whole.
    for (let round = 0; ; round++) {
      discard(folder);
      if (round === 0) renameSync(temporaryModel, model);
      if (publishFolder(temporary, folder)) break;
      if (round === 9)
        throw new StoreFault(problem('io', folder, `${folder} is being replaced all the time`, 'run again'));
    }
    syncFolder(root);
    // Blobs that were there when we came may have been collected meanwhile by one who could not lock.
    for (const blob of draft.blobs) writeBlob(context, root, blob);
    const record = refOf(root, part, entry, folder, checked.manifest);
    touchUse(context, 'record', recordId(record));
    return record;
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    rmSync(temporaryModel, { force: true });
    throw error;
  }
}

/** The records of a root, of one part or of all, by name. Never fails: what cannot be used is listed with its reason. */
export function readManifests(context: StoreContext, root: string, part?: string): RecordListing {
  const at = resolve(root);
  const records: RecordRef[] = [];
  const skipped: SkippedRecord[] = [];
  if (isInside(context.cache, at) && context.distrusted) return { records, skipped };
  for (const name of listFolder(at)) {
    const split = /^(.+)\.([0-9a-f]{12})$/.exec(name);
    if (!split || isTemporary(name)) continue;
    const named = decodeName(split[1]);
    if (named === null || (part !== undefined && named !== part)) continue;
    const folder = join(at, name);
    const found = readRecord(at, folder, named, split[2]);
    if (typeof found === 'string') skipped.push({ folder, part: named, entry: split[2], reason: found });
    else records.push(found);
  }
  return { records, skipped };
}

/** One record by name; null when it is absent or must not be used. */
export function findRecord(context: StoreContext, root: string, part: string, entry: string): RecordRef | null {
  return readManifests(context, root, part).records.find((record) => record.entry === entry) ?? null;
}

function readRecord(root: string, folder: string, part: string, entry: string): RecordRef | string {
  const checked = checkManifest(readJson(join(folder, 'manifest.json')));
  if ('reason' in checked) return checked.reason;
  const { manifest } = checked;
  if (manifest.part !== part || manifest.entry !== entry) return `it says it is ${manifest.part}@${manifest.entry}`;
  const model = statOrNull(`${folder}.onnx`);
  const wanted = manifest.files['model.onnx'];
  if (!model?.isFile()) return 'its .onnx file is missing';
  if (!wanted || model.size !== wanted.bytes)
    return `its .onnx file has ${model.size} bytes, ${wanted?.bytes ?? 'none'} expected`;
  return refOf(root, part, entry, folder, manifest);
}

/** The model's bytes, checked against the manifest. */
export function readOnnx(record: RecordRef): StoreResult<Uint8Array> {
  return attempt('reading a record', record.model, () => readChecked(record, record.model, 'model.onnx'));
}

/** The samples' bytes, checked against the manifest. */
export function readSamples(record: RecordRef): StoreResult<RecordSamples> {
  return attempt('reading samples', record.samples, () => {
    const read = (kind: string, count: number): Uint8Array[] =>
      Array.from({ length: count }, (_, i) =>
        readChecked(record, join(record.samples, `${kind}_${i}.pb`), `${kind}_${i}.pb`),
      );
    const { inputs, outputs } = record.manifest.samples;
    return { inputs: read('input', inputs), outputs: read('output', outputs) };
  });
}

/** Changes the manifest in one step, from what is on disk now (another process may have added a binding meanwhile); stores `blobs` first. */
export function updateManifest(
  context: StoreContext,
  record: RecordRef,
  change: (manifest: Manifest) => Manifest,
  blobs: readonly BlobSource[] = [],
): StoreResult<RecordRef> {
  return attempt(`updating part "${record.part}"`, record.folder, () =>
    withLock(context.cache, rootLock(record.root), () => {
      const now = readRecord(record.root, record.folder, record.part, record.entry);
      if (typeof now === 'string')
        throw new StoreFault(problem('missing', record.folder, `${record.folder}: ${now}`, 'run again'));
      const checked = checkManifest(JSON.parse(JSON.stringify(change(now.manifest))));
      if (!('manifest' in checked)) throw new Error(`internal: manifest of "${record.part}": ${checked.reason}`);
      for (const blob of blobs) writeBlob(context, record.root, blob);
      replaceFile(join(record.folder, 'manifest.json'), manifestBytes(checked.manifest));
      return { ...now, manifest: checked.manifest };
    }),
  );
}

/** Removes a record and the blobs that only it named; gives the bytes freed. Readers see it whole or not at all. */
export function removeRecord(context: StoreContext, record: Pick<RecordRef, 'root' | 'folder'>): StoreResult<number> {
  return attempt('removing a record', record.folder, () => {
    const model = `${record.folder}.onnx`;
    const bytes = sizeOf(record.folder) + sizeOf(model);
    discard(record.folder);
    rmSync(model, { force: true });
    return bytes + collectRoot(context, record.root);
  });
}

/** Removes blobs that no record of the root names, unless a record is being written there right now. */
export function collectRoot(context: StoreContext, root: string): number {
  const got = tryLock(context.cache, rootLock(root));
  if (!('lock' in got)) return 0;
  try {
    const { records, skipped } = readManifests(context, root);
    // A manifest that this version cannot read may name blobs: keep them all.
    if (skipped.some((each) => each.reason.startsWith('schema'))) return 0;
    const freed = collectBlobs(root, new Set(records.flatMap((record) => [...blobsOf(record.manifest)])));
    return freed;
  } finally {
    got.lock.release();
  }
}

/** Bytes of a record's own files and of the weights that it names (those may be shared with other records). */
export function recordBytes(record: RecordRef): { own: number; weights: number } {
  let weights = 0;
  for (const blob of blobsOf(record.manifest)) weights += sizeOf(blobPath(record.root, blob));
  return { own: sizeOf(record.folder) + sizeOf(record.model), weights };
}

/** Names a record in the user's cache (use stamps, verified samples): 16 hex of its folder. */
export function recordId(record: Pick<RecordRef, 'folder'>): string {
  return sha256Hex(record.folder).slice(0, 16);
}

function refOf(root: string, part: string, entry: string, folder: string, manifest: Manifest): RecordRef {
  return { root, part, entry, folder, model: `${folder}.onnx`, samples: join(folder, SAMPLES), manifest };
}

function describeBytes(bytes: Uint8Array): ManifestFile {
  return { bytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function manifestBytes(manifest: Manifest): Uint8Array {
  return Buffer.from(JSON.stringify(manifest, null, 1) + '\n');
}

function readChecked(record: RecordRef, path: string, name: string): Uint8Array {
  const bytes = readFileOrNull(path);
  const wanted = record.manifest.files[name];
  if (bytes && wanted && describeBytes(bytes).sha256 === wanted.sha256) return bytes;
  const found = bytes ? 'is not what its manifest names: a truncated or foreign file' : 'is missing';
  throw new StoreFault(badFile(record, path, found));
}

function badFile(record: RecordRef, path: string, found: string): StoreProblem {
  const fix = `tn cache rm ${record.part}@${record.entry}, then run the program again`;
  return problem('bad-data', path, `${path} ${found}`, fix);
}

/** A root inside the cache is made closed to others; an `out` folder as the user's umask says. */
function openRoot(context: StoreContext, root: string): void {
  if (isInside(context.cache, root)) makeVolatile(context.cache, 'use');
  if (!lstatOrNull(root)) makeFolder(root);
}

function rootLock(root: string): string {
  return `root-${sha256Hex(root).slice(0, 16)}`;
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(folder + sep);
}
