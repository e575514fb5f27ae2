/** @file Small records and stores in temporary folders, for the tests of the store and of the command line. */

import { createHash } from 'node:crypto';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ManifestDraft, RecordDraft } from '../index.ts';

/** A folder of its own; a test file that makes some ends with `afterAll(removeTemporaryFolders)`. */
export function temporaryFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tn-store-')));
  made.push(folder);
  return folder;
}

const made: string[] = [];

export function removeTemporaryFolders(): void {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** A folder with a package.json. */
export function projectFolder(name: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name, type: 'module' }));
  return folder;
}

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Bytes that depend on the seed alone. */
export function noise(seed: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0, block = Buffer.from(seed); at < length; at += 32) {
    block = createHash('sha256').update(block).digest();
    bytes.set(block.subarray(0, Math.min(32, length - at)), at);
  }
  return bytes;
}

export function manifestOf(part: string, entry = '0123456789ab', change: Partial<ManifestDraft> = {}): ManifestDraft {
  return {
    part,
    entry,
    sourceKey: 'source',
    staticSignature: 'signature',
    inputs: [
      { path: 'x', kind: 'tensor', dtype: 'float32', shape: ['n', 3] },
      { path: 'pos', kind: 'dim', dtype: 'int64', shape: [] },
    ],
    outputs: [{ path: 'out', kind: 'tensor', dtype: 'float32', shape: ['n + 1', 3] }],
    dims: { n: { min: 1, max: null, multipleOf: 1 }, pos: { min: 0, max: 447, multipleOf: 1 } },
    guards: [{ predicate: 'pos + n <= 448', location: 'model.ts:8:3', kind: 'predicate' }],
    weights: [],
    graphHash: 'graph',
    nodes: 2,
    source: { file: 'model.ts', line: 4, column: 2, files: [['model.ts', 'h']], packages: { left: '1.0.0' } },
    closure: {},
    samples: { inputs: 2, outputs: 1 },
    created: '2025-01-02T03:04:05.000Z',
    tnVersion: '0.1.0',
    ...change,
  };
}

/** A whole record: a model of `size` bytes, three samples and the given weights. */
export function draftOf(
  root: string,
  manifest: ManifestDraft,
  weights: readonly Uint8Array[] = [],
  size = 5000,
): RecordDraft {
  const params = Object.fromEntries(
    weights.map((bytes, i) => [`w${i}`, { blob: sha256(bytes), dtype: 'uint8', shape: [bytes.length] }]),
  );
  return {
    root,
    manifest: weights.length > 0 ? { ...manifest, weights: [{ name: 'captured', params }] } : manifest,
    onnx: noise(`onnx ${manifest.part} ${manifest.graphHash}`, size),
    samples: {
      inputs: [noise(`in ${manifest.part}`, 400), noise('pos', 8)],
      outputs: [noise(`out ${manifest.part} ${manifest.graphHash}`, 400)],
    },
    blobs: weights.map((bytes) => ({ sha256: sha256(bytes), bytes })),
  };
}

/** The value of a result that must be good. */
export function must<T>(result: { ok: true; value: T } | { ok: false; problem: { message: string } }): T {
  if (!result.ok) throw new Error(result.problem.message);
  return result.value;
}
