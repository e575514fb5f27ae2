/** @file Result dtypes of operations on several operands (torch.result_type), and how a numeric argument joins them. */

import {
  computeDType,
  type DType,
  type DTypeCategory,
  dtypeInfo,
  promoteTypes,
  promoteWithScalar,
  scalarCategory,
} from '../core/dtype.ts';
import { isSymbolic, isSymInt } from '../symbolic/symInt.ts';

/** A number, boolean or bigint in place of a tensor; may be symbolic while a capture runs. */
export type ScalarOperand = number | boolean | bigint;

export function categoryOf(value: ScalarOperand): DTypeCategory {
  const unknown: unknown = value;
  if (isSymInt(unknown)) return 'int';
  if (isSymbolic(unknown)) return 'float';
  return scalarCategory(value);
}

/**
 * Tensors with dims decide within a category; 0-d tensors and then numbers only raise the category.
 * Works on ranks alone, so the answer is the same for every value of a symbolic dim.
 */
export function resultType(
  tensors: readonly { readonly dtype: DType; readonly shape: readonly unknown[] }[],
  scalars: readonly ScalarOperand[] = [],
): DType {
  let withDims: DType | null = null;
  let zeroDim: DType | null = null;
  for (const { dtype, shape } of tensors) {
    if (shape.length > 0) withDims = withDims === null ? dtype : promoteTypes(withDims, dtype);
    else zeroDim = zeroDim === null ? dtype : promoteTypes(zeroDim, dtype);
  }
  let result = withDims ?? zeroDim;
  if (withDims !== null && zeroDim !== null && rank(zeroDim) > rank(withDims)) result = zeroDim;
  for (const scalar of scalars) {
    const category = categoryOf(scalar);
    if (result !== null) result = promoteWithScalar(result, category);
    else result = category === 'float' ? 'float32' : category === 'int' ? 'int64' : 'bool';
  }
  return result ?? 'float32';
}

function rank(dtype: DType): number {
  const { category } = dtypeInfo[dtype];
  return category === 'float' ? 2 : category === 'int' ? 1 : 0;
}

/** The dtype ONNX arithmetic is written in, so that onnxruntime's CPU kernels exist: small integers as int32, half types as float32. */
export function onnxComputeDType(dtype: DType): DType {
  if (dtype === 'int8' || dtype === 'uint8') return 'int32';
  return computeDType(dtype);
}
