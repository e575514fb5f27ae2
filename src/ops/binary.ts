/** @file Elementwise ops of two operands, either of which may be a number: arithmetic, extremes, comparison, logic. */

import { computeDType, type DType, dtypeInfo, isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import {
  bigFloorDivide,
  bigFloorRemainder,
  bigMax,
  bigMin,
  bigPow,
  floorDivide,
  floorRemainder,
  intPow,
} from './math.ts';
import {
  type BigFn2,
  binaryOperands,
  castScalar,
  lowerBinary,
  type NumberFn2,
  onnxCast,
  onnxOperands,
  type ScalarSideAttrs,
  zipElements,
} from './pointwise.ts';
import { onnxComputeDType, resultType, type ScalarOperand } from './promotion.ts';
import type { LoopBuilder, OnnxBuilder, OpRecord, Scalar, ScalarOp, TensorMeta } from './record.ts';
import { broadcastShapes } from './shapes.ts';

/** 'promote': the common dtype; 'float': integers give float32; 'bool': a truth value of the common dtype's elements. */
type ResultRule = 'promote' | 'float' | 'bool';

interface BinarySpec {
  readonly doc: string;
  readonly result: ResultRule;
  readonly f: NumberFn2;
  /** On 32-bit integers and narrower, where `f` would lose bits. */
  readonly int?: NumberFn2;
  readonly big: BigFn2;
  /** 'error' or the logical op that the operation is on truth values. */
  readonly bool?: 'error' | 'and' | 'or';
  readonly scalar: ScalarOp;
  readonly onnx: string | ((b: OnnxBuilder, left: string, right: string, dtype: DType) => string);
  /** Operands are taken as truth values. */
  readonly logical?: true;
}

export type BinaryAttrs = ScalarSideAttrs;

function commonDType(inputs: readonly TensorMeta[], attrs: ScalarSideAttrs): DType {
  const scalars: ScalarOperand[] = [];
  if (attrs.left !== undefined) scalars.push(attrs.left);
  if (attrs.right !== undefined) scalars.push(attrs.right);
  return resultType(inputs, scalars);
}

function defineBinary(name: string, spec: BinarySpec): OpRecord<BinaryAttrs> {
  const { result, scalar, onnx } = spec;
  /** The dtype the operands are brought to. */
  const operandDType = (common: DType): DType => {
    if (spec.logical) return 'bool';
    return result === 'float' && !isFloat(common) ? 'float32' : common;
  };
  const resultDType = (common: DType): DType => (result === 'bool' ? 'bool' : operandDType(common));
  const commonOf = (
    inputs: readonly { readonly dtype: DType; readonly shape: readonly unknown[] }[],
    attrs: BinaryAttrs,
  ): DType => commonDType(inputs as readonly TensorMeta[], attrs);
  return {
    name,
    family: 'binary',
    doc: spec.doc,
    effects: 'none',
    infer: (inputs, attrs) => {
      const common = commonDType(inputs, attrs);
      if (common === 'bool' && spec.bool === 'error') {
        throw new TnError({ what: `${name}: not defined for two bool operands`, fix: "convert one with .to('int32')" });
      }
      return [
        {
          dtype: resultDType(common),
          shape: broadcastShapes(
            name,
            inputs.map((x) => x.shape),
          ),
        },
      ];
    },
    eager: (inputs, attrs, [out]) => {
      const common = commonOf(
        inputs.map((x) => ({ dtype: x.dtype, shape: x.sizes })),
        attrs,
      );
      const compute = computeDType(operandDType(common));
      const [a, b] = binaryOperands(inputs, attrs, compute, out.shape);
      return [zipElements(a, b, out, functionFor(spec, compute), spec.big)];
    },
    lower: (b, inputs, attrs, [out]) => {
      const compute = computeDType(operandDType(commonOf(inputs, attrs)));
      return lowerBinary(b, inputs, attrs, out, compute, (left, right) => lowerOp(b, spec, scalar, left, right));
    },
    onnx: (b, inputs, attrs, [out]) => {
      const compute = computeDType(operandDType(commonOf(inputs, attrs)));
      const logic = compute === 'bool' && !spec.logical ? spec.bool : undefined;
      // Comparisons of truth values are those of 0 and 1.
      const dtype = compute === 'bool' && !spec.logical && logic === undefined ? 'int32' : compute;
      const [left, right] = onnxOperands(b, inputs, attrs, dtype);
      const at = onnxComputeDType(dtype);
      if (logic === 'and' || logic === 'or') return b.node(logic === 'and' ? 'And' : 'Or', [left, right]);
      const made = typeof onnx === 'string' ? b.node(onnx, [left, right])[0] : onnx(b, left, right, at);
      return [onnxCast(b, made, result === 'bool' ? 'bool' : at, out.dtype)];
    },
  };
}

/** The function on JavaScript numbers for one compute dtype. */
function functionFor(spec: BinarySpec, compute: DType): NumberFn2 {
  if (compute === 'bool' && spec.bool === 'or') return (a, b) => a | b;
  if (compute === 'bool' && spec.bool === 'and') return (a, b) => a & b;
  return dtypeInfo[compute].category === 'int' ? (spec.int ?? spec.f) : spec.f;
}

function lowerOp(b: LoopBuilder, spec: BinarySpec, scalar: ScalarOp, left: Scalar, right: Scalar): Scalar {
  if (left.dtype !== 'bool' || spec.logical) return b.op(scalar, left, right);
  if (spec.bool === 'and' || spec.bool === 'or') return b.op(spec.bool, left, right);
  return b.op(scalar, castScalar(b, left, 'int32'), castScalar(b, right, 'int32'));
}

function divideByZero(name: string): never {
  throw new TnError({
    what: `${name}: integer division by zero`,
    fix: 'divide floats, or keep zeros out of the divisor',
  });
}

const not = (b: OnnxBuilder, x: string): string => b.node('Not', [x])[0];

/** Mod of ONNX has the divisor's sign on integers only. */
function onnxRemainder(b: OnnxBuilder, x: string, y: string, dtype: DType): string {
  if (!isFloat(dtype)) return b.node('Mod', [x, y])[0];
  const rest = b.node('Mod', [x, y], { fmod: 1 })[0];
  const zero = b.constant(0, dtype);
  const signs = b.node('Xor', [b.node('Less', [rest, zero])[0], b.node('Less', [y, zero])[0]])[0];
  const wrong = b.node('And', [signs, not(b, b.node('Equal', [rest, zero])[0])])[0];
  return b.node('Where', [wrong, b.node('Add', [rest, y])[0], rest])[0];
}

function onnxFloorDivide(b: OnnxBuilder, x: string, y: string, dtype: DType): string {
  const exact = b.node('Div', [b.node('Sub', [x, onnxRemainder(b, x, y, dtype)])[0], y])[0];
  if (!isFloat(dtype)) return exact;
  const byZero = b.node('Equal', [y, b.constant(0, dtype)])[0];
  return b.node('Where', [byZero, b.node('Div', [x, y])[0], b.node('Round', [exact])[0]])[0];
}

/** ONNX has no two-argument arc tangent: the quadrant is chosen by the signs. */
function onnxAtan2(b: OnnxBuilder, y: string, x: string, dtype: DType): string {
  const [y32, x32] = [onnxCast(b, y, dtype, 'float32'), onnxCast(b, x, dtype, 'float32')];
  const zero = b.constant(0, 'float32');
  const pi = b.constant(Math.PI, 'float32');
  const below = b.node('Less', [y32, zero])[0];
  const base = b.node('Atan', b.node('Div', [y32, x32]))[0];
  const shifted = b.node('Where', [below, b.node('Sub', [base, pi])[0], b.node('Add', [base, pi])[0]])[0];
  const angle = b.node('Where', [b.node('Less', [x32, zero])[0], shifted, base])[0];
  const origin = b.node('And', [b.node('Equal', [x32, zero])[0], b.node('Equal', [y32, zero])[0]])[0];
  return onnxCast(b, b.node('Where', [origin, zero, angle])[0], 'float32', dtype);
}

const compare = (
  doc: string,
  scalar: ScalarOp,
  f: (a: number | bigint, b: number | bigint) => boolean,
  onnx: BinarySpec['onnx'],
): BinarySpec => ({
  doc,
  result: 'bool',
  f: (a, b) => (f(a, b) ? 1 : 0),
  big: (a, b) => (f(a, b) ? 1 : 0),
  scalar,
  onnx,
});

const logic = (doc: string, scalar: ScalarOp, f: NumberFn2, onnx: string): BinarySpec => ({
  doc,
  result: 'bool',
  logical: true,
  f,
  big: (a, b) => f(Number(a), Number(b)),
  scalar,
  onnx,
});

export const binaryOps = {
  add: defineBinary('add', {
    doc: 'torch.add',
    result: 'promote',
    f: (a, b) => a + b,
    big: (a, b) => a + b,
    bool: 'or',
    scalar: 'add',
    onnx: 'Add',
  }),
  sub: defineBinary('sub', {
    doc: 'torch.sub',
    result: 'promote',
    f: (a, b) => a - b,
    big: (a, b) => a - b,
    bool: 'error',
    scalar: 'sub',
    onnx: 'Sub',
  }),
  mul: defineBinary('mul', {
    doc: 'torch.mul',
    result: 'promote',
    f: (a, b) => a * b,
    int: Math.imul,
    big: (a, b) => a * b,
    bool: 'and',
    scalar: 'mul',
    onnx: 'Mul',
  }),
  div: defineBinary('div', {
    doc: 'torch.div (true division: integers give float32)',
    result: 'float',
    f: (a, b) => a / b,
    big: (a, b) => a / b,
    scalar: 'div',
    onnx: 'Div',
  }),
  floorDivide: defineBinary('floorDivide', {
    doc: "torch.floor_divide, div(rounding_mode='floor')",
    result: 'promote',
    f: floorDivide,
    int: (a, b) => (b === 0 ? divideByZero('floorDivide') : Math.floor(a / b)),
    big: (a, b) => (b === 0n ? divideByZero('floorDivide') : bigFloorDivide(a, b)),
    bool: 'error',
    scalar: 'floorDivide',
    onnx: onnxFloorDivide,
  }),
  remainder: defineBinary('remainder', {
    doc: 'torch.remainder (sign of the divisor)',
    result: 'promote',
    f: floorRemainder,
    int: (a, b) => (b === 0 ? divideByZero('remainder') : floorRemainder(a, b)),
    big: (a, b) => (b === 0n ? divideByZero('remainder') : bigFloorRemainder(a, b)),
    bool: 'error',
    scalar: 'remainder',
    onnx: onnxRemainder,
  }),
  fmod: defineBinary('fmod', {
    doc: 'torch.fmod (sign of the dividend)',
    result: 'promote',
    f: (a, b) => a % b,
    int: (a, b) => (b === 0 ? divideByZero('fmod') : a % b),
    big: (a, b) => (b === 0n ? divideByZero('fmod') : a % b),
    bool: 'error',
    scalar: 'fmod',
    onnx: (b, x, y) => b.node('Mod', [x, y], { fmod: 1 })[0],
  }),
  pow: defineBinary('pow', {
    doc: 'torch.pow',
    result: 'promote',
    f: powFloat,
    int: intPow,
    big: bigPow,
    bool: 'error',
    scalar: 'pow',
    onnx: 'Pow',
  }),
  minimum: defineBinary('minimum', {
    doc: 'torch.minimum (NaN wins)',
    result: 'promote',
    f: Math.min,
    big: bigMin,
    bool: 'and',
    scalar: 'minimum',
    onnx: 'Min',
  }),
  maximum: defineBinary('maximum', {
    doc: 'torch.maximum (NaN wins)',
    result: 'promote',
    f: Math.max,
    big: bigMax,
    bool: 'or',
    scalar: 'maximum',
    onnx: 'Max',
  }),
  atan2: defineBinary('atan2', {
    doc: 'torch.atan2',
    result: 'float',
    f: Math.atan2,
    big: (a, b) => Math.atan2(Number(a), Number(b)),
    scalar: 'atan2',
    onnx: onnxAtan2,
  }),
  eq: defineBinary(
    'eq',
    compare('torch.eq', 'eq', (a, b) => a === b, 'Equal'),
  ),
  ne: defineBinary(
    'ne',
    compare(
      'torch.ne',
      'ne',
      (a, b) => a !== b,
      (b, x, y) => not(b, b.node('Equal', [x, y])[0]),
    ),
  ),
  lt: defineBinary(
    'lt',
    compare('torch.lt', 'lt', (a, b) => a < b, 'Less'),
  ),
  le: defineBinary(
    'le',
    compare('torch.le', 'le', (a, b) => a <= b, 'LessOrEqual'),
  ),
  gt: defineBinary(
    'gt',
    compare('torch.gt', 'gt', (a, b) => a > b, 'Greater'),
  ),
  ge: defineBinary(
    'ge',
    compare('torch.ge', 'ge', (a, b) => a >= b, 'GreaterOrEqual'),
  ),
  logicalAnd: defineBinary(
    'logicalAnd',
    logic('torch.logical_and', 'and', (a, b) => a & b, 'And'),
  ),
  logicalOr: defineBinary(
    'logicalOr',
    logic('torch.logical_or', 'or', (a, b) => a | b, 'Or'),
  ),
  logicalXor: defineBinary(
    'logicalXor',
    logic('torch.logical_xor', 'xor', (a, b) => a ^ b, 'Xor'),
  ),
};

/** IEEE pow: unlike JavaScript's, 1 to any power is 1, and so is -1 to an infinite one. */
function powFloat(base: number, exponent: number): number {
  if (base === 1 || (base === -1 && Math.abs(exponent) === Number.POSITIVE_INFINITY)) return 1;
  return base ** exponent;
}
