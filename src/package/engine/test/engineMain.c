/*
 * The engine without a package around it, for tests: engineMain BYTECODE [ARGUMENT…]. Two blocks and no parts, and
 * BYTECODE.lines as a third where it is; native functions of its own that show each kind of parameter.
 */
#include "tn_engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char weight[] = "0123456789abcdef";
static const char text[] = "plain asset";

static uint8_t lines[1 << 20];
static size_t lines_bytes;

/* How many bytes a file has; 0: it is not there. */
static size_t read_file(const char *path, uint8_t *into, size_t room) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) return 0;
  const size_t bytes = fread(into, 1, room, file);
  fclose(file);
  return bytes;
}

static void describe(int64_t index, tn_engine_block *out) {
  static const char *const names[] = {"w/rows", "asset/a/b.txt", "asset/a/damaged", "app.lines"};
  *out = (tn_engine_block){.name = names[index],
                           .name_bytes = (int64_t)strlen(names[index]),
                           .bytes = index == 0 ? 16 : index == 3 ? (int64_t)lines_bytes : 11,
                           .kind = index == 0 ? TN_ENGINE_WEIGHT : 3,
                           .mapped = 1};
}

static const void *open_block(int64_t index, const char **error) {
  if (index < 2) return index == 0 ? weight : text;
  if (index == 3) return lines;
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
  static uint8_t bytecode[1 << 24];
  char name[4096];
  const size_t bytes = argc < 2 ? 0 : read_file(argv[1], bytecode, sizeof bytecode);
  if (bytes == 0) return 2;
  snprintf(name, sizeof name, "%s.lines", argv[1]);
  lines_bytes = read_file(name, lines, sizeof lines);
  const tn_engine_app app = {
      .argc = argc - 1,
      .argv = argv + 1,
      .executable = argv[0],
      .n_blocks = lines_bytes == 0 ? 3 : 4,
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
