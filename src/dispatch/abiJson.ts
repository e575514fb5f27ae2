/** @file The order of a native call's words as JSON beside the artifact, and output sizes as quick functions of the dims. */

import type { PartAbi, WeightSlot } from '../compile/compile.ts';
import type { DType } from '../core/dtype.ts';
import { constValue, evaluate, exprToString, parseExpr } from '../symbolic/expr.ts';
import { dimValues } from './match.ts';

export interface AbiJson {
  readonly dims: readonly string[];
  readonly inputs: readonly number[];
  readonly outputs: readonly { readonly dtype: DType; readonly shape: readonly string[] }[];
  readonly weights: readonly WeightSlot[];
}

export function abiToJson(abi: PartAbi): AbiJson {
  return {
    dims: abi.dims,
    inputs: abi.inputs,
    outputs: abi.outputs.map(({ dtype, shape }) => ({ dtype, shape: shape.map(exprToString) })),
    weights: abi.weights,
  };
}

/** The size for given dims (in the order of `abi.dims`). */
export type SizeAt = (dims: readonly number[]) => number;

export function sizeFunction(text: string, symbols: readonly string[]): SizeAt {
  const expr = parseExpr(text);
  const value = constValue(expr);
  if (value !== null) return () => value;
  const slot = symbols.indexOf(text);
  if (slot >= 0) return (dims) => dims[slot];
  return (dims) => evaluate(expr, dimValues(symbols, dims));
}
