/*
 * A call: checks, addresses into the argument block, the run, and its failure in the caller's words.
 */
#include "tn_core.h"

#include <inttypes.h>
#include <stdio.h>

/* Where copies of inputs start: as aligned as any kernel could like. */
static int64_t whole_lines(int64_t bytes) { return tn_ceildiv(bytes, 64) * 64; }

/* " in kernel gemm_3", for failures that a kernel noticed. */
static const char *kernel_text(const tn_artifact *artifact, int64_t kernel, char room[96]) {
  room[0] = '\0';
  if (kernel >= 0 && kernel < artifact->n_kernels) snprintf(room, 96, " (kernel %.64s)", artifact->kernel_names[kernel]);
  return room;
}

static int explain(const tn_package_part *part, const tn_binding *binding) {
  const int64_t *block = binding->block;
  const int64_t value = block[TN_BLOCK_VALUE], limit = block[TN_BLOCK_LIMIT];
  char room[96];
  const char *where = kernel_text(binding->artifact, block[TN_BLOCK_KERNEL], room);
  switch (block[TN_BLOCK_STATUS]) {
    case TN_ERROR_INDEX:
      return PKG(core_fail)(PKG_ERROR_INDEX,
                            "%s: an index read from a tensor is %" PRId64 ", wants %" PRId64 " to %" PRId64 "%s", part->name,
                            value, -limit, limit - 1, where);
    case TN_ERROR_DIM:
    case TN_ERROR_VALUE:
      return PKG(core_fail)(PKG_ERROR_VALUE, "%s: the value %" PRId64 " is not taken, the limit is %" PRId64 "%s", part->name,
                            value, limit, where);
    case TN_ERROR_MEMORY:
      return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: %" PRId64 " bytes of working memory are not to be had", part->name, value);
    default:
      return PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: the runtime reports error %" PRId64 ", value %" PRId64 "%s", part->name,
                            block[TN_BLOCK_STATUS], value, where);
  }
}

/* Bytes of the copies that this call's inputs need. */
static int64_t copies_of(const tn_package_part *part, const DLTensor *const *inputs) {
  int64_t bytes = 0;
  for (int32_t i = 0; i < part->n_native_inputs; i++) {
    const DLTensor *tensor = inputs[part->native_inputs[i]];
    if (TN_UNLIKELY(!PKG(core_contiguous)(tensor))) bytes += whole_lines(PKG(core_tensor_bytes)(tensor));
  }
  return bytes;
}

static void fill_block(pkg_context *context, const tn_package_part *part, tn_binding *binding, const DLTensor *const *inputs,
                       DLTensor *const *outputs) {
  int64_t *word = binding->block + TN_BLOCK_HEADER;
  for (int32_t i = 0; i < part->n_native_dims; i++) *word++ = binding->dims[part->native_dims[i]];
  char *copy = context->staging;
  for (int32_t i = 0; i < part->n_native_inputs; i++) {
    const DLTensor *tensor = inputs[part->native_inputs[i]];
    const char *address = tn_first_element(tensor);
    if (TN_UNLIKELY(!PKG(core_contiguous)(tensor))) {
      PKG(core_gather)(copy, tensor);
      address = copy;
      copy += whole_lines(PKG(core_tensor_bytes)(tensor));
    }
    *word++ = (int64_t)(uintptr_t)address;
  }
  for (int32_t i = 0; i < part->n_outputs; i++) *word++ = (int64_t)(uintptr_t)tn_first_element(outputs[i]);
}

/* With the context taken. */
static int call_part(pkg_context *context, int number, const DLTensor *const *inputs, int n_inputs, DLTensor *const *outputs,
                     int n_outputs) {
  int status = PKG_OK;
  tn_binding *binding = PKG(core_binding)(context, number, &status);
  if (binding == NULL) return status;
  const tn_package_part *part = &PKG(core_table).parts[number];

  status = PKG(core_check_inputs)(part, inputs, n_inputs, 1, binding->dims, binding->extents);
  if (status != PKG_OK) return status;
  if (part->output_sizes != NULL) part->output_sizes(binding->dims, binding->sizes);
  status = PKG(core_check_outputs)(part, outputs, n_outputs, binding->sizes, binding->extents + part->n_inputs);
  if (status != PKG_OK) return status;
  tn_extent weights;
  PKG(core_payload_extent)(context->weights->payload, &weights.low, &weights.high);
  status = PKG(core_check_overlaps)(part, binding->extents, weights);
  if (status != PKG_OK) return status;

  status = PKG(core_bind)(context, part, binding);
  if (status == PKG_OK) status = PKG(core_staging)(context, part, copies_of(part, inputs));
  if (status != PKG_OK) return status;
  fill_block(context, part, binding, inputs, outputs);
  return TN_LIKELY(TN_PREFIX(call_run)(binding->block) == TN_OK) ? PKG_OK : explain(part, binding);
}

int pkg_call(pkg_context *context, int part, const DLTensor *const *inputs, int n_inputs, DLTensor *const *outputs,
             int n_outputs) {
  int status = PKG(core_take)(context, "call");
  if (status != PKG_OK) return status;
  status = call_part(context, part, inputs, n_inputs, outputs, n_outputs);
  PKG(core_release)(context);
  return status;
}

/* ---- Memory ---------------------------------------------------------------------------------------------------- */

/* Dims in the artifact's order; `native` has room for n_native_dims. */
static void native_dims(const tn_package_part *part, const int64_t *dims, int64_t *native) {
  for (int32_t i = 0; i < part->n_native_dims; i++) native[i] = dims[part->native_dims[i]];
}

int pkg_arena_bytes(const pkg_runtime *runtime, int number, const int64_t *dims, int n_dims, int64_t *out) {
  int status = PKG(core_check_runtime)(runtime, "arena_bytes");
  if (status != PKG_OK) return status;
  const tn_package_part *part = PKG(core_part)(number);
  if (part == NULL) return PKG_ERROR_ARGUMENT;
  if (out == NULL) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: arena_bytes: out is NULL", part->name);
  status = PKG(core_given_dims)(part, dims, n_dims);
  if (status != PKG_OK) return status;
  const tn_artifact *artifact = PKG(core_artifact)(number, NULL);
  if (artifact == NULL) return PKG_ERROR_CPU;
  int64_t native[part->n_native_dims + 1];
  native_dims(part, dims, native);
  *out = TN_PREFIX(artifact_arena_bytes)(artifact, native) +
         TN_PREFIX(artifact_scratch_bytes)(artifact, native) * TN_PREFIX(pool_threads)();
  return PKG_OK;
}

/* Bytes of copies if no read-only input were contiguous. */
static int64_t most_copies(const tn_package_part *part, const int64_t *dims) {
  int64_t bytes = 0;
  for (int32_t i = 0; i < part->n_native_inputs; i++) {
    const tn_package_value *value = &part->inputs[part->native_inputs[i]];
    if (value->written) continue;
    int64_t size = tn_element_bytes(value->dtype);
    for (int32_t axis = 0; axis < value->ndim; axis++) {
      size *= value->sizes[axis].dim >= 0 ? dims[value->sizes[axis].dim] : value->sizes[axis].value;
    }
    bytes += whole_lines(size);
  }
  return bytes;
}

static void nothing(void *arg, int64_t id, tn_team *team) {
  (void)arg;
  (void)id;
  (void)team;
}

static int reserve_part(pkg_context *context, int number, const int64_t *dims, int n_dims) {
  int status = PKG_OK;
  tn_binding *binding = PKG(core_binding)(context, number, &status);
  if (binding == NULL) return status;
  const tn_package_part *part = &PKG(core_table).parts[number];
  status = PKG(core_given_dims)(part, dims, n_dims);
  if (status == PKG_OK) status = PKG(core_bind)(context, part, binding);
  if (status == PKG_OK) status = PKG(core_staging)(context, part, most_copies(part, dims));
  if (status != PKG_OK) return status;
  int64_t *native = binding->block + TN_BLOCK_HEADER;
  native_dims(part, dims, native);
  const int64_t threads = TN_PREFIX(pool_threads)();
  if (TN_PREFIX(context_reserve)(context->memory, binding->artifact, native, threads) != TN_OK) {
    return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: %" PRId64 " bytes of working memory are not to be had", part->name,
                          TN_PREFIX(artifact_arena_bytes)(binding->artifact, native));
  }
  /* Threads have stacks: those are memory too. */
  if (threads > 1) TN_PREFIX(pool_run)(nothing, NULL, threads);
  return PKG_OK;
}

int pkg_reserve(pkg_context *context, int part, const int64_t *dims, int n_dims) {
  int status = PKG(core_take)(context, "reserve");
  if (status != PKG_OK) return status;
  status = reserve_part(context, part, dims, n_dims);
  PKG(core_release)(context);
  return status;
}
