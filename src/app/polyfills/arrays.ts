/** @file Methods of arrays and typed arrays of ES2022 and ES2023. */

import { defineMissing } from './define.ts';

type Test = (value: unknown, index: number, list: ArrayLike<unknown>) => unknown;

/** An index counted from the end when it is negative; may be out of range. */
function fromEnd(index: unknown, length: number): number {
  const whole = Math.trunc(Number(index)) || 0;
  return whole < 0 ? length + whole : whole;
}

function lastIndex(list: ArrayLike<unknown>, test: Test, self: unknown): number {
  for (let i = list.length - 1; i >= 0; i--) if (test.call(self, list[i], i, list)) return i;
  return -1;
}

const ofBoth = {
  at(this: ArrayLike<unknown>, index: number): unknown {
    return this[fromEnd(index, this.length)];
  },
  findLast(this: ArrayLike<unknown>, test: Test, self?: unknown): unknown {
    return this[lastIndex(this, test, self)];
  },
  findLastIndex(this: ArrayLike<unknown>, test: Test, self?: unknown): number {
    return lastIndex(this, test, self);
  },
};

function checkedIndex(index: number, length: number): number {
  const at = fromEnd(index, length);
  if (at < 0 || at >= length) throw new RangeError('Invalid index : ' + index);
  return at;
}

const ofArrays = {
  toReversed(this: ArrayLike<unknown>): unknown[] {
    return Array.from(this).reverse();
  },
  toSorted(this: ArrayLike<unknown>, compare?: (a: unknown, b: unknown) => number): unknown[] {
    return Array.from(this).sort(compare);
  },
  toSpliced(this: ArrayLike<unknown>, ...args: unknown[]): unknown[] {
    const copy = Array.from(this);
    (copy.splice as (...all: unknown[]) => unknown).apply(copy, args);
    return copy;
  },
  with(this: ArrayLike<unknown>, index: number, value: unknown): unknown[] {
    const copy = Array.from(this);
    copy[checkedIndex(index, copy.length)] = value;
    return copy;
  },
};

const ofTypedArrays = {
  toReversed(this: Float64Array): Float64Array {
    return this.slice().reverse();
  },
  toSorted(this: Float64Array, compare?: (a: number, b: number) => number): Float64Array {
    return this.slice().sort(compare);
  },
  with(this: Float64Array, index: number, value: number): Float64Array {
    const copy = this.slice();
    copy[checkedIndex(index, copy.length)] = value;
    return copy;
  },
};

defineMissing(Array.prototype, { ...ofBoth, ...ofArrays });
defineMissing(Object.getPrototypeOf(Uint8Array.prototype) as object, { ...ofBoth, ...ofTypedArrays });
