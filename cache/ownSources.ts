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

/** The transformer decides what a capture records, too; it stands beside the layers. */
export const TRANSFORMER = '../transformers';

/**
 * What was known when the files in `dist/` were made: the hash of each layer, which 300 files are read for. It tells of the
 * code that runs, where the sources may have gone on since. Where the sources themselves run there is none.
 */
const LAYERS_FILE = new URL('../layers.json', import.meta.url);

let known: Map<string, string> | null = null;

function knownLayers(): Map<string, string> {
  const isNoted = !import.meta.url.endsWith('.ts') && existsSync(LAYERS_FILE);
  return new Map(
    isNoted ? Object.entries(JSON.parse(readFileSync(LAYERS_FILE, 'utf8')) as Record<string, string>) : [],
  );
}

/** sha256 over names and contents of the source files of `src/<layer>` for each layer (built files in an installed package). */
export function hashLayers(layers: readonly string[]): string {
  const digest = createHash('sha256');
  known ??= knownLayers();
  for (const layer of layers) {
    let hash = known.get(layer);
    if (!hash) {
      hash = hashLayer(layer);
      known.set(layer, hash);
    }
    digest.update(hash);
  }
  return digest.digest('hex');
}

/**
 * What `dist/layers.json` says: written (`bin/bundle.mjs`) with the files that it tells of.
 *
 * @public
 */
export function hashesOfLayers(): Record<string, string> {
  const layers = [...new Set<string>([...CAPTURE_LAYERS, ...COMPILE_LAYERS, TRANSFORMER])];
  return Object.fromEntries(layers.map((layer) => [layer, hashLayer(layer)]));
}

function hashLayer(layer: string): string {
  const digest = createHash('sha256');
  for (const file of sourceFiles(join(packageCode, 'src', layer))) {
    digest
      .update(relative(packageCode, file).split(sep).join('/'))
      .update('\0')
      .update(readFileSync(file))
      .update('\0');
  }
  return digest.digest('hex');
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
