/**
 * @file Writes payloads: weights, assets, samples and texts of a package in one block format, read by `c/tn_payload.c`.
 *
 * Little endian. A header of 64 bytes, a table with 64 bytes an entry, the names, then the blocks: weights at multiples
 * of 4096 so that they can be mapped and bound as they lie, everything else at multiples of 64. Gaps are zero.
 */

import { closeSync, fstatSync, openSync, readSync, writeSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { TnError } from '../core/errors.ts';

/** `TNPACK`, a zero, the version of the format. */
export const payloadMagic = Uint8Array.of(0x54, 0x4e, 0x50, 0x41, 0x43, 0x4b, 0, 1);

export const blockKinds = { weight: 1, json: 2, asset: 3, bytecode: 4, sample: 5, text: 6 } as const;
export type BlockKind = keyof typeof blockKinds;

export const blockEncodings = { plain: 0, deflate: 1 } as const;
export type BlockEncoding = keyof typeof blockEncodings;

/** Content in memory, or a region of a file that is read when the payload is written. */
export type BlockBytes = Uint8Array | { readonly file: string; readonly offset: number; readonly length: number };

export interface Block {
  readonly name: string;
  readonly kind: BlockKind;
  readonly bytes: BlockBytes;
  /** Default: plain. What does not get smaller is stored plain all the same. */
  readonly encoding?: BlockEncoding;
}

/** Hash of bytes that lie in memory: `hash64` of the runtime. */
export type Hash64 = (bytes: Uint8Array) => bigint;

export interface PayloadEntry {
  readonly name: string;
  readonly kind: BlockKind;
  readonly encoding: BlockEncoding;
  readonly offset: number;
  /** As stored. */
  readonly bytes: number;
  /** Decoded. */
  readonly raw: number;
  readonly hash: bigint;
}

export interface WrittenPayload {
  readonly bytes: number;
  /** Hash over header and table: names the whole content, since the table holds every block's hash. */
  readonly headHash: bigint;
  readonly entries: readonly PayloadEntry[];
}

const headerBytes = 64;
const entryBytes = 64;
const weightAlignment = 4096;
const otherAlignment = 64;

interface Planned {
  readonly block: Block;
  /** null: too large to keep, read again from its file. */
  readonly stored: Uint8Array | null;
  readonly encoding: BlockEncoding;
  readonly bytes: number;
  readonly raw: number;
}

export class PayloadBuilder {
  private readonly planned: Planned[] = [];
  private readonly names = new Set<string>();

  /** Gives the block's index. Names are unique in a payload. */
  add(block: Block): number {
    if (this.names.has(block.name)) throw new Error(`internal: two payload blocks are called ${block.name}`);
    this.names.add(block.name);
    this.planned.push(plan(block));
    return this.planned.length - 1;
  }

  get count(): number {
    return this.planned.length;
  }

  /** Bytes of the blocks of a kind, as stored. */
  bytesOf(kind: BlockKind): number {
    return this.planned.reduce((sum, { block, bytes }) => sum + (block.kind === kind ? bytes : 0), 0);
  }

  /** Size of the payload that `write` makes. */
  get bytes(): number {
    return this.layout().total;
  }

  /**
   * Writes at the file's byte `at`; the region must lie at the end of the file or beyond. Blocks of files are streamed.
   * Depends on the blocks, their order and the id alone.
   */
  write(fd: number, options: { readonly id: bigint; readonly hash: Hash64; readonly at?: number }): WrittenPayload {
    const { hash, at = 0 } = options;
    const { offsets, nameOffsets, names, total } = this.layout();
    const entries = this.planned.map((planned, i): PayloadEntry => {
      const stored = planned.stored ?? readBlock(planned.block);
      writeAt(fd, stored, at + offsets[i]);
      const { block, encoding, bytes, raw } = planned;
      return { name: block.name, kind: block.kind, encoding, offset: offsets[i], bytes, raw, hash: hash(stored) };
    });
    const head = new Uint8Array(headerBytes + entryBytes * entries.length + names.length);
    const words = new DataView(head.buffer);
    head.set(payloadMagic);
    const word = (offset: number, value: number | bigint): void => words.setBigUint64(offset, BigInt(value), true);
    word(8, total);
    word(16, headerBytes);
    word(24, entries.length);
    word(32, headerBytes + entryBytes * entries.length);
    word(40, names.length);
    word(48, options.id);
    entries.forEach((entry, i) => {
      const start = headerBytes + entryBytes * i;
      word(start, entry.offset);
      word(start + 8, entry.bytes);
      word(start + 16, entry.raw);
      word(start + 24, entry.hash);
      words.setUint32(start + 32, blockKinds[entry.kind], true);
      words.setUint32(start + 36, blockEncodings[entry.encoding], true);
      words.setUint32(start + 40, nameOffsets[i], true);
      words.setUint32(start + 44, Buffer.byteLength(entry.name), true);
    });
    head.set(names, headerBytes + entryBytes * entries.length);
    // The hash covers everything of the head but itself, which stands between header and table.
    const covered = new Uint8Array(head.length - 8);
    covered.set(head.subarray(0, 56));
    covered.set(head.subarray(64), 56);
    const headHash = hash(covered);
    word(56, headHash);
    writeAt(fd, head, at);
    // Gaps and the end read as zero without being written: only the last byte has to exist.
    const end = at + total;
    if (fstatSync(fd).size < end) writeAt(fd, Uint8Array.of(0), end - 1);
    return { bytes: total, headHash, entries };
  }

  private layout() {
    const encoder = new TextEncoder();
    const texts = this.planned.map(({ block }) => encoder.encode(block.name));
    const nameOffsets: number[] = [];
    let nameBytes = 0;
    for (const text of texts) {
      nameOffsets.push(nameBytes);
      nameBytes += text.length;
    }
    const names = new Uint8Array(nameBytes);
    texts.forEach((text, i) => {
      names.set(text, nameOffsets[i]);
    });
    let end = headerBytes + entryBytes * this.planned.length + nameBytes;
    const offsets = this.planned.map(({ block, bytes }) => {
      const offset = alignUp(end, block.kind === 'weight' ? weightAlignment : otherAlignment);
      end = offset + bytes;
      return offset;
    });
    // Whole pages: the payload is mapped as it lies, as a file or as a segment of an executable.
    return { offsets, nameOffsets, names, total: alignUp(end, weightAlignment) };
  }
}

function plan(block: Block): Planned {
  const raw = sizeOf(block.bytes);
  if (block.encoding === 'deflate') {
    const stored = deflateRawSync(readBlock(block), { level: 9 });
    if (stored.length < raw) return { block, stored, encoding: 'deflate', bytes: stored.length, raw };
  }
  const stored = block.bytes instanceof Uint8Array ? block.bytes : null;
  return { block, stored, encoding: 'plain', bytes: raw, raw };
}

function sizeOf(bytes: BlockBytes): number {
  return bytes instanceof Uint8Array ? bytes.byteLength : bytes.length;
}

/** The block's bytes; of a file, exactly the region. */
function readBlock({ name, bytes }: Block): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  const content = new Uint8Array(bytes.length);
  const fd = openSync(bytes.file, 'r');
  try {
    for (let at = 0; at < bytes.length; ) {
      const got = readSync(fd, content, at, Math.min(bytes.length - at, 1 << 28), bytes.offset + at);
      if (got === 0) {
        throw new TnError({
          what: `${bytes.file} is shorter than it was: ${name} ends at byte ${bytes.offset + bytes.length}`,
          fix: 'package again',
        });
      }
      at += got;
    }
  } finally {
    closeSync(fd);
  }
  return content;
}

function writeAt(fd: number, bytes: Uint8Array, position: number): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(fd, bytes, at, Math.min(bytes.length - at, 1 << 28), position + at);
  }
}

function alignUp(value: number, alignment: number): number {
  return Math.ceil(value / alignment) * alignment;
}
