/* Arrays: element types, shapes, memory, elements as numbers and as text. See tn_exe_array.h. */
#include "tn_exe.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 64 };

int64_t tn_exe_count(const int64_t *shape, int ndim) {
  int64_t count = 1;
  for (int i = 0; i < ndim; i++) {
    if (shape[i] < 0 || __builtin_mul_overflow(count, shape[i], &count)) return -1;
  }
  return count > INT64_MAX / 16 ? -1 : count;
}

/* Memory that no allocator call can be too large for; a zero-size array still has an address. */
static void *aligned_memory(int64_t bytes) {
  const size_t whole = ((size_t)bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT;
  void *memory = aligned_alloc(ALIGNMENT, whole);
  if (memory == NULL) tn_exe_end(TN_EXE_FAILED, "no memory for %" PRId64 " bytes", bytes);
  return memory;
}

void tn_exe_array_allocate(tn_exe_array *array, DLDataType type, const int64_t *shape, int ndim) {
  const int64_t count = tn_exe_count(shape, ndim);
  if (count < 0 || ndim > TN_EXE_MAX_RANK) tn_exe_end(TN_EXE_FAILED, "%s is too large", array->name);
  if (ndim > 0) memcpy(array->shape, shape, (size_t)ndim * sizeof *shape);
  array->bytes = count * type.bits / 8;
  array->tensor = (DLTensor){.data = aligned_memory(array->bytes),
                             .device = {1, 0},
                             .ndim = ndim,
                             .dtype = type,
                             .shape = array->shape};
}

void *tn_exe_array_data(const tn_exe_array *array) { return (char *)array->tensor.data + array->tensor.byte_offset; }

/* Only whole files come here: their strides are those of C order or of Fortran order. */
void tn_exe_array_straighten(tn_exe_array *array) {
  const int64_t item = array->tensor.dtype.bits / 8;
  const char *from = tn_exe_array_data(array);
  const int is_aligned = (uintptr_t)from % (uintptr_t)item == 0;
  if (array->tensor.strides == NULL && is_aligned) return;
  char *to = aligned_memory(array->bytes);
  if (array->tensor.strides == NULL) {
    memcpy(to, from, (size_t)array->bytes);
  } else {
    int64_t index[TN_EXE_MAX_RANK] = {0};
    const int64_t count = array->bytes / item;
    int64_t at = 0;
    for (int64_t i = 0; i < count; i++) {
      memcpy(to + i * item, from + at * item, (size_t)item);
      for (int axis = array->tensor.ndim - 1; axis >= 0; axis--) {
        at += array->strides[axis];
        if (++index[axis] < array->shape[axis]) break;
        at -= array->strides[axis] * array->shape[axis];
        index[axis] = 0;
      }
    }
  }
  array->tensor.data = to;
  array->tensor.byte_offset = 0;
  array->tensor.strides = NULL;
}

static double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31;
  const int fraction = bits & 1023;
  const double size = exponent == 0    ? ldexp(fraction, -24)
                      : exponent == 31 ? (fraction != 0 ? NAN : INFINITY)
                                       : ldexp(1024 + fraction, exponent - 25);
  return bits >> 15 ? -size : size;
}

static double bfloat_value(uint16_t bits) {
  const uint32_t word = (uint32_t)bits << 16;
  float value;
  memcpy(&value, &word, sizeof value);
  return value;
}

/* The element's bits, without sign extension. */
static uint64_t element_bits(DLDataType type, const void *data, int64_t i) {
  uint64_t bits = 0; /* little endian: the element's bytes are the lowest */
  const int64_t item = type.bits / 8;
  memcpy(&bits, (const char *)data + i * item, (size_t)item);
  return bits;
}

static int64_t signed_value(DLDataType type, uint64_t bits) {
  const int unused = 64 - type.bits;
  return (int64_t)(bits << unused) >> unused;
}

double tn_exe_element(DLDataType type, const void *data, int64_t i) {
  const uint64_t bits = element_bits(type, data, i);
  if (type.code == 4) return bfloat_value((uint16_t)bits);
  if (type.code == 2 && type.bits == 16) return half_value((uint16_t)bits);
  if (type.code == 2 && type.bits == 32) return ((const float *)data)[i];
  if (type.code == 2) return ((const double *)data)[i];
  return type.code == 0 ? (double)signed_value(type, bits) : (double)bits;
}

void tn_exe_element_text(DLDataType type, const void *data, int64_t i, char *text, size_t bytes) {
  const uint64_t bits = element_bits(type, data, i);
  if (type.code == 6) {
    snprintf(text, bytes, "%s", bits != 0 ? "true" : "false");
  } else if (type.code == 0) {
    snprintf(text, bytes, "%" PRId64, signed_value(type, bits));
  } else if (type.code == 1) {
    snprintf(text, bytes, "%" PRIu64, bits);
  } else {
    const double value = tn_exe_element(type, data, i);
    /* The sign of a NaN says nothing. */
    if (isnan(value)) snprintf(text, bytes, "nan");
    else snprintf(text, bytes, "%.*g", type.bits == 64 ? 10 : type.bits == 32 ? 6 : 4, value);
  }
}

void tn_exe_shape_text(const int64_t *shape, int ndim, char *text, size_t bytes) {
  size_t at = (size_t)snprintf(text, bytes, "[");
  for (int i = 0; i < ndim && at < bytes; i++) {
    at += (size_t)snprintf(text + at, bytes - at, "%s%" PRId64, i > 0 ? ", " : "", shape[i]);
  }
  if (at < bytes) snprintf(text + at, bytes - at, "]");
}
