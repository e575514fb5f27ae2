/** @file Blocks of 64-bit words that native code reads and writes, set from numbers without making bigints. */

import { addressOf } from './ffi.ts';

const twoTo32 = 4294967296;

/** An array of int64 words in memory of its own, with a fixed address. Values are safe integers. */
export class Words {
  readonly length: number;
  /** Address of word 0. */
  readonly address: number;
  /** Two halves a word, low first (little-endian). */
  private readonly halves: Int32Array;

  constructor(length: number) {
    this.length = length;
    const buffer = new ArrayBuffer(Math.max(1, length) * 8);
    this.halves = new Int32Array(buffer);
    this.address = addressOf(buffer);
  }

  set(index: number, value: number): void {
    // Storing into an Int32Array keeps the low 32 bits of any integer, negative ones included.
    this.halves[2 * index] = value;
    this.halves[2 * index + 1] = Math.floor(value / twoTo32);
  }

  get(index: number): number {
    return this.halves[2 * index + 1] * twoTo32 + (this.halves[2 * index] >>> 0);
  }

  setAll(values: readonly number[], at = 0): void {
    for (let i = 0; i < values.length; i++) this.set(at + i, values[i]);
  }
}
