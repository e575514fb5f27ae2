/** @file Reads the files of a tar archive, the way npm packs them: plain files with short names. */

import { TnError } from '../../core/errors.ts';

const blockBytes = 512;

/** Text of a header field, up to its first zero. */
function field(header: Uint8Array, from: number, bytes: number): string {
  const text = new TextDecoder('latin1').decode(header.subarray(from, from + bytes));
  const end = text.indexOf('\0');
  return end < 0 ? text : text.slice(0, end);
}

function damaged(what: string): TnError {
  return new TnError({ what: `the archive is damaged: ${what}` });
}

function octal(header: Uint8Array, from: number, bytes: number): number {
  const text = field(header, from, bytes).trim();
  if (!/^[0-7]+$/.test(text)) throw damaged(`"${text}" is no octal number`);
  return Number.parseInt(text, 8);
}

/** The sum of a header's bytes, its own field taken as blanks. */
function checksum(header: Uint8Array): number {
  return header.reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 32 : byte), 0);
}

/**
 * The archive's plain files, path → contents (views of the archive). Links, folders and extended headers are passed over.
 *
 * @throws TnError when it ends early or a header's checksum is wrong
 */
export function readTar(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (let at = 0; at + blockBytes <= archive.length; ) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) return files;
    if (octal(header, 148, 8) !== checksum(header)) throw damaged(`a wrong checksum at byte ${at}`);
    const bytes = octal(header, 124, 12);
    const start = at + blockBytes;
    if (start + bytes > archive.length) throw damaged('it ends inside a file');
    const type = field(header, 156, 1);
    const prefix = field(header, 257, 5) === 'ustar' ? field(header, 345, 155) : '';
    const name = field(header, 0, 100);
    if (type === '0' || type === '')
      files.set(prefix ? `${prefix}/${name}` : name, archive.subarray(start, start + bytes));
    at = start + Math.ceil(bytes / blockBytes) * blockBytes;
  }
  throw damaged('its end is missing');
}
