/* The command line. */
#include "tn_exe.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int tn_exe_integer(const char *text, int64_t *out) {
  const char *digits = *text == '-' || *text == '+' ? text + 1 : text;
  if (*digits == 0 || strspn(digits, "0123456789") != strlen(digits)) return 0;
  errno = 0;
  *out = strtoll(text, NULL, 10);
  return errno == 0;
}

typedef struct arguments {
  int count, at;
  char **values;
} arguments;

/* The value of `--name VALUE` or `--name=VALUE`; NULL when the argument is another one. */
static const char *value_of(arguments *args, const char *name) {
  const char *argument = args->values[args->at];
  const size_t bytes = strlen(name);
  if (strncmp(argument, name, bytes) != 0) return NULL;
  if (argument[bytes] == '=') return argument + bytes + 1;
  if (argument[bytes] != 0) return NULL;
  if (args->at + 1 == args->count) tn_exe_end(TN_EXE_WRONG_REQUEST, "%s needs a value", name);
  return args->values[++args->at];
}

static int is(const char *argument, const char *name) { return strcmp(argument, name) == 0; }

static void set_action(tn_exe_options *options, tn_exe_action action) {
  if (options->action != TN_EXE_RUN && options->action != action) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "one of --help, --version, --inspect, --self-test and --bench at a time");
  }
  options->action = action;
}

/* `--bench`, `--bench=N` and `--bench N`. */
static void read_bench(tn_exe_options *options, arguments *args) {
  set_action(options, TN_EXE_BENCH);
  const char *argument = args->values[args->at];
  const char *count = argument[7] == '=' ? argument + 8 : NULL;
  int64_t calls;
  if (count == NULL && args->at + 1 < args->count && tn_exe_integer(args->values[args->at + 1], &calls)) {
    count = args->values[++args->at];
  }
  if (count == NULL) return;
  if (!tn_exe_integer(count, &options->calls) || options->calls < 1 || options->calls > 100000000) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "--bench %s: not a number of calls", count);
  }
}

static void read_threads(tn_exe_options *options, const char *text) {
  int64_t threads;
  if (!tn_exe_integer(text, &threads) || threads < 1 || threads > TN_MAX_THREADS) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "--threads %s: give 1 to %d", text, TN_MAX_THREADS);
  }
  options->threads = (int)threads;
}

static void read_part(tn_exe_options *options, const char *name) {
  options->part = pkg_part_index(name);
  if (options->part >= 0) return;
  const int count = pkg_part_count();
  tn_exe_end(TN_EXE_WRONG_REQUEST, "no part %s is inside: there %s %s%s", name, count == 1 ? "is" : "are",
             pkg_part_name(0), count > 1 ? " and others (--help)" : "");
}

/* 1 when it was an option. */
static int read_option(tn_exe_options *options, arguments *args, int *json) {
  const char *argument = args->values[args->at];
  const char *value;
  if (is(argument, "-h") || is(argument, "--help")) {
    set_action(options, TN_EXE_HELP);
  } else if (is(argument, "-V") || is(argument, "--version")) {
    set_action(options, TN_EXE_VERSION);
  } else if (is(argument, "--inspect")) {
    set_action(options, TN_EXE_INSPECT);
  } else if (is(argument, "--json")) {
    *json = 1;
  } else if (is(argument, "--self-test")) {
    set_action(options, TN_EXE_SELF_TEST);
  } else if (is(argument, "--bench") || strncmp(argument, "--bench=", 8) == 0) {
    read_bench(options, args);
  } else if ((value = value_of(args, "--threads")) != NULL) {
    read_threads(options, value);
  } else if ((value = value_of(args, "--part")) != NULL) {
    read_part(options, value);
  } else if ((value = value_of(args, "--out")) != NULL || (value = value_of(args, "-o")) != NULL) {
    if (*value == 0) tn_exe_end(TN_EXE_WRONG_REQUEST, "--out needs a file or a folder");
    options->out = value;
  } else {
    return 0;
  }
  return 1;
}

void tn_exe_parse(tn_exe_options *options, int argc, char **argv) {
  *options = (tn_exe_options){.action = TN_EXE_RUN, .part = pkg_part_count() == 1 ? 0 : -1};
  options->inputs = tn_exe_memory((size_t)(argc + 1) * sizeof *options->inputs);
  arguments args = {.count = argc, .at = 1, .values = argv};
  int only_inputs = 0, json = 0;
  for (; args.at < argc; args.at++) {
    const char *argument = argv[args.at];
    if (!only_inputs && is(argument, "--")) {
      only_inputs = 1;
    } else if (only_inputs || argument[0] != '-') {
      options->inputs[options->n_inputs++] = argument;
    } else if (!read_option(options, &args, &json)) {
      int64_t number; /* a negative number may be an input */
      if (!tn_exe_integer(argument, &number)) {
        tn_exe_end(TN_EXE_WRONG_REQUEST, "unknown option %s; --help lists them", argument);
      }
      options->inputs[options->n_inputs++] = argument;
    }
  }
  if (json) {
    if (options->action != TN_EXE_INSPECT) tn_exe_end(TN_EXE_WRONG_REQUEST, "--json goes with --inspect");
    options->action = TN_EXE_INSPECT_JSON;
  }
  const int needs_part = options->action == TN_EXE_RUN || options->action == TN_EXE_BENCH;
  if (needs_part && options->part < 0) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "there are %d parts inside: name one with --part (--help lists them)",
               pkg_part_count());
  }
}
