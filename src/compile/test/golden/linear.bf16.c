#include "tn_runtime.h"
#define linear_gelu TN_PREFIX(linear_gelu)

void linear_gelu(void *const *b, const int64_t *d, const tn_thread *t);

static inline uint32_t tn_bits(float x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, 4);
  return u;
}
static inline float tn_from_bits(uint32_t u) {
  float x;
  __builtin_memcpy(&x, &u, 4);
  return x;
}

static inline float tn_f16_to_f32(uint16_t h) {
  const uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13;
  const float scaled = tn_from_bits(magnitude) * 0x1p112f; /* the exponent bias moves from 15 to 127; exact */
  const uint32_t special = magnitude > 0x0f7fffffu ? 0x7f800000u : 0u;
  return tn_from_bits(tn_bits(scaled) | special | (uint32_t)(h & 0x8000u) << 16);
}

static inline float tn_bf16_to_f32(uint16_t h) { return tn_from_bits((uint32_t)h << 16); }

static inline uint16_t tn_f32_to_bf16(float x) {
  const uint32_t u = tn_bits(x);
  const uint32_t rounded = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
  return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? u >> 16 | 0x40u : rounded);
}

/* One vector register: 16 float32. The _u forms may stand at any element's address. */
typedef float tn_vf __attribute__((vector_size(64), may_alias));
typedef float tn_vf_u __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t tn_vi __attribute__((vector_size(64), may_alias));
typedef uint32_t tn_vu __attribute__((vector_size(64), may_alias));
static inline tn_vf tn_load(const float *p) { return *(const tn_vf_u *)p; }
static inline void tn_store(float *p, tn_vf v) { *(tn_vf_u *)p = v; }
static inline tn_vf tn_splat(float x) { return x - (tn_vf){0}; }

/* Two bfloat16, the even element in the lower half. */
typedef uint32_t tn_word __attribute__((may_alias));
typedef uint32_t tn_words_u __attribute__((vector_size(64), aligned(4), may_alias));
static inline tn_vu tn_load_words(const tn_word *p) { return *(const tn_words_u *)p; }
typedef tn_word tn_left;
/* sum + the lower halves' products + the upper halves', each pair of w with the pair at x. */
static inline tn_vf tn_dot_pairs(tn_vf sum, tn_vu w, const tn_left *x) {
  __asm__("vdpbf16ps %2%{1to16%}, %1, %0" : "+v"(sum) : "v"(w), "m"(*x));
  return sum;
}
/* n floats as pairs, the last one filled up with zero. `to` may be where `from` is. */
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

/* 2^(n + r), within 1.5 ulp: shifted is 1.5 2^23 + n, -127 <= n <= 0, |r| <= 1/2. 0 for n = -127, whose exponent bits are those of zero. */
static inline float tn_exp2_parts(float shifted, float r) {
  const float q = ((((0x1.448fc0p-13f * r + 0x1.5f47b0p-10f) * r + 0x1.3b29aap-7f) * r + 0x1.c6aecfp-5f) * r + 0x1.ebfbe0p-3f) * r
    + 0x1.62e430p-1f;
  return (q * r + 1.0f) * tn_from_bits((tn_bits(shifted) << 23) + 0x3f800000u);
}

/* x Phi(x), Phi the normal distribution: within 10 ulp plus 4e-9 (the negative tail does not cancel). NaN at -inf.
   Phi(-a) = 2^(-1 - a g(a)), where g is fitted for what comes out: to 3e-7 of it plus 2e-9. The bound on a is where the power is 2^-127,
   which is zero here. Integer part n and rest r of the exponent are made without rounding the exponent. */
static inline float tn_geluf(float x) {
  const float b = __builtin_fabsf(x), a = b > 0x1.5bb7a4p+3f ? 0x1.5bb7a4p+3f : b;
  const float g = ((((((0x1.439a20p-20f * a - 0x1.3ae918p-16f) * a + 0x1.5905c0p-14f) * a + 0x1.a83036p-12f) * a - 0x1.e763e2p-8f) * a
    + 0x1.b04e68p-5f) * a + 0x1.d621a2p-2f) * a + 0x1.26af90p0f;
  const float n = 0x1.7ffffep23f - a * g;
  const float tail = tn_exp2_parts(n, (0x1.7ffffep23f - n) - a * g);
  return x * (x > 0.0f ? 1.0f - tail : tail);
}


/* linear at model.ts:1:1, gelu at model.ts:2:1 */
/* out[8 rows][16] = a[8 rows][pairs] * 1 panel [pairs][16] */
static __attribute__((noinline)) void linear_gelu_tile1(const tn_left *const *a, const tn_word *b, int64_t panel, int64_t pairs,
    float *restrict out, int64_t stride) {
  const tn_left *a0 = a[0];
  const tn_left *a1 = a[1];
  const tn_left *a2 = a[2];
  const tn_left *a3 = a[3];
  const tn_left *a4 = a[4];
  const tn_left *a5 = a[5];
  const tn_left *a6 = a[6];
  const tn_left *a7 = a[7];
  const tn_word *b0 = b;
  (void)panel;
  int64_t k = 0;
  for (int64_t end = tn_min(pairs, 512);; end = tn_min(pairs, end + 512)) {
    tn_vf c0_0 = {0};
    tn_vf c1_0 = {0};
    tn_vf c2_0 = {0};
    tn_vf c3_0 = {0};
    tn_vf c4_0 = {0};
    tn_vf c5_0 = {0};
    tn_vf c6_0 = {0};
    tn_vf c7_0 = {0};
    for (; k < end; k++) {
      const tn_vu w0 = tn_load_words(b0 + k * 16);
      c0_0 = tn_dot_pairs(c0_0, w0, a0 + k);
      c1_0 = tn_dot_pairs(c1_0, w0, a1 + k);
      c2_0 = tn_dot_pairs(c2_0, w0, a2 + k);
      c3_0 = tn_dot_pairs(c3_0, w0, a3 + k);
      c4_0 = tn_dot_pairs(c4_0, w0, a4 + k);
      c5_0 = tn_dot_pairs(c5_0, w0, a5 + k);
      c6_0 = tn_dot_pairs(c6_0, w0, a6 + k);
      c7_0 = tn_dot_pairs(c7_0, w0, a7 + k);
    }
    if (end > 512) {
      c0_0 += tn_load(out + 0);
      c1_0 += tn_load(out + 1 * stride);
      c2_0 += tn_load(out + 2 * stride);
      c3_0 += tn_load(out + 3 * stride);
      c4_0 += tn_load(out + 4 * stride);
      c5_0 += tn_load(out + 5 * stride);
      c6_0 += tn_load(out + 6 * stride);
      c7_0 += tn_load(out + 7 * stride);
    }
    tn_store(out + 0, c0_0);
    tn_store(out + 1 * stride, c1_0);
    tn_store(out + 2 * stride, c2_0);
    tn_store(out + 3 * stride, c3_0);
    tn_store(out + 4 * stride, c4_0);
    tn_store(out + 5 * stride, c5_0);
    tn_store(out + 6 * stride, c6_0);
    tn_store(out + 7 * stride, c7_0);
    if (end == pairs) break;
  }
}

/* out[8 rows][32] = a[8 rows][pairs] * 2 panels [pairs][16] */
static __attribute__((noinline)) void linear_gelu_tile2(const tn_left *const *a, const tn_word *b, int64_t panel, int64_t pairs,
    float *restrict out, int64_t stride) {
  const tn_left *a0 = a[0];
  const tn_left *a1 = a[1];
  const tn_left *a2 = a[2];
  const tn_left *a3 = a[3];
  const tn_left *a4 = a[4];
  const tn_left *a5 = a[5];
  const tn_left *a6 = a[6];
  const tn_left *a7 = a[7];
  const tn_word *b0 = b;
  const tn_word *b1 = b + 1 * panel;
  int64_t k = 0;
  for (int64_t end = tn_min(pairs, 512);; end = tn_min(pairs, end + 512)) {
    tn_vf c0_0 = {0}, c0_1 = {0};
    tn_vf c1_0 = {0}, c1_1 = {0};
    tn_vf c2_0 = {0}, c2_1 = {0};
    tn_vf c3_0 = {0}, c3_1 = {0};
    tn_vf c4_0 = {0}, c4_1 = {0};
    tn_vf c5_0 = {0}, c5_1 = {0};
    tn_vf c6_0 = {0}, c6_1 = {0};
    tn_vf c7_0 = {0}, c7_1 = {0};
    for (; k < end; k++) {
      const tn_vu w0 = tn_load_words(b0 + k * 16);
      const tn_vu w1 = tn_load_words(b1 + k * 16);
      c0_0 = tn_dot_pairs(c0_0, w0, a0 + k); c0_1 = tn_dot_pairs(c0_1, w1, a0 + k);
      c1_0 = tn_dot_pairs(c1_0, w0, a1 + k); c1_1 = tn_dot_pairs(c1_1, w1, a1 + k);
      c2_0 = tn_dot_pairs(c2_0, w0, a2 + k); c2_1 = tn_dot_pairs(c2_1, w1, a2 + k);
      c3_0 = tn_dot_pairs(c3_0, w0, a3 + k); c3_1 = tn_dot_pairs(c3_1, w1, a3 + k);
      c4_0 = tn_dot_pairs(c4_0, w0, a4 + k); c4_1 = tn_dot_pairs(c4_1, w1, a4 + k);
      c5_0 = tn_dot_pairs(c5_0, w0, a5 + k); c5_1 = tn_dot_pairs(c5_1, w1, a5 + k);
      c6_0 = tn_dot_pairs(c6_0, w0, a6 + k); c6_1 = tn_dot_pairs(c6_1, w1, a6 + k);
      c7_0 = tn_dot_pairs(c7_0, w0, a7 + k); c7_1 = tn_dot_pairs(c7_1, w1, a7 + k);
    }
    if (end > 512) {
      c0_0 += tn_load(out + 0); c0_1 += tn_load(out + 16);
      c1_0 += tn_load(out + 1 * stride); c1_1 += tn_load(out + 1 * stride + 16);
      c2_0 += tn_load(out + 2 * stride); c2_1 += tn_load(out + 2 * stride + 16);
      c3_0 += tn_load(out + 3 * stride); c3_1 += tn_load(out + 3 * stride + 16);
      c4_0 += tn_load(out + 4 * stride); c4_1 += tn_load(out + 4 * stride + 16);
      c5_0 += tn_load(out + 5 * stride); c5_1 += tn_load(out + 5 * stride + 16);
      c6_0 += tn_load(out + 6 * stride); c6_1 += tn_load(out + 6 * stride + 16);
      c7_0 += tn_load(out + 7 * stride); c7_1 += tn_load(out + 7 * stride + 16);
    }
    tn_store(out + 0, c0_0); tn_store(out + 16, c0_1);
    tn_store(out + 1 * stride, c1_0); tn_store(out + 1 * stride + 16, c1_1);
    tn_store(out + 2 * stride, c2_0); tn_store(out + 2 * stride + 16, c2_1);
    tn_store(out + 3 * stride, c3_0); tn_store(out + 3 * stride + 16, c3_1);
    tn_store(out + 4 * stride, c4_0); tn_store(out + 4 * stride + 16, c4_1);
    tn_store(out + 5 * stride, c5_0); tn_store(out + 5 * stride + 16, c5_1);
    tn_store(out + 6 * stride, c6_0); tn_store(out + 6 * stride + 16, c6_1);
    tn_store(out + 7 * stride, c7_0); tn_store(out + 7 * stride + 16, c7_1);
    if (end == pairs) break;
  }
}

/* out[8 rows][48] = a[8 rows][pairs] * 3 panels [pairs][16] */
static __attribute__((noinline)) void linear_gelu_tile3(const tn_left *const *a, const tn_word *b, int64_t panel, int64_t pairs,
    float *restrict out, int64_t stride) {
  const tn_left *a0 = a[0];
  const tn_left *a1 = a[1];
  const tn_left *a2 = a[2];
  const tn_left *a3 = a[3];
  const tn_left *a4 = a[4];
  const tn_left *a5 = a[5];
  const tn_left *a6 = a[6];
  const tn_left *a7 = a[7];
  const tn_word *b0 = b;
  const tn_word *b1 = b + 1 * panel;
  const tn_word *b2 = b + 2 * panel;
  int64_t k = 0;
  for (int64_t end = tn_min(pairs, 512);; end = tn_min(pairs, end + 512)) {
    tn_vf c0_0 = {0}, c0_1 = {0}, c0_2 = {0};
    tn_vf c1_0 = {0}, c1_1 = {0}, c1_2 = {0};
    tn_vf c2_0 = {0}, c2_1 = {0}, c2_2 = {0};
    tn_vf c3_0 = {0}, c3_1 = {0}, c3_2 = {0};
    tn_vf c4_0 = {0}, c4_1 = {0}, c4_2 = {0};
    tn_vf c5_0 = {0}, c5_1 = {0}, c5_2 = {0};
    tn_vf c6_0 = {0}, c6_1 = {0}, c6_2 = {0};
    tn_vf c7_0 = {0}, c7_1 = {0}, c7_2 = {0};
    for (; k < end; k++) {
      const tn_vu w0 = tn_load_words(b0 + k * 16);
      const tn_vu w1 = tn_load_words(b1 + k * 16);
      const tn_vu w2 = tn_load_words(b2 + k * 16);
      c0_0 = tn_dot_pairs(c0_0, w0, a0 + k); c0_1 = tn_dot_pairs(c0_1, w1, a0 + k); c0_2 = tn_dot_pairs(c0_2, w2, a0 + k);
      c1_0 = tn_dot_pairs(c1_0, w0, a1 + k); c1_1 = tn_dot_pairs(c1_1, w1, a1 + k); c1_2 = tn_dot_pairs(c1_2, w2, a1 + k);
      c2_0 = tn_dot_pairs(c2_0, w0, a2 + k); c2_1 = tn_dot_pairs(c2_1, w1, a2 + k); c2_2 = tn_dot_pairs(c2_2, w2, a2 + k);
      c3_0 = tn_dot_pairs(c3_0, w0, a3 + k); c3_1 = tn_dot_pairs(c3_1, w1, a3 + k); c3_2 = tn_dot_pairs(c3_2, w2, a3 + k);
      c4_0 = tn_dot_pairs(c4_0, w0, a4 + k); c4_1 = tn_dot_pairs(c4_1, w1, a4 + k); c4_2 = tn_dot_pairs(c4_2, w2, a4 + k);
      c5_0 = tn_dot_pairs(c5_0, w0, a5 + k); c5_1 = tn_dot_pairs(c5_1, w1, a5 + k); c5_2 = tn_dot_pairs(c5_2, w2, a5 + k);
      c6_0 = tn_dot_pairs(c6_0, w0, a6 + k); c6_1 = tn_dot_pairs(c6_1, w1, a6 + k); c6_2 = tn_dot_pairs(c6_2, w2, a6 + k);
      c7_0 = tn_dot_pairs(c7_0, w0, a7 + k); c7_1 = tn_dot_pairs(c7_1, w1, a7 + k); c7_2 = tn_dot_pairs(c7_2, w2, a7 + k);
    }
    if (end > 512) {
      c0_0 += tn_load(out + 0); c0_1 += tn_load(out + 16); c0_2 += tn_load(out + 32);
      c1_0 += tn_load(out + 1 * stride); c1_1 += tn_load(out + 1 * stride + 16); c1_2 += tn_load(out + 1 * stride + 32);
      c2_0 += tn_load(out + 2 * stride); c2_1 += tn_load(out + 2 * stride + 16); c2_2 += tn_load(out + 2 * stride + 32);
      c3_0 += tn_load(out + 3 * stride); c3_1 += tn_load(out + 3 * stride + 16); c3_2 += tn_load(out + 3 * stride + 32);
      c4_0 += tn_load(out + 4 * stride); c4_1 += tn_load(out + 4 * stride + 16); c4_2 += tn_load(out + 4 * stride + 32);
      c5_0 += tn_load(out + 5 * stride); c5_1 += tn_load(out + 5 * stride + 16); c5_2 += tn_load(out + 5 * stride + 32);
      c6_0 += tn_load(out + 6 * stride); c6_1 += tn_load(out + 6 * stride + 16); c6_2 += tn_load(out + 6 * stride + 32);
      c7_0 += tn_load(out + 7 * stride); c7_1 += tn_load(out + 7 * stride + 16); c7_2 += tn_load(out + 7 * stride + 32);
    }
    tn_store(out + 0, c0_0); tn_store(out + 16, c0_1); tn_store(out + 32, c0_2);
    tn_store(out + 1 * stride, c1_0); tn_store(out + 1 * stride + 16, c1_1); tn_store(out + 1 * stride + 32, c1_2);
    tn_store(out + 2 * stride, c2_0); tn_store(out + 2 * stride + 16, c2_1); tn_store(out + 2 * stride + 32, c2_2);
    tn_store(out + 3 * stride, c3_0); tn_store(out + 3 * stride + 16, c3_1); tn_store(out + 3 * stride + 32, c3_2);
    tn_store(out + 4 * stride, c4_0); tn_store(out + 4 * stride + 16, c4_1); tn_store(out + 4 * stride + 32, c4_2);
    tn_store(out + 5 * stride, c5_0); tn_store(out + 5 * stride + 16, c5_1); tn_store(out + 5 * stride + 32, c5_2);
    tn_store(out + 6 * stride, c6_0); tn_store(out + 6 * stride + 16, c6_1); tn_store(out + 6 * stride + 32, c6_2);
    tn_store(out + 7 * stride, c7_0); tn_store(out + 7 * stride + 16, c7_1); tn_store(out + 7 * stride + 32, c7_2);
    if (end == pairs) break;
  }
}

/* Column parts of the thread grid: least time of the slowest thread, from arithmetic, panels read and rows read. */
static int64_t linear_gelu_column_parts(int64_t row_tiles, int64_t panels, int64_t count) {
  int64_t best = 1, least = INT64_MAX;
  for (int64_t parts = 1; parts <= count; parts++) {
    if (count % parts != 0) continue;
    const int64_t rows = tn_ceildiv(row_tiles, count / parts), columns = tn_ceildiv(panels, parts);
    const int64_t time = 4 * rows * columns + 4 * columns + rows;
    if (time < least) least = time, best = parts;
  }
  return best;
}

/* linear_gelu */
void linear_gelu(void *const *b, const int64_t *d, const tn_thread *t) {
  (void)b, (void)d, (void)t;
  const int64_t n = d[0];
  const float *restrict const x = b[0];
  const uint32_t *restrict const weight = b[1];
  const uint16_t *restrict const bias = b[2];
  float *restrict const out = b[3];
  const int64_t tk_m = n, tk_n = 128, tk_k = 64, tk_batches = 1;
  if (tk_m <= 0 || tk_n <= 0 || tk_batches <= 0) return;
  const int64_t tk_row_tiles = tn_ceildiv(tk_m, 8), tk_panels = tn_ceildiv(tk_n, 16);
  const int64_t tk_column_parts = linear_gelu_column_parts(tk_batches * tk_row_tiles, tk_panels, t->count);
  int64_t tk_u, tk_u_end, tk_p0, tk_p1;
  tn_split(tk_batches * tk_row_tiles, 1, t->id / tk_column_parts, t->count / tk_column_parts, &tk_u, &tk_u_end);
  tn_split(tk_panels, 1, t->id % tk_column_parts, tk_column_parts, &tk_p0, &tk_p1);
  const int64_t tk_steps = (tk_k + 1) / 2;
  tn_left *const tk_rows = (tn_left *)(void *)t->scratch;
  _Alignas(64) float tk_tile[384];
  while (tk_u < tk_u_end) { /* one batch, or this thread's part of it */
    const int64_t batch = tk_u / tk_row_tiles;
    (void)batch;
    const int64_t tk_first = tk_u - batch * tk_row_tiles;
    const int64_t tk_last = tn_min(tk_row_tiles, tk_first + (tk_u_end - tk_u));
    tk_u += tk_last - tk_first;
    const int64_t tk_m0 = tk_first * 8, tk_m1 = tn_min(tk_m, tk_last * 8);
    const int64_t tk_width = tk_m1 - tk_m0 <= 24 ? 1 : 3;
    for (int64_t tk_pc = tk_p0; tk_pc < tk_p1; tk_pc += tk_panels) { /* column chunk */
      const int64_t tk_pe = tn_min(tk_p1, tk_pc + tk_panels);
      const tn_word *const tk_packed = weight + tk_pc * tk_steps * 16;
      for (int64_t tk_mb = tk_m0; tk_mb < tk_m1; tk_mb += 192) { /* row block */
        const int64_t tk_me = tn_min(tk_m1, tk_mb + 192);
        const int64_t tk_left0 = tk_mb, tk_left_stride = tk_steps;
        for (int64_t tk_row = tk_mb; tk_row < tk_me; tk_row++) {
          tn_round_pairs(x + tk_row * (int64_t)(64), tk_k, tk_rows + (tk_row - tk_mb) * tk_left_stride);
        }
        const tn_left *const tk_left = tk_rows;
        for (int64_t tk_pg = tk_pc; tk_pg < tk_pe; tk_pg += tk_width) { /* panel group */
          const int64_t tk_group = tn_min(tk_width, tk_pe - tk_pg);
          const tn_word *const tk_b = tk_packed + (tk_pg - tk_pc) * tk_steps * 16;
          for (int64_t tk_mt = tk_mb; tk_mt < tk_me; tk_mt += 8) { /* row tile; rows past the end repeat the last one */
            const tn_left *tk_a[8];
            for (int64_t tk_r = 0; tk_r < 8; tk_r++) {
              const int64_t tk_row = tn_min(tk_mt + tk_r, tk_me - 1);
              tk_a[tk_r] = tk_left + (tk_row - tk_left0) * tk_left_stride;
              for (int64_t tk_v = 0; tk_v < tk_group; tk_v++) {
                __builtin_prefetch(out + 128 * tk_row + ((tk_pg + tk_v) * 16));
              }
            }
            switch (tk_group) {
              case 1: linear_gelu_tile1(tk_a, tk_b, tk_steps * 16, tk_steps, tk_tile, 48); break;
              case 2: linear_gelu_tile2(tk_a, tk_b, tk_steps * 16, tk_steps, tk_tile, 48); break;
              default: linear_gelu_tile3(tk_a, tk_b, tk_steps * 16, tk_steps, tk_tile, 48); break;
            }
            const int64_t tk_height = tn_min(8, tk_me - tk_mt);
            for (int64_t tk_v = 0; tk_v < tk_group; tk_v++) {
              const int64_t tk_col0 = (tk_pg + tk_v) * 16;
              for (int64_t tk_r = 0; tk_r < tk_height; tk_r++) {
                float *const tk_acc = tk_tile + tk_r * 48 + tk_v * 16;
                const int64_t tk_row = tk_mt + tk_r;
                (void)tk_row, (void)tk_col0;
                {
#pragma omp simd
                  for (int64_t c = 0; c < 16; c++) {
                    const int64_t col = tk_col0 + c;
                    const float v0 = tn_f16_to_f32(bias[col]);
                    const float v1 = v0;
                    const float v2 = tk_acc[c] + v1;
                    const float v3 = tn_geluf(v2);
                    out[128 * tk_row + col] = v3;
                  }
                }
              }
            }
          }
        }
      }
    }
  }
}

