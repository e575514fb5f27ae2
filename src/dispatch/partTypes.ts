/** @file What `compileCache` makes of the type of a function. */

import type { AnyFunction } from '../capture/matcherTypes.ts';
import type { IsTensor, Tensor } from '../tensor/tensor.ts';

/** Whether a value of type `T` is or holds a tensor: `true`, or `boolean` where it may. */
type HoldsTensor<T> = T extends unknown
  ? true extends IsTensor<T>
    ? true
    : T extends object
      ? { [K in keyof T]: IsTensor<T[K]> }[keyof T]
      : false
  : never;

/** `number` itself, not a literal, not a branded number. */
type IsNumber<T> = number extends T ? (keyof T extends keyof number ? true : false) : false;

/** Results that are typed number, alone or in arrays and records, as the tensors that they are. */
type AsTensors<T> = T extends unknown
  ? IsNumber<T> extends true
    ? Tensor
    : T extends number | string | boolean | null | undefined | AnyFunction
      ? T
      : { [K in keyof T]: IsNumber<T[K]> extends true ? Tensor : T[K] }
  : never;

type HasNumber<T> = T extends unknown
  ? IsNumber<T> extends true
    ? true
    : T extends readonly (infer Item)[]
      ? IsNumber<Item>
      : true extends IsTensor<T>
        ? false
        : T extends object
          ? { [K in keyof T]: IsNumber<T[K]> }[keyof T]
          : false
  : never;

/**
 * The function itself; of one that takes a tensor and is typed to return a number, which is what `x + y` is typed, one
 * that returns a tensor. So a wrapped function needs no `t(…)`. (A tensor is still a number to the type checker, where
 * the function does return one.)
 */
export type TensorResults<F extends AnyFunction> =
  true extends HoldsTensor<Parameters<F>[number]>
    ? true extends HasNumber<ReturnType<F>>
      ? (this: ThisParameterType<F>, ...args: Parameters<F>) => AsTensors<ReturnType<F>>
      : F
    : F;
