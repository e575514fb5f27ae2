/* What a call gave: a summary for people, or files. */
#include "tn_exe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SHOWN = 8 };

void tn_exe_summarise(const tn_exe_call *call) {
  for (int i = 0; i < call->n_results; i++) {
    const tn_exe_array *array = call->results[i];
    const DLTensor *tensor = &array->tensor;
    char shape[256], element[40];
    tn_exe_shape_text(array->shape, tensor->ndim, shape, sizeof shape);
    printf("%s  %s %s\n ", array->name, tn_dtype_name(tensor->dtype), shape);
    const int64_t count = tn_exe_count(array->shape, tensor->ndim);
    for (int64_t at = 0; at < count && at < SHOWN; at++) {
      tn_exe_element_text(tensor->dtype, tn_exe_array_data(array), at, element, sizeof element);
      printf(" %s", element);
    }
    printf("%s\n", count > SHOWN ? " …" : "");
  }
}

static int ends_with(const char *text, const char *end) {
  const size_t all = strlen(text), part = strlen(end);
  return all >= part && strcmp(text + all - part, end) == 0;
}

/* A result's name as a file's: paths of arguments have dots, never slashes that lead elsewhere. */
static char *result_path(const char *folder, const char *name) {
  const size_t bytes = strlen(folder) + strlen(name) + 8;
  char *path = tn_exe_memory(bytes);
  snprintf(path, bytes, "%s/%s.npy", folder, name);
  char *own = path + strlen(folder) + 1;
  if (*own == '.') *own = '_';
  for (; *own != 0; own++) {
    if (*own == '/') *own = '_';
  }
  return path;
}

void tn_exe_save(const tn_exe_call *call, const char *out) {
  struct stat status = {0};
  const int is_there = stat(out, &status) == 0;
  const int is_folder = is_there && S_ISDIR(status.st_mode);
  const int is_stream = is_there && !is_folder && !S_ISREG(status.st_mode);
  if (!is_folder && ends_with(out, ".safetensors")) {
    tn_exe_safetensors_write(out, call->results, call->n_results);
    return;
  }
  if (is_stream || (!is_folder && ends_with(out, ".npy"))) {
    if (call->n_results != 1) {
      tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: there are %d results: give -o FILE.safetensors, or a folder", out,
                 call->n_results);
    }
    tn_exe_npy_write(out, call->results[0]);
    return;
  }
  if (!is_folder && mkdir(out, 0777) != 0) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: cannot make the folder: %s (a file is NAME.npy or NAME.safetensors)", out,
               strerror(errno));
  }
  for (int i = 0; i < call->n_results; i++) {
    char *path = result_path(out, call->results[i]->name);
    tn_exe_npy_write(path, call->results[i]);
    free(path);
  }
}
