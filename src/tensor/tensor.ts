/** @file The tensor class. Made by the creation functions and by operations, never with `new` by users. */

import type { StridedView } from '../core/view.ts';
import { type OperatorName, type OperatorTarget, operatorSymbol } from '../symbolic/operators.ts';
import { isScalar, isTensor, type Operand } from './functions/operands.ts';
import * as f from './functions/pointwise.ts';
import { TensorReduce } from './tensorReduce.ts';

/** `%` is Python's here, as everywhere in PyTorch: the sign of the divisor. */
const binaryOperators: { readonly [name in OperatorName]?: (left: Operand, right: Operand) => Tensor } = {
  add: f.add,
  sub: f.sub,
  mul: f.mul,
  div: f.div,
  mod: f.remainder,
  pow: f.pow,
  lt: f.lt,
  le: f.le,
  gt: f.gt,
  ge: f.ge,
};

export class Tensor extends TensorReduce implements OperatorTarget {
  /** A tensor on the same storage as `view`. */
  static of(view: StridedView): Tensor {
    return new Tensor(view.storage, view.dtype, view.sizes, view.strides, view.offset);
  }

  /** What transformed `x + y`, `2 * x`, `-x`, `x < y` call; undefined: JavaScript's own operator. */
  [operatorSymbol](op: OperatorName, other: unknown, reversed: boolean): Tensor | undefined {
    if (op === 'neg') return f.neg(this);
    if (op === 'pos') return this;
    const apply = binaryOperators[op];
    if (!apply || !(isTensor(other) || isScalar(other))) return undefined;
    return reversed ? apply(other, this) : apply(this, other);
  }
}
