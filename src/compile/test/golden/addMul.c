/* ---- mul_add_4w2jbwdx.c ---- */
#include "tn_runtime.h"
#define mul_add_4w2jbwdx TN_PREFIX(mul_add_4w2jbwdx)

void mul_add_4w2jbwdx(void *const *b, const int64_t *d, const tn_thread *t);

/* mul at model.ts:1:1, add at model.ts:2:1 */
void mul_add_4w2jbwdx(void *const *b, const int64_t *d, const tn_thread *t) {
  const int64_t n = d[0];
  const float *restrict const x = b[0];
  const float *restrict const y = b[1];
  float *restrict const out = b[2];
  int64_t begin, end;
  tn_split(3 * n, 2048, t->id, t->count, &begin, &end);
#pragma omp simd
  for (int64_t i = begin; i < end; i++) {
    const float v0 = x[i];
    const float v1 = y[i];
    const float v2 = v1 * 2.0f;
    const float v3 = v0 + v2;
    out[i] = v3;
  }
}

/* ---- program.c ---- */
/* addMul: 1 kernels. */
#include "tn_runtime.h"

/* Two parts in one program: each gives its table a name of its own. */
#ifndef TN_ARTIFACT_NAME
#define TN_ARTIFACT_NAME tn_artifact_v1
#endif

void TN_PREFIX(mul_add_4w2jbwdx)(void *const *b, const int64_t *d, const tn_thread *t);

static void program(const tn_call *call, const tn_thread *t) {
  const int64_t *const d = call->dims;
  void *const x_ = call->inputs[0];
  void *const y_ = call->inputs[1];
  void *const add_3 = call->outputs[0];

  /* mul at model.ts:1:1, add at model.ts:2:1 */
  {
    void *const b[] = {x_, y_, add_3};
    tn_kernel_begin(call, t, 0);
    TN_PREFIX(mul_add_4w2jbwdx)(b, d, t);
    tn_kernel_end(call, t, 0);
  }
}

static int64_t work(const int64_t *d) {
  const int64_t n = d[0];
  return (6 * n) / 5;
}

static const char *const kernel_names[] = {
  "mul_add_4w2jbwdx",
};

TN_EXPORT extern const tn_artifact TN_ARTIFACT_NAME;
const tn_artifact TN_ARTIFACT_NAME = {
  .abi_version = TN_ABI_VERSION,
  .name = "addMul",
  .n_dims = 1,
  .n_inputs = 2,
  .n_outputs = 1,
  .n_weights = 0,
  .n_kernels = 1,
  .kernel_names = kernel_names,
  .arena_bytes = NULL,
  .scratch_bytes = NULL,
  .work = work,
  .program = program,
};
