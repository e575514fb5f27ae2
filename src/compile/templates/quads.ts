/**
 * @file Products of weights quantised to int8 per output channel: how operands are held, and the register tile.
 *
 * A panel is `[ceil(K/4)][16]` 32-bit words of four bytes (`tn_word`), each a quantised weight plus 128, and 16 float32 behind them: what one
 * step of each column is worth. Rows of the left operand are quantised at run time to -127 ... 127, each by its own largest magnitude
 * (`tn_quantise_row`): bytes on a level with dot products of unsigned with signed bytes, where the row's sum takes the 128 off
 * again; elsewhere whole numbers as floats. The values are the same, to float32's rounding.
 *
 * A quantised row that holds a NaN or an infinity gives NaN throughout.
 */
import { panelColumns, quadChunk } from './cost.ts';
import { ceilDivided, range } from './text.ts';
import { renderTileForm } from './tile.ts';
import type { IsaFacts } from './types.ts';
import { wordTypes } from './vectors.ts';

/** Depth from which sums of bytes could leave int32. */
export const quadDepthLimit = 65536;

/** Words behind a panel's last step: the columns' scales. */
export const quadPanelTail = panelColumns;

/** Steps of four of a depth, as C text. */
export function quadsOf(depth: string | number): string {
  return ceilDivided(depth, 4);
}

/** `tn_left` elements of four depth steps. */
export function leftPerQuad(isa: IsaFacts): 1 | 4 {
  return isa.hasInt8Dot ? 1 : 4;
}

/** `tn_left` elements behind a row's last step: its scale, and with bytes 128 times its sum. */
export function leftTail(isa: IsaFacts): 1 | 2 {
  return isa.hasInt8Dot ? 2 : 1;
}

/** Prelude piece: `tn_word`, `tn_left`, `tn_quantise_row`, `tn_dequantise`, and on levels that have it `tn_dot_quads`. */
export function quadProducts(isa: IsaFacts): string {
  const head = `${wordTypes(isa, 'Four bytes, the first in the lowest.')}typedef float tn_scale __attribute__((may_alias));
/* The largest magnitude of a row; NaN where the row holds a NaN or an infinity. */
static inline float tn_magnitude(const float *x, int64_t n) {
  float top = 0.0f, wrong = 0.0f;
#pragma omp simd reduction(max : top) reduction(+ : wrong)
  for (int64_t i = 0; i < n; i++) {
    const float size = __builtin_fabsf(x[i]);
    top = size > top ? size : top;
    wrong += x[i] - x[i];
  }
  return top + wrong;
}
/* What takes a row to -limit ... limit; 0 for rows of next to nothing, or not of numbers. */
static inline float tn_inverse(float magnitude, float limit) { return magnitude > 1e-30f ? limit / magnitude : 0.0f; }
/* x * inverse as a whole number from -127 to 127, ties to even. */
static inline float tn_quantise(float x, float inverse) {
  float v = x * inverse;
  v = v > -127.0f ? v : -127.0f;
  v = v < 127.0f ? v : 127.0f;
  return (v + 0x1.8p23f) - 0x1.8p23f;
}
`;
  return head + (isa.hasInt8Dot ? dotProducts : widenedProducts);
}

/* Written as assembly: the builtins' operand types differ between compilers and their versions. */
const dotProducts = `typedef tn_word tn_left;
/* sum + four products each: the unsigned bytes of w with the signed bytes at x. */
static inline tn_vi tn_dot_quads(tn_vi sum, tn_vu w, const tn_left *x) {
  __asm__("vpdpbusd %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(w), "m"(*x));
  return sum;
}
/* The row's quantised bytes, zero up to a whole word, what a step is worth, and 128 times their sum. */
static inline void tn_quantise_row(const float *from, int64_t n, tn_left *to) {
  const float magnitude = tn_magnitude(from, n), inverse = tn_inverse(magnitude, 127.0f);
  const int64_t quads = (n + 3) / 4;
  int8_t *restrict const bytes = (int8_t *)to;
  int32_t sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) {
    const int32_t q = (int32_t)tn_quantise(from[i], inverse);
    bytes[i] = (int8_t)q;
    sum += q;
  }
  for (int64_t i = n; i < 4 * quads; i++) bytes[i] = 0;
  *(tn_scale *)(to + quads) = magnitude / 127.0f;
  to[quads + 1] = (uint32_t)(128 * sum);
}
/* The sums of a tile's row to what they stand for. */
static inline void tn_dequantise(float *acc, const tn_left *tail, const tn_scale *scales) {
  const float scale = *(const tn_scale *)tail;
  const int32_t offset = (int32_t)tail[1];
  const int32_t *const sums = (const int32_t *)acc;
#pragma omp simd
  for (int64_t c = 0; c < ${panelColumns}; c++) {
    int32_t sum;
    __builtin_memcpy(&sum, sums + c, 4);
    acc[c] = (float)(sum - offset) * (scale * scales[c]);
  }
}
`;

const widenedProducts = `typedef float tn_left;
/* The row's quantised values, zero up to a multiple of four, and what a step is worth. */
static inline void tn_quantise_row(const float *from, int64_t n, tn_left *to) {
  const float magnitude = tn_magnitude(from, n), inverse = tn_inverse(magnitude, 127.0f);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) to[i] = tn_quantise(from[i], inverse);
  int64_t end = n;
  for (; end % 4 != 0; end++) to[end] = 0.0f;
  to[end] = magnitude / 127.0f;
}
/* The sums of a tile's row to what they stand for. */
static inline void tn_dequantise(float *acc, const tn_left *tail, const tn_scale *scales) {
  const float scale = *tail;
#pragma omp simd
  for (int64_t c = 0; c < ${panelColumns}; c++) acc[c] *= scale * scales[c];
}
`;

/** C expression: byte `at` of a register of words as float32, less its offset. `words` have the top bits of their bytes turned. */
export function byteOf(words: string, at: number): string {
  const up = 24 - 8 * at;
  const shifted = up === 0 ? words : `(${words} << ${up})`;
  return `__builtin_convertvector((tn_vi)${shifted} >> 24, tn_vf)`;
}

export interface QuadTileSpec {
  readonly name: string;
  readonly rows: number;
  /** Panels of 16 columns side by side. */
  readonly panels: number;
}

/**
 * C text of
 * `static void NAME(const tn_left *const *a, const tn_word *b, int64_t panel, int64_t quads, float *restrict out, int64_t stride)`:
 * what `renderTile` does, on quantised operands: sums that `tn_dequantise` makes results of, int32 with dot products.
 */
export function renderQuadTile(isa: IsaFacts, spec: QuadTileSpec): string {
  const dots = isa.hasInt8Dot;
  return renderTileForm(isa, {
    ...spec,
    left: 'tn_left',
    right: 'tn_word',
    sums: dots ? 'tn_vi' : 'tn_vf',
    depth: 'quads',
    chunk: dots ? quadDepthLimit / 4 : quadChunk,
    remark: ', not scaled',
    step: (rows, addresses) => [
      ...addresses.map((address, c) => `const tn_vu w${c} = tn_load_words(${address})${dots ? '' : ' ^ 0x80808080u'};`),
      ...(dots
        ? rows.map((r) => addresses.map((_, c) => `c${r}_${c} = tn_dot_quads(c${r}_${c}, w${c}, a${r} + k);`).join(' '))
        : range(4).flatMap((at) => [
            `{`,
            ...addresses.map((_, c) => `  const tn_vf v${c} = ${byteOf(`w${c}`, at)};`),
            ...rows.map((r) => `  ${addresses.map((_, c) => `c${r}_${c} += a${r}[4 * k + ${at}] * v${c};`).join(' ')}`),
            `}`,
          ])),
    ],
  });
}
