/*
 * The executable of a whole program (`tn cache package --app FILE`): its JavaScript, run by the engine of
 * src/package/engine/c, over the payload and the compiled parts that lie in the same file.
 *
 * `--inspect` as the only argument is answered here; every other argument is the program's own.
 */
#define _GNU_SOURCE
#include "tn_engine.h"
#include "tn_payload.h"
#include "tn_self.h"
#include "tn_self_inspect.h"

#include <stdio.h>
#include <string.h>

enum { FAILED = 1 };

static const char *program = "";
static tn_payload *payload;

static int fail(const char *message) {
  fprintf(stderr, "%s: %s\n", program, message);
  return FAILED;
}

static void describe_block(int64_t index, tn_engine_block *out) {
  const tn_payload_entry entry = PKG(core_payload_entry)(payload, (int32_t)index);
  *out = (tn_engine_block){.name = entry.name,
                           .name_bytes = entry.name_bytes,
                           .bytes = entry.bytes,
                           .kind = entry.kind,
                           .mapped = entry.encoding == TN_ENCODING_PLAIN};
}

static const void *open_block(int64_t index, const char **error) {
  const void *address = NULL;
  int64_t bytes;
  if (PKG(core_payload_block)(payload, (int32_t)index, &address, &bytes) == PKG_OK) return address;
  *error = pkg_last_error();
  return NULL;
}

static const void *part_level(int64_t index) { return PKG(core_artifact)((int)index, NULL); }

static int inflate(const void *source, size_t source_bytes, void *target, size_t target_bytes) {
  return PKG(core_inflate)(source, (int64_t)source_bytes, target, (int64_t)target_bytes) ? 0 : 1;
}

static int open_payload(const tn_self *self) {
  const uint64_t id = PKG(core_table).id;
  if (self->payload == NULL) return PKG(core_payload_open)(self->payload_path, id, &payload);
  return PKG(core_payload_from_memory)(self->payload, (int64_t)self->payload_bytes, self->path, id, &payload);
}

static int inspect(const tn_self *self) {
  tn_self_buffer_output();
  const int status = tn_inspect_print(self, payload, stdout);
  const int reason = tn_self_finish_output();
  if (status != PKG_OK) return fail(pkg_last_error());
  if (reason == 0) return 0;
  fprintf(stderr, "%s: standard output cannot be written: %s\n", program, strerror(reason));
  return FAILED;
}

/* A CPU that no level inside is made for is told so before anything else: interpreting a model is no way out. */
static int runs_here(void) {
  for (int part = 0; part < PKG(core_table).n_parts; part++) {
    if (PKG(core_artifact)(part, NULL) == NULL) return 0;
  }
  return 1;
}

static int run(const tn_self *self, int argc, char **argv) {
  const int32_t index = PKG(core_payload_find)(payload, "app.bytecode");
  const void *bytecode;
  int64_t bytes;
  if (index < 0) return fail("there is no program inside; package it again");
  if (PKG(core_payload_block)(payload, index, &bytecode, &bytes) != PKG_OK) return fail(pkg_last_error());
  const tn_engine_app app = {
      .argc = argc,
      .argv = argv,
      .executable = self->path,
      .n_blocks = PKG(core_payload_count)(payload),
      .block_describe = describe_block,
      .block_open = open_block,
      .n_parts = PKG(core_table).n_parts,
      .part_level = part_level,
      .inflate = inflate,
  };
  /* No file is opened but this one and those that the program asks for: quotas, which only files tell, stay unread. */
  TN_PREFIX(cpu_ignore_quota)();
  return tn_engine_run(&app, bytecode, (size_t)bytes);
}

int main(int argc, char **argv) {
  program = argc > 0 && argv[0] != NULL ? tn_self_base_name(argv[0]) : PKG(core_table).name;
  tn_self_guard(program);
  tn_self self;
  char message[TN_SELF_MESSAGE];
  if (tn_self_open(&self, argv, message) != 0) return fail(message);
  if (open_payload(&self) != PKG_OK) return fail(pkg_last_error());
  if (argc == 2 && strcmp(argv[1], "--inspect") == 0) return inspect(&self);
  if (!runs_here()) return fail(pkg_last_error());
  return run(&self, argc, argv);
}
