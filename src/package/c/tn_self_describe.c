/* Parts in words: see tn_self_describe.h. */
#include "tn_self_describe.h"

#include "tn_payload.h"

#include <inttypes.h>
#include <string.h>

/* Dims that the user left open end where no size can overflow: nobody wants to read that number. */
static const int64_t open_end = INT64_C(1) << 31;

const tn_dtype tn_dtypes[] = {
    {"float32", "<f4", "F32", {2, 32, 1}},  {"float16", "<f2", "F16", {2, 16, 1}},
    {"bfloat16", NULL, "BF16", {4, 16, 1}}, {"float64", "<f8", "F64", {2, 64, 1}},
    {"int64", "<i8", "I64", {0, 64, 1}},    {"int32", "<i4", "I32", {0, 32, 1}},
    {"int16", "<i2", "I16", {0, 16, 1}},    {"int8", "|i1", "I8", {0, 8, 1}},
    {"uint64", "<u8", "U64", {1, 64, 1}},   {"uint32", "<u4", "U32", {1, 32, 1}},
    {"uint16", "<u2", "U16", {1, 16, 1}},   {"uint8", "|u1", "U8", {1, 8, 1}},
    {"bool", "|b1", "BOOL", {6, 8, 1}},     {NULL, NULL, NULL, {0, 0, 0}},
};

const tn_dtype *tn_dtype_of(DLDataType type) {
  for (const tn_dtype *each = tn_dtypes; each->name != NULL; each++) {
    if (each->type.code == type.code && each->type.bits == type.bits && type.lanes == 1) return each;
  }
  return NULL;
}

const char *tn_dtype_name(DLDataType type) {
  const tn_dtype *found = tn_dtype_of(type);
  return found != NULL ? found->name : "of no known type";
}

int tn_part_same_as(int part, int input) {
  const int32_t *same_as = tn_part_table(part)->same_as;
  return same_as != NULL ? same_as[input] : -1;
}

/* "0..447", "4..228, a multiple of 4", "1 or more" */
static void range_text(const tn_package_dim *dim, char *text, size_t bytes) {
  size_t at = (size_t)(dim->max < open_end ? snprintf(text, bytes, "%" PRId64 "..%" PRId64, dim->min, dim->max)
                                           : snprintf(text, bytes, "%" PRId64 " or more", dim->min));
  if (dim->multiple_of > 1 && at < bytes) snprintf(text + at, bytes - at, ", a multiple of %" PRId64, dim->multiple_of);
}

void tn_describe_input(int part, int input, char *text, size_t bytes) {
  const tn_package_part *table = tn_part_table(part);
  const tn_package_value *value = &table->inputs[input];
  if (value->is_number) {
    char range[96];
    range_text(&table->dims[value->dim], range, sizeof range);
    snprintf(text, bytes, "a number, %s", range);
    return;
  }
  size_t at = (size_t)snprintf(text, bytes, "%s [", tn_dtype_name(value->dtype));
  for (int i = 0; i < value->ndim && at < bytes; i++) {
    const tn_package_size *size = &value->sizes[i];
    const char *comma = i > 0 ? ", " : "";
    at += (size_t)(size->dim >= 0 ? snprintf(text + at, bytes - at, "%s%s", comma, table->dims[size->dim].name)
                                  : snprintf(text + at, bytes - at, "%s%" PRId64, comma, size->value));
  }
  if (at < bytes) snprintf(text + at, bytes - at, "]%s", value->written ? ", written into" : "");
}

static void print_output(FILE *to, const tn_package_value *output, const tn_json *described) {
  fprintf(to, "    %-16s %s", output->name, tn_dtype_name(output->dtype));
  const tn_json *shape = tn_json_get(described, "shape");
  if (shape == NULL) {
    fprintf(to, ", %d axes\n", output->ndim);
    return;
  }
  fprintf(to, " [");
  for (const tn_json *size = shape->first; size != NULL; size = size->next) {
    fprintf(to, "%s%s", size == shape->first ? "" : ", ", size->text != NULL ? size->text : "?");
  }
  fprintf(to, "]\n");
}

void tn_describe_part(FILE *to, int part, const tn_json *described) {
  const tn_package_part *table = tn_part_table(part);
  char text[512];
  fprintf(to, "  takes\n");
  for (int i = 0; i < table->n_inputs; i++) {
    const int other = tn_part_same_as(part, i);
    tn_describe_input(part, i, text, sizeof text);
    fprintf(to, "    %-16s %s", table->inputs[i].name, text);
    if (other >= 0) fprintf(to, ": the same memory as %s, not given", table->inputs[other].name);
    fprintf(to, "\n");
  }
  if (table->n_inputs == 0) fprintf(to, "    nothing\n");
  fprintf(to, "  gives\n");
  const tn_json *outputs = tn_json_get(described, "outputs");
  const tn_json *output = outputs != NULL ? outputs->first : NULL;
  for (int i = 0; i < table->n_outputs; i++) {
    print_output(to, &table->outputs[i], output);
    if (output != NULL) output = output->next;
  }
  if (table->n_outputs == 0) fprintf(to, "    nothing: it writes into what it takes\n");
  if (table->n_dims + table->n_guards > 0) fprintf(to, "  where\n");
  for (int i = 0; i < table->n_dims; i++) {
    range_text(&table->dims[i], text, sizeof text);
    fprintf(to, "    %-16s %s\n", table->dims[i].name, text);
  }
  for (int i = 0; i < table->n_guards; i++) fprintf(to, "    %s\n", table->guard_texts[i]);
}

tn_json *tn_describe_package(struct tn_payload *payload) {
  const int32_t block = payload != NULL ? PKG(core_payload_find)(payload, "package.json") : -1;
  const void *text;
  int64_t bytes;
  const char *problem;
  if (block < 0 || PKG(core_payload_block)(payload, block, &text, &bytes) != PKG_OK) return NULL;
  return tn_json_parse(text, (size_t)bytes, &problem);
}

const tn_json *tn_describe_find(const tn_json *package, int part) {
  const tn_json *parts = tn_json_get(package, "parts");
  const tn_json *found = parts != NULL ? parts->first : NULL;
  for (; found != NULL && part > 0; part--) found = found->next;
  return found;
}
