/* NumPy's .npy files (format 1.0 to 3.0), little endian, in C or Fortran order. */
#include "tn_exe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned char magic[6] = {0x93, 'N', 'U', 'M', 'P', 'Y'};

enum { HEADER_ALIGNMENT = 64 };

int tn_exe_is_npy(const tn_exe_file *file) {
  return file->size >= (int64_t)sizeof magic && memcmp(file->bytes, magic, sizeof magic) == 0;
}

static _Noreturn void broken(const char *path, const char *why) {
  tn_exe_end(TN_EXE_WRONG_REQUEST, "%s %s: the file is damaged, or not one that numpy.save wrote", path, why);
}

/* Where the value of `'key':` starts in the header, a Python literal. */
static const char *value_of(const char *header, const char *key) {
  const char *at = strstr(header, key);
  if (at == NULL) return NULL;
  at += strlen(key);
  while (*at == ' ') at++;
  if (*at != ':') return NULL;
  at++;
  while (*at == ' ') at++;
  return at;
}

/* `(3, 224)`, `(3,)`, `()` */
static int read_shape(const char *text, int64_t *shape) {
  if (*text != '(') return -1;
  text++;
  int ndim = 0;
  for (;;) {
    while (*text == ' ' || *text == ',') text++;
    if (*text == ')') return ndim;
    char *end;
    const long long size = strtoll(text, &end, 10);
    if (end == text || size < 0 || ndim == TN_EXE_MAX_RANK) return -1;
    shape[ndim++] = size;
    text = *end == 'L' ? end + 1 : end; /* as Python 2 wrote it */
  }
}

static const tn_dtype *read_dtype(const char *path, const char *text) {
  const char quote = *text;
  const char *end = quote == '\'' || quote == '"' ? strchr(text + 1, quote) : NULL;
  if (end == NULL) broken(path, "has a header without an element type");
  const int bytes = (int)(end - text - 1);
  for (const tn_dtype *each = tn_dtypes; each->name != NULL; each++) {
    const char *npy = each->npy;
    if (npy != NULL && (int)strlen(npy) == bytes && strncmp(npy, text + 1, (size_t)bytes) == 0) return each;
  }
  tn_exe_end(TN_EXE_WRONG_REQUEST, "%s has elements of type %.*s, which no part takes (little-endian numbers and bools)",
             path, bytes, text + 1);
}

void tn_exe_npy_read(const tn_exe_file *file, tn_exe_array *array) {
  const char *path = file->path;
  const unsigned char *bytes = file->bytes;
  if (!tn_exe_is_npy(file) || file->size < 12) broken(path, "does not start as an .npy file");
  const int is_wide = bytes[6] >= 2;
  const int64_t start = is_wide ? 12 : 10;
  uint32_t header_bytes = (uint32_t)bytes[8] | (uint32_t)bytes[9] << 8;
  if (is_wide) header_bytes |= (uint32_t)bytes[10] << 16 | (uint32_t)bytes[11] << 24;
  const int64_t data = start + header_bytes;
  if (data > file->size) broken(path, "ends before its header does");
  char *header = tn_exe_memory((size_t)header_bytes + 1);
  memcpy(header, bytes + start, header_bytes);
  header[header_bytes] = 0;

  const char *descr = value_of(header, "'descr'");
  const char *order = value_of(header, "'fortran_order'");
  const char *sizes = value_of(header, "'shape'");
  if (descr == NULL || order == NULL || sizes == NULL) broken(path, "has a header that says too little");
  const tn_dtype *dtype = read_dtype(path, descr);
  const int is_fortran = strncmp(order, "True", 4) == 0;
  if (!is_fortran && strncmp(order, "False", 5) != 0) broken(path, "has a header without an order");
  const int ndim = read_shape(sizes, array->shape);
  const int64_t count = ndim < 0 ? -1 : tn_exe_count(array->shape, ndim);
  if (count < 0) broken(path, "has a header without a shape");
  free(header);

  array->bytes = count * dtype->type.bits / 8;
  if (array->bytes != file->size - data) {
    char text[128];
    snprintf(text, sizeof text, "holds %" PRId64 " bytes of data where its shape needs %" PRId64, file->size - data,
             array->bytes);
    broken(path, text);
  }
  array->source = path;
  array->tensor = (DLTensor){.data = file->bytes,
                             .device = {1, 0},
                             .ndim = ndim,
                             .dtype = dtype->type,
                             .shape = array->shape,
                             .byte_offset = (uint64_t)data};
  if (is_fortran && ndim > 1) {
    for (int64_t axis = 0, step = 1; axis < ndim; axis++) {
      array->strides[axis] = step;
      step *= array->shape[axis];
    }
    array->tensor.strides = array->strides;
  }
  tn_exe_array_straighten(array);
}

void tn_exe_npy_write(const char *path, const tn_exe_array *array) {
  const tn_dtype *dtype = tn_dtype_of(array->tensor.dtype);
  if (dtype == NULL || dtype->npy == NULL) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s is %s, which .npy files cannot hold: give -o FILE.safetensors", array->name,
               tn_dtype_name(array->tensor.dtype));
  }
  char header[HEADER_ALIGNMENT * 16];
  size_t at = (size_t)snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (", dtype->npy);
  for (int i = 0; i < array->tensor.ndim; i++) {
    at += (size_t)snprintf(header + at, sizeof header - at, "%s%" PRId64, i > 0 ? ", " : "", array->shape[i]);
  }
  at += (size_t)snprintf(header + at, sizeof header - at, "%s), }", array->tensor.ndim == 1 ? "," : "");
  /* The data starts at a multiple of 64; an end of line stands before it. */
  const size_t start = sizeof magic + 4;
  while ((start + at + 1) % HEADER_ALIGNMENT != 0) header[at++] = ' ';
  header[at++] = '\n';
  const unsigned char version[4] = {1, 0, (unsigned char)(at & 255), (unsigned char)(at >> 8)};

  tn_exe_output *output = tn_exe_output_start(path);
  tn_exe_output_write(output, magic, sizeof magic);
  tn_exe_output_write(output, version, sizeof version);
  tn_exe_output_write(output, header, (int64_t)at);
  tn_exe_output_write(output, tn_exe_array_data(array), array->bytes);
  tn_exe_output_finish(output);
}
