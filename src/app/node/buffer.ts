/** @file `node:buffer`: what programs use of Buffer, on Uint8Array. */

import { decode, encode, encodingOf, knownEncoding } from './internal/encodings.ts';
import { nodeError, wrongType } from './internal/errors.ts';

/** The numbers that a Buffer reads and writes: name in its methods → method of DataView and size. */
const numberKinds = [
  ['UInt8', 'Uint8', 1],
  ['Int8', 'Int8', 1],
  ['UInt16', 'Uint16', 2],
  ['Int16', 'Int16', 2],
  ['UInt32', 'Uint32', 4],
  ['Int32', 'Int32', 4],
  ['Float', 'Float32', 4],
  ['Double', 'Float64', 8],
  ['BigInt64', 'BigInt64', 8],
  ['BigUInt64', 'BigUint64', 8],
] as const;

type Source = string | ArrayLike<number> | ArrayBufferLike | Iterable<number>;

/** Named as in Node, where its name is seen in messages. */
class NodeBuffer extends Uint8Array {
  override toString(encoding?: string, start = 0, end = this.length): string {
    return decode(Uint8Array.prototype.subarray.call(this, Math.max(0, start), end), knownEncoding(encoding));
  }

  toJSON(): { type: 'Buffer'; data: number[] } {
    return { type: 'Buffer', data: [...this] };
  }

  /** Shares the memory, unlike a typed array's. */
  override slice(start?: number, end?: number): NodeBuffer {
    return view(this.subarray(start, end));
  }

  equals(other: Uint8Array): boolean {
    return compare(this, other) === 0;
  }

  compare(other: Uint8Array): -1 | 0 | 1 {
    return compare(this, other);
  }

  copy(target: Uint8Array, targetStart = 0, start = 0, end = this.length): number {
    const bytes = this.subarray(start, Math.min(end, start + target.length - targetStart));
    target.set(bytes, targetStart);
    return bytes.length;
  }

  write(text: string, offset = 0, length = this.length - offset, encoding?: string): number {
    const bytes = encode(text, knownEncoding(encoding)).subarray(0, length);
    this.set(bytes, offset);
    return bytes.length;
  }

  override indexOf(value: number | string | Uint8Array, from = 0): number {
    if (typeof value === 'number') return super.indexOf(value & 0xff, from);
    const wanted = typeof value === 'string' ? encode(value, 'utf8') : value;
    for (let at = from < 0 ? Math.max(0, this.length + from) : from; at + wanted.length <= this.length; at++) {
      if (wanted.every((byte, i) => this[at + i] === byte)) return at;
    }
    return -1;
  }

  override includes(value: number | string | Uint8Array, from = 0): boolean {
    return this.indexOf(value, from) >= 0;
  }

  override fill(value: number | string, start = 0, end = this.length): this {
    if (typeof value === 'number') return super.fill(value, start, end);
    const bytes = encode(value, 'utf8');
    if (bytes.length === 0) return super.fill(0, start, end);
    for (let i = start; i < end; i++) this[i] = bytes[(i - start) % bytes.length];
    return this;
  }
}

/** `readInt16LE(offset)` and the like, `readUint…` being another name of `readUInt…`. */
function defineNumbers(): void {
  const methods = NodeBuffer.prototype as unknown as Record<string, unknown>;
  for (const [name, kind, bytes] of numberKinds) {
    for (const suffix of bytes === 1 ? [''] : ['LE', 'BE']) {
      const little = suffix === 'LE';
      const read = function (this: NodeBuffer, offset = 0): number | bigint {
        return viewOf(this, offset, bytes)[`get${kind}`](offset, little);
      };
      const write = function (this: NodeBuffer, value: never, offset = 0): number {
        viewOf(this, offset, bytes)[`set${kind}`](offset, value, little);
        return offset + bytes;
      };
      for (const spelled of new Set([name, name.replace('UInt', 'Uint')])) {
        Object.defineProperty(methods, `read${spelled}${suffix}`, { value: read, configurable: true, writable: true });
        Object.defineProperty(methods, `write${spelled}${suffix}`, {
          value: write,
          configurable: true,
          writable: true,
        });
      }
    }
  }
}

function viewOf(bytes: Uint8Array, offset: number, size: number): DataView {
  if (typeof offset !== 'number') throw wrongType('offset', 'of type number', offset);
  const last = bytes.length - size;
  if (last < 0)
    throw nodeError(new RangeError('Attempt to access memory outside buffer bounds'), 'ERR_BUFFER_OUT_OF_BOUNDS');
  if (!Number.isInteger(offset) || offset < 0 || offset > last) {
    const range = Number.isInteger(offset) ? `>= 0 and <= ${last}` : 'an integer';
    const message = `The value of "offset" is out of range. It must be ${range}. Received ${offset}`;
    throw nodeError(new RangeError(message), 'ERR_OUT_OF_RANGE');
  }
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The same memory as a Buffer. */
export function view(bytes: Uint8Array | ArrayBufferLike, offset?: number, length?: number): NodeBuffer {
  if (bytes instanceof Uint8Array)
    return new NodeBuffer(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength);
  return new NodeBuffer(bytes as ArrayBuffer, offset, length);
}

function isMemory(value: unknown): value is ArrayBufferLike {
  return value instanceof ArrayBuffer || Object.prototype.toString.call(value) === '[object SharedArrayBuffer]';
}

function from(value: Source, encodingOrOffset?: string | number, length?: number): NodeBuffer {
  if (typeof value === 'string') return view(encode(value, knownEncoding(encodingOrOffset as string | undefined)));
  if (isMemory(value)) return view(value, encodingOrOffset as number | undefined, length);
  if (typeof value !== 'object' || value === null) {
    throw wrongType(
      'first argument',
      'of type string or an instance of Buffer, ArrayBuffer, or Array or an Array-like Object',
      value,
    );
  }
  return view(Uint8Array.from(value as ArrayLike<number>));
}

function alloc(size: number, fill: number | string = 0): NodeBuffer {
  if (typeof size !== 'number') throw wrongType('size', 'of type number', size);
  const bytes = new NodeBuffer(size);
  return fill === 0 ? bytes : bytes.fill(fill);
}

function concat(list: readonly Uint8Array[], total = list.reduce((sum, { length }) => sum + length, 0)): NodeBuffer {
  const all = alloc(total);
  let at = 0;
  for (const bytes of list) {
    if (at >= total) break;
    all.set(bytes.subarray(0, total - at), at);
    at += bytes.length;
  }
  return all;
}

function byteLength(value: string | ArrayBufferView | ArrayBufferLike, encoding?: string): number {
  return typeof value === 'string' ? encode(value, knownEncoding(encoding)).length : value.byteLength;
}

function compare(a: Uint8Array, b: Uint8Array): -1 | 0 | 1 {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

const statics = {
  from,
  alloc,
  allocUnsafe: (size: number) => alloc(size),
  allocUnsafeSlow: (size: number) => alloc(size),
  concat,
  byteLength,
  compare,
  isBuffer: (value: unknown): boolean => value instanceof NodeBuffer,
  isEncoding: (name: unknown): boolean => typeof name === 'string' && encodingOf(name) !== null,
  poolSize: 8192,
};

defineNumbers();
for (const [name, value] of Object.entries(statics))
  Object.defineProperty(NodeBuffer, name, { value, configurable: true });
Object.defineProperty(NodeBuffer, 'name', { value: 'Buffer' });

/** A Buffer, as programs see it. */
export type Buffer = NodeBuffer;
export const Buffer = NodeBuffer as unknown as (abstract new (...args: never[]) => NodeBuffer) & typeof statics;
export const kMaxLength = 2 ** 31 - 1;
export const constants = { MAX_LENGTH: kMaxLength, MAX_STRING_LENGTH: 2 ** 30 - 2 };
