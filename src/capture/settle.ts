/** @file Symbolic numbers that a run has left in results, arguments or `this`, replaced by what they were in this call. */

import { isSymbolic } from '../symbolic/symInt.ts';
import { isTensor } from '../tensor/functions/operands.ts';

export interface Concrete {
  /** The value itself, or another where it was a symbolic number or an object that cannot be written. */
  readonly value: unknown;
  /** Whether something symbolic was found. */
  readonly changed: boolean;
}

/** Walks own enumerable fields. Objects keep their identity: fields are replaced in place, frozen objects are copied. */
export function concrete(value: unknown, seen: Set<unknown> = new Set()): Concrete {
  if (isSymbolic(value)) return { value: value.hint, changed: true };
  if (typeof value !== 'object' || value === null || isTensor(value) || ArrayBuffer.isView(value) || seen.has(value)) {
    return { value, changed: false };
  }
  seen.add(value);
  let owner = value as Record<string, unknown>;
  let changed = false;
  for (const key of Object.keys(owner)) {
    const before = owner[key];
    const inner = concrete(before, seen);
    changed ||= inner.changed;
    if (inner.value === before) continue;
    if (!Object.getOwnPropertyDescriptor(owner, key)?.writable && Object.isFrozen(owner)) {
      owner = (Array.isArray(owner) ? [...owner] : { ...owner }) as Record<string, unknown>;
    }
    owner[key] = inner.value;
  }
  return { value: owner, changed };
}
