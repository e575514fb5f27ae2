/* ---- amax_pwtn025g.c ---- */
#include "tn_runtime.h"
#define amax_pwtn025g TN_PREFIX(amax_pwtn025g)

void amax_pwtn025g(void *const *b, const int64_t *d, const tn_thread *t);

/* amax at model.ts:2:1 */
void amax_pwtn025g(void *const *b, const int64_t *d, const tn_thread *t) {
  const int64_t n = d[0];
  const float *restrict const x = b[0];
  float *restrict const out = b[1];
  const int64_t strips = tn_ceildiv(3, 64);
  int64_t begin, end;
  tn_split(strips * n, 1, t->id, t->count, &begin, &end);
  for (int64_t s = begin; s < end; s++) {
    const int64_t first = (s % strips) * 64;
    const int64_t width = tn_min(64, 3 - first);
    const int64_t i0 = s / strips;
    float sum[64];
    for (int64_t l = 0; l < width; l++) sum[l] = -__builtin_inff();
    for (int64_t k0 = 0; k0 < 37; k0++) {
#pragma omp simd
      for (int64_t l = 0; l < width; l++) {
        const int64_t i1 = first + l;
        const float v0 = x[111 * i0 + i1 + 3 * k0];
        sum[l] = v0 > sum[l] || v0 != v0 ? v0 : sum[l];
      }
    }
#pragma omp simd
    for (int64_t l = 0; l < width; l++) {
      const int64_t i1 = first + l;
      const float v1 = sum[l];
      out[3 * i0 + i1] = v1;
    }
  }
}

/* ---- argmax_7ehnrxb6.c ---- */
#include "tn_runtime.h"
#define argmax_7ehnrxb6 TN_PREFIX(argmax_7ehnrxb6)

void argmax_7ehnrxb6(void *const *b, const int64_t *d, const tn_thread *t);

/* argmax at model.ts:3:1 */
void argmax_7ehnrxb6(void *const *b, const int64_t *d, const tn_thread *t) {
  const int64_t n = d[0];
  const float *restrict const x = b[0];
  int64_t *restrict const out = b[1];
  const int64_t strips = tn_ceildiv(3, 64);
  int64_t begin, end;
  tn_split(strips * n, 1, t->id, t->count, &begin, &end);
  for (int64_t s = begin; s < end; s++) {
    const int64_t first = (s % strips) * 64;
    const int64_t width = tn_min(64, 3 - first);
    const int64_t i0 = s / strips;
    float sum[64];
    int64_t at[64];
    for (int64_t l = 0; l < width; l++) { sum[l] = -__builtin_inff(); at[l] = -1; }
    for (int64_t k0 = 0; k0 < 37; k0++) {
#pragma omp simd
      for (int64_t l = 0; l < width; l++) {
        const int64_t i1 = first + l;
        const float v0 = x[111 * i0 + i1 + 3 * k0];
        if (at[l] < 0 || v0 > sum[l] || (v0 != v0 && sum[l] == sum[l])) { sum[l] = v0; at[l] = k0; }
      }
    }
#pragma omp simd
    for (int64_t l = 0; l < width; l++) {
      const int64_t i1 = first + l;
      const int64_t v1 = (int64_t)at[l];
      out[3 * i0 + i1] = v1;
    }
  }
}

/* ---- sub_exp_kk5w73pl.c ---- */
#include "tn_runtime.h"
#define sub_exp_kk5w73pl TN_PREFIX(sub_exp_kk5w73pl)

void sub_exp_kk5w73pl(void *const *b, const int64_t *d, const tn_thread *t);

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

/* e^x, within 1 ulp; subnormal results rounded once. x = n ln 2 + r, |r| <= 0.35, e^r = 1 + r + r^2 q(r); 2^n in two factors. */
static inline float tn_expf(float x) {
  const float c = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  const float shifted = c * 0x1.715476p0f + 0x1.8p23f;
  const float n = shifted - 0x1.8p23f;
  const int32_t i = (int32_t)(tn_bits(shifted) - 0x4b400000u), half = i >> 1;
  const float r = (c - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
  const float q = (((0x1.6a1a72p-10f * r + 0x1.123fc6p-7f) * r + 0x1.555916p-5f) * r + 0x1.555490p-3f) * r + 0x1.fffffcp-2f;
  const float p = (r * r * q + r) + 1.0f;
  return p * tn_from_bits((uint32_t)(half + 127) << 23) * tn_from_bits((uint32_t)(i - half + 127) << 23);
}


/* sub at model.ts:5:1, exp at model.ts:6:1 */
void sub_exp_kk5w73pl(void *const *b, const int64_t *d, const tn_thread *t) {
  const int64_t n = d[0];
  const float *restrict const x = b[0];
  const float *restrict const y = b[1];
  float *restrict const out = b[2];
  int64_t begin, end;
  tn_split(37 * n, 683, t->id, t->count, &begin, &end);
  for (int64_t r = begin; r < end; r++) {
    const int64_t j = r % 37;
    const int64_t r1 = r / 37;
    const int64_t i = r1;
#pragma omp simd
    for (int64_t k = 0; k < 3; k++) {
      const float v0 = x[111 * i + 3 * j + k];
      const float v1 = y[3 * i + k];
      const float v2 = v0 - v1;
      const float v3 = tn_expf(v2);
      out[111 * i + 3 * j + k] = v3;
    }
  }
}

/* ---- sum_permute_rc1qbrrj.c ---- */
#include "tn_runtime.h"
#define sum_permute_rc1qbrrj TN_PREFIX(sum_permute_rc1qbrrj)

void sum_permute_rc1qbrrj(void *const *b, const int64_t *d, const tn_thread *t);

/* sum at model.ts:1:1, permute at model.ts:7:1 */
void sum_permute_rc1qbrrj(void *const *b, const int64_t *d, const tn_thread *t) {
  const int64_t n = d[0];
  const float *restrict const x = b[0];
  float *restrict const out = b[1];
  const int64_t strips = tn_ceildiv(3, 64);
  int64_t begin, end;
  tn_split(strips * n, 1, t->id, t->count, &begin, &end);
  for (int64_t s = begin; s < end; s++) {
    const int64_t first = (s % strips) * 64;
    const int64_t width = tn_min(64, 3 - first);
    const int64_t i0 = s / strips;
    double sum[64];
    for (int64_t l = 0; l < width; l++) sum[l] = 0;
    for (int64_t k0 = 0; k0 < 37; k0++) {
#pragma omp simd
      for (int64_t l = 0; l < width; l++) {
        const int64_t i1 = first + l;
        const float v0 = x[111 * i0 + i1 + 3 * k0];
        sum[l] += v0;
      }
    }
#pragma omp simd
    for (int64_t l = 0; l < width; l++) {
      const int64_t i1 = first + l;
      const float v1 = (float)sum[l];
      out[i1 * n + i0] = v1;
    }
  }
}

/* ---- mean_neg_x0wdp29s.c ---- */
#include "tn_runtime.h"
#define mean_neg_x0wdp29s TN_PREFIX(mean_neg_x0wdp29s)

void mean_neg_x0wdp29s(void *const *b, const int64_t *d, const tn_thread *t);

/* mean at model.ts:4:1, neg at model.ts:8:1 */
void mean_neg_x0wdp29s(void *const *b, const int64_t *d, const tn_thread *t) {
  const int64_t n = d[0];
  const float *restrict const x = b[0];
  float *restrict const out = b[1];
  if (t->id != 0) return;
  double lane[16];
  for (int l = 0; l < 16; l++) lane[l] = 0;
  for (int64_t k0 = 0; k0 < n; k0++) {
    for (int64_t k1 = 0; k1 < 37; k1++) {
      int64_t k = 0;
      for (; k + 16 <= 3; k += 16) {
#pragma omp simd
        for (int64_t l = 0; l < 16; l++) {
          const int64_t k2 = k + l;
          const float v0 = x[111 * k0 + 3 * k1 + k2];
          lane[l] += v0;
        }
      }
#pragma omp simd
      for (int64_t l = 0; l < 3 - k; l++) {
        const int64_t k2 = k + l;
        const float v1 = x[111 * k0 + 3 * k1 + k2];
        lane[l] += v1;
      }
    }
  }
  double total = lane[0];
  for (int l = 1; l < 16; l++) total += lane[l];
  const float v2 = (float)total;
  const int64_t v3 = 111 * n;
  const float v4 = (float)v3;
  const float v5 = v2 / v4;
  const float v6 = -v5;
  out[0] = v6;
}

/* ---- program.c ---- */
/* reductions: 5 kernels. */
#include "tn_runtime.h"

/* Two parts in one program: each gives its table a name of its own. */
#ifndef TN_ARTIFACT_NAME
#define TN_ARTIFACT_NAME tn_artifact_v1
#endif

void TN_PREFIX(amax_pwtn025g)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(argmax_7ehnrxb6)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(sub_exp_kk5w73pl)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(sum_permute_rc1qbrrj)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(mean_neg_x0wdp29s)(void *const *b, const int64_t *d, const tn_thread *t);

static void program(const tn_call *call, const tn_thread *t) {
  const int64_t *const d = call->dims;
  void *const x_ = call->inputs[0];
  void *const permute_7 = call->outputs[0];
  void *const argmax_3 = call->outputs[1];
  void *const neg_8 = call->outputs[2];
  void *const exp_6 = call->outputs[3];
  void *const amax_2 = call->arena + 0; /* float32 [n, 1, 3] */

  /* amax at model.ts:2:1 */
  {
    void *const b[] = {x_, amax_2};
    tn_kernel_begin(call, t, 0);
    TN_PREFIX(amax_pwtn025g)(b, d, t);
    tn_kernel_end(call, t, 0);
  }

  /* argmax at model.ts:3:1 */
  {
    void *const b[] = {x_, argmax_3};
    tn_kernel_begin(call, t, 1);
    TN_PREFIX(argmax_7ehnrxb6)(b, d, t);
    tn_kernel_end(call, t, 1);
  }

  /* sub at model.ts:5:1, exp at model.ts:6:1 */
  tn_barrier(t);
  {
    void *const b[] = {x_, amax_2, exp_6};
    tn_kernel_begin(call, t, 2);
    TN_PREFIX(sub_exp_kk5w73pl)(b, d, t);
    tn_kernel_end(call, t, 2);
  }

  /* sum at model.ts:1:1, permute at model.ts:7:1 */
  {
    void *const b[] = {x_, permute_7};
    tn_kernel_begin(call, t, 3);
    TN_PREFIX(sum_permute_rc1qbrrj)(b, d, t);
    tn_kernel_end(call, t, 3);
  }

  /* mean at model.ts:4:1, neg at model.ts:8:1 */
  {
    void *const b[] = {x_, neg_8};
    tn_kernel_begin(call, t, 4);
    TN_PREFIX(mean_neg_x0wdp29s)(b, d, t);
    tn_kernel_end(call, t, 4);
  }
}

static int64_t arena_bytes(const int64_t *d) {
  const int64_t n = d[0];
  return 64 * ((3 * n + 15) / 16);
}

static int64_t work(const int64_t *d) {
  const int64_t n = d[0];
  return (1233 * n + 1) / 10;
}

static const char *const kernel_names[] = {
  "amax_pwtn025g",
  "argmax_7ehnrxb6",
  "sub_exp_kk5w73pl",
  "sum_permute_rc1qbrrj",
  "mean_neg_x0wdp29s",
};

TN_EXPORT extern const tn_artifact TN_ARTIFACT_NAME;
const tn_artifact TN_ARTIFACT_NAME = {
  .abi_version = TN_ABI_VERSION,
  .name = "reductions",
  .n_dims = 1,
  .n_inputs = 1,
  .n_outputs = 4,
  .n_weights = 0,
  .n_kernels = 5,
  .kernel_names = kernel_names,
  .arena_bytes = arena_bytes,
  .scratch_bytes = NULL,
  .work = work,
  .program = program,
};
