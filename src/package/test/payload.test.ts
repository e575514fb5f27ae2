/** @file Payloads as the writer lays them out, read back by hand and hashed by an XXH64 of the test's own. */

import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { nativeHash } from '../executable.ts';
import { PayloadBuilder, type WrittenPayload } from '../payload.ts';

const folder = mkdtempSync(join(tmpdir(), 'tn-payload-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const P = [
  11400714785074694791n,
  14029467366897019727n,
  1609587929392839161n,
  9650029242287828579n,
  2870177450012600261n,
];
const mask = (1n << 64n) - 1n;
const rotate = (x: bigint, by: bigint): bigint => ((x << by) | (x >> (64n - by))) & mask;
const round = (acc: bigint, lane: bigint): bigint => (rotate((acc + lane * P[1]) & mask, 31n) * P[0]) & mask;

/** XXH64 with seed 0, from its specification. */
function xxh64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  let hash: bigint;
  if (bytes.length >= 32) {
    const lanes = [(P[0] + P[1]) & mask, P[1], 0n, (mask + 1n - P[0]) & mask];
    for (; at + 32 <= bytes.length; at += 32) {
      for (let i = 0; i < 4; i++) lanes[i] = round(lanes[i], view.getBigUint64(at + 8 * i, true));
    }
    hash = (rotate(lanes[0], 1n) + rotate(lanes[1], 7n) + rotate(lanes[2], 12n) + rotate(lanes[3], 18n)) & mask;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P[0] + P[3]) & mask;
  } else {
    hash = P[4];
  }
  hash = (hash + BigInt(bytes.length)) & mask;
  for (; at + 8 <= bytes.length; at += 8) {
    hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P[0] + P[3]) & mask;
  }
  for (; at + 4 <= bytes.length; at += 4) {
    hash = (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * P[0]) & mask), 23n) * P[1] + P[2]) & mask;
  }
  for (; at < bytes.length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]) * P[4]) & mask), 11n) * P[0]) & mask;
  hash = ((hash ^ (hash >> 33n)) * P[1]) & mask;
  hash = ((hash ^ (hash >> 29n)) * P[2]) & mask;
  return hash ^ (hash >> 32n);
}

function write(payload: PayloadBuilder, name: string, at?: number): { bytes: Buffer; written: WrittenPayload } {
  const path = join(folder, name);
  if (at !== undefined) writeFileSync(path, Buffer.alloc(at, 7));
  const fd = openSync(path, at === undefined ? 'w' : 'r+');
  const written = payload.write(fd, { id: 0x1122334455667788n, hash: xxh64, ...(at === undefined ? {} : { at }) });
  closeSync(fd);
  return { bytes: readFileSync(path), written };
}

function sample(): PayloadBuilder {
  const file = join(folder, 'source');
  writeFileSync(
    file,
    Uint8Array.from({ length: 10_000 }, (_, i) => (i * 31) & 255),
  );
  const payload = new PayloadBuilder();
  expect(payload.add({ name: 'abc/rows', kind: 'weight', bytes: { file, offset: 100, length: 5000 } })).toBe(0);
  payload.add({ name: 'def/rows', kind: 'weight', bytes: Uint8Array.of(1, 2, 3) });
  payload.add({
    name: 'package.json',
    kind: 'json',
    bytes: new TextEncoder().encode('{}'.repeat(500)),
    encoding: 'deflate',
  });
  payload.add({ name: 'asset/ü/x', kind: 'asset', bytes: new Uint8Array(0) });
  payload.add({ name: 'tiny', kind: 'text', bytes: Uint8Array.of(9), encoding: 'deflate' });
  return payload;
}

test('the hash of the runtime is XXH64', () => {
  const hash = nativeHash();
  expect(xxh64(new TextEncoder().encode('abc'))).toBe(0x44bc2cf5ad770999n);
  for (const length of [0, 1, 7, 8, 31, 32, 33, 100, 1000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => (i * 7 + length) & 255);
    if (length > 0) expect(hash(bytes)).toBe(xxh64(bytes));
  }
});

test('header, table, names and blocks stand where the format says', () => {
  const { bytes, written } = write(sample(), 'whole');
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from('TNPACK\0\x01', 'latin1'));
  expect(bytes.length).toBe(written.bytes);
  const word = (at: number): number => Number(bytes.readBigUInt64LE(at));
  expect([word(8), word(16), word(24)]).toEqual([bytes.length, 64, 5]);
  expect(bytes.readBigUInt64LE(48)).toBe(0x1122334455667788n);
  const names = bytes.subarray(word(32), word(32) + word(40));
  const covered = Buffer.concat([bytes.subarray(0, 56), bytes.subarray(64, word(32) + word(40))]);
  expect(bytes.readBigUInt64LE(56)).toBe(xxh64(covered));
  const entries = [0, 1, 2, 3, 4].map((i) => {
    const at = 64 + 64 * i;
    const stored = bytes.subarray(word(at), word(at) + word(at + 8));
    expect(bytes.readBigUInt64LE(at + 24)).toBe(xxh64(stored));
    expect([word(at + 48), word(at + 56)]).toEqual([0, 0]);
    const start = bytes.readUInt32LE(at + 40);
    return {
      name: names.subarray(start, start + bytes.readUInt32LE(at + 44)).toString(),
      offset: word(at),
      raw: word(at + 16),
      kind: bytes.readUInt32LE(at + 32),
      encoding: bytes.readUInt32LE(at + 36),
      stored,
    };
  });
  expect(entries.map(({ name }) => name)).toEqual(['abc/rows', 'def/rows', 'package.json', 'asset/ü/x', 'tiny']);
  expect(entries.map(({ kind }) => kind)).toEqual([1, 1, 2, 3, 6]);
  // What deflate makes longer is stored as it is.
  expect(entries.map(({ encoding }) => encoding)).toEqual([0, 0, 1, 0, 0]);
  for (const { kind, offset } of entries) expect(offset % (kind === 1 ? 4096 : 64)).toBe(0);
  expect(entries[0].stored).toEqual(readFileSync(join(folder, 'source')).subarray(100, 5100));
  expect(inflateRawSync(entries[2].stored).toString()).toBe('{}'.repeat(500));
  expect(entries[2].raw).toBe(1000);
});

test('the same blocks give the same bytes, at any place of a file', () => {
  const { bytes } = write(sample(), 'first');
  expect(write(sample(), 'second').bytes).toEqual(bytes);
  const behind = write(sample(), 'behind', 8192).bytes;
  expect(behind.subarray(8192)).toEqual(bytes);
  expect(behind.subarray(0, 8192).every((byte) => byte === 7)).toBe(true);
});

test('names are unique, and a file that has become shorter is said so', () => {
  const payload = sample();
  expect(() => payload.add({ name: 'tiny', kind: 'text', bytes: new Uint8Array(1) })).toThrow(/two payload blocks/);
  writeFileSync(join(folder, 'source'), 'short');
  expect(() => write(payload, 'short')).toThrow(/shorter than it was/);
});
