/*
 * Every argument of every part wrong in every way: each call is refused with a message, writes nothing, and leaves the
 * context as it was. Prints how many calls were refused.
 */
#include "coreCall.h"

typedef struct trial {
  pkg_context *context;
  test_call *call;
  uint64_t before; /* of what calls write */
  int refused, taken;
} trial;

/* The call as it stands must be refused with `wanted` (0: any code, and it may also be right after all). */
static void refuse(trial *t, int wanted) {
  const int status = test_run(t->context, t->call);
  if (status == PKG_OK) {
    if (wanted != 0) fprintf(stderr, "part %s wants code %d\n", t->call->part->name, wanted);
    CHECK(wanted == 0);
    t->taken++;
    return;
  }
  if (wanted != 0 && status != wanted) fprintf(stderr, "code %d instead of %d\n", status, wanted);
  CHECK(wanted == 0 || status == wanted);
  CHECK(pkg_last_error()[0] != '\0' && strchr(pkg_last_error(), '\n') == NULL);
  CHECK(test_hash(t->call) == t->before);
  t->refused++;
}

#define WITH(field, value, wanted) \
  do {                             \
    const __typeof__(field) kept_ = (field); \
    (field) = (value);             \
    refuse(t, wanted);             \
    (field) = kept_;               \
  } while (0)

/* What is wrong for inputs and outputs alike. */
static void wrong_descriptions(trial *t, int32_t at, const tn_package_value *value) {
  DLTensor *tensor = &t->call->tensors[at];
  WITH(tensor->device.device_type, 2, PKG_ERROR_DEVICE);
  WITH(tensor->device.device_type, -1, PKG_ERROR_DEVICE);
  WITH(tensor->dtype.code, 1, PKG_ERROR_DTYPE);
  WITH(tensor->dtype.code, 255, PKG_ERROR_DTYPE);
  WITH(tensor->dtype.bits, 8, PKG_ERROR_DTYPE);
  WITH(tensor->dtype.bits, 0, PKG_ERROR_DTYPE);
  WITH(tensor->dtype.lanes, 2, PKG_ERROR_DTYPE);
  WITH(tensor->dtype.lanes, 0, PKG_ERROR_DTYPE);
  const int32_t ranks[] = {value->ndim + 2, value->ndim - 1, -1, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++) {
    if (ranks[i] != value->ndim) WITH(tensor->ndim, ranks[i], PKG_ERROR_RANK);
  }
  if (value->ndim > 0) WITH(tensor->shape, NULL, PKG_ERROR_ARGUMENT);
  if (t->call->bytes[at] > 0) WITH(tensor->data, NULL, PKG_ERROR_ARGUMENT);
  WITH(tensor->byte_offset, UINT64_MAX - 7, 0);
  WITH(tensor->byte_offset, 1, tn_element_bytes(value->dtype) > 1 ? PKG_ERROR_ALIGNMENT : 0);
  WITH(tensor->data, (char *)tensor->data + 1, PKG_ERROR_ALIGNMENT);
  int64_t *shape = t->call->shapes[at], *strides = t->call->strides[at];
  for (int32_t axis = 0; axis < value->ndim; axis++) {
    const int is_dim = value->sizes != NULL && value->sizes[axis].dim >= 0;
    const int64_t sizes[] = {-1, INT64_MIN, INT64_MAX, (int64_t)1 << 46};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
      if (!is_dim || sizes[i] != (int64_t)1 << 46) WITH(shape[axis], sizes[i], PKG_ERROR_SIZE);
    }
    if (!is_dim) WITH(shape[axis], shape[axis] + 1, PKG_ERROR_SIZE);
    if (!is_dim) WITH(shape[axis], shape[axis] - 1, PKG_ERROR_SIZE);
  }
  int64_t step = 1;
  for (int32_t axis = value->ndim - 1; axis >= 0; step *= shape[axis--]) strides[axis] = step;
  tensor->strides = strides;
  for (int32_t axis = 0; axis < value->ndim; axis++) {
    if (shape[axis] < 2) continue;
    WITH(strides[axis], INT64_MAX, PKG_ERROR_LAYOUT);
    WITH(strides[axis], INT64_MIN, PKG_ERROR_LAYOUT);
    WITH(strides[axis], INT64_MAX / 16 / (shape[axis] - 1), PKG_ERROR_LAYOUT);
    WITH(strides[axis], -INT64_MAX / 16 / (shape[axis] - 1), PKG_ERROR_LAYOUT);
    if (value->written || at >= t->call->part->n_inputs) {
      WITH(strides[axis], strides[axis] + 1, PKG_ERROR_LAYOUT);
      WITH(strides[axis], 0, PKG_ERROR_LAYOUT);
    }
  }
  tensor->strides = NULL;
}

static void wrong_input(trial *t, int32_t i) {
  const tn_package_part *part = t->call->part;
  const tn_package_value *value = &part->inputs[i];
  WITH(t->call->inputs[i], NULL, PKG_ERROR_ARGUMENT);
  if (part->same_as != NULL && part->same_as[i] >= 0) {
    DLTensor other = *t->call->inputs[i];
    other.byte_offset = (uint64_t)tn_element_bytes(other.dtype);
    WITH(t->call->inputs[i], &other, PKG_ERROR_ARGUMENT);
    return;
  }
  wrong_descriptions(t, i, value);
  if (value->is_number) {
    int64_t *number = t->call->tensors[i].data;
    const tn_package_dim *dim = &part->dims[value->dim];
    WITH(*number, dim->min - 1, PKG_ERROR_RANGE);
    WITH(*number, dim->max + 1, PKG_ERROR_RANGE);
    WITH(*number, INT64_MIN, PKG_ERROR_RANGE);
    WITH(*number, INT64_MAX, PKG_ERROR_RANGE);
    int64_t two = 2;
    t->call->tensors[i].shape = &two;
    WITH(t->call->tensors[i].ndim, 1, PKG_ERROR_SIZE);
    t->call->tensors[i].shape = t->call->shapes[i];
  }
}

static void wrong_overlaps(trial *t, const char *weights) {
  const test_call *call = t->call;
  const int32_t n_inputs = call->part->n_inputs, all = n_inputs + call->part->n_outputs;
  for (int32_t i = 0; i < all; i++) {
    if (i < n_inputs && !call->part->inputs[i].written) continue;
    WITH(t->call->tensors[i].data, (char *)(uintptr_t)weights, PKG_ERROR_OVERLAP);
    for (int32_t other = 0; other < all; other++) {
      if (other == i || call->tensors[other].data == NULL) continue;
      if (other < n_inputs && call->part->inputs[other].is_number) continue;
      /* Only where both are as aligned as the other's elements. */
      if (tn_element_bytes(call->tensors[other].dtype) < tn_element_bytes(call->tensors[i].dtype)) continue;
      WITH(t->call->tensors[i].data, call->tensors[other].data, PKG_ERROR_OVERLAP);
    }
  }
}

static void wrong_counts(trial *t) {
  test_call *call = t->call;
  const int n = call->part->n_inputs, m = call->part->n_outputs, part = call->number;
  const int counts[] = {-1, 0, 1, 1000, INT32_MAX, INT32_MIN};
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    if (counts[i] != n) CHECK(pkg_call(t->context, part, call->inputs, counts[i], call->outputs, m) == PKG_ERROR_ARGUMENT);
    if (counts[i] != m) CHECK(pkg_call(t->context, part, call->inputs, n, call->outputs, counts[i]) == PKG_ERROR_ARGUMENT);
    t->refused += 2;
  }
  CHECK(pkg_call(t->context, part, NULL, n, call->outputs, m) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_call(t->context, part, call->inputs, n, NULL, m) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_call(NULL, part, call->inputs, n, call->outputs, m) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_call(t->context, -1, call->inputs, n, call->outputs, m) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_call(t->context, pkg_part_count(), call->inputs, n, call->outputs, m) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_call(t->context, INT32_MIN, call->inputs, n, call->outputs, m) == PKG_ERROR_ARGUMENT);
  t->refused += 6;
}

/* The functions that take dims as numbers. */
static void wrong_dims(trial *t, pkg_runtime *runtime) {
  const tn_package_part *part = t->call->part;
  const int number = t->call->number, n = part->n_dims;
  int64_t dims[MOST_DIMS], out, sizes[MOST_RANK];
  int ndim;
  memcpy(dims, t->call->dims, sizeof dims);
  for (int32_t i = 0; i < n; i++) {
    const int64_t wrong[] = {part->dims[i].min - 1, part->dims[i].max + 1, INT64_MIN, INT64_MAX,
                             part->dims[i].multiple_of > 1 ? dims[i] + 1 : INT64_MIN + 1};
    for (size_t w = 0; w < sizeof wrong / sizeof *wrong; w++) {
      dims[i] = wrong[w];
      CHECK(pkg_reserve(t->context, number, dims, n) == PKG_ERROR_RANGE);
      CHECK(pkg_arena_bytes(runtime, number, dims, n, &out) == PKG_ERROR_RANGE);
      CHECK(pkg_output_shape(number, dims, n, 0, sizes, MOST_RANK, &ndim) == PKG_ERROR_RANGE);
      t->refused += 3;
    }
    dims[i] = t->call->dims[i];
  }
  CHECK(pkg_reserve(t->context, number, dims, n + 1) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_reserve(t->context, -7, dims, n) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_reserve(NULL, number, dims, n) == PKG_ERROR_ARGUMENT);
  CHECK(n == 0 || pkg_reserve(t->context, number, NULL, n) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_arena_bytes(runtime, number, dims, n, NULL) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_arena_bytes(NULL, number, dims, n, &out) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_arena_bytes((pkg_runtime *)t, number, dims, n, &out) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_output_shape(number, dims, n, -1, sizes, MOST_RANK, &ndim) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_output_shape(number, dims, n, 99, sizes, MOST_RANK, &ndim) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_output_shape(number, dims, n, 0, sizes, MOST_RANK, NULL) == PKG_ERROR_ARGUMENT);
  CHECK(part->outputs[0].ndim == 0 || pkg_output_shape(number, dims, n, 0, sizes, 0, &ndim) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_dims(number, t->call->inputs, part->n_inputs, dims, n + 1) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_dims(number, NULL, part->n_inputs, dims, n) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_dims(99, t->call->inputs, part->n_inputs, dims, n) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_profile(NULL, number, 1) == PKG_ERROR_ARGUMENT && pkg_profile(t->context, 99, 1) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_profile_read(t->context, number, NULL, 0, NULL) == PKG_ERROR_ARGUMENT);
  t->refused += 17;
}

static void wrong_objects(pkg_runtime *runtime, const char *path, pkg_weights *weights) {
  pkg_runtime *r;
  pkg_weights *w;
  pkg_context *c;
  const char *text;
  size_t bytes;
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, 0, NULL) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_runtime_create(PKG_ABI_VERSION + 1, 0, &r) == PKG_ERROR_ABI && r == NULL);
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, -1, &r) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, 257, &r) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_open(NULL, path, &w) == PKG_ERROR_ARGUMENT && w == NULL);
  CHECK(pkg_weights_open((pkg_runtime *)&bytes, path, &w) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_open(runtime, NULL, &w) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_open(runtime, path, NULL) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_open(runtime, "/nowhere/at all", &w) == PKG_ERROR_FILE);
  CHECK(pkg_weights_open(runtime, "/", &w) == PKG_ERROR_FILE);
  CHECK(pkg_weights_open(runtime, "/dev/null", &w) == PKG_ERROR_FILE);
  CHECK(pkg_weights_from_memory(runtime, NULL, 4096, &w) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_from_memory(runtime, &bytes, SIZE_MAX, &w) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_from_memory(runtime, path + 1, 1, &w) != PKG_OK);
  CHECK(pkg_weights_describe(NULL, &text, &bytes) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_describe(weights, NULL, &bytes) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_describe(weights, &text, NULL) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_weights_verify(NULL) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_context_create(NULL, &c) == PKG_ERROR_ARGUMENT && c == NULL);
  CHECK(pkg_context_create(weights, NULL) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_context_reset(NULL) == PKG_ERROR_ARGUMENT);
  CHECK(pkg_context_destroy(NULL) == PKG_OK && pkg_context_bytes(NULL) == 0);
  CHECK(pkg_part_name(-1) == NULL && pkg_part_index(NULL) == -1 && pkg_part_index("none") == -1);
  CHECK(pkg_part_inputs(99) == -1 && pkg_part_outputs(99) == -1 && pkg_part_dims(99) == -1);
  CHECK(pkg_input_name(0, 99) == NULL && pkg_output_name(0, -1) == NULL && pkg_dim_name(99, 0) == NULL);
  CHECK(pkg_runtime_level(NULL, 0) == NULL && pkg_runtime_level(runtime, 99) == NULL && pkg_runtime_threads(NULL) == 0);
  pkg_weights_close(NULL);
  pkg_runtime_destroy(NULL);
}

static int wrong_calls(pkg_runtime *runtime, pkg_weights *weights, int part, const char *mapped) {
  static test_call call;
  uint32_t seed = 17;
  call = (test_call){0};
  test_dims(&PKG(core_table).parts[part], &seed, call.dims);
  test_make(&call, part, 5);
  test_point(&call);
  pkg_context *context;
  CHECK(pkg_context_create(weights, &context) == PKG_OK);
  trial t = {.context = context, .call = &call, .before = test_hash(&call)};
  for (int32_t i = 0; i < call.part->n_inputs; i++) wrong_input(&t, i);
  for (int32_t i = 0; i < call.part->n_outputs; i++) {
    wrong_descriptions(&t, call.part->n_inputs + i, &call.part->outputs[i]);
    DLTensor *kept = call.outputs[i];
    call.outputs[i] = NULL;
    refuse(&t, PKG_ERROR_ARGUMENT);
    call.outputs[i] = kept;
  }
  wrong_overlaps(&t, mapped);
  wrong_counts(&t);
  wrong_dims(&t, runtime);
  CHECK(test_run(context, &call) == PKG_OK); /* and nothing of all that has stuck */
  CHECK(pkg_context_destroy(context) == PKG_OK);
  test_free(&call);
  return t.refused;
}

int main(int argc, char **argv) {
  CHECK(argc == 2);
  CHECK(pkg_last_error()[0] == '\0');
  pkg_runtime *runtime;
  pkg_weights *weights;
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, 2, &runtime) == PKG_OK);
  CHECK(pkg_weights_open(runtime, argv[1], &weights) == PKG_OK);
  wrong_objects(runtime, argv[1], weights);
  uintptr_t low, high;
  PKG(core_payload_extent)(PKG(core_weights_payload)(weights), &low, &high);
  int refused = 0;
  for (int part = 0; part < pkg_part_count(); part++) refused += wrong_calls(runtime, weights, part, (const char *)low);
  pkg_weights_close(weights);
  pkg_runtime_destroy(runtime);
  pkg_context *none;
  CHECK(pkg_weights_open(runtime, argv[1], &weights) == PKG_ERROR_ARGUMENT && pkg_context_create(weights, &none) != PKG_OK);
  printf("%d refused\n", refused);
  return 0;
}
