/*
 * The weights object: a payload with a count of its holders.
 */
#include "tn_core.h"

#include <stdlib.h>

static int refused(const char *function, const char *what) {
  return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %s: %s", PKG(core_table).name, function, what);
}

/* Takes the payload over, also when it fails. */
static int make(tn_payload *payload, pkg_weights **out) {
  pkg_weights *weights = malloc(sizeof *weights);
  if (weights == NULL) {
    PKG(core_payload_close)(payload);
    return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for the weights' handle", PKG(core_table).name);
  }
  *weights = (pkg_weights){.payload = payload, .holders = 1};
  *out = weights;
  return PKG_OK;
}

int pkg_weights_open(pkg_runtime *runtime, const char *path, pkg_weights **out) {
  if (out == NULL) return refused("weights_open", "out is NULL");
  *out = NULL;
  int status = PKG(core_check_runtime)(runtime, "weights_open");
  if (status != PKG_OK) return status;
  if (path == NULL) return refused("weights_open", "path is NULL");
  tn_payload *payload;
  status = PKG(core_payload_open)(path, PKG(core_table).id, &payload);
  return status == PKG_OK ? make(payload, out) : status;
}

int pkg_weights_from_memory(pkg_runtime *runtime, const void *bytes, size_t size, pkg_weights **out) {
  if (out == NULL) return refused("weights_from_memory", "out is NULL");
  *out = NULL;
  int status = PKG(core_check_runtime)(runtime, "weights_from_memory");
  if (status != PKG_OK) return status;
  if (bytes == NULL) return refused("weights_from_memory", "bytes is NULL");
  if (size > INT64_MAX) return refused("weights_from_memory", "size is more than memory can be");
  tn_payload *payload;
  status = PKG(core_payload_from_memory)(bytes, (int64_t)size, "weights in memory", PKG(core_table).id, &payload);
  return status == PKG_OK ? make(payload, out) : status;
}

void PKG(core_weights_hold)(pkg_weights *weights) { __atomic_add_fetch(&weights->holders, 1u, __ATOMIC_RELAXED); }

void PKG(core_weights_release)(pkg_weights *weights) {
  if (__atomic_sub_fetch(&weights->holders, 1u, __ATOMIC_ACQ_REL) != 0) return;
  PKG(core_payload_close)(weights->payload);
  free(weights);
}

void pkg_weights_close(pkg_weights *weights) {
  if (weights != NULL) PKG(core_weights_release)(weights);
}

int pkg_weights_describe(pkg_weights *weights, const char **json, size_t *bytes) {
  if (weights == NULL) return refused("weights_describe", "weights is NULL");
  if (json == NULL || bytes == NULL) return refused("weights_describe", json == NULL ? "json is NULL" : "bytes is NULL");
  const int32_t index = PKG(core_payload_find)(weights->payload, "package.json");
  if (index < 0) return PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: the weights hold no description", PKG(core_table).name);
  const void *address;
  int64_t length;
  const int status = PKG(core_payload_block)(weights->payload, index, &address, &length);
  if (status != PKG_OK) return status;
  *json = address;
  *bytes = (size_t)length;
  return PKG_OK;
}

int pkg_weights_verify(pkg_weights *weights) {
  if (weights == NULL) return refused("weights_verify", "weights is NULL");
  for (int32_t i = 0; i < PKG(core_payload_count)(weights->payload); i++) {
    const int status = PKG(core_payload_check)(weights->payload, i);
    if (status != PKG_OK) return status;
  }
  return PKG_OK;
}

tn_payload *PKG(core_weights_payload)(pkg_weights *weights) { return weights->payload; }
