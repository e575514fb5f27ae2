/* One call of a part: its inputs, its dims, memory for what comes out. */
#include "tn_exe.h"

#include <stdlib.h>
#include <string.h>

void tn_exe_call_start(tn_exe_call *call, int part) {
  const tn_package_part *table = tn_part_table(part);
  *call = (tn_exe_call){.part = part,
                        .n_inputs = table->n_inputs,
                        .n_outputs = table->n_outputs,
                        .n_dims = table->n_dims};
  const size_t inputs = (size_t)table->n_inputs, outputs = (size_t)table->n_outputs;
  call->inputs = tn_exe_memory(inputs * sizeof *call->inputs);
  call->input_tensors = tn_exe_memory(inputs * sizeof *call->input_tensors);
  call->outputs = tn_exe_memory(outputs * sizeof *call->outputs);
  call->output_tensors = tn_exe_memory(outputs * sizeof *call->output_tensors);
  call->results = tn_exe_memory((inputs + outputs) * sizeof *call->results);
  call->dims = tn_exe_memory((size_t)table->n_dims * sizeof *call->dims);
}

void tn_exe_call_set(tn_exe_call *call, int input, const tn_exe_array *array) { call->inputs[input] = array; }

void tn_exe_call_set_number(tn_exe_call *call, int input, int64_t value) {
  tn_exe_array *array = tn_exe_memory(sizeof *array);
  array->name = tn_part_table(call->part)->inputs[input].name;
  tn_exe_array_allocate(array, (DLDataType){0, 64, 1}, NULL, 0);
  memcpy(tn_exe_array_data(array), &value, sizeof value);
  call->inputs[input] = array;
}

static void allocate_output(tn_exe_call *call, int output) {
  const tn_package_value *value = &tn_part_table(call->part)->outputs[output];
  int64_t sizes[TN_EXE_MAX_RANK];
  int ndim;
  const int status = pkg_output_shape(call->part, call->dims, call->n_dims, output, sizes, TN_EXE_MAX_RANK, &ndim);
  if (status != PKG_OK) tn_exe_end_status(status);
  tn_exe_array *array = &call->outputs[output];
  array->name = value->name;
  tn_exe_array_allocate(array, value->dtype, sizes, ndim);
}

void tn_exe_call_prepare(tn_exe_call *call) {
  const tn_package_part *table = tn_part_table(call->part);
  for (int i = 0; i < call->n_inputs; i++) {
    const int other = tn_part_same_as(call->part, i);
    if (call->inputs[i] == NULL && other >= 0) call->inputs[i] = call->inputs[other];
    call->input_tensors[i] = &call->inputs[i]->tensor;
  }
  const int status = pkg_dims(call->part, call->input_tensors, call->n_inputs, call->dims, call->n_dims);
  if (status != PKG_OK) tn_exe_end_status(status);
  for (int i = 0; i < call->n_outputs; i++) {
    allocate_output(call, i);
    call->output_tensors[i] = &call->outputs[i].tensor;
    call->results[call->n_results++] = &call->outputs[i];
  }
  for (int i = 0; i < call->n_inputs; i++) {
    if (table->inputs[i].written) call->results[call->n_results++] = call->inputs[i];
  }
}

void tn_exe_call_run(const tn_exe_call *call, pkg_context *context) {
  const int status = pkg_call(context, call->part, call->input_tensors, call->n_inputs, call->output_tensors,
                              call->n_outputs);
  if (status != PKG_OK) tn_exe_end_status(status);
}
