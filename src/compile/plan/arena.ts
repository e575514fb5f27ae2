/** @file One arena for all intermediate buffers: lifetimes, slots that are used again, offsets as expressions of the dims. */

import { bytesOf } from '../../core/dtype.ts';
import { add, constValue, type Expr, floorDiv, int, max, mul, sub } from '../../symbolic/expr.ts';
import { numelOf } from '../lower/affine.ts';
import type { Buffer } from '../lower/ir.ts';
import type { IndexSpace } from '../lower/space.ts';

export interface Arena {
  /** Bytes from the arena's start, a multiple of 64. */
  readonly offsets: ReadonlyMap<Buffer, Expr>;
  /** Which slot a buffer lies in: buffers of one slot share memory. */
  readonly slots: ReadonlyMap<Buffer, number>;
  readonly bytes: Expr;
}

/** First and last kernel that touches a buffer. */
export interface Lifetime {
  readonly buffer: Buffer;
  readonly first: number;
  readonly last: number;
}

interface Slot {
  bytes: Expr;
  freeAfter: number;
}

const alignment = 64;

/** Greedy best fit in program order. A slot is used again where its size is comparable for all dims, or by taking the larger. */
export function planArena(space: IndexSpace, lifetimes: readonly Lifetime[]): Arena {
  const slots: Slot[] = [];
  const slotOf = new Map<Buffer, number>();
  for (const { buffer, first, last } of [...lifetimes].sort((a, b) => a.first - b.first || a.buffer.id - b.buffer.id)) {
    const bytes = aligned(mul(numelOf(buffer.shape), int(bytesOf(buffer.dtype))));
    const free = slots.filter((slot) => slot.freeAfter < first);
    const slot = choose(space, free, bytes) ?? pushSlot(slots, bytes);
    if (!space.nonNegative(sub(slot.bytes, bytes))) {
      slot.bytes = space.nonNegative(sub(bytes, slot.bytes)) ? bytes : max(slot.bytes, bytes);
    }
    slot.freeAfter = last;
    slotOf.set(buffer, slots.indexOf(slot));
  }
  const starts: Expr[] = [];
  let total: Expr = int(0);
  for (const slot of slots) {
    starts.push(total);
    total = add(total, slot.bytes);
  }
  const offsets = new Map([...slotOf].map(([buffer, slot]) => [buffer, starts[slot]]));
  return { offsets, slots: slotOf, bytes: total };
}

function pushSlot(slots: Slot[], bytes: Expr): Slot {
  const slot = { bytes, freeAfter: -1 };
  slots.push(slot);
  return slot;
}

/** The smallest slot that always holds it, else the largest that it always covers, else any that would not grow much. */
function choose(space: IndexSpace, free: readonly Slot[], bytes: Expr): Slot | null {
  const weight = space.weigh(bytes);
  const byWeight = [...free].sort((a, b) => space.weigh(a.bytes) - space.weigh(b.bytes));
  const holding = byWeight.filter((slot) => space.nonNegative(sub(slot.bytes, bytes)));
  // A small buffer in a huge slot would keep the slot from the next large one.
  const fitting = holding.find((slot) => space.weigh(slot.bytes) <= 8 * Math.max(weight, 4096));
  if (fitting) return fitting;
  const covered = byWeight.filter((slot) => space.nonNegative(sub(bytes, slot.bytes))).at(-1);
  if (covered) return covered;
  return byWeight.find((slot) => space.weigh(slot.bytes) >= weight / 2) ?? null;
}

/** The next multiple of 64. */
function aligned(bytes: Expr): Expr {
  const value = constValue(bytes);
  if (value !== null) return int(Math.ceil(value / alignment) * alignment);
  return mul(floorDiv(add(bytes, int(alignment - 1)), int(alignment)), int(alignment));
}
