/** @file The scalar operations as C: PyTorch's results, no undefined behaviour, vectorisable where that is possible. */

import { type DType, isFloat } from '../../core/dtype.ts';
import type { ScalarOp } from '../../ops/record.ts';
import type { PreludeName } from '../templates/types.ts';
import { cTypes } from './ctypes.ts';
import type { KernelScope } from './scope.ts';

const infix: { readonly [K in ScalarOp]?: string } = {
  eq: '==',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
};
const arithmetic: { readonly [K in ScalarOp]?: string } = { add: '+', sub: '-', mul: '*' };
const bitwise: { readonly [K in ScalarOp]?: string } = { and: '&', or: '|', xor: '^' };

/** float32 functions of the templates' prelude. */
const preludeFunctions: { readonly [K in ScalarOp]?: PreludeName } = {
  exp: 'tn_expf',
  expm1: 'tn_expm1f',
  log: 'tn_logf',
  log2: 'tn_log2f',
  log10: 'tn_log10f',
  log1p: 'tn_log1pf',
  sin: 'tn_sinf',
  cos: 'tn_cosf',
  tanh: 'tn_tanhf',
  sigmoid: 'tn_sigmoidf',
  erf: 'tn_erff',
  silu: 'tn_siluf',
  geluErf: 'tn_geluf',
  geluTanh: 'tn_gelu_tanhf',
  pow: 'tn_powf',
};

/** libm's names, `f` appended for float32. */
const libmFunctions: { readonly [K in ScalarOp]?: string } = {
  exp: 'exp',
  expm1: 'expm1',
  log: 'log',
  log2: 'log2',
  log10: 'log10',
  log1p: 'log1p',
  sin: 'sin',
  cos: 'cos',
  tan: 'tan',
  tanh: 'tanh',
  erf: 'erf',
  pow: 'pow',
  atan2: 'atan2',
  fmod: 'fmod',
  sqrt: 'sqrt',
  abs: 'fabs',
  floor: 'floor',
  ceil: 'ceil',
  trunc: 'trunc',
  round: 'rint',
};

/** C text of an operation on values of `dtype` (float32, float64, an integer type or bool). */
export function operationText(scope: KernelScope, op: ScalarOp, args: readonly string[], dtype: DType): string {
  if (infix[op]) return `${args[0]} ${infix[op]} ${args[1]}`;
  if (op === 'isNan') return isFloat(dtype) ? `${args[0]} != ${args[0]}` : '0';
  if (op === 'isInf') return isFloat(dtype) ? `__builtin_isinf(${args[0]}) != 0` : '0';
  if (dtype === 'bool') return boolText(op, args);
  return isFloat(dtype) ? floatText(scope, op, args, dtype) : integerText(scope, op, args, dtype);
}

function boolText(op: ScalarOp, args: readonly string[]): string {
  switch (op) {
    case 'not':
      return `!${args[0]}`;
    case 'add':
    case 'or':
    case 'maximum':
      return `${args[0]} | ${args[1]}`;
    case 'mul':
    case 'and':
    case 'minimum':
      return `${args[0]} & ${args[1]}`;
    case 'xor':
    case 'sub':
      return `${args[0]} ^ ${args[1]}`;
    case 'abs':
    case 'sign':
      return args[0];
    default:
      throw new Error(`internal: ${op} of bool`);
  }
}

function floatText(scope: KernelScope, op: ScalarOp, args: readonly string[], dtype: DType): string {
  const [a, b] = args;
  const f = dtype === 'float64' ? '' : 'f';
  const type = cTypes[dtype].local;
  const one = f ? '1.0f' : '1.0';
  if (arithmetic[op]) return `${a} ${arithmetic[op]} ${b}`;
  switch (op) {
    case 'div':
      return `${a} / ${b}`;
    case 'neg':
      return `-${a}`;
    case 'reciprocal':
      return `${one} / ${a}`;
    case 'rsqrt':
      return `${one} / __builtin_sqrt${f}(${a})`;
    case 'minimum':
      return `(${a} < ${b} || ${a} != ${a}) ? ${a} : ${b}`;
    case 'maximum':
      return `(${a} > ${b} || ${a} != ${a}) ? ${a} : ${b}`;
    case 'sign':
      return `(${type})((${a} > 0) - (${a} < 0))`;
    case 'not':
      return `${a} == 0`;
    case 'floorDivide':
    case 'remainder':
      scope.helpers.add(`tn_${op === 'remainder' ? 'remainder' : 'floor_divide'}${f}`);
      return `tn_${op === 'remainder' ? 'remainder' : 'floor_divide'}${f}(${a}, ${b})`;
    default:
  }
  const ours = preludeFunctions[op];
  if (dtype !== 'float64' && ours) {
    scope.uses.add(ours);
    return `${ours}(${args.join(', ')})`;
  }
  const libm = libmFunctions[op];
  if (libm) return `__builtin_${libm}${f}(${args.join(', ')})`;
  switch (op) {
    case 'sigmoid':
      return `1.0 / (1.0 + __builtin_exp(-${a}))`;
    case 'silu':
      return `${a} / (1.0 + __builtin_exp(-${a}))`;
    case 'geluErf':
      return `0.5 * ${a} * (1.0 + __builtin_erf(${a} * 0.70710678118654752440))`;
    case 'geluTanh':
      return `0.5 * ${a} * (1.0 + __builtin_tanh(0.79788456080286535588 * (${a} + 0.044715 * ${a} * ${a} * ${a})))`;
    default:
      throw new Error(`internal: ${op} of ${dtype}`);
  }
}

function integerText(scope: KernelScope, op: ScalarOp, args: readonly string[], dtype: DType): string {
  const [a, b] = args;
  const { local, wrapping } = cTypes[dtype];
  if (arithmetic[op]) return `(${local})((${wrapping})${a} ${arithmetic[op]} (${wrapping})${b})`;
  if (bitwise[op]) return `(${local})(${a} ${bitwise[op]} ${b})`;
  const helper = (name: string): string => {
    scope.helpers.add(name);
    return `(${local})${name}(${args.join(', ')})`;
  };
  switch (op) {
    case 'neg':
      return `(${local})(0 - (${wrapping})${a})`;
    case 'abs':
      return `(${local})(${a} < 0 ? 0 - (${wrapping})${a} : (${wrapping})${a})`;
    case 'sign':
      return `(${local})((${a} > 0) - (${a} < 0))`;
    case 'not':
      return `(${local})~${a}`;
    case 'minimum':
      return `${a} < ${b} ? ${a} : ${b}`;
    case 'maximum':
      return `${a} > ${b} ? ${a} : ${b}`;
    case 'floorDivide':
    case 'remainder':
    case 'div':
    case 'fmod':
      scope.helpers.add(integerHelpers[op]);
      return `(${local})${integerHelpers[op]}(t, ${a}, ${b})`;
    case 'pow':
      return helper('tn_ipow');
    case 'floor':
    case 'ceil':
    case 'trunc':
    case 'round':
      return a;
    default:
      throw new Error(`internal: ${op} of ${dtype}`);
  }
}

const integerHelpers = {
  floorDivide: 'tn_ifloordiv',
  remainder: 'tn_ifloormod',
  div: 'tn_itruncdiv',
  fmod: 'tn_itruncmod',
} as const;

/** C text of a value converted as PyTorch's `.to()` does. */
export function castText(scope: KernelScope, text: string, from: DType, to: DType): string {
  const half = (name: 'f16' | 'bf16', value: string): string => {
    scope.uses.add(name === 'f16' ? 'tn_f16_to_f32' : 'tn_bf16_to_f32');
    scope.uses.add(name === 'f16' ? 'tn_f32_to_f16' : 'tn_f32_to_bf16');
    return `tn_${name}_to_f32(tn_f32_to_${name}(${value}))`;
  };
  const asFloat = from === 'float64' || !isFloat(from) ? `(float)${text}` : text;
  switch (to) {
    case 'float32':
      return asFloat;
    case 'float16':
      return half('f16', asFloat);
    case 'bfloat16':
      return half('bf16', asFloat);
    case 'float64':
      return `(double)${text}`;
    case 'bool':
      return `${text} != 0`;
    default: {
      if (!isFloat(from)) return `(${cTypes[to].local})${text}`;
      scope.helpers.add('tn_to_int64');
      return to === 'int64' ? `tn_to_int64(${text})` : `(${cTypes[to].local})tn_to_int64(${text})`;
    }
  }
}
