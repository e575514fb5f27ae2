/*
 * Valid calls of any part of a package, made from its tables, for test programs: exact memory for every tensor, so that
 * AddressSanitizer sees each byte too many.
 */
#ifndef TN_TEST_CORE_CALL_H
#define TN_TEST_CORE_CALL_H

#include "tn_core.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_ARGUMENTS = 32, MOST_RANK = 8, MOST_DIMS = 8 };

#define CHECK(condition)                                                                               \
  do {                                                                                                 \
    if (!(condition)) {                                                                                \
      fprintf(stderr, "%s:%d: %s (last error: %s)\n", __FILE__, __LINE__, #condition, pkg_last_error()); \
      exit(1);                                                                                         \
    }                                                                                                  \
  } while (0)

typedef struct test_call {
  int number;
  const tn_package_part *part;
  int64_t dims[MOST_DIMS];
  DLTensor tensors[MOST_ARGUMENTS]; /* inputs, then outputs */
  int64_t shapes[MOST_ARGUMENTS][MOST_RANK], strides[MOST_ARGUMENTS][MOST_RANK];
  void *memory[MOST_ARGUMENTS]; /* what the tensors' data point at when nobody has bent them */
  int64_t bytes[MOST_ARGUMENTS];
  const DLTensor *inputs[MOST_ARGUMENTS];
  DLTensor *outputs[MOST_ARGUMENTS];
} test_call;

static inline uint32_t test_random(uint32_t *seed) {
  *seed = *seed * 1664525u + 1013904223u;
  return *seed >> 8;
}

/* Numbers that any operation likes: small floats, token numbers below 100. */
static inline void test_fill(DLTensor *tensor, int64_t bytes, uint32_t seed) {
  for (int64_t i = 0; i < bytes / tn_element_bytes(tensor->dtype); i++) {
    const uint32_t r = test_random(&seed);
    const float small = (float)(r % 2001) / 1000.0f - 1.0f;
    if (tensor->dtype.code == 2 && tensor->dtype.bits == 32) {
      ((float *)tensor->data)[i] = small;
    } else if (tensor->dtype.code == 2 && tensor->dtype.bits == 16) {
      ((uint16_t *)tensor->data)[i] = (uint16_t)((r & 1 ? 0x8000 : 0) | (0x3000 + r % 0x0a00)); /* 0.125 to 1 */
    } else {
      CHECK(tensor->dtype.code == 0 && tensor->dtype.bits == 64);
      ((int64_t *)tensor->data)[i] = r % 100;
    }
  }
}

/* Random dims in range, not too large, that no guard minds. */
static inline void test_dims(const tn_package_part *part, uint32_t *seed, int64_t *dims) {
  do {
    for (int32_t i = 0; i < part->n_dims; i++) {
      const tn_package_dim *dim = &part->dims[i];
      const int64_t step = dim->multiple_of, least = tn_ceildiv(tn_max(dim->min, 0), step) * step;
      dims[i] = least + (int64_t)(test_random(seed) % 40) * step;
      if (dims[i] > dim->max) dims[i] = dim->max / step * step;
    }
  } while (PKG(core_check_dims)(part, dims) != PKG_OK);
}

static inline void test_tensor(test_call *call, int32_t at, const tn_package_value *value, const int64_t *sizes) {
  DLTensor *tensor = &call->tensors[at];
  *tensor = (DLTensor){.device = {1, 0}, .ndim = value->ndim, .dtype = value->dtype, .shape = call->shapes[at]};
  for (int32_t axis = 0; axis < value->ndim; axis++) {
    const tn_package_size *size = value->sizes != NULL ? &value->sizes[axis] : NULL;
    call->shapes[at][axis] = size == NULL ? sizes[axis] : size->dim >= 0 ? call->dims[size->dim] : size->value;
  }
  call->bytes[at] = PKG(core_tensor_bytes)(tensor);
  call->memory[at] = tensor->data = malloc((size_t)tn_max(call->bytes[at], 1));
  CHECK(tensor->data != NULL);
  memset(tensor->data, 0xa5, (size_t)call->bytes[at]);
}

/* Tensors for a call with the dims that stand in `call`, inputs filled from the seed. */
static inline void test_make(test_call *call, int number, uint32_t seed) {
  call->number = number;
  call->part = &PKG(core_table).parts[number];
  const tn_package_part *part = call->part;
  CHECK(part->n_inputs + part->n_outputs <= MOST_ARGUMENTS && part->n_dims <= MOST_DIMS);
  int64_t sizes[MOST_ARGUMENTS * MOST_RANK], *at = sizes;
  if (part->output_sizes != NULL) part->output_sizes(call->dims, sizes);
  for (int32_t i = 0; i < part->n_inputs; i++) {
    const tn_package_value *value = &part->inputs[i];
    test_tensor(call, i, value, NULL);
    if (value->is_number) {
      *(int64_t *)call->tensors[i].data = call->dims[value->dim];
    } else {
      test_fill(&call->tensors[i], call->bytes[i], seed + (uint32_t)i);
    }
    if (part->same_as != NULL && part->same_as[i] >= 0) {
      free(call->memory[i]);
      call->memory[i] = call->tensors[i].data = NULL;
    }
  }
  for (int32_t i = 0; i < part->n_outputs; i++) {
    test_tensor(call, part->n_inputs + i, &part->outputs[i], at);
    at += part->outputs[i].ndim;
  }
}

/* The arrays that pkg_call takes, pointing at the tensors again. */
static inline void test_point(test_call *call) {
  for (int32_t i = 0; i < call->part->n_inputs; i++) {
    const int32_t twin = call->part->same_as != NULL ? call->part->same_as[i] : -1;
    call->inputs[i] = &call->tensors[twin >= 0 ? twin : i];
  }
  for (int32_t i = 0; i < call->part->n_outputs; i++) call->outputs[i] = &call->tensors[call->part->n_inputs + i];
}

static inline int test_run(pkg_context *context, const test_call *call) {
  return pkg_call(context, call->number, call->inputs, call->part->n_inputs, call->outputs, call->part->n_outputs);
}

/* Hash over everything that the call wrote. */
static inline uint64_t test_hash(const test_call *call) {
  tn_hash hash;
  TN_PREFIX(hash_start)(&hash);
  for (int32_t i = 0; i < call->part->n_inputs + call->part->n_outputs; i++) {
    if (i < call->part->n_inputs && !call->part->inputs[i].written) continue;
    TN_PREFIX(hash_add)(&hash, call->memory[i], call->bytes[i]);
  }
  return TN_PREFIX(hash_end)(&hash);
}

static inline void test_free(test_call *call) {
  for (int32_t i = 0; i < call->part->n_inputs + call->part->n_outputs; i++) free(call->memory[i]);
}

/* The whole of a file, at a 64-byte boundary. */
static inline char *test_read(const char *path, int64_t *bytes) {
  FILE *file = fopen(path, "rb");
  CHECK(file != NULL && fseek(file, 0, SEEK_END) == 0);
  *bytes = ftell(file);
  rewind(file);
  char *content = aligned_alloc(64, (size_t)tn_ceildiv(*bytes, 64) * 64);
  CHECK(content != NULL && fread(content, 1, (size_t)*bytes, file) == (size_t)*bytes);
  fclose(file);
  return content;
}

#endif
