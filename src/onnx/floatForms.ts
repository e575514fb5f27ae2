/** @file The ONNX form of each function that a number computed from dims may be made with, on 0-d float64 values. */

import { ops } from '../ops/index.ts';
import type { OnnxBuilder, OpRecord } from '../ops/record.ts';
import type { FloatFunction } from '../symbolic/floatNode.ts';

type FloatForm = (b: OnnxBuilder, ...args: string[]) => string;

const plain =
  (opType: string): FloatForm =>
  (b, ...args) =>
    b.node(opType, args)[0];

/** As the tensor op does it. */
const asOp =
  ({ onnx }: Pick<OpRecord<Record<never, never>>, 'onnx'>): FloatForm =>
  (b, ...args) => {
    const scalar = { dtype: 'float64', shape: [] } as const;
    const inputs = args.map((name) => ({ ...scalar, name }));
    return onnx === 'none' ? args[0] : onnx(b, inputs, {}, [scalar])[0];
  };

/** onnxruntime has the inverse functions in float32 only: good to 1e-7. */
const inFloat32 =
  (opType: string): FloatForm =>
  (b, x) =>
    b.cast(b.node(opType, [b.cast(x, 'float64', 'float32')])[0], 'float32', 'float64');

const add = plain('Add');
const sub = plain('Sub');
const mul = plain('Mul');
const div = plain('Div');
const sqrt = plain('Sqrt');
const exp = plain('Exp');
const log = plain('Log');
const neg = plain('Neg');
const floor = plain('Floor');
const number = (b: OnnxBuilder, value: number): string => b.constant(value, 'float64');

/** (eˣ ± e⁻ˣ) / 2 */
const hyperbolic =
  (join: FloatForm): FloatForm =>
  (b, x) =>
    mul(b, join(b, exp(b, x), exp(b, neg(b, x))), number(b, 0.5));

/** log(x + √(x² ± 1)) */
const inverseHyperbolic =
  (join: FloatForm): FloatForm =>
  (b, x) =>
    log(b, add(b, x, sqrt(b, join(b, mul(b, x, x), number(b, 1)))));

export const floatForms: { readonly [F in FloatFunction]: FloatForm } = {
  add,
  sub,
  mul,
  div,
  mod: (b, x, y) => b.node('Mod', [x, y], { fmod: 1 })[0],
  pow: plain('Pow'),
  neg,
  min: plain('Min'),
  max: plain('Max'),
  abs: plain('Abs'),
  // Halves go up, also below zero; adding 0.5 first would round 0.49999999999999994 up.
  round: (b, x) => {
    const below = floor(b, x);
    const up = b.node('GreaterOrEqual', [sub(b, x, below), number(b, 0.5)])[0];
    return add(b, below, b.cast(up, 'bool', 'float64'));
  },
  fround: (b, x) => b.cast(b.cast(x, 'float64', 'float32'), 'float32', 'float64'),
  floor,
  ceil: plain('Ceil'),
  trunc: asOp(ops.trunc),
  sqrt,
  cbrt: (b, x) => mul(b, b.node('Sign', [x])[0], b.node('Pow', [b.node('Abs', [x])[0], number(b, 1 / 3)])[0]),
  exp,
  expm1: asOp(ops.expm1),
  log,
  log2: asOp(ops.log2),
  log10: asOp(ops.log10),
  log1p: asOp(ops.log1p),
  sin: plain('Sin'),
  cos: plain('Cos'),
  tan: asOp(ops.tan),
  asin: inFloat32('Asin'),
  acos: inFloat32('Acos'),
  atan: inFloat32('Atan'),
  sinh: hyperbolic(sub),
  cosh: hyperbolic(add),
  tanh: plain('Tanh'),
  asinh: inverseHyperbolic(add),
  acosh: inverseHyperbolic(sub),
  atanh: (b, x) => mul(b, log(b, div(b, add(b, number(b, 1), x), sub(b, number(b, 1), x))), number(b, 0.5)),
  atan2: asOp(ops.atan2),
  hypot: (b, x, y) => sqrt(b, add(b, mul(b, x, x), mul(b, y, y))),
};
