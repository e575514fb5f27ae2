/*
 * Questions about parts that need no context: names, counts, dims and the shapes that follow from them.
 */
#include "tn_core.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *pkg_version(void) { return PKG(core_table).version; }

int pkg_part_count(void) { return PKG(core_table).n_parts; }

/* The part without an error. */
static const tn_package_part *part_or_null(int part) {
  return part >= 0 && part < PKG(core_table).n_parts ? &PKG(core_table).parts[part] : NULL;
}

const tn_package_part *PKG(core_part)(int part) {
  const tn_package_part *found = part_or_null(part);
  if (found == NULL) {
    PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: there is no part %d, they are numbered 0 to %d", PKG(core_table).name, part,
                   PKG(core_table).n_parts - 1);
  }
  return found;
}

const char *pkg_part_name(int part) {
  const tn_package_part *p = part_or_null(part);
  return p != NULL ? p->name : NULL;
}

int pkg_part_index(const char *name) {
  for (int i = 0; name != NULL && i < PKG(core_table).n_parts; i++) {
    if (strcmp(PKG(core_table).parts[i].name, name) == 0) return i;
  }
  return -1;
}

int pkg_part_inputs(int part) {
  const tn_package_part *p = part_or_null(part);
  return p != NULL ? p->n_inputs : -1;
}

int pkg_part_outputs(int part) {
  const tn_package_part *p = part_or_null(part);
  return p != NULL ? p->n_outputs : -1;
}

int pkg_part_dims(int part) {
  const tn_package_part *p = part_or_null(part);
  return p != NULL ? p->n_dims : -1;
}

const char *pkg_input_name(int part, int input) {
  const tn_package_part *p = part_or_null(part);
  return p != NULL && input >= 0 && input < p->n_inputs ? p->inputs[input].name : NULL;
}

const char *pkg_output_name(int part, int output) {
  const tn_package_part *p = part_or_null(part);
  return p != NULL && output >= 0 && output < p->n_outputs ? p->outputs[output].name : NULL;
}

const char *pkg_dim_name(int part, int dim) {
  const tn_package_part *p = part_or_null(part);
  return p != NULL && dim >= 0 && dim < p->n_dims ? p->dims[dim].name : NULL;
}

/* ---- Dims ------------------------------------------------------------------------------------------------------ */

/* " (pos is 440, n is 10)": what a guard was tested with. */
static void name_dims(const tn_package_part *part, const int64_t *dims, char *text, size_t room) {
  size_t at = 0;
  for (int32_t i = 0; i < part->n_dims && at + 1 < room; i++) {
    const int wrote = snprintf(text + at, room - at, "%s%s is %" PRId64, i > 0 ? ", " : "", part->dims[i].name, dims[i]);
    at = wrote < 0 || (size_t)wrote >= room - at ? room : at + (size_t)wrote;
  }
}

int PKG(core_check_dims)(const tn_package_part *part, const int64_t *dims) {
  for (int32_t i = 0; i < part->n_dims; i++) {
    const tn_package_dim *dim = &part->dims[i];
    if (TN_LIKELY(dims[i] >= dim->min && dims[i] <= dim->max && dims[i] % dim->multiple_of == 0)) continue;
    char multiple[40] = "";
    if (dim->multiple_of != 1) snprintf(multiple, sizeof multiple, ", a multiple of %" PRId64, dim->multiple_of);
    return PKG(core_fail)(PKG_ERROR_RANGE, "%s: %s is %" PRId64 ", wants %" PRId64 " to %" PRId64 "%s", part->name, dim->name,
                          dims[i], dim->min, dim->max, multiple);
  }
  if (part->guard == NULL) return PKG_OK;
  const int32_t failed = part->guard(dims);
  if (TN_LIKELY(failed < 0)) return PKG_OK;
  char text[400];
  text[0] = '\0';
  name_dims(part, dims, text, sizeof text);
  return PKG(core_fail)(PKG_ERROR_GUARD, "%s: needs %s (%s)", part->name,
                        failed < part->n_guards ? part->guard_texts[failed] : "another condition", text);
}

int PKG(core_given_dims)(const tn_package_part *part, const int64_t *dims, int n_dims) {
  if (n_dims != part->n_dims) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %d dims are given, wants %d", part->name, n_dims, part->n_dims);
  }
  if (dims == NULL && n_dims > 0) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: dims is NULL", part->name);
  return PKG(core_check_dims)(part, dims);
}

int pkg_dims(int number, const DLTensor *const *inputs, int n_inputs, int64_t *dims, int n_dims) {
  const tn_package_part *part = PKG(core_part)(number);
  if (part == NULL) return PKG_ERROR_ARGUMENT;
  if (n_dims != part->n_dims) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: there is room for %d dims, wants %d", part->name, n_dims, part->n_dims);
  }
  if (dims == NULL && n_dims > 0) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: dims is NULL", part->name);
  int64_t found[part->n_dims + 1];
  tn_extent extents[part->n_inputs + 1];
  const int status = PKG(core_check_inputs)(part, inputs, n_inputs, 0, found, extents);
  if (status == PKG_OK && n_dims > 0) memcpy(dims, found, sizeof(int64_t) * (size_t)n_dims);
  return status;
}

/* ---- Outputs --------------------------------------------------------------------------------------------------- */

int32_t PKG(core_output_rank)(const tn_package_part *part) {
  int32_t rank = 0;
  for (int32_t i = 0; i < part->n_outputs; i++) rank += part->outputs[i].ndim;
  return rank;
}

int pkg_output_shape(int number, const int64_t *dims, int n_dims, int output, int64_t *sizes, int max_sizes, int *ndim) {
  const tn_package_part *part = PKG(core_part)(number);
  if (part == NULL) return PKG_ERROR_ARGUMENT;
  if (ndim == NULL) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: output_shape: ndim is NULL", part->name);
  if (output < 0 || output >= part->n_outputs) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: there is no output %d, they are numbered 0 to %d", part->name, output,
                          part->n_outputs - 1);
  }
  const int status = PKG(core_given_dims)(part, dims, n_dims);
  if (status != PKG_OK) return status;
  const int32_t rank = part->outputs[output].ndim;
  *ndim = rank;
  if (sizes == NULL) return PKG_OK;
  if (max_sizes < rank) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %s has %d axes, there is room for %d", part->name,
                          part->outputs[output].name, rank, max_sizes);
  }
  int64_t all[PKG(core_output_rank)(part) + 1];
  if (part->output_sizes != NULL) part->output_sizes(dims, all);
  const int64_t *at = all;
  for (int32_t i = 0; i < output; i++) at += part->outputs[i].ndim;
  if (rank > 0) memcpy(sizes, at, sizeof(int64_t) * (size_t)rank);
  return PKG_OK;
}
