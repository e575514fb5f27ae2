/** @file What every operation does with its arguments first: numbers or tensors, float numbers against integer tensors, data for `tensor()`. */

import { isFloat } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { StridedView } from '../../core/view.ts';
import { ops } from '../../ops/index.ts';
import { categoryOf, type ScalarOperand } from '../../ops/promotion.ts';
import { isSymbolic, isSymInt } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';

export type { ScalarOperand } from '../../ops/promotion.ts';

/** A tensor, or a number that broadcasts (may be a symbolic size while a capture runs). */
export type Operand = Tensor | ScalarOperand;

/** A tensor of truth values, or a comparison of tensors, which the type checker takes for a boolean. */
export type Mask = TensorLike | boolean;

export function isTensor(x: unknown): x is Tensor {
  return x instanceof StridedView;
}

export function isScalar(x: unknown): x is ScalarOperand {
  return typeof x === 'number' || typeof x === 'boolean' || typeof x === 'bigint' || isSymbolic(x);
}

export function assertTensor(x: unknown, op: string, name: string): asserts x is Tensor {
  if (!isTensor(x)) {
    throw new TnError({ what: `${op}: \`${name}\` must be a tensor`, found: [`found ${describe(x)}`] });
  }
}

export function assertOptionalTensor(x: unknown, op: string, name: string): asserts x is Tensor | null | undefined {
  if (x !== null && x !== undefined) assertTensor(x, op, name);
}

export function describe(x: unknown): string {
  if (x === null || x === undefined) return String(x);
  if (typeof x === 'object') return x.constructor?.name ? `a ${x.constructor.name}` : 'an object';
  return `${typeof x} ${String(x)}`;
}

/**
 * A symbolic number that is no SymInt counts as a float even where its value is whole in this run,
 * so an integer tensor is converted first: the dtypes then agree for every value of the dim.
 */
export function meetScalar(x: Tensor, scalar: ScalarOperand): Tensor {
  if (isSymbolic(scalar) && !isSymInt(scalar) && !isFloat(x.dtype) && categoryOf(scalar) === 'float') {
    return apply1(ops.cast, [x], { dtype: 'float32' });
  }
  return x;
}
