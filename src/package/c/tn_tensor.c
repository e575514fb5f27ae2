/*
 * Everything that can be wrong with the tensors of a call, found before anything runs.
 */
#include "tn_core.h"

#include <inttypes.h>
#include <stdio.h>

enum { CPU = 1 };

/* No size and no product of sizes may pass this: what an address can reach. */
static const int64_t most_bytes = (int64_t)1 << 47;

static const char *dtype_name(DLDataType dtype, char room[32]) {
  static const char *const families[] = {"int", "uint", "float", "opaque", "bfloat", "complex"};
  if (dtype.lanes != 1) {
    snprintf(room, 32, "code %d, %d bits, %d lanes", dtype.code, dtype.bits, dtype.lanes);
  } else if (dtype.code == 6 && dtype.bits == 8) {
    snprintf(room, 32, "bool");
  } else if (dtype.code < sizeof families / sizeof *families) {
    snprintf(room, 32, "%s%d", families[dtype.code], dtype.bits);
  } else {
    snprintf(room, 32, "code %d, %d bits", dtype.code, dtype.bits);
  }
  return room;
}

static int same_dtype(DLDataType a, DLDataType b) { return a.code == b.code && a.bits == b.bits && a.lanes == b.lanes; }

/* What holds for inputs and outputs alike: pointers, device, dtype, rank, sizes that memory can have. */
static int check_description(const char *part, const tn_package_value *value, const DLTensor *tensor) {
  if (tensor == NULL) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %s is NULL", part, value->name);
  if (tensor->device.device_type != CPU) {
    return PKG(core_fail)(PKG_ERROR_DEVICE, "%s: %s is on device type %d, wants 1 (CPU)", part, value->name,
                          tensor->device.device_type);
  }
  if (!same_dtype(tensor->dtype, value->dtype)) {
    char found[32], wanted[32];
    return PKG(core_fail)(PKG_ERROR_DTYPE, "%s: %s has dtype %s, wants %s", part, value->name,
                          dtype_name(tensor->dtype, found), dtype_name(value->dtype, wanted));
  }
  /* One element is all that a number argument has, however many axes say so. */
  if (tensor->ndim != value->ndim && !(value->is_number && tensor->ndim == 1)) {
    return PKG(core_fail)(PKG_ERROR_RANK, "%s: %s has %d axes, wants %d", part, value->name, tensor->ndim, value->ndim);
  }
  if (tensor->ndim > 0 && tensor->shape == NULL) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: the shape of %s is NULL", part, value->name);
  }
  int64_t bytes = tn_element_bytes(tensor->dtype);
  for (int32_t axis = 0; axis < tensor->ndim; axis++) {
    const int64_t size = tensor->shape[axis];
    if (size < 0) {
      return PKG(core_fail)(PKG_ERROR_SIZE, "%s: %s has size %" PRId64 " on axis %d", part, value->name, size, axis);
    }
    if (__builtin_mul_overflow(bytes, tn_max(size, 1), &bytes) || bytes > most_bytes) {
      return PKG(core_fail)(PKG_ERROR_SIZE, "%s: %s has size %" PRId64 " on axis %d, which is more than memory can hold",
                            part, value->name, size, axis);
    }
  }
  return PKG_OK;
}

static int strides_leave_memory(const char *part, const char *name) {
  return PKG(core_fail)(PKG_ERROR_LAYOUT, "%s: the strides or the offset of %s leave the address space", part, name);
}

/* Where the data is and whether it can be read there; the description is right. */
static int check_data(const char *part, const tn_package_value *value, const DLTensor *tensor, tn_extent *extent) {
  *extent = (tn_extent){0, 0};
  const int64_t element = tn_element_bytes(tensor->dtype);
  int64_t below = 0, above = element; /* of the first element: lowest byte, end of the highest */
  for (int32_t axis = 0; axis < tensor->ndim; axis++) {
    if (tensor->shape[axis] == 0) return PKG_OK;
  }
  if (tensor->data == NULL) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: the data of %s is NULL", part, value->name);
  if (tensor->strides == NULL) {
    above = PKG(core_tensor_bytes)(tensor);
  } else {
    for (int32_t axis = 0; axis < tensor->ndim; axis++) {
      int64_t reach;
      if (__builtin_mul_overflow(tensor->strides[axis], element, &reach) ||
          __builtin_mul_overflow(reach, tensor->shape[axis] - 1, &reach) ||
          __builtin_add_overflow(reach < 0 ? below : above, reach, reach < 0 ? &below : &above)) {
        return strides_leave_memory(part, value->name);
      }
    }
  }
  int64_t span;
  uintptr_t first, low, high;
  if (__builtin_sub_overflow(above, below, &span) || span > most_bytes ||
      __builtin_add_overflow((uintptr_t)tensor->data, tensor->byte_offset, &first) ||
      __builtin_add_overflow(first, below, &low) || __builtin_add_overflow(first, above, &high)) {
    return strides_leave_memory(part, value->name);
  }
  if (first % (uintptr_t)element != 0) {
    return PKG(core_fail)(PKG_ERROR_ALIGNMENT, "%s: the first element of %s is at %#" PRIxPTR ", wants a multiple of %" PRId64,
                          part, value->name, first, element);
  }
  *extent = (tn_extent){low, high};
  return PKG_OK;
}

static int check_contiguous(const char *part, const tn_package_value *value, const DLTensor *tensor, const char *why) {
  if (TN_LIKELY(PKG(core_contiguous)(tensor))) return PKG_OK;
  return PKG(core_fail)(PKG_ERROR_LAYOUT, "%s: %s is %s and not contiguous, wants row-major strides or NULL", part,
                        value->name, why);
}

/* ---- Inputs ---------------------------------------------------------------------------------------------------- */

static int set_dim(const tn_package_part *part, int32_t dim, int64_t value, const char *by, uint8_t *known, int64_t *dims) {
  if (known[dim] && dims[dim] != value) {
    return PKG(core_fail)(PKG_ERROR_SIZE, "%s: %s makes %s %" PRId64 ", it is %" PRId64 " before", part->name, by,
                          part->dims[dim].name, value, dims[dim]);
  }
  known[dim] = 1;
  dims[dim] = value;
  return PKG_OK;
}

static int check_number(const tn_package_part *part, const tn_package_value *value, const DLTensor *tensor, uint8_t *known,
                        int64_t *dims) {
  if (tensor->ndim == 1 && tensor->shape[0] != 1) {
    return PKG(core_fail)(PKG_ERROR_SIZE, "%s: %s has %" PRId64 " elements, wants one number", part->name, value->name,
                          tensor->shape[0]);
  }
  tn_extent unused;
  const int status = check_data(part->name, value, tensor, &unused);
  if (status != PKG_OK) return status;
  return set_dim(part, value->dim, *(const int64_t *)(const void *)tn_first_element(tensor), value->name, known, dims);
}

static int check_sizes(const tn_package_part *part, const tn_package_value *value, const DLTensor *tensor, uint8_t *known,
                       int64_t *dims) {
  for (int32_t axis = 0; axis < value->ndim; axis++) {
    const tn_package_size *size = &value->sizes[axis];
    if (size->dim >= 0) {
      const int status = set_dim(part, size->dim, tensor->shape[axis], value->name, known, dims);
      if (status != PKG_OK) return status;
    } else if (tensor->shape[axis] != size->value) {
      return PKG(core_fail)(PKG_ERROR_SIZE, "%s: %s has size %" PRId64 " on axis %d, wants %" PRId64, part->name, value->name,
                            tensor->shape[axis], axis, size->value);
    }
  }
  return PKG_OK;
}

static int same_view(const DLTensor *a, const DLTensor *b) {
  if (tn_first_element(a) != tn_first_element(b)) return 0;
  int64_t stride_a = 1, stride_b = 1; /* of contiguous tensors */
  for (int32_t axis = a->ndim - 1; axis >= 0; axis--) {
    const int64_t size = a->shape[axis];
    if (size != b->shape[axis]) return 0;
    if (size != 1 && (a->strides ? a->strides[axis] : stride_a) != (b->strides ? b->strides[axis] : stride_b)) return 0;
    stride_a *= size;
    stride_b *= size;
  }
  return 1;
}

static int check_input(const tn_package_part *part, int32_t i, const DLTensor *const *inputs, int with_data, uint8_t *known,
                       int64_t *dims, tn_extent *extent) {
  const tn_package_value *value = &part->inputs[i];
  const DLTensor *tensor = inputs[i];
  *extent = (tn_extent){0, 0};
  int status = check_description(part->name, value, tensor);
  if (status != PKG_OK) return status;
  if (value->is_number) return check_number(part, value, tensor, known, dims);
  status = check_sizes(part, value, tensor, known, dims);
  if (status != PKG_OK || !with_data) return status;
  status = check_data(part->name, value, tensor, extent);
  if (status == PKG_OK && value->written) status = check_contiguous(part->name, value, tensor, "written");
  if (status != PKG_OK) return status;
  const int32_t twin = part->same_as != NULL ? part->same_as[i] : -1;
  if (twin < 0 || same_view(tensor, inputs[twin])) return PKG_OK;
  return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %s and %s are one tensor in this part: both have to be the same view",
                        part->name, value->name, part->inputs[twin].name);
}

int PKG(core_check_inputs)(const tn_package_part *part, const DLTensor *const *inputs, int n_inputs, int with_data,
                           int64_t *dims, tn_extent *extents) {
  if (n_inputs != part->n_inputs) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %d inputs are given, wants %d", part->name, n_inputs, part->n_inputs);
  }
  if (inputs == NULL && n_inputs > 0) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: inputs is NULL", part->name);
  uint8_t known[part->n_dims + 1];
  for (int32_t i = 0; i < part->n_dims; i++) known[i] = 0;
  for (int32_t i = 0; i < n_inputs; i++) {
    const int status = check_input(part, i, inputs, with_data, known, dims, &extents[i]);
    if (status != PKG_OK) return status;
  }
  for (int32_t i = 0; i < part->n_dims; i++) {
    if (TN_LIKELY(known[i])) continue;
    return PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: no argument says what %s is", part->name, part->dims[i].name);
  }
  return PKG(core_check_dims)(part, dims);
}

/* ---- Outputs and overlaps -------------------------------------------------------------------------------------- */

int PKG(core_check_outputs)(const tn_package_part *part, DLTensor *const *outputs, int n_outputs, const int64_t *sizes,
                            tn_extent *extents) {
  if (n_outputs != part->n_outputs) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %d outputs are given, wants %d", part->name, n_outputs, part->n_outputs);
  }
  if (outputs == NULL && n_outputs > 0) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: outputs is NULL", part->name);
  for (int32_t i = 0; i < n_outputs; i++) {
    const tn_package_value *value = &part->outputs[i];
    const DLTensor *tensor = outputs[i];
    int status = check_description(part->name, value, tensor);
    if (status != PKG_OK) return status;
    for (int32_t axis = 0; axis < value->ndim; axis++) {
      if (tensor->shape[axis] == *sizes++) continue;
      return PKG(core_fail)(PKG_ERROR_SIZE, "%s: %s has size %" PRId64 " on axis %d, wants %" PRId64, part->name, value->name,
                            tensor->shape[axis], axis, sizes[-1]);
    }
    status = check_data(part->name, value, tensor, &extents[i]);
    if (status == PKG_OK) status = check_contiguous(part->name, value, tensor, "an output");
    if (status != PKG_OK) return status;
  }
  return PKG_OK;
}

static int overlap(tn_extent a, tn_extent b) { return a.low < b.high && b.low < a.high; }

int PKG(core_check_overlaps)(const tn_package_part *part, const tn_extent *extents, tn_extent weights) {
  const int32_t n_inputs = part->n_inputs, all = n_inputs + part->n_outputs;
  for (int32_t i = 0; i < all; i++) {
    const tn_package_value *value = i < n_inputs ? &part->inputs[i] : &part->outputs[i - n_inputs];
    if (i < n_inputs && !value->written) continue;
    if (overlap(extents[i], weights)) {
      return PKG(core_fail)(PKG_ERROR_OVERLAP, "%s: %s is written and overlaps the weights", part->name, value->name);
    }
    for (int32_t other = 0; other < all; other++) {
      if (other == i || !overlap(extents[i], extents[other])) continue;
      const tn_package_value *with = other < n_inputs ? &part->inputs[other] : &part->outputs[other - n_inputs];
      return PKG(core_fail)(PKG_ERROR_OVERLAP, "%s: %s is written and overlaps %s", part->name, value->name, with->name);
    }
  }
  return PKG_OK;
}
