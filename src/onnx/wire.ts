/**
 * @file The wire format of protocol buffers, as much of it as ONNX needs: varints, 32-bit floats, and bytes with their
 * length before them.
 */

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH = 2;
export const FIXED32 = 5;

const encoder = new TextEncoder();
// A mark at the start of a text is part of it.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** Longest varint, bytes. */
const longest = 10;

export class WireWriter {
  private data = new Uint8Array(1024);
  private length = 0;

  /** What has been written so far, as a copy. */
  finish(): Uint8Array {
    return this.data.slice(0, this.length);
  }

  tag(field: number, wire: number): this {
    return this.uint32((field << 3) | wire);
  }

  uint32(value: number): this {
    this.reserve(longest);
    let rest = value >>> 0;
    for (; rest > 127; rest >>>= 7) this.data[this.length++] = (rest & 127) | 128;
    this.data[this.length++] = rest;
    return this;
  }

  /** Negative numbers take ten bytes: readers may take the field for 64 bits. @throws RangeError for a fraction */
  int64(value: number | bigint): this {
    const whole = BigInt.asUintN(64, BigInt(value));
    if (whole <= 0xffff_ffffn) return this.uint32(Number(whole));
    this.reserve(longest);
    let rest = whole;
    for (; rest > 127n; rest >>= 7n) this.data[this.length++] = Number(rest & 127n) | 128;
    this.data[this.length++] = Number(rest);
    return this;
  }

  float(value: number): this {
    this.reserve(4);
    new DataView(this.data.buffer).setFloat32(this.length, value, true);
    this.length += 4;
    return this;
  }

  string(value: string): this {
    return this.bytes(encoder.encode(value));
  }

  bytes(value: Uint8Array): this {
    this.uint32(value.length).reserve(value.length);
    this.data.set(value, this.length);
    this.length += value.length;
    return this;
  }

  /** What `body` writes, with its length before it. */
  message(body: (writer: WireWriter) => void): this {
    const start = this.length;
    body(this);
    const written = this.length - start;
    // The length is known only now: the body makes room for it.
    this.uint32(written);
    const prefix = this.data.slice(start + written, this.length);
    this.data.copyWithin(start + prefix.length, start, start + written);
    this.data.set(prefix, start);
    return this;
  }

  private reserve(more: number): void {
    const needed = this.length + more;
    if (needed <= this.data.length) return;
    const larger = new Uint8Array(Math.max(needed, this.data.length * 2));
    larger.set(this.data.subarray(0, this.length));
    this.data = larger;
  }
}

/** Reads what it is given and no byte beyond. @throws RangeError for bytes that are no message */
export class WireReader {
  position = 0;
  readonly length: number;
  private readonly data: Uint8Array;

  constructor(data: Uint8Array) {
    this.data = data;
    this.length = data.length;
  }

  /** The low 32 bits of a varint. */
  uint32(): number {
    let value = 0;
    for (let count = 0; count < longest; count++) {
      const byte = this.byte();
      if (count < 5) value |= (byte & 127) << (7 * count);
      if (byte < 128) return value >>> 0;
    }
    throw new RangeError('a number has no end');
  }

  int32(): number {
    return this.uint32() | 0;
  }

  int64(): bigint {
    let value = 0n;
    for (let count = 0; count < longest; count++) {
      const byte = this.byte();
      value |= BigInt(byte & 127) << BigInt(7 * count);
      if (byte < 128) return BigInt.asIntN(64, value);
    }
    throw new RangeError('a number has no end');
  }

  string(): string {
    return decoder.decode(this.bytes());
  }

  /** Not a copy. */
  bytes(): Uint8Array {
    const length = this.uint32();
    const start = this.position;
    this.skip(length);
    return this.data.subarray(start, start + length);
  }

  /** Passes over a value of a field that nobody asks for. */
  skipValue(wire: number): void {
    if (wire === VARINT) this.uint32();
    else if (wire === FIXED64) this.skip(8);
    else if (wire === LENGTH) this.skip(this.uint32());
    else if (wire === FIXED32) this.skip(4);
    else throw new RangeError(`no wire type: ${wire}`);
  }

  private skip(bytes: number): void {
    if (bytes > this.length - this.position) throw new RangeError('a value reaches beyond its file');
    this.position += bytes;
  }

  private byte(): number {
    if (this.position >= this.length) throw new RangeError('the file ends in a number');
    return this.data[this.position++];
  }
}
