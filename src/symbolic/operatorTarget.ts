/** @file How objects take part in operators: the methods that `__tn` looks for, under symbols that nothing else has. */

import type { MathName } from './symbolicMath.ts';

export type OperatorName = 'add' | 'sub' | 'mul' | 'div' | 'mod' | 'pow' | 'neg' | 'pos' | 'lt' | 'le' | 'gt' | 'ge';

/**
 * Key of the method by which an object takes part in operators: `(op, other, reversed)`, `reversed` when the object is
 * the right operand, `other` undefined for `neg` and `pos`. `undefined` means: not defined, use JavaScript's operator.
 * `===` and `==` are never dispatched: on objects they mean identity.
 */
export const operatorSymbol: unique symbol = Symbol('torchnative.operator');

/** Key of the method that stands for `Math[name](...args)`; the object is one of the arguments. */
export const mathSymbol: unique symbol = Symbol('torchnative.math');

/**
 * Key of the method that is asked where the object decides a branch: with true where the condition is a comparison, whose
 * value is wanted; with false where it may as well ask whether the object is there.
 */
export const conditionSymbol: unique symbol = Symbol('torchnative.condition');

/** Key of the method behind ``x[`:${n}`]``: the pieces of the template and the values between them. */
export const indexSymbol: unique symbol = Symbol('torchnative.index');

export interface OperatorTarget {
  [operatorSymbol](op: OperatorName, other: unknown, reversed: boolean): unknown;
  [mathSymbol]?(name: MathName, args: readonly unknown[]): unknown;
  [conditionSymbol]?(isComparison: boolean): boolean;
  [indexSymbol]?(strings: readonly string[], values: readonly unknown[]): unknown;
}

export function isOperatorTarget(x: unknown): x is OperatorTarget {
  return typeof x === 'object' && x !== null && operatorSymbol in x;
}
