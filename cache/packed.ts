/**
 * @file Packed weights: a blob in the layout that kernels read, made once and mapped by every process.
 *
 * `<cache>/packed/<sha256 of the blob>-<layout>` and beside it `….json` with size and hash, written first. The hash of
 * the content is remembered by file identity when it is written, so finding one reads none of its pages.
 */

import { closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type StoreContext, touchUse, volatilePath } from './context.ts';
import { discard, readJson, replaceFile, statOrNull, sweepLitter, temporaryName, writeNewFile } from './files.ts';
import { encodeName, makeVolatile } from './layout.ts';
import { createMemo } from './memo.ts';
import { attempt, type StoreResult } from './problem.ts';

export type PackedFind = { readonly path: string; readonly bytes: number } | { readonly miss: string };

/** The path of whole packed weights, or why there is none. `blob` is the sha256 of the weights as stored. */
export function findPacked(context: StoreContext, blob: string, layout: string): PackedFind {
  if (context.distrusted) return { miss: context.distrusted.message };
  const name = packedName(blob, layout);
  const path = volatilePath(context, 'packed', name);
  const found = statOrNull(path);
  if (!found?.isFile()) return { miss: 'not packed yet' };
  const side = readJson(`${path}.json`) as { bytes?: unknown; sha256?: unknown } | null | undefined;
  if (!side || typeof side.sha256 !== 'string') return { miss: 'its description is missing' };
  if (side.bytes !== found.size) return { miss: `it has ${found.size} bytes, ${String(side.bytes)} expected` };
  const hash = attempt('reading packed weights', path, () => context.memo.hash(path));
  if (!hash.ok) return { miss: hash.problem.message };
  if (hash.value !== side.sha256) return { miss: 'it is damaged: its content is not what was written' };
  touchUse(context, 'packed', name);
  return { path, bytes: found.size };
}

/**
 * Stores packed weights: bytes, or a function that writes the whole file at the path it is given. Gives the path to
 * map. When another process was first, its file stays: mappings of either are right.
 */
export function publishPacked(
  context: StoreContext,
  blob: string,
  layout: string,
  content: Uint8Array | ((path: string) => void),
): StoreResult<string> {
  const name = packedName(blob, layout);
  return attempt('storing packed weights', volatilePath(context, 'packed', name), () => {
    const folder = makeVolatile(context.cache, 'packed');
    const path = join(folder, name);
    const temporary = temporaryName(path);
    sweepLitter(folder);
    try {
      if (content instanceof Uint8Array) writeNewFile(temporary, content, { mode: 0o600 });
      else {
        content(temporary);
        syncFile(temporary);
      }
      // Hashed from the file: that, and not what was meant, is what will be mapped.
      const sha256 = createMemo(() => null).hash(temporary);
      const there = findPacked(context, blob, layout);
      if ('path' in there) return there.path;
      discard(path);
      replaceFile(`${path}.json`, JSON.stringify({ bytes: statSync(temporary).size, sha256 }) + '\n', { mode: 0o600 });
      renameSync(temporary, path);
      context.memo.remember(path, sha256!);
      touchUse(context, 'packed', name);
      return path;
    } finally {
      rmSync(temporary, { force: true });
    }
  });
}

function packedName(blob: string, layout: string): string {
  return `${encodeName(blob)}-${encodeName(layout)}`;
}

function syncFile(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
