/**
 * @file Turns a linked static executable into a packaged one: the payload as its last loaded segment, sealed by hashes.
 *
 * The program header for the payload is the one of the note `.note.tn` that `c/tn_self.c` leaves in the file. Section
 * headers go: nothing needs them to run the program, and tools that rewrite files by their sections (strip) would lose the
 * payload; without them they leave the file alone.
 */

import { TnError } from '../core/errors.ts';
import type { Hash64 } from './payload.ts';

const segmentTypes = { load: 1, note: 4 } as const;
const segmentFlags = { write: 2, read: 4 } as const;
const programHeaderBytes = 56;
/** Payloads lie at multiples of this in the file; their blocks count from there. */
const payloadAlignment = 4096;

/** `tn_seal` of `c/tn_self.h`: the note's head, then its fields. */
const noteName = 'TorchNative\0';
const sealVersion = 1;
const sealBytes = 160;
const sealFields = {
  fileBytes: 24,
  payloadOffset: 32,
  payloadBytes: 40,
  packageId: 48,
  headHash: 56,
  fileHash: 64,
  memoryHash: 72,
  payloadFile: 80,
} as const;
const payloadFileBytes = 80;

interface Segment {
  /** Of its program header, in the file. */
  readonly at: number;
  readonly type: number;
  readonly flags: number;
  readonly offset: number;
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
}

/** A linked executable, ready to be sealed. */
export interface LinkedExecutable {
  /** The part of the file that is loaded, without section headers, up to the payload: whole pages. */
  readonly head: Uint8Array;
  readonly segments: readonly Segment[];
  readonly sealOffset: number;
  /** Where in the file a payload goes. */
  readonly payloadOffset: number;
}

/** The payload inside, or the name of its file beside the executable. */
export type SealedPayload =
  | { readonly bytes: number; readonly headHash: bigint }
  | { readonly file: string; readonly headHash: bigint; readonly bytes: number };

export interface SealOptions {
  readonly packageId: bigint;
  readonly payload: SealedPayload;
  /** Largest page of the target's kernels. */
  readonly pageBytes: number;
  readonly hash: Hash64;
}

/** @throws TnError when it is not a static, position-dependent 64-bit executable of the machine with our note in it. */
export function readLinked(file: Uint8Array, machine: number): LinkedExecutable {
  const words = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const isElf64 = file.length > 64 && words.getUint32(0, false) === 0x7f454c46 && file[4] === 2 && file[5] === 1;
  if (!isElf64) throw refused('it is no 64-bit little-endian ELF file');
  if (words.getUint16(16, true) !== 2) throw refused('it is not linked with -static -no-pie');
  if (words.getUint16(18, true) !== machine) throw refused(`it is for machine ${words.getUint16(18, true)}`);
  const segments = readSegments(words);
  const sealOffset = findSeal(words, segments);
  if (sealOffset === null) throw refused('it has no note .note.tn');
  const end = Math.max(...segments.map(({ offset, fileBytes }) => offset + fileBytes));
  const payloadOffset = Math.ceil(end / payloadAlignment) * payloadAlignment;
  const head = new Uint8Array(payloadOffset);
  head.set(file.subarray(0, end));
  const headWords = new DataView(head.buffer);
  headWords.setBigUint64(40, 0n, true); // e_shoff
  headWords.setUint16(58, 0, true); // e_shentsize
  headWords.setUint16(60, 0, true); // e_shnum
  headWords.setUint16(62, 0, true); // e_shstrndx
  return { head, segments, sealOffset, payloadOffset };
}

/**
 * The first `payloadOffset` bytes of the packaged executable; the payload's bytes follow, or nothing when it is a file of
 * its own.
 */
export function seal(linked: LinkedExecutable, options: SealOptions): Uint8Array {
  const { payload, packageId, pageBytes, hash } = options;
  const { payloadOffset, sealOffset } = linked;
  const head = linked.head.slice();
  const words = new DataView(head.buffer);
  const isInside = !('file' in payload);
  const segments = isInside ? withPayloadSegment(words, linked, payload.bytes, pageBytes) : linked.segments;
  const set = (field: keyof typeof sealFields, value: number | bigint): void =>
    words.setBigUint64(sealOffset + sealFields[field], BigInt(value), true);
  set('fileBytes', payloadOffset + (isInside ? payload.bytes : 0));
  set('payloadOffset', isInside ? payloadOffset : 0);
  set('payloadBytes', payload.bytes);
  set('packageId', BigInt.asUintN(64, packageId));
  set('headHash', payload.headHash);
  if (!isInside) head.set(payloadFileName(payload.file), sealOffset + sealFields.payloadFile);
  set('memoryHash', memoryHash(head, linked, segments, hash));
  set('fileHash', fileHash(head, sealOffset, hash));
  return head;
}

/** Rewrites the note's program header, which is not needed to load the program. */
function withPayloadSegment(
  words: DataView,
  { segments, sealOffset, payloadOffset }: LinkedExecutable,
  bytes: number,
  pageBytes: number,
): Segment[] {
  const spare = segments.find((segment) => segment.type === segmentTypes.note && covers(segment, sealOffset))!;
  const loaded = segments.filter(({ type }) => type === segmentTypes.load);
  const end = Math.max(...loaded.map(({ address, memoryBytes }) => address + memoryBytes));
  // The kernel maps whole pages: address and offset lie at the same place of one, however large it is.
  const address = Math.ceil(end / pageBytes) * pageBytes + (payloadOffset % pageBytes);
  const { at } = spare;
  words.setUint32(at, segmentTypes.load, true);
  words.setUint32(at + 4, segmentFlags.read, true);
  const fields = [payloadOffset, address, address, bytes, bytes, pageBytes];
  fields.forEach((value, i) => {
    words.setBigUint64(at + 8 + 8 * i, BigInt(value), true);
  });
  return segments.map((segment) =>
    segment === spare
      ? {
          at,
          type: segmentTypes.load,
          flags: segmentFlags.read,
          offset: payloadOffset,
          address,
          fileBytes: bytes,
          memoryBytes: bytes,
        }
      : segment,
  );
}

/** `memory_is_whole` of c/tn_self.c: segments that nothing writes to, without the payload's. */
function memoryHash(
  head: Uint8Array,
  { sealOffset, payloadOffset }: LinkedExecutable,
  segments: readonly Segment[],
  hash: Hash64,
): bigint {
  let sum = 0n;
  for (const { type, flags, offset, fileBytes } of segments) {
    if (type !== segmentTypes.load || (flags & segmentFlags.write) !== 0 || offset === payloadOffset) continue;
    sum = chainAround(sum, head.subarray(offset, offset + fileBytes), sealOffset - offset, hash);
  }
  // Both hashes are still zero in the seal.
  return chain(sum, head.subarray(sealOffset, sealOffset + sealBytes), hash);
}

/** The whole head, then the seal with `fileHash` zero. */
function fileHash(head: Uint8Array, sealOffset: number, hash: Hash64): bigint {
  return chain(chainAround(0n, head, sealOffset, hash), head.subarray(sealOffset, sealOffset + sealBytes), hash);
}

function chain(before: bigint, bytes: Uint8Array, hash: Hash64): bigint {
  const link = new DataView(new ArrayBuffer(16));
  link.setBigUint64(0, before, true);
  link.setBigUint64(8, hash(bytes), true);
  return hash(new Uint8Array(link.buffer));
}

/** Without the seal, which begins `hole` bytes in, if it does. */
function chainAround(before: bigint, bytes: Uint8Array, hole: number, hash: Hash64): bigint {
  if (hole < 0 || hole >= bytes.length) return chain(before, bytes, hash);
  return chain(chain(before, bytes.subarray(0, hole), hash), bytes.subarray(hole + sealBytes), hash);
}

function readSegments(words: DataView): Segment[] {
  const start = Number(words.getBigUint64(32, true));
  const count = words.getUint16(56, true);
  if (words.getUint16(54, true) !== programHeaderBytes || start + count * programHeaderBytes > words.byteLength)
    throw refused('its program headers are not where it says');
  return Array.from({ length: count }, (_, i): Segment => {
    const at = start + i * programHeaderBytes;
    const word = (offset: number): number => Number(words.getBigUint64(at + offset, true));
    const segment = {
      at,
      type: words.getUint32(at, true),
      flags: words.getUint32(at + 4, true),
      offset: word(8),
      address: word(16),
      fileBytes: word(32),
      memoryBytes: word(40),
    };
    if (segment.offset + segment.fileBytes > words.byteLength) throw refused('it is cut off');
    return segment;
  });
}

function covers({ offset, fileBytes }: Segment, position: number): boolean {
  return position >= offset && position < offset + fileBytes;
}

/** Walks the notes; one segment may hold several. */
function findSeal(words: DataView, segments: readonly Segment[]): number | null {
  const name = new TextEncoder().encode(noteName);
  for (const { type, offset, fileBytes } of segments) {
    if (type !== segmentTypes.note) continue;
    // Every note starts at a multiple of 4; a search there is simpler than the two paddings that notes may have.
    for (let at = offset; at + sealBytes <= offset + fileBytes; at += 4) {
      const isHead =
        words.getUint32(at, true) === name.length &&
        words.getUint32(at + 4, true) === sealBytes - sealFields.fileBytes &&
        words.getUint32(at + 8, true) === sealVersion;
      if (isHead && name.every((byte, i) => words.getUint8(at + 12 + i) === byte)) return at;
    }
  }
  return null;
}

function payloadFileName(file: string): Uint8Array {
  const bytes = new TextEncoder().encode(file);
  if (bytes.length === 0 || bytes.length >= payloadFileBytes || file.includes('/')) {
    throw new TnError({
      what: `a file of weights cannot be called ${JSON.stringify(file)}`,
      fix: `give the output a name of at most ${payloadFileBytes - 10} bytes`,
    });
  }
  return bytes;
}

function refused(why: string): TnError {
  return new TnError({ what: 'the linked executable cannot be packaged', found: [why], fix: 'tn doctor' });
}
