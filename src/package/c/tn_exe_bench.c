/* --bench: how long calls take. */
#include "tn_exe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LEAST_CALLS = 5, MOST_CALLS = 10000 };

static const int64_t second_ns = 1000000000;

static int64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (int64_t)time.tv_sec * second_ns + time.tv_nsec;
}

static int by_size(const void *a, const void *b) {
  const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
  return (x > y) - (x < y);
}

static int64_t timed(const tn_exe_call *call, pkg_context *context) {
  const int64_t start = now();
  tn_exe_call_run(call, context);
  return now() - start;
}

void tn_exe_bench(tn_exe_session *session, const tn_exe_options *options) {
  tn_exe_call call;
  tn_exe_call_start(&call, options->part);
  const char *name = pkg_part_name(options->part);
  if (options->n_inputs > 0) {
    tn_exe_gather(&call, options);
  } else if (!tn_exe_sample_inputs(&call, PKG(core_weights_payload)(session->weights))) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s has no sample that can be run by itself: give its inputs", name);
  }
  tn_exe_call_prepare(&call);
  pkg_context *context;
  const int status = pkg_context_create(session->weights, &context);
  if (status != PKG_OK) tn_exe_end_status(status);
  const int64_t first = timed(&call, context); /* binds the weights, takes memory */
  const int64_t usual = timed(&call, context);
  const int64_t in_a_second = second_ns / (usual > 0 ? usual : 1);
  const int64_t fitting = tn_max(LEAST_CALLS, tn_min(in_a_second, MOST_CALLS));
  const int64_t calls = options->calls > 0 ? options->calls : fitting;
  int64_t *times = tn_exe_memory((size_t)calls * sizeof *times);
  for (int64_t i = 0; i < calls; i++) times[i] = timed(&call, context);
  qsort(times, (size_t)calls, sizeof *times, by_size);
  printf("%s: level %s, %d thread%s, %" PRId64 " calls: median %.4f ms, least %.4f ms, most %.4f ms (first %.4f ms)\n",
         name, pkg_runtime_level(session->runtime, options->part), pkg_runtime_threads(session->runtime),
         pkg_runtime_threads(session->runtime) == 1 ? "" : "s", calls, (double)times[calls / 2] / 1e6,
         (double)times[0] / 1e6, (double)times[calls - 1] / 1e6, (double)first / 1e6);
  for (int i = 0; i < call.n_dims; i++) {
    printf("%s%s=%" PRId64 "%s", i == 0 ? "  " : ", ", pkg_dim_name(options->part, i), call.dims[i],
           i + 1 == call.n_dims ? "\n" : "");
  }
  free(times);
  pkg_context_destroy(context);
}
