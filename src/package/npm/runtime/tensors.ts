/** @file Tensors at the border: what a caller passed, checked as far as native code cannot, and fresh ones for results. */

import type { DType, TypedArray } from '../../../core/dtype.ts';
import type { TensorValue } from './description.ts';

interface DTypeFacts {
  /** DLPack's code and bits. */
  readonly code: number;
  readonly bits: number;
  /** The class of arrays that hold it, by name; the first one is what results come in. */
  readonly arrays: readonly string[];
  readonly make: (length: number) => TypedArray;
}

const dtypeFacts: { readonly [D in DType]: DTypeFacts } = {
  float32: { code: 2, bits: 32, arrays: ['Float32Array'], make: (n) => new Float32Array(n) },
  // Bit patterns in a Uint16Array; a Float16Array (newer engines) holds the same.
  float16: { code: 2, bits: 16, arrays: ['Uint16Array', 'Float16Array'], make: (n) => new Uint16Array(n) },
  bfloat16: { code: 4, bits: 16, arrays: ['Uint16Array'], make: (n) => new Uint16Array(n) },
  float64: { code: 2, bits: 64, arrays: ['Float64Array'], make: (n) => new Float64Array(n) },
  int64: { code: 0, bits: 64, arrays: ['BigInt64Array'], make: (n) => new BigInt64Array(n) },
  int32: { code: 0, bits: 32, arrays: ['Int32Array'], make: (n) => new Int32Array(n) },
  uint8: { code: 1, bits: 8, arrays: ['Uint8Array'], make: (n) => new Uint8Array(n) },
  int8: { code: 0, bits: 8, arrays: ['Int8Array'], make: (n) => new Int8Array(n) },
  bool: { code: 6, bits: 8, arrays: ['Uint8Array'], make: (n) => new Uint8Array(n) },
};

/** What an array is taken for when nobody says; a Uint16Array may be either half type. */
const inferred: Readonly<Record<string, DType>> = {
  Float32Array: 'float32',
  Float64Array: 'float64',
  Float16Array: 'float16',
  BigInt64Array: 'int64',
  Int32Array: 'int32',
  Uint8Array: 'uint8',
  Int8Array: 'int8',
};

export const dlpackType = (dtype: DType): { readonly code: number; readonly bits: number } => dtypeFacts[dtype];

/** A tensor of zeros. */
export function freshTensor(dtype: DType, shape: readonly number[]): TensorValue {
  return { dtype, shape, data: dtypeFacts[dtype].make(shape.reduce((product, size) => product * size, 1)) };
}

/**
 * What the caller passed, as a tensor whose dtype is that of its array and whose array is as long as its shape says: from
 * here on native code may read it. Whether the part wants it is native code's to say.
 * @throws TypeError with the argument's name.
 */
export function tensorOf(value: unknown, path: string): TensorValue {
  const array = arrayName(value);
  if (array !== null) {
    const data = value as TypedArray;
    refuseResizable(data, path);
    return { dtype: dtypeOf(undefined, array, path), shape: [data.length], data };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError(`${path} is ${show(value)}, wants { shape, data } or a typed array`);
  }
  const { dtype, shape, data } = value as { dtype?: unknown; shape?: unknown; data?: unknown };
  const held = arrayName(data);
  if (held === null) throw new TypeError(`${path}.data is ${show(data)}, wants a typed array`);
  const found = dtypeOf(dtype, held, path);
  // A copy: what is checked is what is used.
  const sizes: unknown[] | null = Array.isArray(shape) ? [...shape] : null;
  if (!sizes?.every(isSize)) throw new TypeError(`${path}.shape is ${show(shape)}, wants a list of whole numbers`);
  const count = sizes.reduce((product, size) => product * size, 1);
  const typed = data as TypedArray;
  refuseResizable(typed, path);
  if (typed.length !== count) {
    throw new TypeError(`${path} has ${typed.length} elements, its shape [${sizes.join(', ')}] wants ${count}`);
  }
  return { dtype: found, shape: sizes, data: typed };
}

/** A whole number that fits where C wants one. @throws TypeError with the argument's name. */
export function wholeNumber(value: unknown, path: string): number {
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw new TypeError(`${path} is ${show(value)}, wants a whole number`);
}

/** For messages. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(String).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `a ${value.constructor?.name ?? 'object without a class'}`;
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

/** Its memory could go away under a call. */
function refuseResizable({ buffer }: TypedArray, path: string): void {
  if ((buffer as { readonly resizable?: boolean }).resizable) {
    throw new TypeError(`${path} is held in a resizable ArrayBuffer, wants one of fixed length`);
  }
}

function isSize(size: unknown): size is number {
  return Number.isSafeInteger(size) && (size as number) >= 0;
}

/** `Float32Array`, or null for what is none of the arrays that tensors are held in. */
function arrayName(value: unknown): string | null {
  if (!ArrayBuffer.isView(value)) return null;
  const name = (value as TypedArray)[Symbol.toStringTag] as string;
  return Object.values(dtypeFacts).some(({ arrays }) => arrays.some((array) => array === name)) ? name : null;
}

function dtypeOf(given: unknown, array: string, path: string): DType {
  if (given === undefined) {
    const dtype = inferred[array];
    if (dtype) return dtype;
    throw new TypeError(`${path} is a ${array}: say dtype: 'float16' or dtype: 'bfloat16'`);
  }
  if (typeof given !== 'string' || !Object.hasOwn(dtypeFacts, given)) {
    throw new TypeError(`${path}.dtype is ${show(given)}, which is none of ${Object.keys(dtypeFacts).join(', ')}`);
  }
  const dtype = given as DType;
  const { arrays } = dtypeFacts[dtype];
  if (arrays.includes(array)) return dtype;
  throw new TypeError(`${path} is ${dtype} in a ${array}, wants a ${arrays[0]}`);
}
