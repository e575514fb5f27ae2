/** @file Elementwise methods and in-place writes of tensors. Semantics: the functions of the same name. */

import type { DType } from '../core/dtype.ts';
import * as mutate from './functions/mutate.ts';
import type { Operand, ScalarOperand } from './functions/operands.ts';
import * as f from './functions/pointwise.ts';
import type { Tensor } from './tensor.ts';
import { TensorBase } from './tensorBase.ts';

type Alpha = { readonly alpha?: number };
type Rounding = { readonly roundingMode?: 'trunc' | 'floor' | null };

export abstract class TensorMath extends TensorBase {
  add(this: Tensor, other: Operand, options?: Alpha): Tensor {
    return f.add(this, other, options);
  }
  sub(this: Tensor, other: Operand, options?: Alpha): Tensor {
    return f.sub(this, other, options);
  }
  /** other - this. */
  rsub(this: Tensor, other: Operand): Tensor {
    return f.sub(other, this);
  }
  mul(this: Tensor, other: Operand): Tensor {
    return f.mul(this, other);
  }
  div(this: Tensor, other: Operand, options?: Rounding): Tensor {
    return f.div(this, other, options);
  }
  floorDivide(this: Tensor, other: Operand): Tensor {
    return f.floorDivide(this, other);
  }
  remainder(this: Tensor, other: Operand): Tensor {
    return f.remainder(this, other);
  }
  fmod(this: Tensor, other: Operand): Tensor {
    return f.fmod(this, other);
  }
  pow(this: Tensor, exponent: Operand): Tensor {
    return f.pow(this, exponent);
  }
  minimum(this: Tensor, other: Operand): Tensor {
    return f.minimum(this, other);
  }
  maximum(this: Tensor, other: Operand): Tensor {
    return f.maximum(this, other);
  }
  atan2(this: Tensor, other: Operand): Tensor {
    return f.atan2(this, other);
  }
  eq(this: Tensor, other: Operand): Tensor {
    return f.eq(this, other);
  }
  ne(this: Tensor, other: Operand): Tensor {
    return f.ne(this, other);
  }
  lt(this: Tensor, other: Operand): Tensor {
    return f.lt(this, other);
  }
  le(this: Tensor, other: Operand): Tensor {
    return f.le(this, other);
  }
  gt(this: Tensor, other: Operand): Tensor {
    return f.gt(this, other);
  }
  ge(this: Tensor, other: Operand): Tensor {
    return f.ge(this, other);
  }
  logicalAnd(this: Tensor, other: Operand): Tensor {
    return f.logicalAnd(this, other);
  }
  logicalOr(this: Tensor, other: Operand): Tensor {
    return f.logicalOr(this, other);
  }
  logicalXor(this: Tensor, other: Operand): Tensor {
    return f.logicalXor(this, other);
  }
  logicalNot(this: Tensor): Tensor {
    return f.logicalNot(this);
  }
  neg(this: Tensor): Tensor {
    return f.neg(this);
  }
  abs(this: Tensor): Tensor {
    return f.abs(this);
  }
  sign(this: Tensor): Tensor {
    return f.sign(this);
  }
  square(this: Tensor): Tensor {
    return f.square(this);
  }
  exp(this: Tensor): Tensor {
    return f.exp(this);
  }
  expm1(this: Tensor): Tensor {
    return f.expm1(this);
  }
  log(this: Tensor): Tensor {
    return f.log(this);
  }
  log2(this: Tensor): Tensor {
    return f.log2(this);
  }
  log10(this: Tensor): Tensor {
    return f.log10(this);
  }
  log1p(this: Tensor): Tensor {
    return f.log1p(this);
  }
  sqrt(this: Tensor): Tensor {
    return f.sqrt(this);
  }
  rsqrt(this: Tensor): Tensor {
    return f.rsqrt(this);
  }
  reciprocal(this: Tensor): Tensor {
    return f.reciprocal(this);
  }
  sin(this: Tensor): Tensor {
    return f.sin(this);
  }
  cos(this: Tensor): Tensor {
    return f.cos(this);
  }
  tan(this: Tensor): Tensor {
    return f.tan(this);
  }
  tanh(this: Tensor): Tensor {
    return f.tanh(this);
  }
  sigmoid(this: Tensor): Tensor {
    return f.sigmoid(this);
  }
  erf(this: Tensor): Tensor {
    return f.erf(this);
  }
  floor(this: Tensor): Tensor {
    return f.floor(this);
  }
  ceil(this: Tensor): Tensor {
    return f.ceil(this);
  }
  round(this: Tensor): Tensor {
    return f.round(this);
  }
  trunc(this: Tensor): Tensor {
    return f.trunc(this);
  }
  relu(this: Tensor): Tensor {
    return f.relu(this);
  }
  isNan(this: Tensor): Tensor {
    return f.isNan(this);
  }
  isInf(this: Tensor): Tensor {
    return f.isInf(this);
  }
  isFinite(this: Tensor): Tensor {
    return f.isFinite(this);
  }

  /** Another dtype; the tensor itself if it already has it. */
  to(this: Tensor, dtype: DType): Tensor {
    return f.to(this, dtype);
  }
  float(this: Tensor): Tensor {
    return f.to(this, 'float32');
  }
  half(this: Tensor): Tensor {
    return f.to(this, 'float16');
  }
  bfloat16(this: Tensor): Tensor {
    return f.to(this, 'bfloat16');
  }
  double(this: Tensor): Tensor {
    return f.to(this, 'float64');
  }
  long(this: Tensor): Tensor {
    return f.to(this, 'int64');
  }
  int(this: Tensor): Tensor {
    return f.to(this, 'int32');
  }
  bool(this: Tensor): Tensor {
    return f.to(this, 'bool');
  }
  clone(this: Tensor): Tensor {
    return f.clone(this);
  }

  /** Overwrites the elements with `source`, broadcast and cast; returns this tensor. */
  copy_(this: Tensor, source: Operand): Tensor {
    return mutate.copyInto(this, source);
  }
  fill_(this: Tensor, value: ScalarOperand): Tensor {
    return mutate.copyInto(this, value);
  }
  zero_(this: Tensor): Tensor {
    return mutate.copyInto(this, 0);
  }
  add_(this: Tensor, other: Operand, options?: Alpha): Tensor {
    return mutate.storeResult(this, f.add(this, other, options), 'add_');
  }
  sub_(this: Tensor, other: Operand, options?: Alpha): Tensor {
    return mutate.storeResult(this, f.sub(this, other, options), 'sub_');
  }
  mul_(this: Tensor, other: Operand): Tensor {
    return mutate.storeResult(this, f.mul(this, other), 'mul_');
  }
  div_(this: Tensor, other: Operand): Tensor {
    return mutate.storeResult(this, f.div(this, other), 'div_');
  }
  relu_(this: Tensor): Tensor {
    return mutate.storeResult(this, f.relu(this), 'relu_');
  }
}
