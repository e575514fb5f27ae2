/*
 * The engine without a package around it, for tests: engineMain BYTECODE [ARGUMENT…]. Two blocks and no parts; native
 * functions of its own that show each kind of parameter.
 */
#include "tn_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char weight[] = "0123456789abcdef";
static const char text[] = "plain asset";

static void describe(int64_t index, tn_engine_block *out) {
  static const char *const names[] = {"w/rows", "asset/a/b.txt", "asset/a/damaged"};
  *out = (tn_engine_block){.name = names[index],
                           .name_bytes = (int64_t)strlen(names[index]),
                           .bytes = index == 0 ? 16 : 11,
                           .kind = index == 0 ? TN_ENGINE_WEIGHT : 3,
                           .mapped = 1};
}

static const void *open_block(int64_t index, const char **error) {
  if (index < 2) return index == 0 ? weight : text;
  *error = "asset/a/damaged: the checksum is wrong";
  return NULL;
}

static const void *level(int64_t index) { return index == 0 ? weight : NULL; }

/* Stored blocks only: enough to show that sizes and failures go through. */
static int inflate(const void *source, size_t source_bytes, void *target, size_t target_bytes) {
  const uint8_t *bytes = source;
  if (source_bytes != target_bytes + 5 || bytes[0] != 1) return 1;
  memcpy(target, bytes + 5, target_bytes);
  return 0;
}

static tn_word add(const tn_word *a) { return (tn_word){.i = a[0].i + a[1].i}; }
static tn_word half(const tn_word *a) { return (tn_word){.d = a[0].d / 2}; }
static tn_word length(const tn_word *a) { return (tn_word){.i = (int64_t)strlen(a[0].s)}; }
static tn_word no_text(const tn_word *a) {
  (void)a;
  return (tn_word){.s = NULL};
}
static tn_word ones(const tn_word *a) {
  (void)a;
  return (tn_word){.i = -1};
}
static const tn_engine_native natives[] = {
    {"test_add", "iii", add},      {"test_half", "dd", half}, {"test_length", "is", length},
    {"test_none", "s", no_text},   {"test_ones", "u", ones},
};

int main(int argc, char **argv) {
  FILE *file = argc < 2 ? NULL : fopen(argv[1], "rb");
  if (file == NULL) return 2;
  static uint8_t bytecode[1 << 24];
  const size_t bytes = fread(bytecode, 1, sizeof bytecode, file);
  fclose(file);
  const tn_engine_app app = {
      .argc = argc - 1,
      .argv = argv + 1,
      .executable = argv[0],
      .n_blocks = 3,
      .block_describe = describe,
      .block_open = open_block,
      .n_parts = 2,
      .part_level = level,
      .inflate = inflate,
      .natives = natives,
      .n_natives = sizeof natives / sizeof natives[0],
  };
  return tn_engine_run(&app, bytecode, bytes);
}
