/** @file Indices and slice bounds brought into their axis. Bounds on symbols become conditions that each call is tested on. */

import { TnError } from '../../core/errors.ts';
import { negate, type Predicate } from '../../symbolic/predicate.ts';
import { isSymInt, type Size, sizeAdd, sizeExpr, sizeHint } from '../../symbolic/symInt.ts';

/** left <= right: plain on numbers; over symbols decided by the sample and recorded as an index bound. */
function atMost(left: Size, right: Size): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left <= right;
  const holds = sizeHint(left) <= sizeHint(right);
  const predicate: Predicate = { op: 'le', left: sizeExpr(left), right: sizeExpr(right) };
  const env = isSymInt(left) ? left.env : isSymInt(right) ? right.env : null;
  env?.requireIndexBound(holds ? predicate : negate(predicate));
  return holds;
}

function assertWhole(op: string, what: string, value: Size): void {
  if (typeof value === 'number' && !Number.isInteger(value)) {
    throw new TnError({ what: `${op}: ${what} must be a whole number`, found: [`found ${String(value)}`] });
  }
}

/** The index counted from the front; throws when it is outside [-size, size). */
export function normalizeIndex(op: string, index: Size, size: Size): Size {
  assertWhole(op, 'index', index);
  const positive = atMost(0, index) ? index : sizeAdd(index, size);
  if (!atMost(0, positive) || !atMost(sizeAdd(positive, 1), size)) {
    throw new TnError({ what: `${op}: index ${String(index)} is out of range for size ${String(size)}` });
  }
  return positive;
}

/** A slice bound counted from the front and clamped to [0, size], as Python's slices. */
export function clampBound(op: string, bound: Size, size: Size): Size {
  assertWhole(op, 'bound', bound);
  const positive = atMost(0, bound) ? bound : sizeAdd(bound, size);
  if (!atMost(0, positive)) return 0;
  return atMost(positive, size) ? positive : size;
}

/** [start, end] of a slice, end not before start. */
export function sliceBounds(op: string, start: Size | null, end: Size | null, size: Size): [Size, Size] {
  const from = start === null ? 0 : clampBound(op, start, size);
  const upTo = end === null || end === Number.POSITIVE_INFINITY ? size : clampBound(op, end, size);
  return [from, atMost(from, upTo) ? upTo : from];
}

/** [start, start + length] of torch.narrow, which clamps nothing. */
export function narrowBounds(start: Size, length: Size, size: Size): [Size, Size] {
  assertWhole('narrow', 'start', start);
  assertWhole('narrow', 'length', length);
  const from = atMost(0, start) ? start : sizeAdd(start, size);
  const end = sizeAdd(from, length);
  if (!atMost(0, from) || !atMost(0, length) || !atMost(end, size)) {
    throw new TnError({
      what: `narrow: start ${String(start)} and length ${String(length)} do not fit an axis of size ${String(size)}`,
    });
  }
  return [from, end];
}
