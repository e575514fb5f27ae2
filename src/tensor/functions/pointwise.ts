/** @file Elementwise functions: arithmetic, comparison, activations, `where`, `clamp`, casts. */

import type { DType } from '../../core/dtype.ts';
import { assertDType } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import type { BinaryAttrs } from '../../ops/binary.ts';
import { ops } from '../../ops/index.ts';
import type { OpRecord } from '../../ops/record.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { assertTensor, describe, isScalar, isTensor, type Mask, meetScalar, type Operand } from './operands.ts';

type UnaryRecord = OpRecord<Record<never, never>>;

function binary(op: OpRecord<BinaryAttrs>, left: Operand, right: Operand): Tensor {
  if (isTensor(left) && isTensor(right)) return apply1(op, [left, right], {});
  if (isTensor(left) && isScalar(right)) return apply1(op, [meetScalar(left, right)], { right });
  if (isTensor(right) && isScalar(left)) return apply1(op, [meetScalar(right, left)], { left });
  throw new TnError({
    what: `${op.name}: needs a tensor and a tensor or number`,
    found: [`found ${describe(left)} and ${describe(right)}`],
  });
}

const binaryFunction =
  (op: OpRecord<BinaryAttrs>) =>
  (left: Operand, right: Operand): Tensor =>
    binary(op, left, right);

const unaryFunction =
  <X extends Mask = TensorLike>(op: UnaryRecord) =>
  (x: X): Tensor => {
    if (!isTensor(x)) throw new TnError({ what: `${op.name}: needs a tensor`, found: [`found ${describe(x)}`] });
    return apply1(op, [x], {});
  };

const addRecords = binaryFunction(ops.add);
const subRecords = binaryFunction(ops.sub);

/** left + alpha * right, broadcast and promoted (torch.add). */
export function add(left: Operand, right: Operand, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return addRecords(left, alpha === 1 ? right : scaled(right, alpha));
}

/** left - alpha * right (torch.sub). */
export function sub(left: Operand, right: Operand, { alpha = 1 }: { readonly alpha?: number } = {}): Tensor {
  return subRecords(left, alpha === 1 ? right : scaled(right, alpha));
}

function scaled(x: Operand, alpha: number): Operand {
  return isTensor(x) ? mul(x, alpha) : Number(x) * alpha;
}

export const mul = binaryFunction(ops.mul);
const trueDivide = binaryFunction(ops.div);
export const floorDivide = binaryFunction(ops.floorDivide);

/** True division (integers give float32), or rounded towards zero or down (torch.div). */
export function div(
  left: Operand,
  right: Operand,
  { roundingMode = null }: { readonly roundingMode?: 'trunc' | 'floor' | null } = {},
): Tensor {
  if (roundingMode === 'floor') return floorDivide(left, right);
  const exact = trueDivide(left, right);
  if (roundingMode === null) return exact;
  const dtype = apply1ResultType(left, right);
  if (dtype === exact.dtype) return trunc(exact);
  // Integers: the quotient towards zero is the exact division of what fmod leaves over.
  return floorDivide(subRecords(left, fmod(left, right)), right);
}

function apply1ResultType(left: Operand, right: Operand): DType {
  const tensors = [left, right].filter(isTensor);
  const metas = tensors.map((x) => ({ dtype: x.dtype, shape: x.sizes }));
  return ops.fmod.infer(metas, isTensor(left) ? (isTensor(right) ? {} : { right }) : { left })[0].dtype;
}

export const remainder = binaryFunction(ops.remainder);
export const fmod = binaryFunction(ops.fmod);
export const pow = binaryFunction(ops.pow);
export const minimum = binaryFunction(ops.minimum);
export const maximum = binaryFunction(ops.maximum);
export const atan2 = binaryFunction(ops.atan2);
export const eq = binaryFunction(ops.eq);
export const ne = binaryFunction(ops.ne);
export const lt = binaryFunction(ops.lt);
export const le = binaryFunction(ops.le);
export const gt = binaryFunction(ops.gt);
export const ge = binaryFunction(ops.ge);
export const logicalAnd = binaryFunction(ops.logicalAnd);
export const logicalOr = binaryFunction(ops.logicalOr);
export const logicalXor = binaryFunction(ops.logicalXor);

export const neg = unaryFunction(ops.neg);
export const abs = unaryFunction(ops.abs);
export const sign = unaryFunction(ops.sign);
export const exp = unaryFunction(ops.exp);
export const expm1 = unaryFunction(ops.expm1);
export const log = unaryFunction(ops.log);
export const log2 = unaryFunction(ops.log2);
export const log10 = unaryFunction(ops.log10);
export const log1p = unaryFunction(ops.log1p);
export const sqrt = unaryFunction(ops.sqrt);
export const rsqrt = unaryFunction(ops.rsqrt);
export const reciprocal = unaryFunction(ops.reciprocal);
export const sin = unaryFunction(ops.sin);
export const cos = unaryFunction(ops.cos);
export const tan = unaryFunction(ops.tan);
export const tanh = unaryFunction(ops.tanh);
export const sigmoid = unaryFunction(ops.sigmoid);
export const erf = unaryFunction(ops.erf);
export const floor = unaryFunction(ops.floor);
export const ceil = unaryFunction(ops.ceil);
export const round = unaryFunction(ops.round);
export const trunc = unaryFunction(ops.trunc);
export const relu = unaryFunction(ops.relu);
export const silu = unaryFunction(ops.silu);
export const logicalNot = unaryFunction<Mask>(ops.logicalNot);
export const isNan = unaryFunction(ops.isNan);
export const isInf = unaryFunction(ops.isInf);
export const clone = unaryFunction(ops.clone);
const geluErf = unaryFunction(ops.gelu);
const geluTanh = unaryFunction(ops.geluTanh);

/** x * x (torch.square). */
export function square(x: TensorLike): Tensor {
  return mul(x, x);
}

/** Neither NaN nor infinite (torch.isfinite). */
function allFinite(x: TensorLike): Tensor {
  return logicalNot(logicalOr(isNan(x), isInf(x)));
}

export { allFinite as isFinite };

export interface GeluOptions {
  readonly approximate?: 'none' | 'tanh';
}

/** Gaussian error linear unit, exact or in its tanh form (torch.nn.functional.gelu). Float tensors only. */
export function gelu(x: TensorLike, { approximate = 'none' }: GeluOptions = {}): Tensor {
  return approximate === 'tanh' ? geluTanh(x) : geluErf(x);
}

/** Another dtype; the tensor itself if it already has it (torch.Tensor.to). */
export function to(x: TensorLike, dtype: DType): Tensor {
  assertTensor(x, 'to', 'x');
  assertDType(dtype, 'to');
  return x.dtype === dtype ? x : apply1(ops.cast, [x], { dtype });
}
