/** @file The values that symbols may take: ranges, their least and greatest multiples, walks over all of them. */

import { gcd } from './divide.ts';

/** Values of a symbol: the multiples of `multipleOf` from `min` to `max` (which may be Infinity), all integers. */
export interface DimRange {
  readonly min: number;
  readonly max: number;
  readonly multipleOf: number;
}

export type Ranges = ReadonlyMap<string, DimRange>;

export interface Interval {
  readonly min: number;
  readonly max: number;
}

const anyInteger: DimRange = { min: -Infinity, max: Infinity, multipleOf: 1 };

/** The range of a symbol; an unknown symbol may be any integer. */
export function rangeOf(name: string, ranges: Ranges): DimRange {
  return ranges.get(name) ?? anyInteger;
}

/** Least and greatest value of the range that its `multipleOf` allows. Empty (min > max) if there is none. */
export function valueInterval({ min, max, multipleOf }: DimRange): Interval {
  return {
    min: Number.isFinite(min) ? Math.ceil(min / multipleOf) * multipleOf : min,
    max: Number.isFinite(max) ? Math.floor(max / multipleOf) * multipleOf : max,
  };
}

/** How many values a range holds; Infinity if unbounded. */
export function countValues(range: DimRange): number {
  const { min, max } = valueInterval(range);
  return max < min ? 0 : (max - min) / range.multipleOf + 1;
}

/** How many assignments the symbols have together; Infinity if unbounded. */
export function domainSize(names: Iterable<string>, ranges: Ranges): number {
  let size = 1;
  for (const name of names) size *= countValues(rangeOf(name, ranges));
  return size;
}

/** Every assignment of the symbols, one map that is reused: copy it to keep it. The domain must be finite. */
export function* domainPoints(names: Iterable<string>, ranges: Ranges): Generator<Map<string, number>> {
  const axes = [...names].map((name) => {
    const range = rangeOf(name, ranges);
    return { name, step: range.multipleOf, ...valueInterval(range) };
  });
  if (axes.some(({ min, max }) => min > max)) return;
  const point = new Map(axes.map(({ name, min }) => [name, min]));
  for (;;) {
    yield point;
    let axis = axes.length - 1;
    for (; axis >= 0; axis--) {
      const { name, min, max, step } = axes[axis];
      const next = point.get(name)! + step;
      if (next <= max) {
        point.set(name, next);
        break;
      }
      point.set(name, min);
    }
    if (axis < 0) return;
  }
}

/** The ranges with one symbol's bounds narrowed. */
export function withBounds(ranges: Ranges, name: string, min: number, max: number): Ranges {
  return new Map(ranges).set(name, { ...rangeOf(name, ranges), min, max });
}

/** Least common multiple of positive integers. */
export function lcm(a: number, b: number): number {
  return (a / gcd(a, b)) * b;
}
