/* Reads files as the executables do: one line for what was read. Built with sanitizers, for hostile files. */
#include "tn_exe.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* No package: nothing of the core is reached. */
const tn_package PKG(core_table) = {.name = "none"};
int PKG(core_payload_block)(tn_payload *payload, int32_t index, const void **address, int64_t *bytes) {
  (void)payload, (void)index, (void)address, (void)bytes;
  return PKG_ERROR_INTERNAL;
}
int32_t PKG(core_payload_find)(const tn_payload *payload, const char *name) {
  (void)payload, (void)name;
  return -1;
}

void tn_exe_end(int code, const char *format, ...) {
  va_list values;
  va_start(values, format);
  vprintf(format, values);
  va_end(values);
  printf("\n");
  fflush(stdout);
  _Exit(code);
}

void *tn_exe_memory(size_t bytes) {
  void *memory = calloc(1, bytes > 0 ? bytes : 1);
  if (memory == NULL) abort();
  return memory;
}

/* Every element is looked at: a shape that says more than the file holds would be noticed. */
static void show(const tn_exe_array *array) {
  char shape[256], text[64];
  tn_exe_shape_text(array->shape, array->tensor.ndim, shape, sizeof shape);
  const int64_t count = tn_exe_count(array->shape, array->tensor.ndim);
  double sum = 0;
  for (int64_t i = 0; i < count; i++) {
    sum += tn_exe_element(array->tensor.dtype, tn_exe_array_data(array), i);
    tn_exe_element_text(array->tensor.dtype, tn_exe_array_data(array), i, text, sizeof text);
  }
  printf("%s %s %g; ", tn_dtype_name(array->tensor.dtype), shape, sum);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    const tn_exe_file mapped = tn_exe_read_file(argv[i]);
    /* In memory of its exact size, so that the sanitizer sees one byte too many. */
    tn_exe_file file = {.path = argv[i], .bytes = malloc((size_t)mapped.size), .size = mapped.size};
    if (mapped.size > 0) memcpy(file.bytes, mapped.bytes, (size_t)mapped.size);
    if (tn_exe_is_npy(&file)) {
      tn_exe_array array = {.name = "x"};
      tn_exe_npy_read(&file, &array);
      show(&array);
    } else {
      int count;
      tn_exe_array *arrays = tn_exe_safetensors_read(&file, &count);
      for (int at = 0; at < count; at++) show(&arrays[at]);
    }
    printf("\n");
  }
  return 0;
}
