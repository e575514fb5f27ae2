/** @file Element values as JavaScript: nested arrays, single values, typed arrays. */

import type { DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import type { Storage } from '../core/storage.ts';
import { isContiguous, type StridedView } from '../core/view.ts';
import { type Elements, readElements } from '../ops/kernels.ts';

/** A number, or a bigint where an int64 is beyond 2^53; booleans for bool. */
export type ElementValue = number | bigint | boolean;
export type NestedList = ElementValue | NestedList[];

/** int64 as a number while that is exact. */
export function exactNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function elementValue(dtype: DType, raw: number | bigint): ElementValue {
  if (dtype === 'bool') return raw !== 0;
  return typeof raw === 'bigint' ? exactNumber(raw) : raw;
}

export function nestedList(view: StridedView): NestedList {
  const values = readElements(view);
  let next = 0;
  const build = (axis: number): NestedList => {
    if (axis === view.sizes.length) return elementValue(view.dtype, values[next++]);
    return Array.from({ length: view.sizes[axis] }, () => build(axis + 1));
  };
  return build(0);
}

export function singleValue(view: StridedView): ElementValue {
  if (view.count !== 1) {
    throw new TnError({
      what: `item: needs exactly one element, found ${view.count}`,
      fix: 'use tolist(), or select one first',
    });
  }
  return elementValue(view.dtype, readElements(view)[0]);
}

/** Elements as `kind`; the tensor's own memory when it is contiguous and has that dtype. */
export function asArray(view: StridedView, dtype: DType): Elements {
  return readElements(view, dtype);
}

/** The tensor's own memory, without copying: writes into it are seen by every view, but by no version counter. */
export function ownData(view: StridedView): ReturnType<Storage['typed']> {
  if (!isContiguous(view))
    throw new TnError({ what: 'data: the tensor is not contiguous', fix: 'call contiguous() first' });
  return view.storage.typed(view.dtype).subarray(view.offset, view.offset + view.count);
}
