/** @file The manifest of a record: its type, and the check that every manifest read from a disk passes. */

/** Raised when a field changes its meaning; a manifest of another schema is skipped with a reason. */
export const MANIFEST_SCHEMA = 1;

/** A size: a number, or an expression over the dims (`n`, `pos + n`). */
export type ManifestSize = number | string;

export interface ManifestValue {
  /** The user's name with fields and indices: `tokens`, `kv.k.0`. */
  readonly path: string;
  /** `dim` is a number argument with a Dim: an int64 scalar. */
  readonly kind: 'tensor' | 'dim';
  readonly dtype: string;
  readonly shape: readonly ManifestSize[];
  /** The call writes into it. */
  readonly mutated?: boolean;
}

export interface ManifestDim {
  readonly min: number;
  /** null: no upper bound. */
  readonly max: number | null;
  readonly multipleOf: number;
}

export interface ManifestGuard {
  /** As people read it: `pos + n <= 448`. */
  readonly predicate: string;
  /** The user's line: `model.ts:88:14`. */
  readonly location: string | null;
  readonly kind: string;
}

export interface ManifestParameter {
  /** sha256 of the bytes in C order. */
  readonly blob: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** One instance's weights: parameter path → content. The first one is the record's own initializers. */
export interface ManifestBinding {
  readonly name: string;
  readonly params: Readonly<Record<string, ManifestParameter>>;
}

export interface ManifestSource {
  /** The decorated file, relative to the package root, with `/`. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Project files of the import closure, with hashes that comments and layout do not change. */
  readonly files: readonly (readonly [path: string, hash: string])[];
  /** Packages of the import closure: name → version. */
  readonly packages: Readonly<Record<string, string>>;
  /** What the part reaches, as `file#name`, with the hash of its own code. Records of older versions have none. */
  readonly units?: readonly (readonly [name: string, hash: string])[];
  /** Hash of the part's meaning: the source key without this package's own sources. */
  readonly meaning?: string;
}

export interface ManifestSamples {
  readonly inputs: number;
  readonly outputs: number;
  /** Samples kept smaller than they were: path → the shape at the call. */
  readonly truncated?: Readonly<Record<string, readonly number[]>>;
}

/** A file of the record, named by content so that a torn or foreign one is noticed. */
export interface ManifestFile {
  readonly bytes: number;
  readonly sha256: string;
}

export interface Manifest {
  readonly schema: typeof MANIFEST_SCHEMA;
  readonly part: string;
  /** 12 hex, see `entryId`. */
  readonly entry: string;
  readonly sourceKey: string;
  readonly staticSignature: string;
  readonly inputs: readonly ManifestValue[];
  readonly outputs: readonly ManifestValue[];
  readonly dims: Readonly<Record<string, ManifestDim>>;
  readonly guards: readonly ManifestGuard[];
  readonly weights: readonly ManifestBinding[];
  readonly graphHash: string;
  /** Nodes of the graph. */
  readonly nodes: number;
  readonly source: ManifestSource;
  /** Closure values that the source names in `deps`. */
  readonly closure: Readonly<Record<string, unknown>>;
  readonly samples: ManifestSamples;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly tnVersion: string;
  readonly precision?: string;
  /** Entries that were there at the capture, and why its call did not fit them. */
  readonly missed?: readonly { readonly entry: string; readonly reason: string }[];
  /** What the dispatcher keeps beside (call structure, aliasing, plain values): JSON, opaque to the store. */
  readonly call?: unknown;
  /** Filled in by the store: `model.onnx`, `input_0.pb` … → size and hash. */
  readonly files: Readonly<Record<string, ManifestFile>>;
  /** Filled in by the store: sha256 of every blob that the model names. */
  readonly blobs: readonly string[];
}

/** What a caller hands in: the store adds the rest. */
export type ManifestDraft = Omit<Manifest, 'files' | 'blobs' | 'schema'>;

export type ManifestCheck = { readonly manifest: Manifest } | { readonly reason: string };

/** Checks parsed JSON. `reason` names the first field that is wrong and what was found in it. */
export function checkManifest(value: unknown): ManifestCheck {
  if (value === undefined) return { reason: 'manifest.json is missing or is not JSON' };
  if (!isRecord(value)) return { reason: 'manifest.json is not an object' };
  if (value.schema !== MANIFEST_SCHEMA) {
    return { reason: `schema is ${show(value.schema)}, this version reads ${MANIFEST_SCHEMA}` };
  }
  for (const [field, check] of Object.entries(FIELDS)) {
    const wrong = check(value[field], field);
    if (wrong) return { reason: wrong };
  }
  return { manifest: value as unknown as Manifest };
}

/** Blobs that a record names, in its model or in a binding, each once. */
export function blobsOf(manifest: Manifest): Set<string> {
  const bound = manifest.weights.flatMap((binding) => Object.values(binding.params).map((param) => param.blob));
  return new Set([...manifest.blobs, ...bound]);
}

type Check = (value: unknown, at: string) => string | null;

const expected = (what: string) => (value: unknown, at: string) => `${at} is ${show(value)}, expected ${what}`;
const when =
  (holds: (value: unknown) => boolean, what: string): Check =>
  (value, at) =>
    holds(value) ? null : expected(what)(value, at);

const text = when((v) => typeof v === 'string', 'a string');
const words = when((v) => typeof v === 'string' && v !== '', 'a non-empty string');
const count = when((v) => Number.isSafeInteger(v) && (v as number) >= 0, 'a whole number');
const integer = when(Number.isSafeInteger, 'an integer');
const flag = when((v) => typeof v === 'boolean', 'true or false');
const sha256 = when((v) => typeof v === 'string' && /^[0-9a-f]{64}$/.test(v), '64 hex digits');
const size = when(
  (v) => (Number.isSafeInteger(v) && (v as number) >= 0) || (typeof v === 'string' && v !== ''),
  'a size',
);
const date = when((v) => typeof v === 'string' && !Number.isNaN(Date.parse(v)), 'a date');
const dictionary = when(isRecord, 'an object');

const maybe =
  (check: Check): Check =>
  (value, at) =>
    value === undefined ? null : check(value, at);

const oneOf = (...all: (string | null)[]): Check =>
  when((v) => all.some((one) => one === v), all.map((one) => JSON.stringify(one)).join(' or '));

const list =
  (item: Check): Check =>
  (value, at) => {
    if (!Array.isArray(value)) return expected('a list')(value, at);
    return first(value.map((each, i) => () => item(each, `${at}[${i}]`)));
  };

const pair =
  (...items: Check[]): Check =>
  (value, at) => {
    if (!Array.isArray(value) || value.length !== items.length) return expected(`${items.length} items`)(value, at);
    return first(items.map((item, i) => () => item(value[i], `${at}[${i}]`)));
  };

const map =
  (item: Check): Check =>
  (value, at) => {
    if (!isRecord(value)) return expected('an object')(value, at);
    return first(
      Object.entries(value).map(
        ([key, each]) =>
          () =>
            item(each, `${at}.${key}`),
      ),
    );
  };

const shape =
  (fields: Record<string, Check>): Check =>
  (value, at) => {
    if (!isRecord(value)) return expected('an object')(value, at);
    return first(
      Object.entries(fields).map(
        ([key, check]) =>
          () =>
            check(value[key], `${at}.${key}`),
      ),
    );
  };

const either =
  (a: Check, b: Check): Check =>
  (value, at) =>
    a(value, at) && b(value, at);

const value = shape({
  path: text,
  kind: oneOf('tensor', 'dim'),
  dtype: words,
  shape: list(size),
  mutated: maybe(flag),
});
const file = shape({ bytes: count, sha256 });

/** A check a field, in the order of `Manifest`; adding a field there without one here does not compile. */
const FIELDS: Readonly<Record<Exclude<keyof Manifest, 'schema'>, Check>> = {
  part: words,
  entry: when((v) => typeof v === 'string' && /^[0-9a-f]{12}$/.test(v), '12 hex digits'),
  sourceKey: words,
  staticSignature: text,
  inputs: list(value),
  outputs: list(value),
  dims: map(shape({ min: integer, max: either(integer, oneOf(null)), multipleOf: integer })),
  guards: list(shape({ predicate: text, location: either(text, oneOf(null)), kind: text })),
  weights: list(shape({ name: text, params: map(shape({ blob: sha256, dtype: words, shape: list(count) })) })),
  graphHash: words,
  nodes: count,
  source: shape({
    file: text,
    line: count,
    column: count,
    files: list(pair(text, text)),
    packages: map(text),
    units: maybe(list(pair(text, text))),
    meaning: maybe(text),
  }),
  closure: dictionary,
  samples: shape({ inputs: count, outputs: count, truncated: maybe(map(list(count))) }),
  created: date,
  tnVersion: text,
  precision: maybe(text),
  missed: maybe(list(shape({ entry: text, reason: text }))),
  call: () => null,
  files: map(file),
  blobs: list(sha256),
};

function first(checks: (() => string | null)[]): string | null {
  for (const check of checks) {
    const wrong = check();
    if (wrong) return wrong;
  }
  return null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  if (value === undefined) return 'missing';
  const json = JSON.stringify(value) ?? String(value);
  return json.length > 40 ? json.slice(0, 37) + '...' : json;
}
