/** @file What the source transformer tells at run time: files, classes, decorated functions, and the values that they close over. */

import { noteLoading } from '../core/location.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import { plainText } from './inputTree.ts';
import type { Parameter } from './matchers.ts';

/** Injected once per transformed file. */
export interface FileInfo {
  readonly v: 2;
  readonly url: string;
  /** Absolute path. */
  readonly file: string;
  /** Project files of the import closure, relative to the package root, with hashes; in the order of their imports. */
  readonly files: readonly (readonly [string, string])[];
  readonly packages: readonly (readonly [string, string])[];
  /** What the file's parts reach: `file#name` of functions, classes, constants, with the hash of their own code. */
  readonly units: readonly (readonly [string, string])[];
  /** Imports that lead nowhere the transformer can see. */
  readonly unresolved?: readonly string[];
  /** The names that `bindings` may give. */
  readonly names: readonly string[];
  /** Current values of the file's module-level variables and of what it imports from project files. */
  readonly bindings: () => Readonly<Record<string, unknown>>;
}

export interface FileToken {
  readonly info: FileInfo;
  /** Classes that the file has defined so far: their static fields are compared like module-level variables. */
  readonly classes: object[];
}

/** Classes of a file that are looked at: one that is defined again and again, in a function, must not be kept each time. */
const MAX_CLASSES = 64;

/** Injected at each `compileCache(...)`. */
export interface SourceMeta {
  readonly v: 2;
  readonly file: FileToken;
  /** Hash of the part's meaning: its code, that of everything it reaches, and packages by version. */
  readonly source: string;
  /** What it reaches, as indices into the file's `units`. */
  readonly reach: readonly number[];
  /** Line and column of the call, 1-based. */
  readonly loc: readonly [number, number];
  /** null when only the running function can tell. */
  readonly params: readonly Parameter[] | null;
  readonly deps: () => Readonly<Record<string, unknown>>;
}

const files = new Map<string, FileToken>();
/** The meaning of classes: a hash over their code and everything that it reaches. */
const classMeanings = new WeakMap<object, string>();
/** With the names that they are exported under: bundling may change those that classes have. */
const ownClasses = new WeakMap<object, string>();

export function registerFile(info: FileInfo): FileToken {
  const token: FileToken = { info, classes: [] };
  files.set(info.file, token);
  noteLoading(info.url, info.file, registerFile);
  return token;
}

export function stampClass(definition: object, token: FileToken, meaning: string): void {
  classMeanings.set(definition, meaning);
  if (token.classes.length < MAX_CLASSES) token.classes.push(definition);
}

/** Classes of this package need no stamp: our own sources are part of every key. */
export function registerOwnClasses(exported: Readonly<Record<string, unknown>>): void {
  for (const [name, item] of Object.entries(exported)) if (typeof item === 'function') ownClasses.set(item, name);
}

const identities = new WeakMap<object, string>();

/** Name and meaning of a class, or null when its file was not transformed. */
export function classIdentity(definition: object): string | null {
  const known = ownClasses.get(definition) ?? identities.get(definition);
  if (known !== undefined) return known;
  const meaning = classMeanings.get(definition);
  if (meaning === undefined) return null;
  const identity = `${(definition as { name: string }).name}@${meaning.slice(0, 16)}`;
  identities.set(definition, identity);
  return identity;
}

/** A changed value of any of these makes another entry: name → Object.is-exact text. */
export type ClosureValues = ReadonlyMap<string, string>;

/** Values that the decorated function closes over and module-level values of every transformed file in its import closure. */
export function closureValues(meta: SourceMeta): Map<string, string> {
  const values = new Map<string, string>();
  collect(values, plainLabel, meta.deps(), true);
  // Not all of these are used by the function: objects with a life of their own are left out.
  for (const { token, label, statics } of filesInClosure(meta.file)) {
    collect(values, label, token.info.bindings(), false);
    for (const definition of token.classes) {
      const prefix = `${statics}${(definition as { name: string }).name}.`;
      collect(values, (name) => prefix + name, definition as Readonly<Record<string, unknown>>, false);
    }
  }
  return values;
}

type Label = (name: string) => string;
const plainLabel: Label = (name) => name;

/** A file of a closure, and what its values are called: no path is among it, since a file may be moved. */
interface FileInClosure {
  readonly token: FileToken;
  readonly label: Label;
  /** What stands before the names of static fields. */
  readonly statics: string;
}

const closureFiles = new WeakMap<FileToken, { readonly known: number; readonly list: FileInClosure[] }>();

function filesInClosure(token: FileToken): FileInClosure[] {
  const cached = closureFiles.get(token);
  if (cached && cached.known === files.size) return cached.list;
  const list: FileInClosure[] = [];
  // A name that several files have is told apart by their order, which the imports decide.
  const counts = new Map<string, number>();
  token.info.files.forEach(([path], i) => {
    for (const other of files.values()) {
      if (other.info.file !== path && !other.info.file.endsWith(`/${path}`)) continue;
      const labels = new Map<string, string>();
      for (const name of other.info.names) {
        const before = counts.get(name) ?? 0;
        counts.set(name, before + 1);
        labels.set(name, before === 0 ? `*${name}` : `*${before + 1}:${name}`);
      }
      list.push({ token: other, label: (name) => labels.get(name) ?? `*${i}?${name}`, statics: `*${i}.` });
    }
  });
  closureFiles.set(token, { known: files.size, list });
  return list;
}

function collect(
  into: Map<string, string>,
  labelOf: Label,
  values: Readonly<Record<string, unknown>>,
  instances: boolean,
): void {
  for (const name of Object.keys(values)) {
    const value = values[name];
    if (!instances && isInstance(value)) continue;
    const text = valueText(value);
    if (text !== null) into.set(labelOf(name), text);
  }
}

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
function valueText(value: unknown): string | null {
  const plain = plainText(value);
  if (plain !== null) return plain === 'undefined' ? null : shortened(plain);
  if (typeof value !== 'object' || value === null || isTensor(value)) return null;
  return flatText(value) ?? readText(value);
}

interface FlatText {
  readonly keys: readonly string[];
  readonly values: readonly unknown[];
  readonly text: string;
}

/** Texts of objects that hold no others, by what they held. */
const flatTexts = new WeakMap<object, FlatText>();

/** The text of an object as it was read last, when it holds the same primitives and functions as then; else null. */
function flatText(value: object): string | null {
  const known = flatTexts.get(value);
  if (!known) return null;
  const keys = Object.keys(value);
  if (keys.length !== known.keys.length || (Array.isArray(value) && value.length !== keys.length)) return null;
  for (let i = 0; i < keys.length; i++) {
    if (keys[i] !== known.keys[i]) return null;
    if (!Object.is((value as Readonly<Record<string, unknown>>)[keys[i]], known.values[i])) return null;
  }
  return known.text;
}

function noteFlat(value: object, text: string): void {
  if (value instanceof Map || value instanceof Set || value instanceof Date || ArrayBuffer.isView(value)) return;
  const values = Object.values(value);
  if (values.some((item) => typeof item === 'object' && item !== null)) return;
  flatTexts.set(value, { keys: Object.keys(value), values, text });
}

function readText(value: object): string {
  const reader = new FieldReader(COMPARED_LEAVES);
  const text = reader.text(value);
  if (reader.left > 0) {
    const short = shortened(text);
    noteFlat(value, short);
    return short;
  }
  // Much data is compared by identity within a process, by content across processes.
  return once(value, () => shortened(new FieldReader(READ_LEAVES).text(value)));
}

function isInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype !== null && prototype !== Object.prototype;
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
