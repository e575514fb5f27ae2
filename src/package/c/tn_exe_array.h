/*
 * Arrays of the executable: what it reads from files, hands to a part and writes out. Failures end the program with one
 * line (tn_exe.h): a command that works on files has nothing to go back to.
 */
#ifndef TN_EXE_ARRAY_H
#define TN_EXE_ARRAY_H

#include "tn_self_describe.h"

enum { TN_EXE_MAX_RANK = 32 };

/* The tensor's shape and strides point into the array: do not copy it. */
typedef struct tn_exe_array {
  const char *name;   /* of the argument or result; in a file of tensors, the tensor's */
  const char *source; /* the file that it comes from */
  DLTensor tensor;
  int64_t shape[TN_EXE_MAX_RANK], strides[TN_EXE_MAX_RANK];
  int64_t bytes; /* of all elements */
} tn_exe_array;

/* Elements of a shape; -1 when there are more than a file can hold. */
int64_t tn_exe_count(const int64_t *shape, int ndim);

/* Memory for an array of this shape, contiguous. */
void tn_exe_array_allocate(tn_exe_array *array, DLDataType type, const int64_t *shape, int ndim);

/* The first element. */
void *tn_exe_array_data(const tn_exe_array *array);

/* Makes the array contiguous and aligned in memory of its own, if it is not. */
void tn_exe_array_straighten(tn_exe_array *array);

/* Element `i` of contiguous data as a number; 64-bit integers beyond 2^53 are rounded. */
double tn_exe_element(DLDataType type, const void *data, int64_t i);

/* Text of an element, as little of it as tells its value to a person. */
void tn_exe_element_text(DLDataType type, const void *data, int64_t i, char *text, size_t bytes);

/* "[3, 224]" */
void tn_exe_shape_text(const int64_t *shape, int ndim, char *text, size_t bytes);

/* tn_exe_files.c: a file's bytes, in memory that may be written to. */
typedef struct tn_exe_file {
  const char *path;
  unsigned char *bytes;
  int64_t size;
} tn_exe_file;
tn_exe_file tn_exe_read_file(const char *path);

/* Writes a file that appears complete or not at all. Between start and finish, bytes go to the stream. */
typedef struct tn_exe_output tn_exe_output;
tn_exe_output *tn_exe_output_start(const char *path);
void tn_exe_output_write(tn_exe_output *output, const void *bytes, int64_t count);
void tn_exe_output_finish(tn_exe_output *output);
/* Removes what is half written; for the end of the program. */
void tn_exe_output_abandon(void);

/* tn_exe_npy.c */
int tn_exe_is_npy(const tn_exe_file *file);
void tn_exe_npy_read(const tn_exe_file *file, tn_exe_array *array);
void tn_exe_npy_write(const char *path, const tn_exe_array *array);

/* tn_exe_safetensors.c. The list is allocated; *count of them. */
tn_exe_array *tn_exe_safetensors_read(const tn_exe_file *file, int *count);
void tn_exe_safetensors_write(const char *path, const tn_exe_array *const *arrays, int count);

#endif
