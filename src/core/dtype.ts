/** @file The storage dtypes, what they promote to, and the typed array behind each. */

import { TnError } from './errors.ts';

export const dtypes = ['float32', 'float16', 'bfloat16', 'float64', 'int64', 'int32', 'uint8', 'int8', 'bool'] as const;
export type DType = (typeof dtypes)[number];

export type DTypeCategory = 'bool' | 'int' | 'float';

export type TypedArray =
  | Float32Array
  | Float64Array
  | Uint16Array
  | BigInt64Array
  | Int32Array
  | Uint8Array
  | Int8Array;

interface DTypeInfo {
  readonly bytes: number;
  readonly category: DTypeCategory;
  readonly array: new (buffer: ArrayBuffer, byteOffset: number, length: number) => TypedArray;
}

/** float16 and bfloat16 elements are held as their bit patterns in a Uint16Array, bool as 0 or 1 in a Uint8Array. */
export const dtypeInfo: { readonly [D in DType]: DTypeInfo } = {
  float32: { bytes: 4, category: 'float', array: Float32Array },
  float16: { bytes: 2, category: 'float', array: Uint16Array },
  bfloat16: { bytes: 2, category: 'float', array: Uint16Array },
  float64: { bytes: 8, category: 'float', array: Float64Array },
  int64: { bytes: 8, category: 'int', array: BigInt64Array },
  int32: { bytes: 4, category: 'int', array: Int32Array },
  uint8: { bytes: 1, category: 'int', array: Uint8Array },
  int8: { bytes: 1, category: 'int', array: Int8Array },
  bool: { bytes: 1, category: 'bool', array: Uint8Array },
};

export function isDType(x: unknown): x is DType {
  return typeof x === 'string' && Object.hasOwn(dtypeInfo, x);
}

export const isFloat = (d: DType): boolean => dtypeInfo[d].category === 'float';
export const isInteger = (d: DType): boolean => dtypeInfo[d].category === 'int';
export const isHalf = (d: DType): boolean => d === 'float16' || d === 'bfloat16';
export const bytesOf = (d: DType): number => dtypeInfo[d].bytes;

/** The dtype arithmetic is done in: float32 for the half types, which are rounded once per op. */
export function computeDType(d: DType): DType {
  return isHalf(d) ? 'float32' : d;
}

const intRank: { readonly [D in DType]?: number } = { int8: 1, uint8: 1, int32: 2, int64: 3 };

/** torch.promote_types of two tensor dtypes. */
export function promoteTypes(a: DType, b: DType): DType {
  if (a === b) return a;
  const ca = dtypeInfo[a].category;
  const cb = dtypeInfo[b].category;
  if (ca === 'bool') return b;
  if (cb === 'bool') return a;
  if (ca === 'float' && cb === 'float') {
    if (a === 'float64' || b === 'float64') return 'float64';
    return 'float32'; // float16 with bfloat16, or either with float32
  }
  if (ca === 'float') return a;
  if (cb === 'float') return b;
  const ra = intRank[a] ?? 0;
  const rb = intRank[b] ?? 0;
  if (ra === rb) return 'int32' === a ? a : promoteMixedBytes(a, b);
  return ra > rb ? a : b;
}

/** uint8 with int8 is int16 in PyTorch; without an int16 here, the next dtype that holds both. */
function promoteMixedBytes(a: DType, b: DType): DType {
  return a === b ? a : 'int32';
}

const categoryRank: { readonly [C in DTypeCategory]: number } = { bool: 0, int: 1, float: 2 };

/** A number or boolean in an operation changes the tensor's dtype only when it is of a higher category (torch.result_type). */
export function promoteWithScalar(tensor: DType, scalar: DTypeCategory): DType {
  if (categoryRank[scalar] <= categoryRank[dtypeInfo[tensor].category]) return tensor;
  return scalar === 'float' ? 'float32' : 'int64';
}

/** Whole numbers promote as integers, others as floats (DESIGN §4 "Eager"). */
export function scalarCategory(value: number | boolean | bigint): DTypeCategory {
  if (typeof value === 'boolean') return 'bool';
  if (typeof value === 'bigint') return 'int';
  return Number.isInteger(value) ? 'int' : 'float';
}

export function assertDType(x: unknown, what: string): asserts x is DType {
  if (!isDType(x)) {
    throw new TnError({ what: `${what}: unknown dtype ${JSON.stringify(x)}`, fix: `one of ${dtypes.join(', ')}` });
  }
}
