/*
 * Opening an artifact that is a shared library. Not part of packages, where artifacts are linked in.
 */
#include "tn_internal.h"

#include <dlfcn.h>
#include <stdio.h>

static void say(char *message, int64_t message_bytes, const char *text) {
  if (message_bytes > 0) snprintf(message, (size_t)message_bytes, "%s", text != NULL ? text : "unknown error");
}

int64_t TN_PREFIX(artifact_open)(const char *path, int64_t *out, char *message, int64_t message_bytes) {
  say(message, message_bytes, "");
  void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    say(message, message_bytes, dlerror());
    return TN_ERROR_NOT_FOUND;
  }
  const tn_artifact *artifact = dlsym(library, TN_ARTIFACT_SYMBOL);
  if (artifact == NULL) {
    say(message, message_bytes, dlerror());
    dlclose(library);
    return TN_ERROR_NOT_FOUND;
  }
  if (artifact->abi_version != TN_ABI_VERSION) {
    out[0] = artifact->abi_version;
    dlclose(library);
    return TN_ERROR_ABI;
  }
  out[0] = (int64_t)(uintptr_t)artifact;
  out[1] = artifact->n_dims;
  out[2] = artifact->n_inputs;
  out[3] = artifact->n_outputs;
  out[4] = artifact->n_weights;
  out[5] = artifact->n_kernels;
  return TN_OK;
}
