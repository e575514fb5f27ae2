/** @file How near compiled results must come to eager ones (DESIGN §2): relative rms over the elements written. */

import { type DType, isFloat } from '../core/dtype.ts';
import { elementPositions, type StridedView, toNumbers } from '../core/view.ts';
import type { Precision } from './mode.ts';

/** Bounds by the storage dtype at default precision. Integers and bools must be equal. */
const bounds: { readonly [D in DType]?: number } = { float64: 1e-5, float32: 1e-5, float16: 2e-4, bfloat16: 2e-3 };

/**
 * What is computed from half-precision state that the same call writes (a KV cache). Two correct float32 computations
 * differ by 1e-6, which now and then rounds an element of the state the other way: a whole unit in the last place, 5e-4 to
 * 1e-3 of it in float16. Everything behind it then differs by some 1e-5, and a few per cent of the later elements round the
 * other way too: with whisper-base 2.1e-4 was met in a write of 512 elements and 1.3e-4 in logits, while with float32 state
 * the same kernels stay below 1e-5. The bounds leave every element half a unit.
 */
const boundsAfterHalfState: { readonly [D in DType]?: number } = { float32: 3e-4, float16: 5e-4, bfloat16: 4e-3 };

/**
 * At precision bf16, against eager float32, with or without half state. Rounding is off by 2^-9 = 2e-3 of an operand at most, and
 * a sum of products by about as much of its own size; layers add up. Measured with whisper-base: 1.8e-2 in the encoder's
 * output (two convolutions, six layers), 5e-4 to 4.5e-3 in everything else. The bound is three times the largest; code that
 * is wrong differs by the results' own size.
 */
const boundsAtBf16: { readonly [D in DType]?: number } = { float32: 6e-2, float16: 6e-2, bfloat16: 6e-2 };

/**
 * At precision int8. A weight is off by 1/254 of its column's largest at most, an element of many rows by as much of its row's
 * largest: a few outliers in a row cost the rest their last bits. Measured with whisper-base: 1.5e-1 in the encoder's output,
 * 9e-2 in keys and values made of few rows, 2.6e-2 in logits. The bound is twice the largest.
 */
const boundsAtInt8: { readonly [D in DType]?: number } = { float32: 3e-1, float16: 3e-1, bfloat16: 3e-1 };

const boundsAtPrecision: { readonly [P in Precision]: { readonly [D in DType]?: number } } = {
  float32: {},
  bf16: boundsAtBf16,
  int8: boundsAtInt8,
};

/** The bounds as text: native code that was checked with others is checked again. */
export const boundsText = JSON.stringify([bounds, boundsAfterHalfState, boundsAtPrecision]);

export interface Comparison {
  readonly ok: boolean;
  /** Relative rms; NaN where NaN or infinities stand in other places. */
  readonly error: number;
  readonly bound: number;
}

export interface CompareOptions {
  /** Some input is float16 or bfloat16 state. */
  readonly halfState?: boolean;
  /** Of the native code. Default: float32. */
  readonly precision?: Precision;
  /**
   * Contents before the call: only rows of the last axis in which either side changed something count. (Rows, not
   * elements: where a call writes what was there already, the few elements that round the other way would be all that counts.)
   */
  readonly before?: StridedView;
}

export function compareTensors(actual: StridedView, expected: StridedView, options: CompareOptions = {}): Comparison {
  const { dtype } = expected;
  const bound = boundOf(dtype, options);
  if (actual.dtype !== dtype || !sameSizes(actual.sizes, expected.sizes))
    return { ok: false, error: Number.NaN, bound };
  if (!isFloat(dtype)) return compareExactly(actual, expected);
  const a = toNumbers(actual);
  const b = toNumbers(expected);
  const old = options.before ? toNumbers(options.before) : null;
  const row = Math.max(1, expected.sizes.at(-1) ?? 1);
  let difference = 0;
  let total = 0;
  for (let i = 0; i < b.length; i++) {
    const x = a[i];
    const y = b[i];
    if (old !== null && i % row === 0 && isUntouched(old, a, b, i, row)) {
      i += row - 1;
      continue;
    }
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      if (same(x, y)) continue;
      return { ok: false, error: Number.NaN, bound };
    }
    difference += (x - y) * (x - y);
    total += y * y;
  }
  const error = difference === 0 ? 0 : Math.sqrt(difference / total);
  return { ok: error <= bound, error, bound };
}

function isUntouched(old: Float64Array, a: Float64Array, b: Float64Array, start: number, count: number): boolean {
  for (let i = start; i < start + count; i++) if (!same(old[i], a[i]) || !same(old[i], b[i])) return false;
  return true;
}

/** Largest relative rms of a result; 0: equal. */
export function boundOf(
  dtype: DType,
  { halfState, precision }: Pick<CompareOptions, 'halfState' | 'precision'>,
): number {
  const atPrecision = precision && boundsAtPrecision[precision][dtype];
  return atPrecision ?? (halfState ? boundsAfterHalfState[dtype] : undefined) ?? bounds[dtype] ?? 0;
}

function compareExactly(actual: StridedView, expected: StridedView): Comparison {
  const a = actual.storage.typed(actual.dtype);
  const b = expected.storage.typed(expected.dtype);
  const pa = elementPositions(actual.sizes, actual.strides, actual.offset);
  const pb = elementPositions(expected.sizes, expected.strides, expected.offset);
  for (let i = 0; i < pb.length; i++) {
    if (a[pa[i]] !== b[pb[i]]) return { ok: false, error: Number.NaN, bound: 0 };
  }
  return { ok: true, error: 0, bound: 0 };
}

/** Equal as numbers, NaN equal to NaN. */
function same(x: number, y: number): boolean {
  return x === y || (Number.isNaN(x) && Number.isNaN(y));
}

function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
