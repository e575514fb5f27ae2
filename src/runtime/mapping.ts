/** @file Files as memory: a region becomes an ArrayBuffer without being read. */

import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import os from 'node:os';
import { markAsUntransferable } from 'node:worker_threads';
import { TnError } from '../core/errors.ts';
import './koffi.ts';
import { addressOf, type Ffi, type NativeFunction, tryFfi } from './ffi.ts';

export interface MappedFile {
  /** Exactly the region. Writing to it stays in this process: the file never changes. */
  readonly buffer: ArrayBuffer;
  /** Address of the region's first byte, as long as the buffer is kept; 0 when it is empty or this machine has no way into native code. */
  readonly address: number;
  readonly byteLength: number;
  /** False: there was no mapping, the bytes were read. */
  readonly mapped: boolean;
}

export interface MapRegion {
  /** Bytes from the start of the file; any number, mappings start at the page below. */
  readonly offset?: number;
  /** Default: to the end of the file. */
  readonly length?: number;
}

/** PROT_READ | PROT_WRITE and MAP_PRIVATE: the same numbers on Linux and macOS. */
const readWrite = 3;
const privateMapping = 2;
/** MADV_WILLNEED, likewise. */
const willNeed = 3;
/** MADV_HUGEPAGE, Linux alone. */
const hugePage = 14;
/** From here on memory is worth huge pages: wherever it begins, one of 2 MB lies inside. */
const largeBytes = 4 << 20;

interface LibC {
  readonly ffi: Ffi;
  readonly mmap: NativeFunction;
  readonly munmap: NativeFunction;
  readonly madvise: NativeFunction;
  readonly pageBytes: number;
}

let libc: LibC | null | undefined;

/** libc through the FFI; null where there is none (no koffi, Windows). */
function openLibC(): LibC | null {
  if (libc !== undefined) return libc;
  libc = null;
  const ffi = os.platform() === 'win32' ? null : tryFfi();
  if (ffi) {
    try {
      const library = ffi.load(null);
      const types = ['address', 'int64', 'int32', 'int32', 'int32', 'int64'] as const;
      const pageBytes = Number(library.bind('getpagesize', 'int32', [])());
      libc = {
        ffi,
        mmap: library.bind('mmap', 'int64', types),
        munmap: library.bind('munmap', 'int32', ['address', 'int64']),
        madvise: library.bind('madvise', 'int32', ['address', 'int64', 'int32']),
        pageBytes,
      };
    } catch {
      // A libc that hides these: files are read instead.
    }
  }
  return libc;
}

/** What the system maps: whole pages. */
interface Pages {
  readonly base: number;
  readonly bytes: number;
}

/** Unmaps when nobody has what stands for the pages any more: an ArrayBuffer, say. */
const unmapping = new FinalizationRegistry<Pages>(({ base, bytes }) => {
  libc?.munmap(base, bytes);
});

/** Memory that only native code reads. */
export interface MappedMemory {
  readonly address: number;
  /** Must be kept as long as the address is used. */
  readonly keep: object;
}

/**
 * Maps a whole file for native code alone; null where that is impossible. An ArrayBuffer over it would count as memory
 * that JavaScript holds: with the weights of a model the collector would be busy for nothing.
 * @throws TnError when the file cannot be opened
 */
export function mapForNative(file: string): MappedMemory | null {
  const fd = openFile(file);
  try {
    const c = openLibC();
    const bytes = fstatSync(fd).size;
    const base = c && bytes > 0 ? mapPages(c, fd, 0, bytes) : null;
    if (base === null) return null;
    const keep = {};
    unmapping.register(keep, { base, bytes });
    return { address: base, keep };
  } finally {
    closeSync(fd);
  }
}

/** The address of the first page, or null. `offset` is one of a page. */
function mapPages(c: LibC, fd: number, offset: number, bytes: number): number | null {
  const base = Number(c.mmap(0, bytes, readWrite, privateMapping, fd, offset));
  return base === -1 ? null : base;
}

/**
 * Maps a region of a file, private and writable. Works without a C compiler; where mapping is impossible the region is
 * read instead. A file that shrinks while it is mapped kills the process on access, as mappings do: replace files by
 * rename.
 * @throws TnError when the file cannot be opened or the region is not inside it.
 */
export function mapFile(file: string, region: MapRegion = {}): MappedFile {
  const fd = openFile(file);
  try {
    const { offset, length } = checkRegion(file, fstatSync(fd).size, region);
    if (length === 0) return { buffer: new ArrayBuffer(0), address: 0, byteLength: 0, mapped: false };
    return mapOpenFile(fd, offset, length) ?? readRegion(file, fd, offset, length);
  } finally {
    closeSync(fd);
  }
}

function openFile(file: string): number {
  try {
    return openSync(file, 'r');
  } catch (error) {
    throw new TnError({ what: `cannot open ${file}`, found: [(error as Error).message] });
  }
}

function checkRegion(file: string, size: number, region: MapRegion): { offset: number; length: number } {
  const { offset = 0, length = size - offset } = region;
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length);
  if (whole && offset >= 0 && length >= 0 && offset + length <= size) return { offset, length };
  throw new TnError({
    what: `${file} is shorter than it should be`,
    found: [`the file has ${size} bytes`, `bytes ${offset} to ${offset + length} are needed`],
    fix: 'the file is damaged or was not downloaded in full: get it again',
  });
}

function mapOpenFile(fd: number, offset: number, length: number): MappedFile | null {
  const c = openLibC();
  if (!c) return null;
  const before = offset % c.pageBytes;
  const bytes = length + before;
  const base = mapPages(c, fd, offset - before, bytes);
  if (base === null) return null;
  let buffer: ArrayBuffer;
  try {
    buffer = c.ffi.view(base + before, length);
  } catch {
    // An engine that allows no foreign memory in ArrayBuffers.
    c.munmap(base, bytes);
    return null;
  }
  // Transferring would detach this object, and its collection would unmap what the receiver holds.
  markAsUntransferable(buffer);
  unmapping.register(buffer, { base, bytes });
  return { buffer, address: base + before, byteLength: length, mapped: true };
}

function readRegion(file: string, fd: number, offset: number, length: number): MappedFile {
  const buffer = new ArrayBuffer(length);
  // One read takes at most 2 GB.
  for (let at = 0; at < length; ) {
    const read = readSync(fd, new Uint8Array(buffer, at, Math.min(length - at, 1 << 30)), { position: offset + at });
    if (read === 0) throw new TnError({ what: `${file} became shorter while it was read` });
    at += read;
  }
  return { buffer, address: tryFfi() ? addressOf(buffer) : 0, byteLength: length, mapped: false };
}

/** Asks the system to start reading a mapped region in; a hint. */
export function prefetch(mapping: MappedFile): void {
  const c = openLibC();
  if (!c || !mapping.mapped) return;
  advise(c, mapping.address, mapping.byteLength, willNeed);
}

/** A hint about memory, from the page that it begins in. */
function advise(c: LibC, address: number, bytes: number, advice: number): void {
  const before = address % c.pageBytes;
  c.madvise(address - before, bytes + before, advice);
}

/**
 * Zeros, in huge pages where the system has them: a first touch costs 1 to 2 µs a page in a virtual machine, which is more
 * than most kernels need for what is on it.
 */
export function zeroedBuffer(bytes: number): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes);
  const c = bytes >= largeBytes && os.platform() === 'linux' ? openLibC() : null;
  if (c) advise(c, addressOf(buffer), bytes, hugePage);
  return buffer;
}
