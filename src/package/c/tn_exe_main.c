/*
 * The executable of parts (`tn cache package --format exe`).
 *
 *   tn_exe_options.c    the command line
 *   tn_exe_inputs.c     its inputs: tn_exe_files.c, tn_exe_npy.c, tn_exe_safetensors.c
 *   tn_exe_call.c       one call of a part
 *   tn_exe_results.c    what came out
 *   tn_exe_samples.c    --self-test, with tn_exe_compare.c
 *   tn_exe_bench.c, tn_exe_help.c, tn_self_inspect.c
 *
 * Exit codes: 0 done, 1 the work failed, 2 the request was wrong; then one line on standard error.
 */
#define _GNU_SOURCE
#include "tn_exe.h"
#include "tn_self_inspect.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *program = "";

void tn_exe_end(int code, const char *format, ...) {
  char line[1024];
  va_list values;
  va_start(values, format);
  vsnprintf(line, sizeof line, format, values);
  va_end(values);
  for (char *c = line; *c != 0; c++) {
    if (*c == '\n' || *c == '\r') *c = ' ';
  }
  tn_exe_output_abandon();
  /* The core's messages start with the part, which is often called as the program is. */
  const size_t name = strlen(program);
  const int is_named = strncmp(line, program, name) == 0 && strncmp(line + name, ": ", 2) == 0;
  fprintf(stderr, "%s: %s\n", program, is_named ? line + name + 2 : line);
  /* What standard output still holds is no result. */
  _exit(code);
}

/* The core calls a payload in memory so; here that is the program's own file. */
static const char *core_message(void) {
  static const char in_memory[] = "weights in memory: ";
  static char own[1024];
  const char *text = pkg_last_error();
  if (strncmp(text, in_memory, sizeof in_memory - 1) != 0) return text;
  snprintf(own, sizeof own, "this executable %s", text + sizeof in_memory - 1);
  return own;
}

void tn_exe_end_status(int status) {
  switch (status) {
    case PKG_ERROR_ARGUMENT:
    case PKG_ERROR_RANK:
    case PKG_ERROR_DTYPE:
    case PKG_ERROR_SIZE:
    case PKG_ERROR_RANGE:
    case PKG_ERROR_GUARD:
    case PKG_ERROR_LAYOUT:
    case PKG_ERROR_INDEX:
    case PKG_ERROR_VALUE:
    case PKG_ERROR_ENVIRONMENT: tn_exe_end(TN_EXE_WRONG_REQUEST, "%s", core_message());
    default: tn_exe_end(TN_EXE_FAILED, "%s", core_message());
  }
}

void *tn_exe_memory(size_t bytes) {
  void *memory = calloc(1, bytes > 0 ? bytes : 1);
  if (memory == NULL) tn_exe_end(TN_EXE_FAILED, "no memory for %zu bytes", bytes);
  return memory;
}

static int finish_output(void) {
  const int reason = tn_self_finish_output();
  if (reason == 0) return TN_EXE_DONE;
  tn_exe_end(TN_EXE_FAILED, "standard output cannot be written: %s", strerror(reason));
}

/* What is inside can be looked at on any CPU: without the runtime. */
static tn_payload *open_payload(const tn_exe_session *session, int must) {
  tn_payload *payload = NULL;
  const tn_self *self = &session->self;
  const uint64_t id = PKG(core_table).id;
  const int status = self->payload != NULL
                         ? PKG(core_payload_from_memory)(self->payload, (int64_t)self->payload_bytes, self->path, id, &payload)
                         : PKG(core_payload_open)(self->payload_path, id, &payload);
  if (status != PKG_OK && must) tn_exe_end_status(status);
  return status == PKG_OK ? payload : NULL;
}

static void inspect(const tn_exe_session *session, const tn_exe_options *options) {
  tn_payload *payload = open_payload(session, 1);
  const int status = options->action == TN_EXE_INSPECT_JSON ? tn_inspect_print_json(payload, stdout)
                                                            : tn_inspect_print(&session->self, payload, stdout);
  if (status == PKG_OK) return;
  fflush(stdout);
  tn_exe_end_status(status);
}

static void open_weights(tn_exe_session *session, const tn_exe_options *options) {
  const tn_self *self = &session->self;
  /* An executable opens no file but its own and those that it is given: quotas, which only files tell, stay unread. */
  TN_PREFIX(cpu_ignore_quota)();
  int status = pkg_runtime_create(PKG_ABI_VERSION, options->threads, &session->runtime);
  if (status != PKG_OK) tn_exe_end_status(status);
  status = self->payload != NULL
               ? pkg_weights_from_memory(session->runtime, self->payload, self->payload_bytes, &session->weights)
               : pkg_weights_open(session->runtime, self->payload_path, &session->weights);
  if (status != PKG_OK) tn_exe_end_status(status);
}

static void run_part(tn_exe_session *session, const tn_exe_options *options) {
  tn_exe_call call;
  tn_exe_call_start(&call, options->part);
  tn_exe_gather(&call, options);
  tn_exe_call_prepare(&call);
  open_weights(session, options);
  pkg_context *context;
  const int status = pkg_context_create(session->weights, &context);
  if (status != PKG_OK) tn_exe_end_status(status);
  tn_exe_call_run(&call, context);
  if (options->out != NULL) tn_exe_save(&call, options->out);
  else tn_exe_summarise(&call);
}

int main(int argc, char **argv) {
  program = argc > 0 && argv[0] != NULL ? tn_self_base_name(argv[0]) : PKG(core_table).name;
  tn_self_guard(program);
  tn_self_buffer_output();
  tn_exe_session session = {.program = program};
  char message[TN_SELF_MESSAGE];
  if (tn_self_open(&session.self, argv, message) != 0) tn_exe_end(TN_EXE_FAILED, "%s", message);
  tn_exe_options options;
  tn_exe_parse(&options, argc, argv);
  switch (options.action) {
    case TN_EXE_HELP: tn_exe_help(program, open_payload(&session, 0)); break;
    case TN_EXE_VERSION: printf("%s\n", pkg_version()); break;
    case TN_EXE_INSPECT:
    case TN_EXE_INSPECT_JSON: inspect(&session, &options); break;
    case TN_EXE_SELF_TEST:
      open_weights(&session, &options);
      tn_exe_self_test(&session);
      break;
    case TN_EXE_BENCH:
      open_weights(&session, &options);
      tn_exe_bench(&session, &options);
      break;
    case TN_EXE_RUN: run_part(&session, &options); break;
  }
  return finish_output();
}
