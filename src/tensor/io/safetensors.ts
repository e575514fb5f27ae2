/** @file safetensors files: mapped without copying, sharded ones through their index, validated before use; and written. */

import { bytesOf, type DType } from '../../core/dtype.ts';
import { oneLine, TnError } from '../../core/errors.ts';
import { Storage } from '../../core/storage.ts';
import { activeTracer } from '../../core/tracer.ts';
import { contiguousStrides, product, StridedView } from '../../core/view.ts';
import { copyView } from '../../ops/kernels.ts';
import { type Tensor, TensorObject } from '../tensor.ts';
import { host, mapOrThrow } from './host.ts';

/** Tensors by name, in the file's order. */
export type TensorDict = Record<string, Tensor>;

const fileDTypes: Readonly<Record<string, DType>> = {
  F32: 'float32',
  F16: 'float16',
  BF16: 'bfloat16',
  F64: 'float64',
  I64: 'int64',
  I32: 'int32',
  U8: 'uint8',
  I8: 'int8',
  BOOL: 'bool',
};
const fileNames = Object.fromEntries(Object.entries(fileDTypes).map(([name, dtype]) => [dtype, name])) as Record<
  DType,
  string
>;

/** The format's own limit. */
const maxHeader = 100_000_000;

interface Entry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

export interface LoadOptions {
  /** Only these names; default all. A name that is missing is an error. */
  readonly names?: readonly string[];
}

/**
 * All tensors of a safetensors file, or of a folder that holds `model.safetensors` or `model.safetensors.index.json` and its shards.
 * Nothing is copied: pages are read when they are touched, and writes stay in memory. Throws TnError naming the file
 * for what is missing, truncated or inconsistent.
 */
export function loadSafetensors(path: string, { names }: LoadOptions = {}): TensorDict {
  const { join } = host();
  const dict: TensorDict = {};
  const files = host().kindOf(path) === 'folder' ? shardsOf(path) : [{ file: path, names: null }];
  for (const shard of files) {
    const wanted = names ? new Set(names) : null;
    const found = loadFile(shard.file === path ? path : join(path, shard.file));
    const listed = shard.names ?? Object.keys(found);
    for (const name of listed) {
      if (!Object.hasOwn(found, name))
        throw broken(join(path, shard.file), `holds no tensor "${name}", which the index places there`);
      if (!wanted || wanted.has(name)) dict[name] = found[name];
    }
  }
  const missing = (names ?? []).filter((name) => !Object.hasOwn(dict, name));
  if (missing.length > 0)
    throw new TnError({
      what: `safetensors: ${path} holds no tensor ${missing.map((name) => `"${name}"`).join(', ')}`,
    });
  return dict;
}

/** The metadata strings of a file's header. */
export function safetensorsMetadata(path: string): Record<string, string> {
  const { buffer, byteLength } = mapOrThrow(path, 'safetensors');
  return readHeader(path, new Uint8Array(buffer, 0, byteLength)).metadata;
}

function broken(path: string, problem: string): TnError {
  return new TnError({
    what: `safetensors: ${path} ${problem}`,
    fix: 'the file is damaged or incomplete: fetch it again',
  });
}

function shardsOf(folder: string): { file: string; names: string[] | null }[] {
  const { join, kindOf } = host();
  const indexPath = join(folder, 'model.safetensors.index.json');
  if (kindOf(indexPath) === 'file') return readIndex(indexPath);
  if (kindOf(join(folder, 'model.safetensors')) === 'file') return [{ file: 'model.safetensors', names: null }];
  throw new TnError({
    what: `safetensors: no model.safetensors or model.safetensors.index.json in ${folder}`,
    fix: 'name a folder of a model in the layout of Hugging Face, or a .safetensors file',
  });
}

function readIndex(path: string): { file: string; names: string[] }[] {
  const map = (parseJson(path, host().readFile(path)) as { weight_map?: unknown }).weight_map;
  if (typeof map !== 'object' || map === null) throw broken(path, 'has no "weight_map"');
  const files = new Map<string, string[]>();
  for (const [name, file] of Object.entries(map)) {
    // A shard beside the index, never a path out of the folder.
    if (typeof file !== 'string' || !/^[^/\\]+$/.test(file) || file === '..')
      throw broken(path, `places "${name}" in ${JSON.stringify(file)}`);
    const names = files.get(file) ?? [];
    names.push(name);
    files.set(file, names);
  }
  return [...files].map(([file, names]) => ({ file, names }));
}

function parseJson(path: string, bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw broken(path, `holds broken JSON (${oneLine(error)})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken(path, 'holds JSON that is no object');
  return value;
}

function loadFile(path: string): TensorDict {
  const mapped = mapOrThrow(path, 'safetensors');
  const { entries, dataStart } = readHeader(path, new Uint8Array(mapped.buffer, 0, mapped.byteLength));
  const dict: TensorDict = {};
  for (const entry of entries) dict[entry.name] = mappedTensor(path, mapped.buffer, dataStart, entry);
  return dict;
}

function mappedTensor(path: string, buffer: ArrayBuffer, dataStart: number, entry: Entry): Tensor {
  const { dtype, shape } = entry;
  const offset = dataStart + entry.start;
  const length = entry.end - entry.start;
  const strides = contiguousStrides(shape);
  if (offset % bytesOf(dtype) === 0) {
    return TensorObject.of(
      new StridedView(new Storage(buffer, offset, length, { path, offset, length }), dtype, shape, strides),
    );
  }
  // A writer that did not align: the typed arrays need an aligned copy.
  return TensorObject.of(new StridedView(new Storage(buffer.slice(offset, offset + length)), dtype, shape, strides));
}

function readHeader(
  path: string,
  file: Uint8Array,
): { entries: Entry[]; dataStart: number; metadata: Record<string, string> } {
  if (file.length < 8) throw broken(path, `is ${file.length} bytes long, too short for a header`);
  const headerLength = Number(new DataView(file.buffer, file.byteOffset).getBigUint64(0, true));
  if (headerLength > maxHeader)
    throw broken(path, `says its header is ${headerLength} bytes long, more than the format allows`);
  if (8 + headerLength > file.length) {
    throw broken(path, `says its header is ${headerLength} bytes long, but the file ends after ${file.length - 8}`);
  }
  const header = parseJson(path, file.subarray(8, 8 + headerLength));
  const dataStart = 8 + headerLength;
  const entries: Entry[] = [];
  let metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') metadata = value as Record<string, string>;
    else entries.push(checkEntry(path, name, value));
  }
  checkLayout(path, entries, file.length - dataStart);
  return { entries, dataStart, metadata };
}

const isCount = (x: unknown): x is number => Number.isSafeInteger(x) && (x as number) >= 0;

function checkEntry(path: string, name: string, value: unknown): Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  const kind = typeof dtype === 'string' && Object.hasOwn(fileDTypes, dtype) ? fileDTypes[dtype] : null;
  if (!kind) {
    throw new TnError({
      what: `safetensors: ${path}: tensor "${name}" has dtype ${JSON.stringify(dtype)}`,
      fix: `supported are ${Object.keys(fileDTypes).join(', ')}`,
    });
  }
  if (!Array.isArray(shape) || !shape.every(isCount))
    throw broken(path, `gives tensor "${name}" the shape ${JSON.stringify(shape)}`);
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw broken(path, `gives tensor "${name}" the offsets ${JSON.stringify(offsets)}`);
  }
  const [start, end] = offsets as [number, number];
  const bytes = product(shape) * bytesOf(kind);
  if (end - start !== bytes) {
    throw broken(
      path,
      `gives tensor "${name}" ${end - start} bytes, its shape [${shape.join(', ')}] of ${dtype} needs ${bytes}`,
    );
  }
  return { name, dtype: kind, shape, start, end };
}

/** The format has no holes and no overlaps, and the last tensor ends with the file. */
function checkLayout(path: string, entries: readonly Entry[], dataLength: number): void {
  const order = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let at = 0;
  let previous = '';
  for (const { name, start, end } of order) {
    if (start < at) throw broken(path, `lets tensors "${previous}" and "${name}" overlap`);
    if (start > at) throw broken(path, `has a hole of ${start - at} bytes before tensor "${name}"`);
    at = end;
    previous = name;
  }
  if (at > dataLength) throw broken(path, `is truncated: its tensors need ${at} bytes, ${dataLength} are there`);
  if (at < dataLength) throw broken(path, `has ${dataLength - at} bytes behind its last tensor`);
}

/** Writes tensors as one safetensors file, largest alignment first, replacing it as a whole. */
export function saveSafetensors(
  path: string,
  tensors: Readonly<Record<string, Tensor>>,
  metadata?: Readonly<Record<string, string>>,
): void {
  const names = Object.keys(tensors).sort(
    (a, b) => bytesOf(tensors[b].dtype) - bytesOf(tensors[a].dtype) || (a < b ? -1 : 1),
  );
  const header: Record<string, unknown> = metadata ? { __metadata__: metadata } : {};
  const chunks: Uint8Array[] = [];
  let at = 0;
  for (const name of names) {
    const x = tensors[name];
    activeTracer?.readValues(x, 'saveSafetensors()');
    const bytes = copyView(x).storage.bytes();
    header[name] = { dtype: fileNames[x.dtype], shape: x.sizes, data_offsets: [at, at + bytes.length] };
    chunks.push(bytes);
    at += bytes.length;
  }
  let text = new TextEncoder().encode(JSON.stringify(header));
  // Spaces up to a multiple of 8, so that every tensor is aligned in a mapping.
  const padding = (8 - (text.length % 8)) % 8;
  if (padding > 0) text = new TextEncoder().encode(JSON.stringify(header) + ' '.repeat(padding));
  const length = new Uint8Array(8);
  new DataView(length.buffer).setBigUint64(0, BigInt(text.length), true);
  host().writeFile(path, [length, text, ...chunks]);
}
