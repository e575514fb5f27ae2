/*
 * What parts take and give, in words: for --help, --inspect and messages. The tables have everything but the shapes of
 * outputs, which they hold as code; the payload's package.json says those as expressions.
 */
#ifndef TN_SELF_DESCRIBE_H
#define TN_SELF_DESCRIBE_H

#include "tn_package.h"
#include "tn_self_json.h"

#include <stdio.h>

struct tn_payload;

typedef struct tn_dtype {
  const char *name; /* as the package says it */
  const char *npy;  /* in the header of an .npy file; NULL: that format has no such type */
  const char *safetensors;
  DLDataType type;
} tn_dtype;

/* Every type that files may hold, also those that no part takes: messages name them. Ends with a NULL name. */
extern const tn_dtype tn_dtypes[];

/* NULL for a type that is not in the list. */
const tn_dtype *tn_dtype_of(DLDataType type);
const char *tn_dtype_name(DLDataType type);

static inline const tn_package_part *tn_part_table(int part) { return &PKG(core_table).parts[part]; }

/* An earlier input that this one has to be the same memory as, or -1. */
int tn_part_same_as(int part, int input);

/* "float32 [n, 784]", "a number, 0..447" */
void tn_describe_input(int part, int input, char *text, size_t bytes);

/* Some lines. `described`: the part in package.json, or NULL. */
void tn_describe_part(FILE *to, int part, const tn_json *described);

/* The payload's package.json, or NULL. */
tn_json *tn_describe_package(struct tn_payload *payload);

/* The description of part number `part` in it, or NULL. */
const tn_json *tn_describe_find(const tn_json *package, int part);

#endif
