/** @file Ready-made epilogues and the small C pieces that loads and stores of the float dtypes need. */
import { range } from './text.ts';
import type { Epilogue, FloatDtype, PreludeName } from './types.ts';

/** C element type of a storage dtype. */
export function elementType(dtype: FloatDtype): 'float' | 'uint16_t' {
  return dtype === 'float32' ? 'float' : 'uint16_t';
}

/** Bytes of one element. */
export function elementBytes(dtype: FloatDtype): number {
  return dtype === 'float32' ? 4 : 2;
}

/** C expression: `value` (a stored element) as float. */
export function widen(value: string, dtype: FloatDtype): string {
  switch (dtype) {
    case 'float32':
      return value;
    case 'float16':
      return `tn_f16_to_f32(${value})`;
    case 'bfloat16':
      return `tn_bf16_to_f32(${value})`;
  }
}

/** C expression: the float `value` rounded to the storage dtype. */
export function narrow(value: string, dtype: FloatDtype): string {
  switch (dtype) {
    case 'float32':
      return value;
    case 'float16':
      return `tn_f32_to_f16(${value})`;
    case 'bfloat16':
      return `tn_f32_to_bf16(${value})`;
  }
}

/** What `widen` and the vector loads of a dtype need of the prelude. */
export function loadUses(dtype: FloatDtype): PreludeName[] {
  switch (dtype) {
    case 'float32':
      return ['tn_vf'];
    case 'float16':
      return ['tn_vf', 'tn_load_f16', 'tn_f16_to_f32'];
    case 'bfloat16':
      return ['tn_vf', 'tn_load_bf16', 'tn_bf16_to_f32'];
  }
}

/** What `narrow` needs of the prelude. */
export function storeUses(dtype: FloatDtype): PreludeName[] {
  return dtype === 'float32' ? [] : dtype === 'float16' ? ['tn_f32_to_f16'] : ['tn_f32_to_bf16'];
}

/** C expression: one vector register loaded from `address` and widened to float32. */
export function vectorLoad(address: string, dtype: FloatDtype): string {
  switch (dtype) {
    case 'float32':
      return `tn_load(${address})`;
    case 'float16':
      return `tn_load_f16(${address})`;
    case 'bfloat16':
      return `tn_load_bf16(${address})`;
  }
}

/**
 * Epilogue that stores the row piece as it is: element (row, column) goes to `pointer[row * rowStride + column]`.
 * `pointer` is a C expression of type `float *` or `uint16_t *` and may use `batch` where the template has one. For half dtypes
 * add `storeUses(dtype)` to the context's `uses`.
 */
export function storeEpilogue(pointer: string, rowStride: string, dtype: FloatDtype = 'float32'): Epilogue {
  const type = elementType(dtype);
  return ({ acc, row, col0, count, indent }) =>
    [
      `${type} *restrict to = ${pointer} + (${row}) * (int64_t)(${rowStride}) + ${col0};`,
      '#pragma omp simd',
      `for (int64_t c = 0; c < ${count}; c++) to[c] = ${narrow(`${acc}[c]`, dtype)};`,
    ]
      .map((line) => (line.startsWith('#') ? line : indent + line))
      .join('\n');
}

/** Offsets, in elements, of the cache lines of a row piece. */
export function lineOffsets(elements: number, dtype: FloatDtype): number[] {
  const perLine = 64 / elementBytes(dtype);
  return range(Math.ceil(elements / perLine)).map((i) => i * perLine);
}
