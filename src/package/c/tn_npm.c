/*
 * What an npm package adds to the C interface: one set of weights for all JavaScript threads of a process, the shapes of
 * all outputs in one question, and errors whose text comes back with the call. pkg_last_error belongs to the thread that
 * failed, and an asynchronous call fails on a thread that JavaScript never sees.
 */
#include <pthread.h>
#include <string.h>

#include "tn_package.h"

static pthread_mutex_t opening = PTHREAD_MUTEX_INITIALIZER;
static pkg_runtime *runtime;
static pkg_weights *weights; /* stays open until the process ends */

/* Hands the text of a failure over; gives the status. */
static int told(int status, char *message, int bytes) {
  if (status != PKG_OK && bytes > 0) {
    strncpy(message, pkg_last_error(), (size_t)bytes - 1);
    message[bytes - 1] = 0;
  }
  return status;
}

/* Weights and runtime of the process, opened by whoever comes first; a failure leaves nothing behind. */
static int open_weights(int abi_version, const char *path) {
  int status = PKG_OK;
  pthread_mutex_lock(&opening);
  if (runtime == NULL) status = pkg_runtime_create(abi_version, 0, &runtime);
  if (status == PKG_OK && weights == NULL) status = pkg_weights_open(runtime, path, &weights);
  pthread_mutex_unlock(&opening);
  return status;
}

/* A new context on the process's weights. */
TN_EXPORT int PKG(npm_context)(int abi_version, const char *path, pkg_context **out, char *message, int bytes) {
  int status = open_weights(abi_version, path);
  if (status == PKG_OK) status = pkg_context_create(weights, out);
  return told(status, message, bytes);
}

/* Threads that a call may use from now on, in the whole process. */
TN_EXPORT int PKG(npm_threads)(int abi_version, int threads, char *message, int bytes) {
  pkg_runtime *counted = NULL;
  const int status = pkg_runtime_create(abi_version, threads, &counted);
  if (status == PKG_OK) pkg_runtime_destroy(counted);
  return told(status, message, bytes);
}

/* Checks the inputs; writes the dims, and the shapes of all outputs one after another. */
TN_EXPORT int PKG(npm_prepare)(int part, const DLTensor *const *inputs, int n_inputs, int64_t *dims, int n_dims,
                               int64_t *sizes, int max_sizes, char *message, int bytes) {
  int status = pkg_dims(part, inputs, n_inputs, dims, n_dims);
  for (int output = 0; status == PKG_OK && output < pkg_part_outputs(part); output++) {
    int ndim = 0;
    status = pkg_output_shape(part, dims, n_dims, output, sizes, max_sizes, &ndim);
    sizes += ndim;
    max_sizes -= ndim;
  }
  return told(status, message, bytes);
}

TN_EXPORT int PKG(npm_call)(pkg_context *context, int part, const DLTensor *const *inputs, int n_inputs,
                            DLTensor *const *outputs, int n_outputs, char *message, int bytes) {
  return told(pkg_call(context, part, inputs, n_inputs, outputs, n_outputs), message, bytes);
}
