/** @file Memory that native code reads and writes: addresses of buffers, and blocks of 64-bit words. */

import koffi from 'koffi';
import type { TypedArray } from '../../../core/dtype.ts';

const addresses = new WeakMap<ArrayBufferLike, number>();

/**
 * Address of an array's first element. Asking for `buffer` moves a small array off the JavaScript heap, where it would
 * move; from then on its address stays. A buffer that is detached later leaves its arrays without elements.
 */
export function addressOf(array: TypedArray | Uint8Array): number {
  const { buffer, byteOffset } = array;
  let base = addresses.get(buffer);
  if (base === undefined) {
    // Of a view: koffi takes no shared buffer itself.
    base = Number(koffi.address(new Uint8Array(buffer)));
    addresses.set(buffer, base);
  }
  return base + byteOffset;
}

const twoTo32 = 4294967296;

/** int64 words with a fixed address, set from safe integers without making bigints (little-endian). */
export class Words {
  readonly address: number;
  private readonly halves: Int32Array;

  constructor(length: number) {
    this.halves = new Int32Array(2 * Math.max(1, length));
    this.address = addressOf(this.halves);
  }

  at(index: number): number {
    return this.address + 8 * index;
  }

  set(index: number, value: number): void {
    this.halves[2 * index] = value;
    this.halves[2 * index + 1] = Math.floor(value / twoTo32);
  }

  get(index: number): number {
    return this.halves[2 * index + 1] * twoTo32 + (this.halves[2 * index] >>> 0);
  }

  /** The two halves of a word as 32-bit integers. */
  setHalves(index: number, low: number, high: number): void {
    this.halves[2 * index] = low;
    this.halves[2 * index + 1] = high;
  }
}
