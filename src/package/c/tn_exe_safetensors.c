/* Safetensors files: a length, a JSON header with names, types, shapes and places, then the data. */
#include "tn_exe.h"
#include "tn_self_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LENGTH_BYTES = 8, HEADER_LIMIT = 100 << 20 };

static _Noreturn void broken(const char *path, const char *tensor, const char *why) {
  tn_exe_end(TN_EXE_WRONG_REQUEST, "%s%s%s %s: the file is damaged, or no safetensors file", path,
             tensor != NULL ? ": " : "", tensor != NULL ? tensor : "", why);
}

static void read_tensor(const tn_exe_file *file, const tn_json *entry, int64_t data_start, tn_exe_array *array) {
  const char *path = file->path, *name = entry->key;
  const char *type = tn_json_text(entry, "dtype", NULL);
  const tn_json *shape = tn_json_get(entry, "shape"), *place = tn_json_get(entry, "data_offsets");
  if (type == NULL || shape == NULL || shape->kind != TN_JSON_ARRAY || place == NULL || place->kind != TN_JSON_ARRAY) {
    broken(path, name, "is not described");
  }
  const tn_dtype *dtype = tn_dtypes;
  while (dtype->name != NULL && strcmp(dtype->safetensors, type) != 0) dtype++;
  if (dtype->name == NULL) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: %s has elements of type %s, which no part takes", path, name, type);
  }
  int ndim = 0;
  for (const tn_json *size = shape->first; size != NULL; size = size->next) {
    if (ndim == TN_EXE_MAX_RANK || !tn_json_integer(size, &array->shape[ndim++])) broken(path, name, "has no shape");
  }
  const int64_t count = tn_exe_count(array->shape, ndim);
  int64_t begin, end;
  const tn_json *last = place->first != NULL ? place->first->next : NULL;
  if (!tn_json_integer(place->first, &begin) || !tn_json_integer(last, &end) || begin < 0 || end < begin ||
      end > file->size - data_start || count < 0 || end - begin != count * dtype->type.bits / 8) {
    broken(path, name, "does not lie where the header says");
  }
  array->name = strdup(name);
  if (array->name == NULL) tn_exe_end(TN_EXE_FAILED, "no memory");
  array->source = path;
  array->bytes = end - begin;
  array->tensor = (DLTensor){.data = file->bytes,
                             .device = {1, 0},
                             .ndim = ndim,
                             .dtype = dtype->type,
                             .shape = array->shape,
                             .byte_offset = (uint64_t)(data_start + begin)};
  tn_exe_array_straighten(array);
}

tn_exe_array *tn_exe_safetensors_read(const tn_exe_file *file, int *count) {
  uint64_t header_bytes;
  if (file->size < LENGTH_BYTES) broken(file->path, NULL, "is too short");
  memcpy(&header_bytes, file->bytes, sizeof header_bytes);
  if (header_bytes > HEADER_LIMIT || (int64_t)header_bytes > file->size - LENGTH_BYTES) {
    broken(file->path, NULL, "ends before its header does");
  }
  const char *problem = NULL;
  tn_json *root = tn_json_parse((const char *)file->bytes + LENGTH_BYTES, (size_t)header_bytes, &problem);
  if (root == NULL || root->kind != TN_JSON_OBJECT) broken(file->path, NULL, "has a header that is no JSON object");
  int room = 0;
  for (const tn_json *entry = root->first; entry != NULL; entry = entry->next) room++;
  tn_exe_array *arrays = tn_exe_memory((size_t)(room + 1) * sizeof *arrays);
  *count = 0;
  for (const tn_json *entry = root->first; entry != NULL; entry = entry->next) {
    if (strcmp(entry->key, "__metadata__") == 0) continue;
    read_tensor(file, entry, LENGTH_BYTES + (int64_t)header_bytes, &arrays[(*count)++]);
  }
  tn_json_free(root);
  return arrays;
}

/* A name as a JSON string; names of arguments and results are short. */
static void write_name(FILE *stream, const char *name) {
  fputc('"', stream);
  for (const char *c = name; *c != 0; c++) {
    if (*c == '"' || *c == '\\') fprintf(stream, "\\%c", *c);
    else if ((unsigned char)*c < 0x20) fprintf(stream, "\\u%04x", *c);
    else fputc(*c, stream);
  }
  fputc('"', stream);
}

void tn_exe_safetensors_write(const char *path, const tn_exe_array *const *arrays, int count) {
  char *header = NULL;
  size_t bytes = 0;
  FILE *stream = open_memstream(&header, &bytes);
  if (stream == NULL) tn_exe_end(TN_EXE_FAILED, "no memory");
  fputc('{', stream);
  int64_t at = 0;
  for (int i = 0; i < count; i++) {
    const tn_exe_array *array = arrays[i];
    if (i > 0) fputc(',', stream);
    write_name(stream, array->name);
    fprintf(stream, ":{\"dtype\":\"%s\",\"shape\":[", tn_dtype_of(array->tensor.dtype)->safetensors);
    for (int axis = 0; axis < array->tensor.ndim; axis++) {
      fprintf(stream, "%s%" PRId64, axis > 0 ? "," : "", array->shape[axis]);
    }
    fprintf(stream, "],\"data_offsets\":[%" PRId64 ",%" PRId64 "]}", at, at + array->bytes);
    at += array->bytes;
  }
  fputc('}', stream);
  fflush(stream);
  while (bytes % LENGTH_BYTES != 0) {
    fputc(' ', stream);
    fflush(stream);
  }
  if (fclose(stream) != 0) tn_exe_end(TN_EXE_FAILED, "no memory");
  const uint64_t length = bytes;
  tn_exe_output *output = tn_exe_output_start(path);
  tn_exe_output_write(output, &length, sizeof length);
  tn_exe_output_write(output, header, (int64_t)bytes);
  for (int i = 0; i < count; i++) tn_exe_output_write(output, tn_exe_array_data(arrays[i]), arrays[i]->bytes);
  tn_exe_output_finish(output);
  free(header);
}
