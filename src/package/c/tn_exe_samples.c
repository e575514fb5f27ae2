/*
 * The recorded samples: sample/PART/dims (values of the dims), input_N and output_N (bytes of the arrays, row-major;
 * outputs first, then what the call left in the inputs that it writes).
 */
#include "tn_exe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The block's bytes, or NULL when there is none. */
static const void *sample_block(struct tn_payload *payload, int part, const char *what, int number, int64_t *bytes) {
  char name[256];
  if (number < 0) snprintf(name, sizeof name, "sample/%s/%s", pkg_part_name(part), what);
  else snprintf(name, sizeof name, "sample/%s/%s_%d", pkg_part_name(part), what, number);
  const int32_t block = PKG(core_payload_find)(payload, name);
  if (block < 0) return NULL;
  const void *address;
  const int status = PKG(core_payload_block)(payload, block, &address, bytes);
  if (status != PKG_OK) tn_exe_end_status(status);
  return address;
}

static _Noreturn void unfit(int part, const char *name) {
  tn_exe_end(TN_EXE_FAILED, "%s: the recorded sample of %s has another size than the part says", pkg_part_name(part),
             name);
}

static void sample_input(tn_exe_call *call, int input, const int64_t *dims, const void *bytes, int64_t size) {
  const tn_package_value *value = &tn_part_table(call->part)->inputs[input];
  if (value->is_number) {
    tn_exe_call_set_number(call, input, dims[value->dim]);
    return;
  }
  int64_t shape[TN_EXE_MAX_RANK];
  for (int i = 0; i < value->ndim; i++) {
    shape[i] = value->sizes[i].dim >= 0 ? dims[value->sizes[i].dim] : value->sizes[i].value;
  }
  tn_exe_array *array = tn_exe_memory(sizeof *array);
  array->name = value->name;
  tn_exe_array_allocate(array, value->dtype, shape, value->ndim);
  if (bytes == NULL || size != array->bytes) unfit(call->part, value->name);
  memcpy(tn_exe_array_data(array), bytes, (size_t)size);
  tn_exe_call_set(call, input, array);
}

int tn_exe_sample_inputs(tn_exe_call *call, struct tn_payload *payload) {
  int64_t bytes;
  const void *values = sample_block(payload, call->part, "dims", -1, &bytes);
  if (values == NULL) return 0;
  if (bytes != call->n_dims * (int64_t)sizeof(int64_t)) unfit(call->part, "the dims");
  int64_t *dims = tn_exe_memory((size_t)bytes);
  memcpy(dims, values, (size_t)bytes);
  for (int i = 0; i < call->n_inputs; i++) {
    if (tn_part_same_as(call->part, i) >= 0) continue;
    int64_t size = 0;
    const void *sample = sample_block(payload, call->part, "input", i, &size);
    sample_input(call, i, dims, sample, size);
  }
  free(dims);
  return 1;
}

static int is_half_state(const tn_package_part *part) {
  for (int i = 0; i < part->n_inputs; i++) {
    const DLDataType type = part->inputs[i].dtype;
    if (!part->inputs[i].is_number && type.bits == 16 && (type.code == 2 || type.code == 4)) return 1;
  }
  return 0;
}

/* What the written inputs hold before the call. */
static void **copy_written(const tn_exe_call *call) {
  void **copies = tn_exe_memory((size_t)call->n_results * sizeof *copies);
  for (int i = call->n_outputs; i < call->n_results; i++) {
    copies[i] = tn_exe_memory((size_t)call->results[i]->bytes);
    memcpy(copies[i], tn_exe_array_data(call->results[i]), (size_t)call->results[i]->bytes);
  }
  return copies;
}

/* 1 when all results of the part agree. */
static int test_part(tn_exe_session *session, int part) {
  struct tn_payload *payload = PKG(core_weights_payload)(session->weights);
  tn_exe_call call;
  tn_exe_call_start(&call, part);
  if (!tn_exe_sample_inputs(&call, payload)) {
    printf("%s: no sample of it can be run by itself\n", pkg_part_name(part));
    return 1;
  }
  tn_exe_call_prepare(&call);
  void **before = copy_written(&call);
  pkg_context *context;
  const int status = pkg_context_create(session->weights, &context);
  if (status != PKG_OK) tn_exe_end_status(status);
  tn_exe_call_run(&call, context);
  pkg_context_destroy(context);
  int good = 1;
  const int half_state = is_half_state(tn_part_table(part));
  for (int i = 0; i < call.n_results; i++) {
    int64_t bytes;
    const void *expected = sample_block(payload, part, "output", i, &bytes);
    if (expected == NULL || bytes != call.results[i]->bytes) unfit(part, call.results[i]->name);
    const tn_exe_comparison found = tn_exe_compare(call.results[i], expected, before[i], half_state);
    printf("%s: %s: relative rms %.1e, bound %.0e: %s\n", pkg_part_name(part), call.results[i]->name, found.error,
           found.bound, found.ok ? "ok" : "DIFFERS");
    good &= found.ok;
  }
  return good;
}

int tn_exe_self_test(tn_exe_session *session) {
  /* Every block, also those that the samples do not touch. */
  const int status = pkg_weights_verify(session->weights);
  if (status != PKG_OK) tn_exe_end_status(status);
  int wrong = 0;
  for (int part = 0; part < pkg_part_count(); part++) {
    printf("%s: level %s\n", pkg_part_name(part), pkg_runtime_level(session->runtime, part));
    wrong += !test_part(session, part);
  }
  if (wrong > 0) {
    fflush(stdout);
    tn_exe_end(TN_EXE_FAILED, "the self-test found wrong results in %d of %d parts", wrong, pkg_part_count());
  }
  printf("all checksums and samples are right\n");
  return TN_EXE_DONE;
}
