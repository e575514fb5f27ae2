/** @file The host on Node: plain file reads until the runtime brings a real mapping. */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host, MappedFile } from './host.ts';

/** Read in pieces into memory of its own: fs.readFileSync stops at 2 GB. */
function readWhole(path: string): MappedFile {
  const file = openSync(path, 'r');
  try {
    const { size } = fstatSync(file);
    const bytes = new Uint8Array(new ArrayBuffer(size));
    let at = 0;
    while (at < size) {
      const count = readSync(file, bytes, at, Math.min(size - at, 1 << 30), at);
      if (count === 0) break;
      at += count;
    }
    return { buffer: bytes.buffer as ArrayBuffer, byteLength: at };
  } finally {
    closeSync(file);
  }
}

function writeWhole(path: string, chunks: readonly Uint8Array[]): void {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    const file = openSync(temporary, 'w');
    try {
      for (const chunk of chunks) {
        for (let at = 0; at < chunk.length; ) at += writeSync(file, chunk, at, Math.min(chunk.length - at, 1 << 30));
      }
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

export const nodeHost: Host = {
  mapFile: readWhole,
  readFile: (path) => readFileSync(path),
  writeFile: writeWhole,
  kindOf: (path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? null : stat.isDirectory() ? 'folder' : 'file';
  },
  list: (folder) => readdirSync(folder).sort(),
  join,
  dirname,
  pathOf: (url) => fileURLToPath(url),
  embeddedAsset: () => null,
};
