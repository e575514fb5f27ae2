/** @file Hashes of this package's own files: what was captured or compiled by other code than now is not used. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The sources where they are (a clone, whether its sources run or what was made of them), else the built files. */
const packageCode = ownCode();

function ownCode(): string {
  const running = fileURLToPath(new URL('..', import.meta.url));
  const sources = join(running, '..');
  return existsSync(join(sources, 'src', 'index.ts')) ? sources : running;
}

/** Layers whose code decides what a capture records. */
export const CAPTURE_LAYERS = ['core', 'symbolic', 'ops', 'tensor', 'nn', 'graph', 'capture'] as const;
/** Layers whose code decides what an artifact does. */
export const COMPILE_LAYERS = ['core', 'symbolic', 'ops', 'graph', 'compile', 'runtime'] as const;

const known = new Map<string, string>();

/** sha256 over names and contents of the source files of `src/<layer>` (built files in an installed package). */
export function hashLayers(layers: readonly string[]): string {
  const key = layers.join(' ');
  let hash = known.get(key);
  if (!hash) {
    const digest = createHash('sha256');
    for (const layer of layers) {
      for (const file of sourceFiles(join(packageCode, 'src', layer))) {
        digest
          .update(relative(packageCode, file).split(sep).join('/'))
          .update('\0')
          .update(readFileSync(file))
          .update('\0');
      }
    }
    hash = digest.digest('hex');
    known.set(key, hash);
  }
  return hash;
}

/** Folders that decide nothing: tests, and what `tn check` looks with. */
const asides = new Set(['test', 'fixtures', 'check']);

function sourceFiles(folder: string): string[] {
  const files: string[] = [];
  for (const item of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(folder, item.name);
    if (item.isDirectory()) {
      if (!asides.has(item.name)) files.push(...sourceFiles(path));
    } else if (/\.(ts|js|c|h)$/.test(item.name) && !item.name.endsWith('.d.ts')) files.push(path);
  }
  return files;
}
