/* The executable of parts: what its files share. tn_exe_main.c is the table of contents. */
#ifndef TN_EXE_H
#define TN_EXE_H

#include "tn_exe_array.h"
#include "tn_payload.h"
#include "tn_self.h"

/* How the program ends. */
enum { TN_EXE_DONE = 0, TN_EXE_FAILED = 1, TN_EXE_WRONG_REQUEST = 2 };

/* One line on standard error, then the end. */
_Noreturn void tn_exe_end(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tn_exe_end with the text and the meaning of a pkg_status: was the request wrong, or did the work fail? */
_Noreturn void tn_exe_end_status(int status);

/* Never returns NULL. */
void *tn_exe_memory(size_t bytes);

typedef enum tn_exe_action {
  TN_EXE_RUN,
  TN_EXE_HELP,
  TN_EXE_VERSION,
  TN_EXE_INSPECT,
  TN_EXE_INSPECT_JSON,
  TN_EXE_SELF_TEST,
  TN_EXE_BENCH
} tn_exe_action;

typedef struct tn_exe_options {
  tn_exe_action action;
  int part;
  int threads;     /* 0: the default */
  int64_t calls;   /* of --bench; 0: as many as take a second */
  const char *out; /* NULL: a summary on standard output */
  const char **inputs;
  int n_inputs;
} tn_exe_options;

/* tn_exe_options.c */
void tn_exe_parse(tn_exe_options *options, int argc, char **argv);
/* A whole number of decimal digits, with a sign perhaps. */
int tn_exe_integer(const char *text, int64_t *out);

/* The package in use. */
typedef struct tn_exe_session {
  const char *program;
  tn_self self;
  pkg_runtime *runtime;
  pkg_weights *weights;
} tn_exe_session;

/* tn_exe_call.c: one call of a part. Written inputs follow the outputs in `results`. */
typedef struct tn_exe_call {
  int part, n_inputs, n_outputs, n_results, n_dims;
  const tn_exe_array **inputs; /* NULL: not given yet */
  tn_exe_array *outputs;
  const tn_exe_array **results;
  const DLTensor **input_tensors;
  DLTensor **output_tensors;
  int64_t *dims;
} tn_exe_call;

void tn_exe_call_start(tn_exe_call *call, int part);
/* The array stays as it is until the call is over. */
void tn_exe_call_set(tn_exe_call *call, int input, const tn_exe_array *array);
void tn_exe_call_set_number(tn_exe_call *call, int input, int64_t value);
/* All inputs are given: checks them, finds the dims, takes memory for the outputs. */
void tn_exe_call_prepare(tn_exe_call *call);
void tn_exe_call_run(const tn_exe_call *call, pkg_context *context);

/* tn_exe_inputs.c: fills a call from the command line. */
void tn_exe_gather(tn_exe_call *call, const tn_exe_options *options);

/* tn_exe_results.c */
void tn_exe_summarise(const tn_exe_call *call);
void tn_exe_save(const tn_exe_call *call, const char *out);

/* tn_exe_help.c. The payload may be NULL. */
void tn_exe_help(const char *program, struct tn_payload *payload);

/* tn_exe_samples.c. 0 when the package holds no samples of the part. */
int tn_exe_sample_inputs(tn_exe_call *call, struct tn_payload *payload);
/* Exit code. */
int tn_exe_self_test(tn_exe_session *session);

/* tn_exe_compare.c: the bounds of src/dispatch/compare.ts. */
typedef struct tn_exe_comparison {
  int ok;
  double error, bound;
} tn_exe_comparison;
tn_exe_comparison tn_exe_compare(const tn_exe_array *actual, const void *expected, const void *before, int half_state);

/* tn_exe_bench.c */
void tn_exe_bench(tn_exe_session *session, const tn_exe_options *options);

#endif
