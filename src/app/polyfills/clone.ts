/** @file `structuredClone` of plain data, arrays, typed arrays, maps, sets, dates and errors. */

import { defineMissing } from './define.ts';

class CloneError extends Error {
  override readonly name = 'DataCloneError';
}

type TypedArrayClass = new (buffer: ArrayBuffer, offset: number, length?: number) => ArrayBufferView;

function viewOf(view: ArrayBufferView, buffer: ArrayBuffer): ArrayBufferView {
  const length = view instanceof DataView ? view.byteLength : (view as Uint8Array).length;
  return new (view.constructor as TypedArrayClass)(buffer, view.byteOffset, length);
}

function errorOf(error: Error, copy: (value: unknown) => unknown): Error {
  const made = new Error(error.message);
  Object.defineProperty(made, 'name', { value: error.name, writable: true, configurable: true });
  if (error.stack !== undefined) made.stack = error.stack;
  if ('cause' in error) made.cause = copy(error.cause);
  return made;
}

/** Objects that were copied stay shared and may contain themselves. */
function cloner(): (value: unknown) => unknown {
  const copies = new Map<object, unknown>();
  const keep = <T>(value: object, copy: T): T => {
    copies.set(value, copy);
    return copy;
  };
  const copy = (value: unknown): unknown => {
    if (typeof value === 'function' || typeof value === 'symbol')
      throw new CloneError(`${String(value)} could not be cloned.`);
    if (typeof value !== 'object' || value === null) return value;
    const known = copies.get(value);
    if (known !== undefined) return known;
    if (value instanceof ArrayBuffer) return keep(value, value.slice(0));
    if (ArrayBuffer.isView(value)) return keep(value, viewOf(value, copy(value.buffer) as ArrayBuffer));
    if (value instanceof Date) return keep(value, new Date(value.getTime()));
    if (value instanceof RegExp) return keep(value, new RegExp(value.source, value.flags));
    if (value instanceof Error) return keep(value, errorOf(value, copy));
    if (value instanceof Map) {
      const map = keep(value, new Map<unknown, unknown>());
      for (const [key, item] of value) map.set(copy(key), copy(item));
      return map;
    }
    if (value instanceof Set) {
      const set = keep(value, new Set<unknown>());
      for (const item of value) set.add(copy(item));
      return set;
    }
    const object = keep(value, (Array.isArray(value) ? new Array(value.length) : {}) as Record<string, unknown>);
    for (const key of Object.keys(value)) object[key] = copy((value as Record<string, unknown>)[key]);
    return object;
  };
  return copy;
}

defineMissing(globalThis, { structuredClone: (value: unknown): unknown => cloner()(value) });
