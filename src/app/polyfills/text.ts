/** @file `TextEncoder`, `TextDecoder`, `btoa` and `atob`. */

import { engine } from '../node/internal/engine.ts';
import { defineMissing } from './define.ts';

class Utf8Encoder {
  readonly encoding = 'utf-8';

  encode(text = ''): Uint8Array {
    return new Uint8Array(engine().utf8Encode(String(text)));
  }

  encodeInto(text: string, target: Uint8Array): { read: number; written: number } {
    let read = 0;
    let written = 0;
    for (const character of String(text)) {
      const bytes = this.encode(character);
      if (written + bytes.length > target.length) break;
      target.set(bytes, written);
      read += character.length;
      written += bytes.length;
    }
    return { read, written };
  }
}

type Bytes = ArrayBuffer | ArrayBufferView;

const latin1Names = ['latin1', 'ascii', 'us-ascii', 'iso-8859-1', 'windows-1252'];

interface DecoderOptions {
  readonly fatal?: boolean;
  readonly ignoreBOM?: boolean;
}

/** UTF-8, UTF-16LE and Latin-1 (which Node, too, takes for windows-1252 when it is built small). */
class Decoder {
  readonly encoding: string;
  readonly fatal: boolean;
  readonly ignoreBOM: boolean;
  /** Bytes of a character that the next piece completes. */
  private rest = new Uint8Array(0);
  private isStarted = false;

  constructor(label = 'utf-8', { fatal = false, ignoreBOM = false }: DecoderOptions = {}) {
    const name = String(label).trim().toLowerCase();
    if (name === 'utf-8' || name === 'utf8') this.encoding = 'utf-8';
    else if (name === 'utf-16le' || name === 'utf-16') this.encoding = 'utf-16le';
    else if (latin1Names.includes(name)) this.encoding = 'windows-1252';
    else {
      const error = new RangeError(`The "${label}" encoding is not supported`);
      throw Object.assign(error, { code: 'ERR_ENCODING_NOT_SUPPORTED' });
    }
    this.fatal = Boolean(fatal);
    this.ignoreBOM = Boolean(ignoreBOM);
  }

  decode(input?: Bytes, { stream = false }: { readonly stream?: boolean } = {}): string {
    const bytes = this.withRest(bytesOf(input));
    const complete = stream ? bytes.length - this.unfinished(bytes) : bytes.length;
    this.rest = bytes.slice(complete);
    const text = this.text(bytes.subarray(0, complete));
    const hasMark = !this.isStarted && !this.ignoreBOM && this.encoding !== 'windows-1252' && text[0] === '\uFEFF';
    this.isStarted = stream && (this.isStarted || complete > 0);
    return hasMark ? text.slice(1) : text;
  }

  private withRest(bytes: Uint8Array): Uint8Array {
    if (this.rest.length === 0) return bytes;
    const all = new Uint8Array(this.rest.length + bytes.length);
    all.set(this.rest);
    all.set(bytes, this.rest.length);
    return all;
  }

  /** Bytes at the end that begin a character which is not all there. */
  private unfinished(bytes: Uint8Array): number {
    if (this.encoding === 'windows-1252') return 0;
    if (this.encoding === 'utf-16le') {
      const odd = bytes.length % 2;
      const high = bytes.length - odd - 1;
      return high > 0 && bytes[high] >= 0xd8 && bytes[high] <= 0xdb ? odd + 2 : odd;
    }
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back];
      if (byte < 0x80) return 0;
      if (byte >= 0xc0) return back < (byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2) ? back : 0;
    }
    return 0;
  }

  private text(bytes: Uint8Array): string {
    const { buffer, byteOffset, length } = bytes;
    if (this.encoding === 'utf-8') return decodeUtf8(buffer as ArrayBuffer, byteOffset, length, this.fatal);
    if (this.encoding === 'windows-1252') return engine().latin1Decode(buffer as ArrayBuffer, byteOffset, length);
    let text = '';
    for (let at = 0; at + 1 < length; at += 2) text += String.fromCharCode(bytes[at] | (bytes[at + 1] << 8));
    if (length % 2 === 1) text += '\uFFFD';
    return text;
  }
}

function decodeUtf8(buffer: ArrayBuffer, offset: number, length: number, fatal: boolean): string {
  try {
    return engine().utf8Decode(buffer, offset, length, fatal);
  } catch (error) {
    throw Object.assign(error as Error, { code: 'ERR_ENCODING_INVALID_ENCODED_DATA' });
  }
}

function bytesOf(input: Bytes | undefined): Uint8Array {
  if (input === undefined) return new Uint8Array(0);
  return ArrayBuffer.isView(input)
    ? new Uint8Array(input.buffer, input.byteOffset, input.byteLength)
    : new Uint8Array(input);
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function btoa(text: string): string {
  let out = '';
  const value = String(text);
  for (let i = 0; i < value.length; i += 3) {
    const codes = [0, 1, 2].map((k) => (i + k < value.length ? value.charCodeAt(i + k) : 0));
    if (codes.some((code) => code > 255)) throw new RangeError('Invalid character');
    const bits = (codes[0] << 16) | (codes[1] << 8) | codes[2];
    const some = [18, 12, 6, 0].map((shift) => digits[(bits >> shift) & 63]).join('');
    out += some.slice(0, Math.min(4, value.length - i + 1)).padEnd(4, '=');
  }
  return out;
}

function atob(text: string): string {
  const value = String(text).replace(/[\t\n\f\r ]/g, '');
  const body = value.length % 4 === 0 ? value.replace(/={1,2}$/, '') : value;
  if (body.length % 4 === 1 || /[^A-Za-z0-9+/]/.test(body))
    throw new RangeError('The string to be decoded is not correctly encoded.');
  let out = '';
  let bits = 0;
  let count = 0;
  for (const digit of body) {
    bits = ((bits << 6) | digits.indexOf(digit)) & 0xffffff;
    count += 6;
    if (count < 8) continue;
    count -= 8;
    out += String.fromCharCode((bits >> count) & 255);
  }
  return out;
}

defineMissing(globalThis, { TextEncoder: Utf8Encoder, TextDecoder: Decoder, btoa, atob });
