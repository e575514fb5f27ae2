/** @file Reads the recordings from PyTorch and runs a case of them through the library. */

import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bytesOf, type DType, isFloat } from '../../src/core/dtype.ts';
import { Storage } from '../../src/core/storage.ts';
import { contiguousStrides, product, StridedView, toNumbers } from '../../src/core/view.ts';
import * as tn from '../../src/index.ts';
import { type Tensor, TensorObject } from '../../src/tensor/tensor.ts';

type Row = [dtype: DType, sizes: number[], byteOffset: number, length?: number, strides?: number[], offset?: number];
type Literal =
  | null
  | boolean
  | number
  | string
  | Literal[]
  | { t: number }
  | { f: string }
  | { n: string }
  | { o: Record<string, Literal> };
export type Case = [fn: string, args: Literal[], out: number[], mode?: string];

export interface Recording {
  readonly torch: string;
  readonly tensors: readonly Row[];
  readonly cases: readonly Case[];
}

const folder = fileURLToPath(new URL('.', import.meta.url));

/** Relative and absolute bound by the dtype of the result: integers and bools exact. */
const bounds: { readonly [D in DType]?: readonly [number, number] } = {
  float32: [3e-6, 1e-6],
  float64: [1e-12, 1e-13],
  float16: [1.1e-3, 6.2e-5],
  bfloat16: [8.2e-3, 1e-5],
};

/** Families whose elements are sums of many terms: errors are measured against the largest element. */
export const summedFamilies: ReadonlySet<string> = new Set(['attention', 'convolution', 'fourier', 'linear']);

export function load(family: string): { recording: Recording; data: Uint8Array } {
  const recording = JSON.parse(readFileSync(`${folder}${family}.json`, 'utf8')) as Recording;
  const { data } = tn.loadSafetensors(`${folder}${family}.safetensors`);
  return { recording, data: data.data as Uint8Array };
}

/** A tensor on a storage of its own, so that a case cannot disturb another. */
function make(row: Row, data: Uint8Array): Tensor {
  const [dtype, sizes, start, length = product(sizes), strides = contiguousStrides(sizes), offset = 0] = row;
  const bytes = data.slice(start, start + length * bytesOf(dtype));
  return TensorObject.of(new StridedView(new Storage(bytes.buffer as ArrayBuffer), dtype, sizes, strides, offset));
}

function decode(value: Literal, { tensors }: Recording, data: Uint8Array): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => decode(item, { tensors } as Recording, data));
  if ('t' in value) return make(tensors[value.t], data);
  if ('f' in value)
    return value.f === 'nan' ? Number.NaN : value.f === 'inf' ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  if ('n' in value) return BigInt(value.n);
  return Object.fromEntries(
    Object.entries(value.o).map(([key, item]) => [key, decode(item, { tensors } as Recording, data)]),
  );
}

type AnyFunction = (...args: unknown[]) => unknown;

function call(recorded: string, args: unknown[]): unknown {
  // The function `t` is ours: it says that an expression is a tensor. torch.t is a method.
  const fn = recorded === 't' ? '.t' : recorded;
  if (fn.startsWith('.')) {
    const [self, ...rest] = args as [Record<string, AnyFunction>, ...unknown[]];
    return self[fn.slice(1)](...rest);
  }
  const home = (fn.startsWith('F.') ? tn.nn.functional : tn) as unknown as Record<string, AnyFunction>;
  const found = home[fn.replace('F.', '')];
  if (!found) throw new Error(`no function ${fn}`);
  return found(...args);
}

function resultsOf(made: unknown): Tensor[] {
  if (tn.isTensor(made)) return [made];
  return Object.values(made as Record<string, Tensor>);
}

/** null, or what differs. */
export function difference(found: Tensor, wanted: Tensor, summed: boolean): string | null {
  if (found.dtype !== wanted.dtype) return `dtype ${found.dtype}, not ${wanted.dtype}`;
  if (String(found.sizes) !== String(wanted.sizes)) return `sizes [${found.sizes}], not [${wanted.sizes}]`;
  if (!isFloat(found.dtype)) {
    const [a, b] = [JSON.stringify(found.tolist(), bigText), JSON.stringify(wanted.tolist(), bigText)];
    return a === b ? null : `${a}, not ${b}`;
  }
  const [relative, absolute] = bounds[found.dtype] as readonly [number, number];
  const [a, b] = [toNumbers(found), toNumbers(wanted)];
  const largest = summed ? b.reduce((top, value) => Math.max(top, Math.abs(value)), 0) : 0;
  for (let i = 0; i < a.length; i++) {
    const same =
      Object.is(a[i], b[i]) ||
      a[i] === b[i] ||
      Math.abs(a[i] - b[i]) <= absolute + relative * Math.max(largest, Math.abs(b[i]));
    if (!same) return `element ${i} of [${found.sizes}] is ${a[i]}, not ${b[i]}`;
  }
  return null;
}

function bigText(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

export function runCase(entry: Case, recording: Recording, data: Uint8Array, summed: boolean): string | null {
  const [fn, literals, out, mode] = entry;
  const wanted = out.map((index) => make(recording.tensors[index], data));
  const args = literals.map((literal) => decode(literal, recording, data));
  const made = resultsOf(call(fn, args));
  // An in-place case is judged by the whole storage.
  const found = mode === 'inplace' ? [wholeStorage(args[0] as Tensor)] : made;
  if (found.length !== wanted.length) return `${found.length} results, not ${wanted.length}`;
  return found.map((x, i) => difference(x, wanted[i], summed)).find((text) => text !== null) ?? null;
}

function wholeStorage(x: Tensor): Tensor {
  const length = x.storage.byteLength / bytesOf(x.dtype);
  return TensorObject.of(new StridedView(x.storage, x.dtype, [length], [1], 0));
}

export const families = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.slice(0, -'.json'.length));

export function dtypesOf([, args]: Case, { tensors }: Recording): string {
  const parts = args.map((arg) =>
    arg !== null && typeof arg === 'object' && 't' in arg
      ? `${tensors[arg.t][0]}[${tensors[arg.t][1]}]`
      : JSON.stringify(arg),
  );
  return `(${parts.join(', ')})`;
}
