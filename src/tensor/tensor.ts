/**
 * @file The tensor class, and `Tensor`, the type of what it makes. To the type checker a tensor is a number with methods:
 * so TypeScript's own rules let operators work on it. `typeof x === 'number'` tells nothing of a `Tensor | number` then;
 * ask `isTensor`.
 */

import type { StridedView } from '../core/view.ts';
import {
  conditionSymbol,
  indexSymbol,
  mathSymbol,
  type OperatorName,
  type OperatorTarget,
  operatorSymbol,
} from '../symbolic/operatorTarget.ts';
import type { MathName } from '../symbolic/symbolicMath.ts';
import { indexTemplate, installIndexing } from './indexing.ts';
import { tensorCondition, tensorMath, tensorOperator, tensorPrimitive } from './operators.ts';
import { TensorReduce } from './tensorReduce.ts';

/** Made by the creation functions and by operations, never with `new` by users. */
export class TensorObject extends TensorReduce implements OperatorTarget {
  static {
    // Messages name what users write: the type.
    Object.defineProperty(TensorObject, 'name', { value: 'Tensor' });
  }

  /** A tensor on the same storage as `view`. */
  static of(view: StridedView): Tensor {
    return new TensorObject(view.storage, view.dtype, view.sizes, view.strides, view.offset) as Tensor;
  }

  /** What transformed `x + y`, `2 * x`, `-x`, `x < y` call; undefined: JavaScript's own operator. */
  [operatorSymbol](this: Tensor, op: OperatorName, other: unknown, reversed: boolean): unknown {
    return tensorOperator(this, op, other, reversed);
  }

  [mathSymbol](this: Tensor, name: MathName, args: readonly unknown[]): Tensor {
    return tensorMath(name, args);
  }

  [conditionSymbol](this: Tensor, isComparison: boolean): boolean {
    return tensorCondition(this, isComparison);
  }

  [indexSymbol](this: Tensor, strings: readonly string[], values: readonly unknown[]): Tensor {
    return indexTemplate(this, strings, values);
  }

  /** Code that is not transformed must not take a tensor for a number, or make a text of `x + 1`. */
  [Symbol.toPrimitive](this: Tensor, hint: string): string {
    return tensorPrimitive(this, hint);
  }
}

installIndexing();

/**
 * The compiler says "Type 'number' is not assignable to type 'TensorFrom<"t(expression)">'" where the result of an
 * operator meets a `Tensor`: `t(x + y)` is one.
 */
export interface TensorFrom<Spelling extends string> {
  readonly [from]: Spelling;
}
declare const from: unique symbol;

/** Told apart by rank where both ranks are known; `number` is any rank, and fits all. */
interface Ranked<R extends number> {
  [rank]?(axes: R): void;
}
declare const rank: unique symbol;

type OneLess = { 1: 0; 2: 1; 3: 2; 4: 3; 5: 4; 6: 5; 7: 6; 8: 7 };

/** `x[0]`, `x[i]`, `x[-1]` drop the first axis; slices are written as NumPy writes them: `x['1:3, :, 0']`, ``x[`:${n}`]``. */
interface Indexed<R extends number> {
  readonly [index: number]: Tensor<R extends keyof OneLess ? OneLess[R] : number>;
  readonly [slices: `${string}:${string}`]: Tensor;
  readonly [items: `${string},${string}`]: Tensor;
  readonly [rest: `...${string}`]: Tensor;
  readonly [added: `None${string}`]: Tensor;
}

/** `true`, or `true | false` of a union, where `T` may be a tensor. A number has all that a tensor has but its rank. */
export type IsTensor<T> = T extends unknown ? (typeof rank extends keyof T ? true : false) : never;

/** The annotated rank, `number` where there is none. */
export type RankOf<T> = T extends Ranked<infer R> ? R : number;

/** What a tensor has besides a number, its rank aside. */
export type TensorMethods<R extends number = number> = TensorFrom<'t(expression)'> & TensorObject & Indexed<R>;

/**
 * A tensor, made by `tensor`, `zeros`, … and by every operation. `Tensor<2>` says that it has two axes; the rank is for
 * annotations and for `inputMatchers`, nothing computes it.
 */
export type Tensor<R extends number = number> = number & TensorMethods<R> & Ranked<R>;

/** A tensor, or an expression of tensors and operators, which the type checker takes for a number. */
export type TensorLike = Tensor | number;
