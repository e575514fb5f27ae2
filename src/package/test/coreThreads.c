/*
 * Eight threads call every part on contexts of their own over one weights object; every result has the bits that one
 * thread alone gets. Each thread opens its context and binds the weights at the same time as the others.
 */
#include "coreCall.h"

#include <pthread.h>

enum { THREADS = 8, MOST_PARTS = 16, SIZES = 4 };

static pkg_weights *weights;
static int calls;
static uint64_t wanted[MOST_PARTS][SIZES];

/* Part `part` at size number `size`, on a context whose state is fresh. */
static uint64_t result(pkg_context *context, int part, int size) {
  test_call call = {0};
  uint32_t seed = (uint32_t)(part * 100 + size);
  test_dims(&PKG(core_table).parts[part], &seed, call.dims);
  test_make(&call, part, seed);
  test_point(&call);
  CHECK(test_run(context, &call) == PKG_OK);
  const uint64_t hash = test_hash(&call);
  test_free(&call);
  return hash;
}

static void *work(void *arg) {
  const int id = (int)(intptr_t)arg;
  pkg_context *context;
  CHECK(pkg_context_create(weights, &context) == PKG_OK);
  for (int i = 0; i < calls; i++) {
    const int part = (i + id) % pkg_part_count(), size = (i / 7 + id) % SIZES;
    CHECK(pkg_context_reset(context) == PKG_OK);
    CHECK(result(context, part, size) == wanted[part][size]);
  }
  CHECK(pkg_context_destroy(context) == PKG_OK);
  return NULL;
}

/* A second call on a context that is running one is refused, or finds it idle; never anything else. */
static void *compete(void *arg) {
  pkg_context *context = arg;
  int busy = 0;
  for (int i = 0; i < 200; i++) {
    test_call call = {0};
    uint32_t seed = 3;
    test_dims(&PKG(core_table).parts[0], &seed, call.dims);
    test_make(&call, 0, seed);
    test_point(&call);
    const int status = test_run(context, &call);
    CHECK(status == PKG_OK || status == PKG_ERROR_BUSY);
    busy += status == PKG_ERROR_BUSY;
    test_free(&call);
  }
  return (void *)(intptr_t)busy;
}

static void run_all(void *(*start)(void *), pkg_context *shared) {
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++) {
    CHECK(pthread_create(&threads[i], NULL, start, shared != NULL ? (void *)shared : (void *)(intptr_t)i) == 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  calls = atoi(argv[2]);
  pkg_runtime *runtime;
  const int counts[] = {1, 2, 3, 8};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    pkg_context *context;
    CHECK(pkg_runtime_create(PKG_ABI_VERSION, counts[i], &runtime) == PKG_OK && pkg_runtime_threads(runtime) == counts[i]);
    CHECK(pkg_weights_open(runtime, argv[1], &weights) == PKG_OK);
    CHECK(pkg_context_create(weights, &context) == PKG_OK);
    pkg_weights_close(weights); /* the context keeps them */
    for (int part = 0; part < pkg_part_count(); part++) {
      for (int size = 0; size < SIZES; size++) {
        CHECK(pkg_context_reset(context) == PKG_OK);
        const uint64_t hash = result(context, part, size);
        if (i == 0) wanted[part][size] = hash;
        CHECK(hash == wanted[part][size]);
      }
    }
    CHECK(pkg_context_destroy(context) == PKG_OK);
    pkg_runtime_destroy(runtime);
  }
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, 2, &runtime) == PKG_OK);
  CHECK(pkg_weights_open(runtime, argv[1], &weights) == PKG_OK);
  run_all(work, NULL);
  pkg_context *shared;
  CHECK(pkg_context_create(weights, &shared) == PKG_OK);
  run_all(compete, shared);
  CHECK(pkg_context_destroy(shared) == PKG_OK);
  pkg_weights_close(weights);
  pkg_runtime_destroy(runtime);
  puts("ok");
  return 0;
}
