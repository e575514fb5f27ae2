/*
 * Packing of weight matrices into the panels that the kernels stream, and back: tn_runtime.h, pack_panels.
 */
#include "tn_internal.h"

#include <string.h>

enum { PANEL = 16 };

/* Elements of any type at any address: a checkpoint's tensors need not be aligned. */
typedef uint8_t __attribute__((may_alias)) bits8;
typedef uint16_t __attribute__((may_alias, aligned(1))) bits16;
typedef uint32_t __attribute__((may_alias, aligned(1))) bits32;

typedef struct matrix {
  const char *source;
  char *target;
  int64_t element, form, group, n, k1, k0, stride_n, stride_k1, stride_k0;
  int64_t k, panel_bytes;
} matrix;

static int read_block(matrix *m, const int64_t *block) {
  *m = (matrix){
      .source = (const char *)(uintptr_t)block[TN_PACK_SOURCE],
      .target = (char *)(uintptr_t)block[TN_PACK_TARGET],
      .element = block[TN_PACK_ELEMENT],
      .form = block[TN_PACK_FORM],
      .group = block[TN_PACK_GROUP],
      .n = block[TN_PACK_N],
      .k1 = block[TN_PACK_K1],
      .k0 = block[TN_PACK_K0],
      .stride_n = block[TN_PACK_STRIDE_N],
      .stride_k1 = block[TN_PACK_STRIDE_K1],
      .stride_k0 = block[TN_PACK_STRIDE_K0],
  };
  if (m->element != 1 && m->element != 2 && m->element != 4) return 0;
  if (m->group != 1 && m->group != 2 && m->group != 4) return 0;
  const int is_f32 = m->form == TN_PACK_FROM_F32 || m->form == TN_PACK_INT8_F32;
  if (m->form < TN_PACK_AS_IS || m->form > TN_PACK_INT8_BF16) return 0;
  if (m->form != TN_PACK_AS_IS && m->element != (is_f32 ? 4 : 2)) return 0;
  if (m->form >= TN_PACK_INT8_F32 && m->group != 4) return 0;
  if (m->n < 0 || m->k1 < 0 || m->k0 < 0) return 0;
  m->k = m->k1 * m->k0;
  const int64_t bytes = m->form == TN_PACK_AS_IS ? m->element : m->form >= TN_PACK_INT8_F32 ? 1 : 2;
  m->panel_bytes = tn_ceildiv(m->k, m->group) * m->group * PANEL * bytes;
  if (m->form >= TN_PACK_INT8_F32) m->panel_bytes += PANEL * (int64_t)sizeof(float);
  return 1;
}

/* To nearest, ties to even; NaN stays a NaN. */
static inline uint16_t bf16_of_bits(uint32_t u) {
  const uint32_t rounded = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
  return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? u >> 16 | 0x40u : rounded);
}

/* The bits of the float32 that a float16 stands for; exact. */
static inline uint32_t f32_bits_of_f16(uint16_t h) {
  const uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13;
  float scaled;
  memcpy(&scaled, &magnitude, 4);
  scaled *= 0x1p112f; /* the exponent bias moves from 15 to 127 */
  uint32_t bits;
  memcpy(&bits, &scaled, 4);
  return bits | (magnitude > 0x0f7fffffu ? 0x7f800000u : 0u) | (uint32_t)(h & 0x8000u) << 16;
}

#define AS_IS(x) (x)
#define BF16_OF_F32(x) bf16_of_bits(x)
#define BF16_OF_F16(x) bf16_of_bits(f32_bits_of_f16(x))

/*
 * One panel, for one element type. Rows of the panel are written in order; reads walk up to 16 columns side by side,
 * each a sequential stream when stride_k0 is 1, or one contiguous piece when stride_n is 1.
 */
#define PACK_PANEL(name, type, to_type, convert)                                                       \
  static void pack_##name(const matrix *m, int64_t panel) {                                            \
    const int64_t n0 = panel * PANEL, columns = tn_min(PANEL, m->n - n0), g = m->group;                \
    const type *source = (const type *)(const void *)m->source + n0 * m->stride_n;                     \
    to_type *target = (to_type *)(void *)(m->target + panel * m->panel_bytes);                         \
    if (columns < PANEL || m->k % g != 0) memset(target, 0, (size_t)m->panel_bytes);                   \
    int64_t lane = 0; /* k mod g */                                                                    \
    for (int64_t k1 = 0; k1 < m->k1; k1++) {                                                           \
      const type *row = source + k1 * m->stride_k1;                                                    \
      for (int64_t k0 = 0; k0 < m->k0; k0++, row += m->stride_k0) {                                    \
        for (int64_t c = 0; c < columns; c++) target[c * g + lane] = convert(row[c * m->stride_n]);    \
        if (++lane == g) {                                                                             \
          lane = 0;                                                                                    \
          target += g * PANEL;                                                                         \
        }                                                                                              \
      }                                                                                                \
    }                                                                                                  \
  }

PACK_PANEL(bits8, bits8, bits8, AS_IS)
PACK_PANEL(bits16, bits16, bits16, AS_IS)
PACK_PANEL(bits32, bits32, bits32, AS_IS)
PACK_PANEL(f32, bits32, bits16, BF16_OF_F32)
PACK_PANEL(f16, bits16, bits16, BF16_OF_F16)

static inline float float_of(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

/* Element k of a column, as float32. */
static inline float element_of(const matrix *m, const char *column, int64_t k1, int64_t k0) {
  const char *at = column + (k1 * m->stride_k1 + k0 * m->stride_k0) * m->element;
  if (m->form == TN_PACK_INT8_F32) return float_of(*(const bits32 *)(const void *)at);
  const uint16_t half = *(const bits16 *)(const void *)at;
  return float_of(m->form == TN_PACK_INT8_F16 ? f32_bits_of_f16(half) : (uint32_t)half << 16);
}

/* One panel of bytes. A column with a NaN or an infinity is worth NaN. */
static void pack_int8(const matrix *m, int64_t panel) {
  const int64_t n0 = panel * PANEL, columns = tn_min(PANEL, m->n - n0), quads = tn_ceildiv(m->k, 4);
  uint8_t *target = (uint8_t *)m->target + panel * m->panel_bytes;
  char *scales = (char *)target + quads * 4 * PANEL;
  memset(target, 128, (size_t)(quads * 4 * PANEL));
  memset(scales, 0, PANEL * sizeof(float));
  for (int64_t c = 0; c < columns; c++) {
    const char *column = m->source + (n0 + c) * m->stride_n * m->element;
    float top = 0.0f, wrong = 0.0f;
    for (int64_t k1 = 0; k1 < m->k1; k1++) {
      for (int64_t k0 = 0; k0 < m->k0; k0++) {
        const float x = element_of(m, column, k1, k0), size = x < 0.0f ? -x : x;
        top = size > top ? size : top;
        wrong += x - x;
      }
    }
    const float scale = (top + wrong) / 127.0f, inverse = top + wrong > 1e-30f ? 127.0f / top : 0.0f;
    memcpy(scales + c * (int64_t)sizeof(float), &scale, sizeof scale);
    if (inverse == 0.0f) continue;
    uint8_t *to = target + c * 4;
    int64_t lane = 0; /* k mod 4 */
    for (int64_t k1 = 0; k1 < m->k1; k1++) {
      for (int64_t k0 = 0; k0 < m->k0; k0++) {
        const float v = element_of(m, column, k1, k0) * inverse;
        to[lane] = (uint8_t)(128 + (int32_t)((v + 0x1.8p23f) - 0x1.8p23f)); /* ties to even */
        if (++lane == 4) lane = 0, to += 4 * PANEL;
      }
    }
  }
}

/* The same walk with source and target changed over: elements go back to where the strides say. */
#define UNPACK_PANEL(type)                                                                             \
  static void unpack_##type(const matrix *m, int64_t panel) {                                          \
    const int64_t n0 = panel * PANEL, columns = tn_min(PANEL, m->n - n0), g = m->group;                \
    const type *source = (const type *)(const void *)(m->source + panel * m->panel_bytes);             \
    type *target = (type *)(void *)m->target + n0 * m->stride_n;                                       \
    int64_t lane = 0; /* k mod g */                                                                    \
    for (int64_t k1 = 0; k1 < m->k1; k1++) {                                                           \
      type *row = target + k1 * m->stride_k1;                                                          \
      for (int64_t k0 = 0; k0 < m->k0; k0++, row += m->stride_k0) {                                    \
        for (int64_t c = 0; c < columns; c++) row[c * m->stride_n] = source[c * g + lane];             \
        if (++lane == g) {                                                                             \
          lane = 0;                                                                                    \
          source += g * PANEL;                                                                         \
        }                                                                                              \
      }                                                                                                \
    }                                                                                                  \
  }

UNPACK_PANEL(bits8)
UNPACK_PANEL(bits16)
UNPACK_PANEL(bits32)

static void unpack_share(void *arg, int64_t id, tn_team *team) {
  const matrix *m = arg;
  int64_t begin, end;
  tn_split(tn_ceildiv(m->n, PANEL), 1, id, team->count, &begin, &end);
  for (int64_t panel = begin; panel < end; panel++) {
    if (m->element == 1) {
      unpack_bits8(m, panel);
    } else if (m->element == 2) {
      unpack_bits16(m, panel);
    } else {
      unpack_bits32(m, panel);
    }
  }
}

static void pack_share(void *arg, int64_t id, tn_team *team) {
  const matrix *m = arg;
  int64_t begin, end;
  tn_split(tn_ceildiv(m->n, PANEL), 1, id, team->count, &begin, &end);
  for (int64_t panel = begin; panel < end; panel++) {
    if (m->form >= TN_PACK_INT8_F32) {
      pack_int8(m, panel);
    } else if (m->form == TN_PACK_FROM_F32) {
      pack_f32(m, panel);
    } else if (m->form == TN_PACK_FROM_F16) {
      pack_f16(m, panel);
    } else if (m->element == 1) {
      pack_bits8(m, panel);
    } else if (m->element == 2) {
      pack_bits16(m, panel);
    } else {
      pack_bits32(m, panel);
    }
  }
}

int64_t TN_PREFIX(pack_bytes)(const int64_t *block) {
  matrix m;
  return read_block(&m, block) ? tn_ceildiv(m.n, PANEL) * m.panel_bytes : -1;
}

static int64_t run_shares(const int64_t *block, tn_task share) {
  matrix m;
  if (!read_block(&m, block)) return TN_ERROR_VALUE;
  const int64_t bytes = m.n * m.k * m.element;
  TN_PREFIX(pool_run)(share, &m, bytes < (1 << 16) ? 1 : TN_PREFIX(pool_threads)());
  return TN_OK;
}

int64_t TN_PREFIX(pack_panels)(const int64_t *block) { return run_shares(block, pack_share); }

int64_t TN_PREFIX(unpack_panels)(const int64_t *block) {
  return block[TN_PACK_FORM] == TN_PACK_AS_IS ? run_shares(block, unpack_share) : TN_ERROR_VALUE;
}
