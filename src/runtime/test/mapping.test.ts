/** @file Mapped files: any region, private writes, clear errors, lifetimes. */

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { TnError } from '../../core/errors.ts';
import { addressOf, ffi, keepAlive } from '../ffi.ts';
import { mapFile, mapForNative, prefetch, zeroedBuffer } from '../mapping.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-mapping-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = path.join(folder, 'numbers');
const content = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7 + (i >> 8)) & 255);
writeFileSync(file, content);

describe('mapFile', () => {
  it('gives the whole file, or any region of it', () => {
    const whole = mapFile(file);
    expect(whole.mapped).toBe(true);
    expect(Buffer.compare(new Uint8Array(whole.buffer), content)).toBe(0);
    for (const [offset, length] of [
      [0, 1],
      [1, 4095],
      [4095, 2],
      [4096, 4096],
      [5001, 14_999],
      [8, 19_992],
    ]) {
      const part = mapFile(file, { offset, length });
      prefetch(part);
      expect(part.byteLength).toBe(length);
      expect(part.buffer.byteLength).toBe(length);
      expect(part.address % 4096).toBe(offset % 4096);
      expect(Buffer.compare(new Uint8Array(part.buffer), content.subarray(offset, offset + length))).toBe(0);
      expect(new Uint8Array(ffi().view(part.address, 1))[0]).toBe(content[offset]);
    }
    expect(mapFile(file, { offset: 20_000 })).toMatchObject({ byteLength: 0, address: 0 });
  });

  it('gives native code a whole file without a buffer over it', () => {
    const memory = mapForNative(file);
    expect(memory?.address).toBeGreaterThan(0);
    const bytes = new Uint8Array(ffi().view(memory!.address, content.length));
    expect(Buffer.compare(bytes, content)).toBe(0);
    keepAlive(memory!.keep);
    const empty = path.join(folder, 'empty');
    writeFileSync(empty, '');
    expect(mapForNative(empty)).toBeNull();
    expect(() => mapForNative(path.join(folder, 'absent'))).toThrow(TnError);
  });

  it('keeps writes in this process, apart for each mapping', () => {
    const one = new Uint8Array(mapFile(file).buffer);
    const other = new Uint8Array(mapFile(file).buffer);
    one[5000] ^= 255;
    expect(other[5000]).toBe(content[5000]);
    expect(readFileSync(file)[5000]).toBe(content[5000]);
  });

  it('refuses what is not there', () => {
    expect(() => mapFile(path.join(folder, 'absent'))).toThrow(TnError);
    expect(() => mapFile(file, { offset: 19_999, length: 2 })).toThrow(/20000 bytes/);
    expect(() => mapFile(file, { offset: -1, length: 2 })).toThrow(TnError);
    expect(() => mapFile(file, { offset: 30_000 })).toThrow(TnError);
    expect(() => mapFile(file, { offset: 0.5, length: 2 })).toThrow(TnError);
  });

  it('survives the file being replaced, and cannot be transferred away', () => {
    const replaced = path.join(folder, 'replaced');
    writeFileSync(replaced, content);
    const mapping = mapFile(replaced);
    rmSync(replaced);
    writeFileSync(replaced, 'short');
    expect(new Uint8Array(mapping.buffer)[19_999]).toBe(content[19_999]);
    const channel = new MessageChannel();
    try {
      channel.port1.postMessage(mapping.buffer, [mapping.buffer]);
    } catch {
      // Newer Node versions refuse; older ones copy.
    }
    channel.port1.close();
    expect(mapping.buffer.byteLength).toBe(20_000);
  });
});

const hasHugePages = existsSync('/sys/kernel/mm/transparent_hugepage/enabled');

describe('zeroedBuffer', () => {
  it('gives zeros of any size', () => {
    for (const bytes of [0, 1, 4096, (4 << 20) - 1, (4 << 20) + 3]) {
      const buffer = zeroedBuffer(bytes);
      expect(buffer.byteLength).toBe(bytes);
      expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
    }
  });

  it.runIf(hasHugePages)('asks for huge pages where it is large', () => {
    const buffer = zeroedBuffer(16 << 20);
    const middle = addressOf(buffer) + (8 << 20);
    const regions = readFileSync('/proc/self/smaps', 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
    const region = regions.find((text) => {
      const [from, to] = text
        .split(' ', 1)[0]
        .split('-')
        .map((hex) => Number.parseInt(hex, 16));
      return from <= middle && middle < to;
    });
    expect(region).toMatch(/^VmFlags:.* hg\b/m);
    new Uint8Array(buffer).fill(1);
  });
});
