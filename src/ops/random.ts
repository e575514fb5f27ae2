/** @file Random numbers as pure functions of (seed, offset): Philox 4x32-10 (Salmon et al. 2011). PyTorch's streams are others. */

import { bytesOf, type DType, isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import type { StridedView } from '../core/view.ts';
import type { Size } from '../symbolic/symInt.ts';
import { makeOutput, toBigInt } from './kernels.ts';
import type { ConcreteMeta, OpRecord } from './record.ts';

/** A counter block serves two elements; element i of a draw uses block `offset + floor(i / 2)`. */
export type RandomAttrs = {
  readonly shape: readonly Size[];
  readonly dtype: DType;
  /** Two 32-bit words. */
  readonly seed: readonly [number, number];
  readonly offset: number;
};
export type RandintAttrs = RandomAttrs & { readonly low: number; readonly high: number };

/** Counter blocks that a draw of `count` elements uses. */
export const blocksFor = (count: number): number => Math.ceil(count / 2);

const words = new Uint32Array(4);

/** High 32 bits of the 64-bit product. */
function mulHigh(a: number, b: number): number {
  const [aLow, aHigh, bLow, bHigh] = [a & 0xffff, a >>> 16, b & 0xffff, b >>> 16];
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const second = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(second / 0x10000);
}

/** Ten rounds on counter (block, 0) with the seed as key; the result lies in `words`. */
function philox(block: number, seed: readonly [number, number]): void {
  let [key0, key1] = seed;
  let c0 = block >>> 0;
  let c1 = Math.floor(block / 2 ** 32) >>> 0;
  let c2 = 0;
  let c3 = 0;
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(0xd2511f53, c0) >>> 0;
    const low0 = Math.imul(0xd2511f53, c0);
    const high1 = mulHigh(0xcd9e8d57, c2) >>> 0;
    const low1 = Math.imul(0xcd9e8d57, c2);
    c0 = (high1 ^ c1 ^ key0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ key1) >>> 0;
    c3 = low0 >>> 0;
    key0 = (key0 + 0x9e3779b9) >>> 0;
    key1 = (key1 + 0xbb67ae85) >>> 0;
  }
  words[0] = c0;
  words[1] = c1;
  words[2] = c2;
  words[3] = c3;
}

/** 53 random bits in [0, 1), from two of the words. */
function unit(pair: 0 | 1): number {
  return ((words[2 * pair] >>> 5) * 2 ** 26 + (words[2 * pair + 1] >>> 6)) * 2 ** -53;
}

/** Calls `put(i, u)` for `count` elements, u uniform in [0, 1): 53 bits, or 24 where `single`. */
export function fillUniform(
  count: number,
  { seed, offset }: Pick<RandomAttrs, 'seed' | 'offset'>,
  single: boolean,
  put: (i: number, u: number) => void,
): void {
  for (let i = 0; i < count; i++) {
    if (i % 2 === 0) philox(offset + i / 2, seed);
    const lane = (i % 2) as 0 | 1;
    put(i, single ? (words[2 * lane] >>> 8) * 2 ** -24 : unit(lane));
  }
}

/** Calls `put(i, z)` with standard normal values (Box and Muller 1958). */
export function fillNormal(
  count: number,
  { seed, offset }: Pick<RandomAttrs, 'seed' | 'offset'>,
  put: (i: number, z: number) => void,
): void {
  for (let i = 0; i < count; i += 2) {
    philox(offset + i / 2, seed);
    const radius = Math.sqrt(-2 * Math.log(1 - unit(0)));
    const angle = 2 * Math.PI * unit(1);
    put(i, radius * Math.cos(angle));
    if (i + 1 < count) put(i + 1, radius * Math.sin(angle));
  }
}

function defineRandom(
  name: string,
  doc: string,
  draw: (attrs: RandomAttrs, out: ConcreteMeta) => StridedView,
): OpRecord<RandomAttrs> {
  return {
    name,
    family: 'random',
    doc,
    effects: 'random',
    infer: (_inputs, { shape, dtype }) => {
      if (!isFloat(dtype)) throw new TnError({ what: `${name}: makes floats, not ${dtype}`, fix: 'use randint' });
      return [{ dtype, shape }];
    },
    eager: (_inputs, attrs, [out]) => [draw(attrs, out)],
    lower: 'eager',
    onnx: 'none',
  };
}

export const randomOps = {
  rand: defineRandom('rand', 'torch.rand: uniform in [0, 1)', (attrs, out) => {
    const { values, finish } = makeOutput(out);
    // The half types keep as many bits as they can hold below 1.
    const step = out.dtype === 'float16' ? 2 ** -11 : out.dtype === 'bfloat16' ? 2 ** -8 : 0;
    fillUniform(values.length, attrs, bytesOf(out.dtype) < 8, (i, u) => {
      values[i] = step === 0 ? u : Math.floor(u / step) * step;
    });
    return finish();
  }),
  randn: defineRandom('randn', 'torch.randn: standard normal', (attrs, out) => {
    const { values, finish } = makeOutput(out);
    fillNormal(values.length, attrs, (i, z) => {
      values[i] = z;
    });
    return finish();
  }),
  randint: {
    name: 'randint',
    family: 'random',
    doc: 'torch.randint: whole numbers in [low, high)',
    effects: 'random',
    infer: (_inputs, { shape, dtype }) => [{ dtype, shape }],
    eager: (_inputs, attrs, [out]) => {
      const { values, finish } = makeOutput(out);
      const { low, high } = attrs;
      fillUniform(values.length, attrs, false, (i, u) => {
        const value = low + Math.floor(u * (high - low));
        (values as unknown as (number | bigint)[])[i] = values instanceof BigInt64Array ? toBigInt(value) : value;
      });
      return [finish()];
    },
    lower: 'eager',
    onnx: 'none',
  } satisfies OpRecord<RandintAttrs>,
};
