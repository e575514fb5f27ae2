/* decoder_heads: 8 kernels. */
#include "tn_runtime.h"

/* Two parts in one program: each gives its table a name of its own. */
#ifndef TN_ARTIFACT_NAME
#define TN_ARTIFACT_NAME tn_artifact_v1
#endif

void TN_PREFIX(embedding_cast_add)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(layerNorm)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(linear)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(linear_cast_sliceScatter)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(scaledDotProductAttention)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(linear_add)(void *const *b, const int64_t *d, const tn_thread *t);
void TN_PREFIX(linear)(void *const *b, const int64_t *d, const tn_thread *t);

static void program(const tn_call *call, const tn_thread *t) {
  const int64_t *const d = call->dims;
  const int64_t n = d[1];
  void *const tokens = call->inputs[0];
  void *const kv_k = call->inputs[1];
  void *const kv_v = call->inputs[2];
  void *const linear_41 = call->outputs[0];
  void *const embed_weight_panels = call->weights[0];
  void *const positions = call->weights[1];
  void *const norm_weight = call->weights[2];
  void *const norm_bias = call->weights[3];
  void *const q_weight_panels = call->weights[4];
  void *const q_bias = call->weights[5];
  void *const k_weight_panels = call->weights[6];
  void *const k_bias = call->weights[7];
  void *const v_weight_panels = call->weights[8];
  void *const v_bias = call->weights[9];
  void *const out_weight_panels = call->weights[10];
  void *const out_bias = call->weights[11];
  void *const add_8 = call->arena + 0; /* float32 [1, n, 64] */
  void *const layerNorm_11 = call->arena + (256 * n); /* float32 [1, n, 64] */
  void *const linear_14 = call->arena + (512 * n); /* float32 [1, n, 64] */
  void *const reshape_35 = call->arena + (256 * n); /* float32 [1, n, 64] */
  void *const add_39 = call->arena + (512 * n); /* float32 [1, n, 64] */

  /* embedding at model.ts:1:1, cast at model.ts:2:1, add at model.ts:4:1 */
  {
    void *const b[] = {embed_weight_panels, positions, add_8, tokens};
    tn_kernel_begin(call, t, 0);
    TN_PREFIX(embedding_cast_add)(b, d, t);
    tn_kernel_end(call, t, 0);
  }

  /* layerNorm at model.ts:5:1 */
  tn_barrier(t);
  {
    void *const b[] = {norm_weight, norm_bias, add_8, layerNorm_11};
    tn_kernel_begin(call, t, 1);
    TN_PREFIX(layerNorm)(b, d, t);
    tn_kernel_end(call, t, 1);
  }

  /* linear at model.ts:6:1 */
  tn_barrier(t);
  {
    void *const b[] = {layerNorm_11, q_weight_panels, q_bias, linear_14};
    tn_kernel_begin(call, t, 2);
    TN_PREFIX(linear)(b, d, t);
    tn_kernel_end(call, t, 2);
  }

  /* linear at model.ts:9:1, cast at model.ts:12:1, sliceScatter at model.ts:13:1 */
  {
    void *const b[] = {layerNorm_11, k_weight_panels, k_bias, kv_k};
    tn_kernel_begin(call, t, 3);
    TN_PREFIX(linear_cast_sliceScatter)(b, d, t);
    tn_kernel_end(call, t, 3);
  }

  /* linear at model.ts:15:1, cast at model.ts:18:1, sliceScatter at model.ts:19:1 */
  {
    void *const b[] = {layerNorm_11, v_weight_panels, v_bias, kv_v};
    tn_kernel_begin(call, t, 4);
    TN_PREFIX(linear_cast_sliceScatter)(b, d, t);
    tn_kernel_end(call, t, 4);
  }

  /* scaledDotProductAttention at model.ts:21:1 */
  tn_barrier(t);
  {
    void *const b[] = {linear_14, kv_k, kv_v, reshape_35};
    tn_kernel_begin(call, t, 5);
    TN_PREFIX(scaledDotProductAttention)(b, d, t);
    tn_kernel_end(call, t, 5);
  }

  /* linear at model.ts:24:1, add at model.ts:25:1 */
  tn_barrier(t);
  {
    void *const b[] = {reshape_35, out_weight_panels, add_8, out_bias, add_39};
    tn_kernel_begin(call, t, 6);
    TN_PREFIX(linear_add)(b, d, t);
    tn_kernel_end(call, t, 6);
  }

  /* linear at model.ts:27:1 */
  tn_barrier(t);
  {
    void *const b[] = {add_39, embed_weight_panels, linear_41};
    tn_kernel_begin(call, t, 7);
    TN_PREFIX(linear)(b, d, t);
    tn_kernel_end(call, t, 7);
  }
}

static int64_t arena_bytes(const int64_t *d) {
  const int64_t n = d[1];
  return 768 * n;
}

static int64_t scratch_bytes(const int64_t *d) {
  const int64_t pos = d[0];
  const int64_t n = d[1];
  int64_t bytes = 0;
  bytes = tn_max(bytes, 960);
  bytes = tn_max(bytes, ((int64_t)(n + pos) + 16) * 128 + 50304);
  return bytes;
}

static int64_t work(const int64_t *d) {
  const int64_t pos = d[0];
  const int64_t n = d[1];
  return (16 * n * n + 16 * n * pos + 2497 * n + 4) / 10 + 1958;
}

static const char *const kernel_names[] = {
  "embedding_cast_add",
  "layerNorm",
  "linear",
  "linear_cast_sliceScatter",
  "linear_cast_sliceScatter",
  "scaledDotProductAttention",
  "linear_add",
  "linear",
};

TN_EXPORT extern const tn TN_ARTIFACT_NAME;
const tn TN_ARTIFACT_NAME = {
  .abi_version = TN_ABI_VERSION,
  .name = "decoder_heads",
  .n_dims = 2,
  .n_inputs = 3,
  .n_outputs = 1,
  .n_weights = 12,
  .n_kernels = 8,
  .kernel_names = kernel_names,
  .arena_bytes = arena_bytes,
  .scratch_bytes = scratch_bytes,
  .work = work,
  .program = program,
};
