/*
 * Reads JSON: the header of a safetensors file, the description of a package. Hostile text gives an error, never a crash.
 */
#ifndef TN_SELF_JSON_H
#define TN_SELF_JSON_H

#include <stddef.h>
#include <stdint.h>

typedef enum tn_json_kind {
  TN_JSON_NULL,
  TN_JSON_FALSE,
  TN_JSON_TRUE,
  TN_JSON_NUMBER,
  TN_JSON_STRING,
  TN_JSON_ARRAY,
  TN_JSON_OBJECT
} tn_json_kind;

typedef struct tn_json {
  tn_json_kind kind;
  const char *key;  /* in an object; terminated UTF-8 */
  const char *text; /* a string's value, a number as it is written; terminated */
  size_t text_bytes;
  struct tn_json *first, *next; /* children of an array or object, siblings */
} tn_json;

/* NULL with a reason in *problem. Everything stays allocated until tn_json_free. */
tn_json *tn_json_parse(const char *text, size_t bytes, const char **problem);
void tn_json_free(tn_json *root);

/* The value under a key of an object (the last one, as JavaScript has it); NULL when there is none or `of` is none. */
const tn_json *tn_json_get(const tn_json *of, const char *key);

/* The text of a string under a key; `otherwise` when there is none. */
const char *tn_json_text(const tn_json *of, const char *key, const char *otherwise);

/* 1 and the value when it is a whole number within int64. */
int tn_json_integer(const tn_json *value, int64_t *out);

#endif
