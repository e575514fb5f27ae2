/**
 * @file `inputMatchers` to the type checker: what may be said of each parameter of a function. TypeScript knows the types
 * of parameters and not their names, so names are checked when the decorator runs (`declared.ts`).
 */

import type { DimSpec } from '../symbolic/dim.ts';
import type { IsTensor, RankOf } from '../tensor/tensor.ts';
import type { Matcher } from './matchers.ts';

// biome-ignore lint/suspicious/noExplicitAny: functions with parameters of any type can be parts.
export type AnyFunction = (this: any, ...args: any[]) => unknown;

interface Axes {
  0: never;
  1: 0 | -1;
  2: Axes[1] | 1 | -2;
  3: Axes[2] | 2 | -3;
  4: Axes[3] | 3 | -4;
  5: Axes[4] | 4 | -5;
  6: Axes[5] | 5 | -6;
  7: Axes[6] | 6 | -7;
  8: Axes[7] | 7 | -8;
}

type AxisMatcher = DimSpec | number | null | undefined;

/** The axes of a tensor; those of its rank where that is annotated. */
type TensorMatcher<R extends number> = R extends keyof Axes
  ? { readonly [axis in Axes[R]]?: AxisMatcher }
  : { readonly [axis: number]: AxisMatcher };

type Items<Item> = { readonly [index: number]: MatcherFor<Item>; readonly '*'?: MatcherFor<Item> };

type Fields<T> = {
  readonly [K in keyof T as T[K] extends AnyFunction ? never : K]?: MatcherFor<T[K]>;
} & { readonly '*'?: Matcher };

type OneMatcher<T> = T extends null | undefined
  ? never
  : true extends IsTensor<T>
    ? TensorMatcher<RankOf<T>>
    : T extends number
      ? T | DimSpec
      : T extends string | boolean
        ? T
        : T extends bigint | symbol | AnyFunction
          ? never
          : T extends readonly (infer Item)[]
            ? Items<Item>
            : Fields<T>;

/** What may be said of a parameter of type `T`; anything where the type is not known. */
export type MatcherFor<T> = unknown extends T ? Matcher : OneMatcher<T> | null | undefined;

type ByPosition<Args extends readonly unknown[]> = number extends Args['length']
  ? readonly Matcher[]
  : { readonly [I in keyof Args]?: MatcherFor<Args[I]> };

/** Of a function of one destructured parameter: its fields. */
type ByField<Args extends readonly unknown[]> = Args extends readonly [infer Only]
  ? Only extends object
    ? true extends IsTensor<Only>
      ? never
      : Fields<Only>
    : never
  : never;

/** The `inputMatchers` that a function can have. */
export type MatchersOf<F extends AnyFunction> =
  | ByPosition<Parameters<F>>
  | ByField<Parameters<F>>
  | { readonly [parameter: string]: MatcherFor<Parameters<F>[number]> };

// Decorators learn of the function only after the matchers: what does not fit is told by a text in the place of a type.

type AxisProblem<V, R extends number> = R extends keyof Axes
  ? Exclude<keyof V, Axes[R] | `${Axes[R]}`> extends infer Beyond
    ? Beyond extends string | number
      ? `inputMatchers names axis ${Beyond} of a Tensor<${R}>`
      : never
    : never
  : never;

type FieldProblem<V, T> = {
  [K in keyof V]: K extends keyof T ? ValueProblem<V[K], T[K]> : never;
}[keyof V];

type MapProblem<V, T> =
  true extends IsTensor<T>
    ? AxisProblem<V, RankOf<T>>
    : T extends readonly (infer Item)[]
      ? ValueProblem<V[keyof V], Item>
      : T extends object
        ? FieldProblem<V, T>
        : never;

/** One literal type for each problem of a matcher `V` of a parameter of type `T`. */
type ValueProblem<V, T> = unknown extends T
  ? never
  : V extends null | undefined
    ? never
    : V extends DimSpec
      ? [PlainNumbers<T>] extends [never]
        ? `inputMatchers gives Dim(…) to an argument that is no number`
        : never
      : V extends number | string | boolean
        ? [LiteralsLike<V, T>] extends [never]
          ? `inputMatchers gives ${V} to an argument that is never that`
          : never
        : [Exclude<T, null | undefined | string | boolean | PlainNumbers<T>>] extends [never]
          ? `inputMatchers gives axes to an argument that is no tensor`
          : MapProblem<V, Exclude<T, null | undefined | string | boolean | PlainNumbers<T>>>;

type PlainNumbers<T> = T extends number ? (true extends IsTensor<T> ? never : T) : never;

type LiteralsLike<V, T> = T extends number
  ? true extends IsTensor<T>
    ? never
    : V extends T
      ? T
      : never
  : V extends T
    ? T
    : never;

type PositionProblem<M extends readonly unknown[], Args extends readonly unknown[]> = {
  [I in keyof M]: I extends keyof Args
    ? ValueProblem<M[I], Args[I]>
    : `inputMatchers has ${M['length']} items, the function takes ${Args['length'] & number} parameters`;
}[number];

/** A problem that a value has with every parameter, when there are parameters at all. */
type NameProblem<V, Args extends readonly unknown[]> = {
  [I in keyof Args]: [ValueProblem<V, Args[I]>] extends [never] ? 'fits' : ValueProblem<V, Args[I]>;
}[number] extends infer Problem
  ? 'fits' extends Problem
    ? never
    : Problem
  : never;

/** Of matchers written as a literal, for a function of known parameters. */
type Problems<M, Args extends readonly unknown[]> = number extends Args['length']
  ? never
  : M extends readonly unknown[]
    ? number extends M['length']
      ? never
      : PositionProblem<M, Args>
    : string extends keyof M
      ? never
      : [ByField<Args>] extends [never]
        ? { [K in keyof M]: NameProblem<M[K], Args> }[keyof M]
        : never;

/** `unknown` where matchers `M` fit the function, else what no function is, with the reason as its field. */
export type Fitting<M, F extends AnyFunction> = [Problems<M, Parameters<F>>] extends [never]
  ? unknown
  : { readonly inputMatchers: Problems<M, Parameters<F>> };
