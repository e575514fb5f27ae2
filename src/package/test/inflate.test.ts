/** @file The core's inflate against zlib, on good and on bad data, and the hash against known values. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, deflateRawSync, inflateRawSync, type ZlibOptions } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../../runtime/koffi.ts';
import { addressOf, ffi, type NativeFunction } from '../../runtime/ffi.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-inflate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let inflateNative: NativeFunction;
let hashNative: NativeFunction;

beforeAll(() => {
  const at = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
  const library = path.join(folder, 'inflate.so');
  const sources = [at('./inflateShim.c'), at('../c/tn_inflate.c'), at('../../runtime/c/tn_hash.c')];
  const includes = ['-I', at('../c'), '-I', at('../../runtime/c')];
  const flags = ['-std=gnu11', '-O2', '-fsanitize=undefined', '-fsanitize-undefined-trap-on-error', '-fPIC', '-shared'];
  execFileSync('gcc', [...flags, '-Wall', '-Wextra', '-Werror', ...includes, ...sources, '-o', library]);
  const { bind } = ffi().load(library);
  inflateNative = bind('test_inflate', 'int32', ['address', 'int64', 'address', 'int64']);
  hashNative = bind('test_hash_pieces', 'int64', ['address', 'address', 'int64']);
});

function inBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(new ArrayBuffer(Math.max(bytes.length, 8)), 0, bytes.length);
  copy.set(bytes);
  return copy;
}

/** The decoded bytes, or null when the data is refused. */
function inflate(bytes: Uint8Array, raw: number): Uint8Array | null {
  const source = inBuffer(bytes);
  const target = inBuffer(new Uint8Array(raw));
  return inflateNative(addressOf(source), bytes.length, addressOf(target), raw) === 1 ? target : null;
}

/** What zlib makes of it: the bytes, how much of the input it used; null when it refuses. */
function inflateZlib(bytes: Uint8Array): { readonly decoded: Buffer; readonly used: number } | null {
  try {
    const { buffer, engine } = inflateRawSync(bytes, { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    return { decoded: buffer, used: engine.bytesWritten };
  } catch {
    return null;
  }
}

const strategies = [
  constants.Z_DEFAULT_STRATEGY,
  constants.Z_HUFFMAN_ONLY,
  constants.Z_RLE,
  constants.Z_FIXED,
  constants.Z_FILTERED,
];
const options: fc.Arbitrary<ZlibOptions> = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(...strategies),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
});

/** Texts with repeats at all distances, and noise. */
const contents: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 400 })),
      fc.string({ maxLength: 200 }),
    ),
    { maxLength: 30 },
  )
  .map((pieces) =>
    Buffer.concat(
      pieces.map((piece) => {
        if (typeof piece === 'string') return Buffer.from(piece);
        if (piece instanceof Uint8Array) return piece;
        return Buffer.concat(Array.from({ length: piece[1] }, () => piece[0]));
      }),
    ),
  );

describe('inflate', () => {
  it('decodes whatever zlib writes', () => {
    fc.assert(
      fc.property(contents, options, (content, how) => {
        const decoded = inflate(deflateRawSync(content, how), content.length);
        expect(decoded !== null && Buffer.compare(decoded, content) === 0).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('takes changed data exactly when zlib does, and gives the same bytes', () => {
    const change = fc.record({ at: fc.nat(), bit: fc.integer({ min: 0, max: 7 }) });
    fc.assert(
      fc.property(contents, options, fc.array(change, { minLength: 1, maxLength: 4 }), (content, how, changes) => {
        const bytes = Uint8Array.from(deflateRawSync(content, how));
        for (const { at, bit } of changes) bytes[at % bytes.length] ^= 1 << bit;
        agree(bytes, content.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('takes arbitrary bytes exactly when zlib does', () => {
    const headed = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.uint8Array({ maxLength: 120 }));
    fc.assert(
      fc.property(headed, ([type, tail]) => agree(Uint8Array.of(type | (tail.length << 3), ...tail), 0)),
      { numRuns: 3000 },
    );
  });

  it('refuses a target of another size, data that ends early, and data that goes on', () => {
    const content = Buffer.from('the quick brown fox jumps over the lazy dog '.repeat(50));
    const bytes = deflateRawSync(content);
    expect(inflate(bytes, content.length)).not.toBeNull();
    expect(inflate(bytes, content.length - 1)).toBeNull();
    expect(inflate(bytes, content.length + 1)).toBeNull();
    expect(inflate(Buffer.concat([bytes, Buffer.of(0)]), content.length)).toBeNull();
    for (let length = 0; length < bytes.length; length++) {
      expect(inflate(bytes.subarray(0, length), content.length)).toBeNull();
    }
  });

  it('decodes at least 150 MB/s', () => {
    const words = Array.from({ length: 4000 }, (_, i) => `${i * 7919}:${(i * i) % 1013}`);
    const content = Buffer.from(Array.from({ length: 60_000 }, (_, i) => words[(i * i + 31 * i) % 4000]).join(' '));
    const source = inBuffer(deflateRawSync(content, { level: 9 }));
    const target = inBuffer(new Uint8Array(content.length));
    const rates = Array.from({ length: 9 }, () => {
      const start = performance.now();
      inflateNative(addressOf(source), source.length, addressOf(target), content.length);
      return content.length / 1e3 / (performance.now() - start);
    });
    // Undefined-behaviour checks are compiled in, and other tests run at the same time: half of the real figure is asked.
    expect(Math.max(...rates)).toBeGreaterThan(75);
  });
});

/** Where zlib takes the data whole, we do, with the same bytes; where it does not, we do not. */
function agree(bytes: Uint8Array, guess: number): void {
  const zlib = inflateZlib(bytes);
  if (zlib === null || zlib.used !== bytes.length) {
    expect(inflate(bytes, zlib?.decoded.length ?? guess)).toBeNull();
    return;
  }
  const decoded = inflate(bytes, zlib.decoded.length);
  expect(decoded !== null && Buffer.compare(decoded, zlib.decoded) === 0).toBe(true);
}

describe('hash64', () => {
  function hash(bytes: Uint8Array, ends: readonly number[] = [bytes.length]): bigint {
    const data = inBuffer(bytes);
    const words = BigInt64Array.from([...ends, 0].map(BigInt));
    return BigInt.asUintN(64, BigInt(hashNative(addressOf(data), addressOf(words), ends.length) as number | bigint));
  }

  it('is XXH64 with seed 0', () => {
    expect(hash(new Uint8Array(0))).toBe(0xef46db3751d8e999n);
    expect(hash(Buffer.from('a'))).toBe(0xd24ec4f1a98c6e5bn);
    expect(hash(Buffer.from('abc'))).toBe(0x44bc2cf5ad770999n);
    expect(hash(Buffer.from('Nobody inspects the spammish repetition'))).toBe(0xfbcea83c8a378bf1n);
  });

  it('does not depend on the pieces that the data comes in', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(fc.nat(300), { maxLength: 6 }), (bytes, cuts) => {
        const ends = [...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length];
        expect(hash(bytes, ends)).toBe(hash(bytes));
      }),
      { numRuns: 300 },
    );
  });
});
