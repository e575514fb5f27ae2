/** @file The text of a value that a part closes over: equal texts, equal values. */

import { isTensor } from '../tensor/functions/operands.ts';
import { plainText } from './inputTree.ts';

/** Leaves of one closure value that are compared at each call; what has more is compared once an object. */
const COMPARED_LEAVES = 256;
/** Leaves of an object that are looked at at all. */
const READ_LEAVES = 65_536;
/** Longer texts are kept as their hash. */
const KEPT_TEXT = 120;

/**
 * Text of what is compared; null for what is not: functions and classes (their source is in the key), tensors (capture
 * refuses them). Objects are compared by their own enumerable fields, class instances too.
 */
export function valueText(value: unknown): string | null {
  const plain = plainText(value);
  if (plain !== null) return plain === 'undefined' ? null : shortened(plain);
  if (typeof value !== 'object' || value === null || isTensor(value)) return null;
  return knownText(value) ?? readText(value);
}

/** What an object held when its text was read: primitives, functions and tensors, and what objects in it held. */
interface Contents {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
  /** By key; null for what is no object. */
  readonly inner: readonly (Contents | null)[];
}

/** Texts of objects by what they held: comparing that costs less than writing a text at each call. */
const known = new WeakMap<object, { readonly contents: Contents; readonly text: string }>();

/** The text of an object as it was read last, when all in it is as it was then; else null. */
function knownText(value: object): string | null {
  const last = known.get(value);
  return last && holds(value, last.contents) ? last.text : null;
}

function holds(value: object, { keys, values, inner }: Contents): boolean {
  const now = Object.keys(value);
  if (now.length !== keys.length || (Array.isArray(value) && value.length !== now.length)) return false;
  for (let i = 0; i < now.length; i++) {
    if (now[i] !== keys[i]) return false;
    const item = (value as Readonly<Record<string, unknown>>)[now[i]];
    if (!Object.is(item, values[i])) return false;
    const contents = inner[i];
    if (contents && !holds(item as object, contents)) return false;
  }
  return true;
}

/** null for what does not show what it holds in its fields, and for cycles. */
function contentsOf(value: object, open: readonly object[] = []): Contents | null {
  if (value instanceof Map || value instanceof Set || value instanceof Date || ArrayBuffer.isView(value)) return null;
  if (open.includes(value)) return null;
  const keys = Object.keys(value);
  const values: unknown[] = [];
  const inner: (Contents | null)[] = [];
  for (const key of keys) {
    const item = (value as Readonly<Record<string, unknown>>)[key];
    const isObject = typeof item === 'object' && item !== null && !isTensor(item);
    const contents = isObject ? contentsOf(item, [...open, value]) : null;
    if (isObject && !contents) return null;
    values.push(item);
    inner.push(contents);
  }
  return { keys, values, inner };
}

function readText(value: object): string {
  const reader = new FieldReader(COMPARED_LEAVES);
  const text = reader.text(value);
  if (reader.left > 0) {
    const short = shortened(text);
    const contents = contentsOf(value);
    if (contents) known.set(value, { contents, text: short });
    return short;
  }
  // Much data is compared by identity within a process, by content across processes.
  return once(value, () => shortened(new FieldReader(READ_LEAVES).text(value)));
}

class FieldReader {
  left: number;
  private readonly open = new Set<object>();

  constructor(leaves: number) {
    this.left = leaves;
  }

  text(value: unknown): string {
    const plain = plainText(value);
    if (plain !== null) {
      this.left--;
      return plain;
    }
    if (typeof value !== 'object' || value === null || isTensor(value)) return '…';
    if (this.open.has(value)) return '<cycle>';
    if (this.left <= 0) return '…';
    if (ArrayBuffer.isView(value)) return this.bytes(value);
    this.open.add(value);
    const text = this.fields(value);
    this.open.delete(value);
    return text;
  }

  private fields(value: object): string {
    this.left--;
    if (value instanceof Map) return `Map ${this.list([...value].flat())}`;
    if (value instanceof Set) return `Set ${this.list([...value])}`;
    if (value instanceof Date) return `Date ${value.getTime()}`;
    if (Array.isArray(value)) return this.list(value);
    const parts: string[] = [];
    for (const key of Object.keys(value)) {
      if (this.left <= 0) break;
      parts.push(`${key}: ${this.text((value as Record<string, unknown>)[key])}`);
    }
    return `{ ${parts.join(', ')} }`;
  }

  private list(items: readonly unknown[]): string {
    const parts: string[] = [];
    for (const item of items) {
      if (this.left <= 0) break;
      parts.push(this.text(item));
    }
    return `[${items.length}: ${parts.join(', ')}]`;
  }

  private bytes(array: ArrayBufferView): string {
    this.left -= array.byteLength;
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    return `${array.constructor.name}(${bytes.length}) ${hashBytes(bytes)}`;
  }
}

const onceTexts = new WeakMap<object, string>();
function once(value: object, make: () => string): string {
  let text = onceTexts.get(value);
  if (text === undefined) {
    text = make();
    onceTexts.set(value, text);
  }
  return text;
}

function shortened(text: string): string {
  if (text.length <= KEPT_TEXT) return text;
  return `${text.slice(0, 40)}… #${hashBytes(new TextEncoder().encode(text))}`;
}

/** 64 bits of two independent multiplicative hashes; sources of accidents, not of attacks, are told apart. */
function hashBytes(bytes: Uint8Array): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 2654435761);
    b = Math.imul(b ^ byte, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return [a, b].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
}
