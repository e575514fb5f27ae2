/** @file C types of the dtypes: how an element is stored, what arithmetic on it is done in, literals, loads and stores. */

import type { DType } from '../../core/dtype.ts';

export interface CType {
  /** In memory. */
  readonly stored: string;
  /** In a local variable; the half types are held as floats of that precision. */
  readonly local: string;
  /** Arithmetic that wraps: the unsigned type to compute in. */
  readonly wrapping?: string;
}

export const cTypes: { readonly [D in DType]: CType } = {
  float32: { stored: 'float', local: 'float' },
  float16: { stored: 'uint16_t', local: 'float' },
  bfloat16: { stored: 'uint16_t', local: 'float' },
  float64: { stored: 'double', local: 'double' },
  int64: { stored: 'int64_t', local: 'int64_t', wrapping: 'uint64_t' },
  int32: { stored: 'int32_t', local: 'int32_t', wrapping: 'uint32_t' },
  uint8: { stored: 'uint8_t', local: 'uint8_t', wrapping: 'uint32_t' },
  int8: { stored: 'int8_t', local: 'int8_t', wrapping: 'uint32_t' },
  bool: { stored: 'uint8_t', local: 'int' },
};

export function literal(value: number | bigint | boolean, dtype: DType): string {
  switch (dtype) {
    case 'float32':
    case 'float16':
    case 'bfloat16':
      return floatLiteral(Math.fround(Number(value)), 'f');
    case 'float64':
      return floatLiteral(Number(value), '');
    case 'bool':
      return value ? '1' : '0';
    case 'int64': {
      const wrapped = BigInt.asIntN(64, toBigInt(value));
      if (wrapped === -(2n ** 63n)) return 'INT64_MIN';
      return wrapped >= -0x7fffffffn && wrapped <= 0x7fffffffn ? `${wrapped}` : `INT64_C(${wrapped})`;
    }
    case 'int32': {
      const wrapped = BigInt.asIntN(32, toBigInt(value));
      return wrapped === -(2n ** 31n) ? 'INT32_MIN' : `${wrapped}`;
    }
    case 'uint8':
      return `${BigInt.asUintN(8, toBigInt(value))}`;
    case 'int8':
      return `${BigInt.asIntN(8, toBigInt(value))}`;
  }
}

function toBigInt(value: number | bigint | boolean): bigint {
  if (typeof value === 'number') return Number.isFinite(value) ? BigInt(Math.trunc(value)) : -(2n ** 63n);
  return BigInt(value);
}

function floatLiteral(value: number, suffix: string): string {
  if (Number.isNaN(value)) return '__builtin_nanf("")';
  if (value === Number.POSITIVE_INFINITY) return '__builtin_inff()';
  if (value === Number.NEGATIVE_INFINITY) return '-__builtin_inff()';
  const short = suffix === 'f' ? shortestFloat(value) : String(value);
  const text = /[.e]/.test(short) ? short : `${short}.0`;
  return (Object.is(value, -0) ? '-0.0' : text) + suffix;
}

/** The shortest decimal that reads back as this float32. */
function shortestFloat(value: number): string {
  for (let digits = 1; digits <= 9; digits++) {
    const text = value.toPrecision(digits);
    if (Math.fround(Number(text)) === value) return String(Number(text));
  }
  return String(value);
}
