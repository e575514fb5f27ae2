/** @file Weights of a record root, one file a content: `<root>/blobs/<sha256>`, beside the models that name them. */

import { createHash } from 'node:crypto';
import { closeSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreContext } from './context.ts';
import { listFolder, makeFolder, readRegion, statOrNull, temporaryName, writeAll } from './files.ts';
import { problem, StoreFault, type StoreProblem } from './problem.ts';

/** Content to be stored: bytes in memory, or a region of a file (a safetensors shard, say) that is copied. */
export type BlobSource = { readonly sha256: string } & (
  | { readonly bytes: Uint8Array }
  | { readonly file: string; readonly offset: number; readonly length: number }
);

export function blobPath(root: string, sha256: string): string {
  return join(root, 'blobs', sha256);
}

/** Stores a blob unless it is there. Faults with `bad-data` when the content is not what its hash says. */
export function writeBlob(context: StoreContext, root: string, source: BlobSource): void {
  const path = blobPath(root, source.sha256);
  const length = 'bytes' in source ? source.bytes.byteLength : source.length;
  const there = statOrNull(path);
  if (there?.isFile() && there.size === length) return;
  makeFolder(join(root, 'blobs'));
  const temporary = temporaryName(path);
  const hash = createHash('sha256');
  try {
    const fd = openSync(temporary, 'wx');
    try {
      const put = (chunk: Uint8Array) => {
        hash.update(chunk);
        writeAll(fd, chunk);
      };
      // Not synced to the disk: what a power cut tears is found by its hash when it is read, and captured again.
      if ('bytes' in source) put(source.bytes);
      else readRegion(source.file, source.offset, source.length, put);
    } finally {
      closeSync(fd);
    }
    if (hash.digest('hex') !== source.sha256) throw new StoreFault(changedUnderway(source, path));
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  context.memo.remember(path, source.sha256);
}

/** Whether a blob is there whole: its size, and its content, which is hashed once per change of the file. */
export function checkBlob(context: StoreContext, root: string, sha256: string): StoreProblem | null {
  const path = blobPath(root, sha256);
  const again = 'run the program again to capture the part anew';
  if (!statOrNull(path)?.isFile()) return problem('missing', path, `the weights ${path} are missing`, again);
  if (context.memo.hash(path) === sha256) return null;
  return problem(
    'bad-data',
    path,
    `the weights ${path} are not what their name says: a truncated or foreign file`,
    `remove it and ${again}`,
  );
}

/** Removes blobs that no record names; gives the bytes freed. The caller holds the root's lock. Never fails. */
export function collectBlobs(root: string, named: ReadonlySet<string>): number {
  let freed = 0;
  for (const name of listFolder(join(root, 'blobs'))) {
    if (named.has(name) || !/^[0-9a-f]{64}$/.test(name)) continue;
    const path = blobPath(root, name);
    try {
      const { size } = statSync(path);
      rmSync(path);
      freed += size;
    } catch {
      // Gone already, or not ours to remove.
    }
  }
  return freed;
}

function changedUnderway(source: BlobSource, path: string): StoreProblem {
  const from = 'file' in source ? `${source.file} at byte ${source.offset}` : 'a tensor';
  return problem('bad-data', path, `the weights from ${from} changed while they were stored`, 'run the program again');
}
