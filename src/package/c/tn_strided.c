/*
 * Tensors of any strides: whether they are contiguous, and copies that are.
 */
#include "tn_core.h"

#include <string.h>

int PKG(core_contiguous)(const DLTensor *tensor) {
  if (tensor->strides == NULL) return 1;
  int64_t expected = 1;
  int same = 1;
  for (int32_t axis = tensor->ndim - 1; axis >= 0; axis--) {
    const int64_t size = tensor->shape[axis];
    if (size == 0) return 1;
    if (size == 1) continue;
    same &= tensor->strides[axis] == expected;
    expected *= size;
  }
  return same;
}

int64_t PKG(core_tensor_bytes)(const DLTensor *tensor) {
  int64_t bytes = tn_element_bytes(tensor->dtype);
  for (int32_t axis = 0; axis < tensor->ndim; axis++) bytes *= tensor->shape[axis];
  return bytes;
}

/* count elements of `element` bytes that stand `step` bytes apart. */
static char *copy_row(char *target, const char *source, int64_t count, int64_t step, int64_t element) {
  if (step == element) {
    memcpy(target, source, (size_t)(count * element));
    return target + count * element;
  }
  for (int64_t i = 0; i < count; i++, source += step, target += element) {
    switch (element) {
      case 1: *target = *source; break;
      case 2: memcpy(target, source, 2); break;
      case 4: memcpy(target, source, 4); break;
      default: memcpy(target, source, 8); break;
    }
  }
  return target;
}

static char *copy_axes(char *target, const char *source, const DLTensor *tensor, int32_t axis) {
  const int64_t element = tn_element_bytes(tensor->dtype), count = tensor->shape[axis];
  const int64_t step = tensor->strides[axis] * element;
  if (axis == tensor->ndim - 1) return copy_row(target, source, count, step, element);
  for (int64_t i = 0; i < count; i++) target = copy_axes(target, source + i * step, tensor, axis + 1);
  return target;
}

void PKG(core_gather)(char *target, const DLTensor *tensor) {
  copy_axes(target, tn_first_element(tensor), tensor, 0);
}
