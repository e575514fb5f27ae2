/** @file Seeded random tensors. A `Generator` is a seed and a position in its Philox stream. */

import { computeDType, type DType } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { ops } from '../../ops/index.ts';
import { blocksFor } from '../../ops/random.ts';
import { elementCount } from '../../ops/shapes.ts';
import { type Size, sizeHint } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { assertTensor } from './operands.ts';
import { argsort } from './reductions.ts';

export class Generator {
  private seedWords: readonly [number, number] = [0, 0];
  private position = 0;

  constructor(seed: number | bigint = 0) {
    this.manualSeed(seed);
  }

  /** Starts the stream of this seed (64 bits) again. */
  manualSeed(seed: number | bigint): this {
    if (typeof seed === 'number' && !Number.isSafeInteger(seed))
      throw new TnError({ what: `manualSeed: ${seed} is not a whole number` });
    const bits = BigInt.asUintN(64, BigInt(seed));
    this.seedWords = [Number(bits & 0xffffffffn), Number(bits >> 32n)];
    this.position = 0;
    return this;
  }

  /** Takes the part of the stream that `count` elements need. */
  reserve(count: number): { readonly seed: readonly [number, number]; readonly offset: number } {
    const offset = this.position;
    this.position += blocksFor(count);
    return { seed: this.seedWords, offset };
  }
}

/** What is used where no generator is given. Seeded with 0, so that programs repeat unless they ask otherwise. */
export const defaultGenerator = new Generator(0);

/** Seeds the default generator (torch.manual_seed). */
export function manualSeed(seed: number | bigint): Generator {
  return defaultGenerator.manualSeed(seed);
}

export interface RandomOptions {
  readonly dtype?: DType;
  readonly generator?: Generator;
}

function reserve(shape: readonly Size[], generator: Generator) {
  return generator.reserve(sizeHint(elementCount(shape)));
}

/** Uniform in [0, 1) (torch.rand). */
export function rand(
  shape: readonly Size[],
  { dtype = 'float32', generator = defaultGenerator }: RandomOptions = {},
): Tensor {
  return apply1(ops.rand, [], { shape: [...shape], dtype, ...reserve(shape, generator) });
}

/** Standard normal (torch.randn). */
export function randn(
  shape: readonly Size[],
  { dtype = 'float32', generator = defaultGenerator }: RandomOptions = {},
): Tensor {
  return apply1(ops.randn, [], { shape: [...shape], dtype, ...reserve(shape, generator) });
}

export function randLike(x: TensorLike, options: RandomOptions = {}): Tensor {
  assertTensor(x, 'randLike', 'x');
  return rand(x.shape, { dtype: x.dtype, ...options });
}

export function randnLike(x: TensorLike, options: RandomOptions = {}): Tensor {
  assertTensor(x, 'randnLike', 'x');
  return randn(x.shape, { dtype: x.dtype, ...options });
}

/** Whole numbers in [low, high) (torch.randint). */
export function randint(
  low: number,
  high: number,
  shape: readonly Size[],
  { dtype = 'int64', generator = defaultGenerator }: RandomOptions = {},
): Tensor {
  if (!(Number.isSafeInteger(low) && Number.isSafeInteger(high) && low < high)) {
    throw new TnError({ what: `randint: nothing in [${low}, ${high})`, fix: 'whole numbers low < high' });
  }
  return apply1(ops.randint, [], { shape: [...shape], dtype, low, high, ...reserve(shape, generator) });
}

/** The numbers 0 … n - 1 in random order, int64 (torch.randperm). */
export function randperm(n: number, { generator = defaultGenerator }: Pick<RandomOptions, 'generator'> = {}): Tensor {
  return argsort(rand([n], { dtype: computeDType('float64'), generator }));
}
