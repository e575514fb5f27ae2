/** @file Elementwise ops of one tensor: arithmetic, exponentials, rounding, activations, predicates, casts and copies. */

import { computeDType, type DType, isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { copyView, fromElements, readElements } from './kernels.ts';
import { erf, geluErf, geluTanh, roundHalfEven, sigmoid, silu } from './math.ts';
import { castScalar, lowerPointwise, mapElements, type NumberFn1, onnxCast } from './pointwise.ts';
import { onnxComputeDType } from './promotion.ts';
import type { LoopBuilder, OnnxBuilder, OpRecord, Scalar, ScalarOp } from './record.ts';

type NoAttrs = Record<never, never>;

/** Which dtype the result has: the input's, a float one (integers give float32), or bool. */
type ResultRule = 'same' | 'float' | 'bool';

interface UnarySpec {
  readonly doc: string;
  readonly result: ResultRule;
  /** On numbers; int64 goes through `big` when it is there. */
  readonly f: NumberFn1;
  readonly big?: (a: bigint) => bigint | number;
  /** The scalar op, or how the value is made of several. */
  readonly scalar: ScalarOp | ((b: LoopBuilder, x: Scalar) => Scalar);
  /** ONNX op type, or nodes on a value of `dtype`. */
  readonly onnx: string | ((b: OnnxBuilder, x: string, dtype: DType) => string);
  /** Integers pass through unchanged (floor of an int). */
  readonly integerIdentity?: true;
  readonly floatOnly?: true;
  readonly notBool?: true;
}

function unaryResult(rule: ResultRule, dtype: DType): DType {
  if (rule === 'bool') return 'bool';
  return rule === 'float' && !isFloat(dtype) ? 'float32' : dtype;
}

/** The dtype a value of `dtype` is computed in under `rule`. */
function unaryCompute(rule: ResultRule, dtype: DType): DType {
  return rule === 'float' ? computeDType(unaryResult('float', dtype)) : computeDType(dtype);
}

function defineUnary<N extends string>(name: N, spec: UnarySpec): OpRecord<NoAttrs> {
  const { result, scalar, onnx } = spec;
  return {
    name,
    family: 'unary',
    doc: spec.doc,
    effects: 'none',
    infer: ([x]) => {
      if ((spec.floatOnly && !isFloat(x.dtype)) || (spec.notBool && x.dtype === 'bool')) {
        throw new TnError({
          what: `${name}: not defined for ${x.dtype}`,
          fix: spec.floatOnly ? "convert with .to('float32') first" : "convert with .to('int32') first",
        });
      }
      return [{ dtype: unaryResult(result, x.dtype), shape: x.shape }];
    },
    eager: ([x], _attrs, [out]) => {
      if (spec.integerIdentity && !isFloat(x.dtype)) return [copyView(x)];
      return [mapElements(x, unaryCompute(result, x.dtype), out, spec.f, spec.big)];
    },
    lower: (b, inputs, _attrs, [out]) => {
      const [x] = inputs;
      if (spec.integerIdentity && !isFloat(x.dtype)) return lowerPointwise(b, inputs, out, x.dtype, ([v]) => v);
      return lowerPointwise(b, inputs, out, unaryCompute(result, x.dtype), ([v]) =>
        typeof scalar === 'string' ? b.op(scalar, v) : scalar(b, v),
      );
    },
    onnx: (b, [x], _attrs, [out]) => {
      if (spec.integerIdentity && !isFloat(x.dtype)) return b.node('Identity', [x.name]);
      const compute = onnxComputeDType(unaryCompute(result, x.dtype));
      const from = onnxCast(b, x.name, x.dtype, compute);
      const made = typeof onnx === 'string' ? b.node(onnx, [from])[0] : onnx(b, from, compute);
      return [onnxCast(b, made, result === 'bool' ? 'bool' : compute, out.dtype)];
    },
  };
}

const one = (b: OnnxBuilder, value: number, dtype: DType): string => b.constant(value, dtype);

/** Erf and Gelu kernels of onnxruntime exist in float32 only. */
function inFloat32(op: string, attrs: Readonly<Record<string, string>> = {}) {
  return (b: OnnxBuilder, x: string, dtype: DType): string =>
    onnxCast(b, b.node(op, [onnxCast(b, x, dtype, 'float32')], attrs)[0], 'float32', dtype);
}

const bigAbs = (a: bigint): bigint => (a < 0n ? -a : a);
const bigSign = (a: bigint): bigint => (a > 0n ? 1n : a < 0n ? -1n : 0n);

export const unaryOps = {
  neg: defineUnary('neg', {
    doc: 'torch.neg',
    result: 'same',
    notBool: true,
    f: (a) => -a,
    big: (a) => -a,
    scalar: 'neg',
    onnx: 'Neg',
  }),
  abs: defineUnary('abs', {
    doc: 'torch.abs',
    result: 'same',
    notBool: true,
    f: Math.abs,
    big: bigAbs,
    scalar: 'abs',
    onnx: 'Abs',
  }),
  sign: defineUnary('sign', {
    doc: 'torch.sign; NaN gives 0 as there',
    result: 'same',
    notBool: true,
    f: (a) => (a > 0 ? 1 : a < 0 ? -1 : 0),
    big: bigSign,
    scalar: 'sign',
    onnx: 'Sign',
  }),
  exp: defineUnary('exp', { doc: 'torch.exp', result: 'float', f: Math.exp, scalar: 'exp', onnx: 'Exp' }),
  expm1: defineUnary('expm1', {
    doc: 'torch.expm1',
    result: 'float',
    f: Math.expm1,
    scalar: 'expm1',
    onnx: (b, x, dtype) => b.node('Sub', [b.node('Exp', [x])[0], one(b, 1, dtype)])[0],
  }),
  log: defineUnary('log', { doc: 'torch.log', result: 'float', f: Math.log, scalar: 'log', onnx: 'Log' }),
  log2: defineUnary('log2', {
    doc: 'torch.log2',
    result: 'float',
    f: Math.log2,
    scalar: 'log2',
    onnx: (b, x, dtype) => b.node('Mul', [b.node('Log', [x])[0], one(b, Math.LOG2E, dtype)])[0],
  }),
  log10: defineUnary('log10', {
    doc: 'torch.log10',
    result: 'float',
    f: Math.log10,
    scalar: 'log10',
    onnx: (b, x, dtype) => b.node('Mul', [b.node('Log', [x])[0], one(b, Math.LOG10E, dtype)])[0],
  }),
  log1p: defineUnary('log1p', {
    doc: 'torch.log1p',
    result: 'float',
    f: Math.log1p,
    scalar: 'log1p',
    onnx: (b, x, dtype) => b.node('Log', [b.node('Add', [x, one(b, 1, dtype)])[0]])[0],
  }),
  sqrt: defineUnary('sqrt', { doc: 'torch.sqrt', result: 'float', f: Math.sqrt, scalar: 'sqrt', onnx: 'Sqrt' }),
  rsqrt: defineUnary('rsqrt', {
    doc: 'torch.rsqrt',
    result: 'float',
    f: (a) => 1 / Math.sqrt(a),
    scalar: 'rsqrt',
    onnx: (b, x) => b.node('Reciprocal', b.node('Sqrt', [x]))[0],
  }),
  reciprocal: defineUnary('reciprocal', {
    doc: 'torch.reciprocal',
    result: 'float',
    f: (a) => 1 / a,
    scalar: 'reciprocal',
    onnx: 'Reciprocal',
  }),
  sin: defineUnary('sin', { doc: 'torch.sin', result: 'float', f: Math.sin, scalar: 'sin', onnx: 'Sin' }),
  cos: defineUnary('cos', { doc: 'torch.cos', result: 'float', f: Math.cos, scalar: 'cos', onnx: 'Cos' }),
  tan: defineUnary('tan', {
    doc: 'torch.tan',
    result: 'float',
    f: Math.tan,
    scalar: 'tan',
    onnx: (b, x) => b.node('Div', [b.node('Sin', [x])[0], b.node('Cos', [x])[0]])[0],
  }),
  tanh: defineUnary('tanh', { doc: 'torch.tanh', result: 'float', f: Math.tanh, scalar: 'tanh', onnx: 'Tanh' }),
  sigmoid: defineUnary('sigmoid', {
    doc: 'torch.sigmoid',
    result: 'float',
    f: sigmoid,
    scalar: 'sigmoid',
    onnx: 'Sigmoid',
  }),
  erf: defineUnary('erf', { doc: 'torch.erf', result: 'float', f: erf, scalar: 'erf', onnx: inFloat32('Erf') }),
  floor: defineUnary('floor', {
    doc: 'torch.floor',
    result: 'same',
    integerIdentity: true,
    notBool: true,
    f: Math.floor,
    scalar: 'floor',
    onnx: 'Floor',
  }),
  ceil: defineUnary('ceil', {
    doc: 'torch.ceil',
    result: 'same',
    integerIdentity: true,
    notBool: true,
    f: Math.ceil,
    scalar: 'ceil',
    onnx: 'Ceil',
  }),
  round: defineUnary('round', {
    doc: 'torch.round (half to even)',
    result: 'same',
    integerIdentity: true,
    notBool: true,
    f: roundHalfEven,
    scalar: 'round',
    onnx: 'Round',
  }),
  trunc: defineUnary('trunc', {
    doc: 'torch.trunc',
    result: 'same',
    integerIdentity: true,
    notBool: true,
    f: Math.trunc,
    scalar: 'trunc',
    onnx: (b, x, dtype) => {
      const negative = b.node('Less', [x, one(b, 0, dtype)])[0];
      return b.node('Where', [negative, b.node('Ceil', [x])[0], b.node('Floor', [x])[0]])[0];
    },
  }),
  relu: defineUnary('relu', {
    doc: 'torch.relu',
    result: 'same',
    notBool: true,
    f: (a) => Math.max(a, 0),
    big: (a) => (a < 0n ? 0n : a),
    scalar: (b, x) => b.op('maximum', x, b.number(0, x.dtype)),
    onnx: (b, x, dtype) => b.node('Max', [x, one(b, 0, dtype)])[0],
  }),
  silu: defineUnary('silu', {
    doc: 'torch.nn.functional.silu',
    result: 'same',
    floatOnly: true,
    f: silu,
    scalar: 'silu',
    onnx: (b, x, dtype) => {
      // onnxruntime fuses x * sigmoid(x) into a kernel that it has in float32 only.
      if (dtype === 'float32') return b.node('Mul', [x, b.node('Sigmoid', [x])[0]])[0];
      const exp = b.node('Exp', b.node('Neg', [x]))[0];
      return b.node('Div', [x, b.node('Add', [exp, one(b, 1, dtype)])[0]])[0];
    },
  }),
  gelu: defineUnary('gelu', {
    doc: "torch.nn.functional.gelu, approximate='none'",
    result: 'same',
    floatOnly: true,
    f: geluErf,
    scalar: 'geluErf',
    onnx: inFloat32('Gelu', { approximate: 'none' }),
  }),
  geluTanh: defineUnary('geluTanh', {
    doc: "torch.nn.functional.gelu, approximate='tanh'",
    result: 'same',
    floatOnly: true,
    f: geluTanh,
    scalar: 'geluTanh',
    onnx: inFloat32('Gelu', { approximate: 'tanh' }),
  }),
  logicalNot: defineUnary('logicalNot', {
    doc: 'torch.logical_not',
    result: 'bool',
    f: (a) => (a === 0 ? 1 : 0),
    big: (a) => (a === 0n ? 1 : 0),
    scalar: (b, x) => b.op('not', castScalar(b, x, 'bool')),
    onnx: (b, x, dtype) => b.node('Not', [onnxCast(b, x, dtype, 'bool')])[0],
  }),
  isNan: defineUnary('isNan', {
    doc: 'torch.isnan',
    result: 'bool',
    f: (a) => (Number.isNaN(a) ? 1 : 0),
    big: () => 0,
    scalar: (b, x) => (isFloat(x.dtype) ? b.op('isNan', x) : b.constant(false, 'bool')),
    onnx: (b, x, dtype) => b.node('IsNaN', [onnxCast(b, x, dtype, isFloat(dtype) ? dtype : 'float32')])[0],
  }),
  isInf: defineUnary('isInf', {
    doc: 'torch.isinf',
    result: 'bool',
    f: (a) => (a === Number.POSITIVE_INFINITY || a === Number.NEGATIVE_INFINITY ? 1 : 0),
    big: () => 0,
    scalar: (b, x) => (isFloat(x.dtype) ? b.op('isInf', x) : b.constant(false, 'bool')),
    onnx: (b, x, dtype) => b.node('IsInf', [onnxCast(b, x, dtype, isFloat(dtype) ? dtype : 'float32')])[0],
  }),
  /** Another dtype, each element rounded (floats, to nearest even) or truncated and wrapped (integers). */
  cast: {
    name: 'cast',
    family: 'unary',
    doc: 'torch.Tensor.to(dtype)',
    effects: 'none',
    infer: ([x], { dtype }) => [{ dtype, shape: x.shape }],
    eager: ([x], { dtype }, [out]) => {
      if (x.dtype === dtype) return [copyView(x)];
      const values = readElements(x, dtype);
      // Contiguous data of the compute dtype comes back uncopied: only then is it the source's own memory.
      return [fromElements(out, values)];
    },
    lower: (b, inputs, _attrs, [out]) => lowerPointwise(b, inputs, out, inputs[0].dtype, ([v]) => v),
    onnx: (b, [x], { dtype }) => [b.cast(x.name, x.dtype, dtype)],
  } satisfies OpRecord<{ readonly dtype: DType }>,
  clone: {
    name: 'clone',
    family: 'unary',
    doc: 'torch.clone; also .contiguous() of a tensor that is not',
    effects: 'none',
    infer: ([x]) => [{ dtype: x.dtype, shape: x.shape }],
    eager: ([x]) => [copyView(x)],
    lower: (b, inputs, _attrs, [out]) => [b.pointwise(out, (index) => b.load(inputs[0], index))],
    onnx: (b, [x]) => b.node('Identity', [x.name]),
  } satisfies OpRecord<NoAttrs>,
};
