/** @file What the generated `index.js` of an npm package says of its parts, and the values that go in and out. */

import type { DType, TypedArray } from '../../../core/dtype.ts';

/** A tensor as the package's functions take and give it: elements in row-major order. */
export interface TensorValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TypedArray;
}

/** How one of the user's arguments is made of the part's inputs. */
export type Argument =
  | { readonly kind: 'tensor' | 'number'; readonly input: number }
  /** null: an item that was fixed at the capture and is not looked at. */
  | { readonly kind: 'array'; readonly items: readonly (Argument | null)[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, Argument])[] };

/** A function of the part's dims, in the order of `PartDescription.dims`. */
export type SizeAt = (...dims: number[]) => number;

/** How the function's result is made of what the part gives. */
export type Result =
  | { readonly kind: 'output'; readonly index: number }
  /** The caller's own tensor. */
  | { readonly kind: 'input'; readonly index: number }
  /** Elements taken from an output or an input: `at(dims…, indices…)` is the position of each. */
  | {
      readonly kind: 'taken';
      readonly of: 'output' | 'input';
      readonly index: number;
      readonly shape: readonly SizeAt[];
      readonly at: SizeAt;
    }
  | { readonly kind: 'size'; readonly at: SizeAt }
  | { readonly kind: 'literal'; readonly value: null | boolean | number | string | undefined }
  | { readonly kind: 'array'; readonly items: readonly Result[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, Result])[] };

export interface InputDescription {
  /** The user's name with fields and indices: `state.hidden`. */
  readonly path: string;
  /** null: a number argument. */
  readonly dtype: DType | null;
  readonly rank: number;
}

export interface PartDescription {
  readonly name: string;
  readonly arguments: readonly { readonly name: string; readonly value: Argument }[];
  readonly inputs: readonly InputDescription[];
  readonly outputs: readonly { readonly dtype: DType; readonly rank: number }[];
  readonly dims: number;
  readonly result: Result;
}

export interface PackageDescription {
  /** Starts every symbol of the library. */
  readonly prefix: string;
  readonly abiVersion: number;
  /** Beside index.js. */
  readonly library: string;
  readonly weights: string;
  /** Whether parts keep state from call to call: each instance then has its own, and its calls run one after another. */
  readonly keepsState: boolean;
  readonly parts: readonly PartDescription[];
}
