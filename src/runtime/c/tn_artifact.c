/*
 * Questions to an artifact's table, for callers that cannot read C structures.
 */
#include "tn_internal.h"

int64_t TN_PREFIX(artifact_arena_bytes)(const tn_artifact *artifact, const int64_t *dims) {
  return artifact->arena_bytes != NULL ? artifact->arena_bytes(dims) : 0;
}

int64_t TN_PREFIX(artifact_scratch_bytes)(const tn_artifact *artifact, const int64_t *dims) {
  return artifact->scratch_bytes != NULL ? artifact->scratch_bytes(dims) : 0;
}

int64_t TN_PREFIX(artifact_work)(const tn_artifact *artifact, const int64_t *dims) {
  return artifact->work != NULL ? artifact->work(dims) : -1;
}

const char *TN_PREFIX(artifact_name)(const tn_artifact *artifact) { return artifact->name; }

const char *TN_PREFIX(artifact_kernel_name)(const tn_artifact *artifact, int64_t kernel) {
  return kernel >= 0 && kernel < artifact->n_kernels ? artifact->kernel_names[kernel] : NULL;
}
