/*
 * One package of a program that holds several: its own run of every part. coreTwoMain.c calls them all.
 */
#include "coreCall.h"

uint64_t PKG(test_two)(const char *path);

uint64_t PKG(test_two)(const char *path) {
  pkg_runtime *runtime;
  pkg_weights *weights;
  pkg_context *context;
  uint64_t sum = 0;
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, 0, &runtime) == PKG_OK);
  CHECK(pkg_weights_open(runtime, path, &weights) == PKG_OK);
  CHECK(pkg_context_create(weights, &context) == PKG_OK);
  for (int part = 0; part < pkg_part_count(); part++) {
    test_call call = {0};
    uint32_t seed = 1;
    test_dims(&PKG(core_table).parts[part], &seed, call.dims);
    test_make(&call, part, 9);
    test_point(&call);
    CHECK(test_run(context, &call) == PKG_OK);
    sum = sum * 31 + test_hash(&call);
    test_free(&call);
  }
  CHECK(pkg_context_destroy(context) == PKG_OK);
  pkg_weights_close(weights);
  pkg_runtime_destroy(runtime);
  return sum;
}
