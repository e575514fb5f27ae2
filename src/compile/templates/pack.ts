/** @file C helper that packs a strided matrix into float32 panels at run time, for products of two activations. */
import { panelColumns } from './cost.ts';
import { elementBytes, elementType, widen } from './epilogue.ts';
import type { FloatDtype } from './types.ts';

/**
 * C text of `static void NAME(const T *from, int64_t row_stride, int64_t column_stride, int64_t depth, int64_t columns, float *to)`:
 * `to[(n/16) * depth * 16 + k * 16 + n%16] = from[k * row_stride + n * column_stride]`, widened, zero beyond `columns`.
 */
export function renderPackPanels(name: string, dtype: FloatDtype): string {
  const type = elementType(dtype);
  const P = panelColumns;
  return `/* Panels [columns/${P}][depth][${P}] of from[k * row_stride + n * column_stride], zero beyond the last column. */
static __attribute__((noinline)) void ${name}(const ${type} *from, int64_t row_stride, int64_t column_stride, int64_t depth,
    int64_t columns, float *restrict to) {
  for (int64_t n0 = 0; n0 < columns; n0 += ${P}, to += depth * ${P}) {
    const int64_t width = tn_min(${P}, columns - n0);
    const ${type} *const first = from + n0 * column_stride;
    if (width == ${P} && column_stride == 1) {
      for (int64_t k = 0; k < depth; k++) {
        __builtin_prefetch(first + (k + 16) * row_stride);
#pragma omp simd
        for (int64_t c = 0; c < ${P}; c++) to[k * ${P} + c] = ${widen('first[k * row_stride + c]', dtype)};
      }
    } else {
      for (int64_t k0 = 0; k0 < depth; k0 += 64) { /* short pieces: the panel's lines stay in L1 while its columns are written */
        const int64_t k1 = tn_min(depth, k0 + 64);
        for (int64_t c = 0; c < ${P}; c++) {
          if (c < width) {
            /* the next panel's columns: they may lie a page apart, where the hardware prefetcher does not follow */
            const ${type} *const next = first + (c + ${P}) * column_stride + k0 * row_stride;
            for (int64_t line = 0; line < 64; line += ${64 / elementBytes(dtype)}) __builtin_prefetch(next + line * row_stride);
            for (int64_t k = k0; k < k1; k++) to[k * ${P} + c] = ${widen('first[k * row_stride + c * column_stride]', dtype)};
          } else {
            for (int64_t k = k0; k < k1; k++) to[k * ${P} + c] = 0.0f;
          }
        }
      }
    }
  }
}
`;
}
