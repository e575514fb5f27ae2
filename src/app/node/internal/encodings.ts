/** @file Bytes to text and back, in the encodings that Node names. */

import { engine } from './engine.ts';
import { nodeError } from './errors.ts';

export type Encoding = 'utf8' | 'latin1' | 'ascii' | 'hex' | 'base64' | 'base64url' | 'utf16le';

const names: Readonly<Record<string, Encoding>> = {
  utf8: 'utf8',
  'utf-8': 'utf8',
  latin1: 'latin1',
  binary: 'latin1',
  ascii: 'ascii',
  hex: 'hex',
  base64: 'base64',
  base64url: 'base64url',
  utf16le: 'utf16le',
  'utf-16le': 'utf16le',
  ucs2: 'utf16le',
  'ucs-2': 'utf16le',
};

/** The encoding behind one of its names; null for a word that names none. */
export function encodingOf(name: string): Encoding | null {
  return names[name] ?? names[name.toLowerCase()] ?? null;
}

/** As `encodingOf`; throws as Node does. */
export function knownEncoding(name: string | null | undefined): Encoding {
  if (name === null || name === undefined) return 'utf8';
  const known = encodingOf(name);
  if (known) return known;
  throw nodeError(new TypeError(`Unknown encoding: ${name}`), 'ERR_UNKNOWN_ENCODING');
}

const digits = '0123456789abcdef';
const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The text of bytes. */
export function decode(bytes: Uint8Array, encoding: Encoding): string {
  const buffer = bytes.buffer as ArrayBuffer;
  switch (encoding) {
    case 'utf8':
      return engine().utf8Decode(buffer, bytes.byteOffset, bytes.length, false);
    case 'latin1':
      return engine().latin1Decode(buffer, bytes.byteOffset, bytes.length);
    case 'ascii':
      return decode(
        Uint8Array.from(bytes, (byte) => byte & 0x7f),
        'latin1',
      );
    case 'hex': {
      let text = '';
      for (const byte of bytes) text += digits[byte >> 4] + digits[byte & 15];
      return text;
    }
    case 'base64':
    case 'base64url':
      return toBase64(bytes, encoding === 'base64url');
    case 'utf16le': {
      let text = '';
      for (let i = 0; i + 1 < bytes.length; i += 2) text += String.fromCharCode(bytes[i] | (bytes[i + 1] << 8));
      return text;
    }
  }
}

/** The bytes of a text. */
export function encode(text: string, encoding: Encoding): Uint8Array {
  switch (encoding) {
    case 'utf8':
      return new Uint8Array(engine().utf8Encode(text));
    case 'latin1':
    case 'ascii':
      return Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i));
    case 'hex': {
      const length = /^(?:[0-9a-fA-F]{2})*/.exec(text)?.[0].length ?? 0;
      return Uint8Array.from({ length: length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
    }
    case 'base64':
    case 'base64url':
      return fromBase64(text);
    case 'utf16le': {
      const bytes = new Uint8Array(2 * text.length);
      for (let i = 0; i < text.length; i++) {
        bytes[2 * i] = text.charCodeAt(i) & 0xff;
        bytes[2 * i + 1] = text.charCodeAt(i) >> 8;
      }
      return bytes;
    }
  }
}

function toBase64(bytes: Uint8Array, url: boolean): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 3) {
    const group = (bytes[i] << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const signs = Math.min(bytes.length - i, 3) + 1;
    for (let k = 0; k < signs; k++) text += base64Digits[(group >> (18 - 6 * k)) & 63];
    if (!url) text += '='.repeat(4 - signs);
  }
  return url ? text.replaceAll('+', '-').replaceAll('/', '_') : text;
}

/** Both alphabets; what is in neither is passed over, as Node does. */
function fromBase64(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length * 3) / 4));
  let length = 0;
  let group = 0;
  let bits = 0;
  for (const sign of text) {
    if (sign === '=') break;
    const value = base64Digits.indexOf(sign === '-' ? '+' : sign === '_' ? '/' : sign);
    if (value < 0) continue;
    group = ((group << 6) | value) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (group >> bits) & 0xff;
    }
  }
  return bytes.subarray(0, length);
}
