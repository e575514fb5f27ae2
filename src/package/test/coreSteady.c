/*
 * After pkg_reserve, calls allocate nothing: linked with --wrap for every function that takes memory. Inputs are strided
 * where that is allowed, sizes go up and down below what was reserved.
 */
#include "coreCall.h"

#include <sys/mman.h>

static int counting;
static int64_t taken;

#define COUNTED(result, name, parameters, arguments) \
  result __real_##name parameters;                   \
  result __wrap_##name parameters;                   \
  result __wrap_##name parameters {                  \
    if (counting) __atomic_add_fetch(&taken, 1, __ATOMIC_RELAXED); \
    return __real_##name arguments;                  \
  }

COUNTED(void *, malloc, (size_t bytes), (bytes))
COUNTED(void *, calloc, (size_t count, size_t bytes), (count, bytes))
COUNTED(void *, realloc, (void *old, size_t bytes), (old, bytes))
COUNTED(void *, aligned_alloc, (size_t alignment, size_t bytes), (alignment, bytes))
COUNTED(void *, mmap, (void *at, size_t bytes, int may, int flags, int file, off_t offset), (at, bytes, may, flags, file, offset))

/* The same values with the last axis reversed and every row twice as far away: negative strides. */
static void make_strided(test_call *call, int32_t i) {
  DLTensor *tensor = &call->tensors[i];
  if (tensor->ndim == 0 || call->part->inputs[i].written) return;
  if (call->part->same_as != NULL && (call->part->same_as[i] >= 0 || i == 0)) return;
  const int32_t last = tensor->ndim - 1;
  int64_t step = 2;
  for (int32_t axis = last; axis >= 0; axis--) {
    call->strides[i][axis] = axis == last ? -step : step;
    step *= tensor->shape[axis];
  }
  const int64_t element = tn_element_bytes(tensor->dtype);
  char *wide = calloc((size_t)(call->bytes[i] * 2 + element), 1);
  const char *narrow = tensor->data;
  const int64_t columns = tensor->shape[last], rows = call->bytes[i] / element / tn_max(columns, 1);
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t column = 0; column < columns; column++) {
      memcpy(wide + (row * columns + columns - 1 - column) * 2 * element, narrow + (row * columns + column) * element,
             (size_t)element);
    }
  }
  free(tensor->data);
  call->memory[i] = tensor->data = wide;
  tensor->strides = call->strides[i];
  tensor->byte_offset = (uint64_t)((columns - 1) * 2 * element);
}

static void steady(pkg_runtime *runtime, pkg_weights *weights, int part) {
  enum { SIZES = 5 };
  static test_call plain[SIZES], strided[SIZES];
  uint64_t wanted[SIZES];
  int64_t most[MOST_DIMS] = {0}, arena = 0;
  const tn_package_part *p = &PKG(core_table).parts[part];
  uint32_t seed = 11;
  pkg_context *context;
  CHECK(pkg_context_create(weights, &context) == PKG_OK);
  for (int s = 0; s < SIZES; s++) {
    plain[s] = (test_call){0};
    strided[s] = (test_call){0};
    test_dims(p, &seed, plain[s].dims);
    memcpy(strided[s].dims, plain[s].dims, sizeof plain[s].dims);
    for (int32_t i = 0; i < p->n_dims; i++) most[i] = tn_max(most[i], plain[s].dims[i]);
    test_make(&plain[s], part, 1);
    test_make(&strided[s], part, 1);
    for (int32_t i = 0; i < p->n_inputs; i++) make_strided(&strided[s], i);
    test_point(&plain[s]);
    test_point(&strided[s]);
  }
  if (PKG(core_check_dims)(p, most) != PKG_OK) memcpy(most, plain[0].dims, sizeof most); /* a guard forbids all at once */
  CHECK(pkg_arena_bytes(runtime, part, most, p->n_dims, &arena) == PKG_OK);
  CHECK(pkg_reserve(context, part, most, p->n_dims) == PKG_OK);
  CHECK(pkg_context_bytes(context) >= arena);
  counting = 1;
  for (int round = 0; round < 20; round++) {
    for (int s = 0; s < SIZES; s++) {
      int fits = 1;
      for (int32_t i = 0; i < p->n_dims; i++) fits &= plain[s].dims[i] <= most[i];
      if (!fits) continue;
      CHECK(pkg_context_reset(context) == PKG_OK);
      CHECK(test_run(context, &plain[s]) == PKG_OK);
      if (round == 0) wanted[s] = test_hash(&plain[s]);
      CHECK(pkg_context_reset(context) == PKG_OK);
      CHECK(test_run(context, &strided[s]) == PKG_OK);
      if (round == 0) CHECK(test_hash(&strided[s]) == wanted[s]);
    }
  }
  counting = 0;
  CHECK(taken == 0);
  for (int s = 0; s < SIZES; s++) {
    test_free(&plain[s]);
    test_free(&strided[s]);
  }
  CHECK(pkg_context_destroy(context) == PKG_OK);
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  pkg_runtime *runtime;
  pkg_weights *weights;
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, 2, &runtime) == PKG_OK);
  CHECK(pkg_weights_open(runtime, argv[1], &weights) == PKG_OK);
  for (int part = 0; part < pkg_part_count(); part++) steady(runtime, weights, part);
  pkg_weights_close(weights);
  pkg_runtime_destroy(runtime);
  puts("ok");
  return 0;
}
