/** @file What the source transformer tells at run time: files, classes, decorated functions, and the values that they close over. */

import { noteLoading } from '../core/location.ts';
import type { Parameter } from './matchers.ts';
import { valueText } from './valueText.ts';

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

let placeOf: (info: FileInfo) => string = (info) => info.file;

/** Says where the source of a compiled file is, which may run elsewhere than where it was built. */
export function installSourcePlaces(place: (info: FileInfo) => string): void {
  placeOf = place;
}

export function registerFile(built: FileInfo): FileToken {
  const file = placeOf(built);
  const info = file === built.file ? built : { ...built, file };
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

/** What was read of one name: of the closure, of a file, of a class's static fields. */
interface Slot {
  readonly scope: object;
  readonly name: string;
  readonly label: string;
  /** The value if it is no object: what those hold may change. */
  readonly value: unknown;
  /** null: it is not compared. */
  readonly text: string | null;
}

/** What the last call of a part has read, in order. */
const readings = new WeakMap<SourceMeta, { readonly slots: readonly Slot[]; readonly values: ClosureValues }>();

/**
 * Values that the decorated function closes over and module-level values of every transformed file in its import closure.
 * The same map as long as all of them are the same.
 */
export function closureValues(meta: SourceMeta): ClosureValues {
  const last = readings.get(meta);
  const reader = new ClosureReader(last?.slots ?? []);
  reader.read(meta, plainLabel, meta.deps(), true);
  // Not all of these are used by the function: objects with a life of their own are left out.
  for (const file of filesInClosure(meta.file)) {
    const { token, label, statics } = file;
    reader.read(file, label, token.info.bindings(), false);
    for (const definition of token.classes) {
      const labelOf = (name: string): string => `${statics}${(definition as { name: string }).name}.${name}`;
      reader.read(definition, labelOf, definition as Readonly<Record<string, unknown>>, false);
    }
  }
  const slots = reader.end();
  if (slots === null && last) return last.values;
  const values = new Map<string, string>();
  for (const { label, text } of slots ?? []) if (text !== null) values.set(label, text);
  readings.set(meta, { slots: slots ?? [], values });
  return values;
}

/** Reads values beside what was read last: numbers and strings that are the same need no text. */
class ClosureReader {
  private readonly before: readonly Slot[];
  private readonly slots: Slot[] = [];
  private isSame = true;

  constructor(before: readonly Slot[]) {
    this.before = before;
  }

  read(scope: object, labelOf: Label, values: Readonly<Record<string, unknown>>, instances: boolean): void {
    for (const name of Object.keys(values)) {
      const value = values[name];
      const last = this.before[this.slots.length];
      const isKnown = last !== undefined && last.scope === scope && last.name === name;
      if (isKnown && last.text !== null && last.value !== null && Object.is(last.value, value)) {
        this.slots.push(last);
        continue;
      }
      const text = !instances && isInstance(value) ? null : valueText(value);
      if (isKnown && last.text === text) {
        this.slots.push(last);
        continue;
      }
      this.isSame = false;
      const kept = typeof value === 'object' || typeof value === 'function' ? null : value;
      this.slots.push({ scope, name, label: labelOf(name), value: kept, text });
    }
  }

  /** What was read; null when it is what was read last. */
  end(): readonly Slot[] | null {
    return this.isSame && this.slots.length === this.before.length ? null : this.slots;
  }
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
        labels.set(name, before === 0 ? `module ${name}` : `module ${name} (${before + 1})`);
      }
      list.push({
        token: other,
        label: (name) => labels.get(name) ?? `module ${name} of file ${i}`,
        statics: `file ${i}: `,
      });
    }
  });
  closureFiles.set(token, { known: files.size, list });
  return list;
}

function isInstance(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) return false;
  const prototype = Object.getPrototypeOf(value) as unknown;
  return prototype !== null && prototype !== Object.prototype;
}
