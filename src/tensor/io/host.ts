/** @file What tensor files need of the machine, behind one small interface: everything else in this layer runs without Node. */

import { TnError } from '../../core/errors.ts';
import type { AssetFiles } from './asset.ts';

export interface MappedFile {
  /** The whole file from byte 0; private: writes stay in memory. */
  readonly buffer: ArrayBuffer;
  readonly byteLength: number;
}

export interface Host {
  /** The file's bytes, paged in as they are touched where the machine can, else read. Throws what `readFile` throws. */
  mapFile(path: string): MappedFile;
  readFile(path: string): Uint8Array;
  /** Replaces the file as a whole: no reader sees half of it. */
  writeFile(path: string, chunks: readonly Uint8Array[]): void;
  /** null: nothing there. */
  kindOf(path: string): 'file' | 'folder' | null;
  list(folder: string): string[];
  join(...parts: string[]): string;
  dirname(path: string): string;
  /** The path that a `file:` URL means. */
  pathOf(url: string): string;
  /** What a packaged program holds under the URL of one of its own files; null elsewhere. */
  embeddedAsset(url: string): { readonly name: string; readonly files: AssetFiles } | null;
}

let current: Host | null = null;

/** Installs a host, or replaces some functions of the installed one (mapping, once a native one is there). */
export function setHost(host: Partial<Host>): void {
  current = { ...(current ?? missing), ...host };
}

export function host(): Host {
  return current ?? missing;
}

function unavailable(): never {
  throw new TnError({
    what: 'files cannot be read here: no host is installed',
    fix: 'import the package, not its parts',
  });
}

const missing: Host = {
  mapFile: unavailable,
  readFile: unavailable,
  writeFile: unavailable,
  kindOf: unavailable,
  list: unavailable,
  join: unavailable,
  dirname: unavailable,
  pathOf: unavailable,
  embeddedAsset: () => null,
};

/** The file's mapping, or one clear error that names it. */
export function mapOrThrow(path: string, what: string): MappedFile {
  const kind = host().kindOf(path);
  if (kind === 'file') {
    try {
      return host().mapFile(path);
    } catch (error) {
      if (error instanceof TnError) throw error;
      throw new TnError({ what: `${what}: ${path} cannot be read`, found: [String((error as Error).message)] });
    }
  }
  throw new TnError({
    what: `${what}: ${path} ${kind === 'folder' ? 'is a folder' : 'does not exist'}`,
    fix: 'check the path',
  });
}
