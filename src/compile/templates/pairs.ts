/**
 * @file Products of bfloat16 operands with float32 sums: how operands are held, the register tile, packing at run time.
 *
 * The depth is taken in pairs. A right operand is panels `[N/16][ceil(K/2)][16]` of 32-bit words (`tn_word`), the even element
 * of a pair in the lower half, zero beyond the depth. A left operand is rows that `tn_round_pairs` has written: words on a level
 * with dot products of pairs, elsewhere floats that are rounded to bfloat16 (`tn_left`). An odd depth ends in a pair with a zero,
 * which adds nothing to any finite product.
 *
 * Dot-product instructions take subnormal operands as zero; elsewhere they count. That is below any bound.
 */
import { pairChunk, panelColumns } from './cost.ts';
import { elementBytes, elementType, narrow, widen } from './epilogue.ts';
import { ceilDivided } from './text.ts';
import { renderTileForm } from './tile.ts';
import type { FloatDtype, IsaFacts } from './types.ts';
import { wordTypes } from './vectors.ts';

/** `tn_left` elements of a pair. */
export function leftPerPair(isa: IsaFacts): 1 | 2 {
  return isa.hasBf16Dot ? 1 : 2;
}

/** Pairs of a depth, as C text. */
export function pairsOf(depth: string | number): string {
  return ceilDivided(depth, 2);
}

/** Prelude piece: `tn_word`, `tn_left`, `tn_round_pairs`, and on levels that have it `tn_dot_pairs`. */
export function pairProducts(isa: IsaFacts): string {
  const word = wordTypes(isa, 'Two bfloat16, the even element in the lower half.');
  return word + (isa.hasBf16Dot ? dotProducts : widenedProducts);
}

/* Written as assembly: the builtins' operand types differ between compilers and their versions. */
const dotProducts = `typedef tn_word tn_left;
/* sum + the lower halves' products + the upper halves', each pair of w with the pair at x. */
static inline tn_vf tn_dot_pairs(tn_vf sum, tn_vu w, const tn_left *x) {
  __asm__("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(w), "m"(*x));
  return sum;
}
/* n floats as pairs, the last one filled up with zero. \`to\` may be where \`from\` is. */
static inline void tn_round_pairs(const float *from, int64_t n, tn_left *to) {
  const int64_t whole = n / 32 * 32;
  for (int64_t i = 0; i < whole; i += 32) {
    tn_vu pairs;
    __asm__("vcvtne2ps2bf16 %2, %1, %0" : "=v"(pairs) : "v"(tn_load(from + i + 16)), "v"(tn_load(from + i)));
    *(tn_words_u *)(to + i / 2) = pairs;
  }
  for (int64_t i = whole; i < n; i += 2) {
    const uint32_t even = tn_f32_to_bf16(from[i]), odd = i + 1 < n ? tn_f32_to_bf16(from[i + 1]) : 0;
    to[i / 2] = even | odd << 16;
  }
}
`;

const widenedProducts = `typedef float tn_left;
/* n floats rounded to bfloat16, one zero more where n is odd. \`to\` may be where \`from\` is. */
static inline void tn_round_pairs(const float *from, int64_t n, tn_left *to) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) to[i] = tn_bf16_to_f32(tn_f32_to_bf16(from[i]));
  if (n % 2 != 0) to[n] = 0.0f;
}
`;

export interface PairTileSpec {
  readonly name: string;
  readonly rows: number;
  /** Panels of 16 columns side by side. */
  readonly panels: number;
}

/**
 * C text of
 * `static void NAME(const tn_left *const *a, const tn_word *b, int64_t panel, int64_t pairs, float *restrict out, int64_t stride)`:
 * what `renderTile` does, on pairs. `panel` counts words between panels. Sums run over chunks of `pairChunk` pairs.
 */
export function renderPairTile(isa: IsaFacts, spec: PairTileSpec): string {
  return renderTileForm(isa, {
    ...spec,
    left: 'tn_left',
    right: 'tn_word',
    sums: 'tn_vf',
    depth: 'pairs',
    chunk: pairChunk,
    step: (rows, addresses) => [
      ...addresses.map((address, c) => `const tn_vu w${c} = tn_load_words(${address});`),
      ...(isa.hasBf16Dot
        ? rows.map((r) => addresses.map((_, c) => `c${r}_${c} = tn_dot_pairs(c${r}_${c}, w${c}, a${r} + k);`).join(' '))
        : (['even', 'odd'] as const).flatMap((which) => [
            `{`,
            ...addresses.map((_, c) => `  const tn_vf v${c} = ${halfOf(`w${c}`, which)};`),
            ...rows.map((r) => {
              const x = which === 'even' ? `a${r}[2 * k]` : `a${r}[2 * k + 1]`;
              return `  ${addresses.map((_, c) => `c${r}_${c} += ${x} * v${c};`).join(' ')}`;
            }),
            `}`,
          ])),
    ],
  });
}

/** C expression: the even or odd elements of a register of words as float32. */
export function halfOf(words: string, which: 'even' | 'odd'): string {
  return which === 'even' ? `(tn_vf)(${words} << 16)` : `(tn_vf)(${words} & 0xffff0000u)`;
}

/**
 * C text of `static void NAME(const T *from, int64_t row_stride, int64_t column_stride, int64_t depth, int64_t columns, tn_word *to)`:
 * what `renderPackPanels` does, as panels of pairs.
 */
export function renderPackPairs(name: string, dtype: FloatDtype): string {
  const type = elementType(dtype);
  const P = panelColumns;
  const element = (at: string): string =>
    dtype === 'bfloat16' ? `(uint32_t)${at}` : `(uint32_t)${narrow(widen(at, dtype), 'bfloat16')}`;
  const pair = (at: (k: string) => string): string => `${element(at('k'))} | ${element(at('k + 1'))} << 16`;
  const along = (k: string): string => `first[(${k}) * row_stride + c]`;
  const across = (k: string): string => `column[(${k}) * row_stride]`;
  return `/* Panels [columns/${P}][(depth + 1)/2][${P}] of pairs of from[k * row_stride + n * column_stride], zero beyond the last column and row. */
static __attribute__((noinline)) void ${name}(const ${type} *from, int64_t row_stride, int64_t column_stride, int64_t depth,
    int64_t columns, tn_word *restrict to) {
  const int64_t pairs = (depth + 1) / 2, whole = depth / 2 * 2;
  for (int64_t n0 = 0; n0 < columns; n0 += ${P}, to += pairs * ${P}) {
    const int64_t width = tn_min(${P}, columns - n0);
    const ${type} *const first = from + n0 * column_stride;
    if (width == ${P} && column_stride == 1) {
      for (int64_t k = 0; k < whole; k += 2) {
        __builtin_prefetch(first + (k + 16) * row_stride);
        __builtin_prefetch(first + (k + 17) * row_stride);
#pragma omp simd
        for (int64_t c = 0; c < ${P}; c++) to[k / 2 * ${P} + c] = ${pair(along)};
      }
      if (whole < depth) {
        for (int64_t c = 0; c < ${P}; c++) to[whole / 2 * ${P} + c] = ${element(along('whole'))};
      }
    } else {
      for (int64_t k0 = 0; k0 < depth; k0 += 64) { /* short pieces: the panel's lines stay in L1 while its columns are written */
        const int64_t k1 = tn_min(whole, k0 + 64);
        for (int64_t c = 0; c < ${P}; c++) {
          if (c < width) {
            const ${type} *const column = first + c * column_stride;
            /* the next panel's columns: they may lie a page apart, where the hardware prefetcher does not follow */
            const ${type} *const next = column + ${P} * column_stride + k0 * row_stride;
            for (int64_t line = 0; line < 64; line += ${64 / elementBytes(dtype)}) __builtin_prefetch(next + line * row_stride);
            for (int64_t k = k0; k < k1; k += 2) to[k / 2 * ${P} + c] = ${pair(across)};
            if (whole < depth && whole < k0 + 64) to[whole / 2 * ${P} + c] = ${element(across('whole'))};
          } else {
            for (int64_t k = k0; k < tn_min(depth, k0 + 64); k += 2) to[k / 2 * ${P} + c] = 0;
          }
        }
      }
    }
  }
}
`;
}
