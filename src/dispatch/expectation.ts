/** @file What an entry expects of a value, ready to be compared: values in place of their texts, places of dims in place of names. */

import { type InputTree, plainValue } from '../capture/inputTree.ts';
import type { DType } from '../core/dtype.ts';

export interface ExpectedTensor {
  readonly dtype: DType;
  /** A size, or below zero a dim: see `slotOfSize`. */
  readonly sizes: readonly number[];
}

export type Expected =
  | ({ readonly kind: 'tensor'; readonly input: number } & ExpectedTensor)
  | ({ readonly kind: 'parameter'; readonly index: number } & ExpectedTensor)
  | { readonly kind: 'dim'; readonly input: number; readonly slot: number }
  | { readonly kind: 'plain'; readonly value: unknown }
  | { readonly kind: 'array'; readonly items: readonly Expected[] }
  | {
      readonly kind: 'object';
      readonly classId: string;
      readonly keys: readonly string[];
      /** In the order of `keys`. */
      readonly items: readonly Expected[];
    };

/** The place, in the order of the symbols, of the dim that a size below zero stands for. */
export function slotOfSize(size: number): number {
  return -1 - size;
}

export function expectation(tree: InputTree, symbols: readonly string[]): Expected {
  const sizes = (given: readonly (number | string)[]): number[] =>
    given.map((size) => (typeof size === 'number' ? size : -1 - symbols.indexOf(size)));
  switch (tree.kind) {
    case 'tensor':
      return { kind: 'tensor', input: tree.input, dtype: tree.dtype, sizes: sizes(tree.sizes) };
    case 'parameter':
      return { kind: 'parameter', index: tree.index, dtype: tree.dtype, sizes: sizes(tree.sizes) };
    case 'dim':
      return { kind: 'dim', input: tree.input, slot: symbols.indexOf(tree.symbol) };
    case 'plain':
      return { kind: 'plain', value: plainValue(tree.value) };
    case 'array':
      return { kind: 'array', items: tree.items.map((item) => expectation(item, symbols)) };
    case 'object':
      return {
        kind: 'object',
        classId: tree.classId,
        keys: tree.fields.map(([key]) => key),
        items: tree.fields.map(([, item]) => expectation(item, symbols)),
      };
  }
}
