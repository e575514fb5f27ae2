/* What the command line gives a part: FILE, NAME=FILE, NAME=NUMBER, and files of tensors that carry names. */
#include "tn_exe.h"

#include <stdio.h>
#include <string.h>

static int input_of_name(const tn_exe_call *call, const char *name, size_t bytes) {
  const tn_package_part *table = tn_part_table(call->part);
  for (int i = 0; i < call->n_inputs; i++) {
    const char *known = table->inputs[i].name;
    if (strlen(known) == bytes && memcmp(known, name, bytes) == 0) return i;
  }
  return -1;
}

/* Two views of one memory are given once. */
static void give(tn_exe_call *call, int input, tn_exe_array *array) {
  const tn_package_value *value = &tn_part_table(call->part)->inputs[input];
  const int other = tn_part_same_as(call->part, input);
  if (other >= 0) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: %s is the same memory as %s in this part: give that one alone",
               array->source, value->name, tn_part_table(call->part)->inputs[other].name);
  }
  if (call->inputs[input] != NULL) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: %s was given already", array->source, value->name);
  }
  array->name = value->name;
  if (value->is_number) {
    const DLDataType type = array->tensor.dtype;
    if (type.code != 0 || type.bits != 64 || array->bytes != (int64_t)sizeof(int64_t)) {
      tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: %s is a number: give %s=NUMBER, or one int64", array->source, value->name,
                 value->name);
    }
    int64_t number;
    memcpy(&number, tn_exe_array_data(array), sizeof number);
    tn_exe_call_set_number(call, input, number);
  } else {
    tn_exe_call_set(call, input, array);
  }
}

static void give_number(tn_exe_call *call, int input, const char *text) {
  int64_t number;
  if (!tn_exe_integer(text, &number)) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s=%s: not a whole number", tn_part_table(call->part)->inputs[input].name, text);
  }
  if (call->inputs[input] != NULL) {
    tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: was given already", tn_part_table(call->part)->inputs[input].name);
  }
  tn_exe_call_set_number(call, input, number);
}

/* Tensors of other names are no concern of the part: a file may hold more. */
static void give_all(tn_exe_call *call, const tn_exe_file *file) {
  int count, used = 0;
  tn_exe_array *arrays = tn_exe_safetensors_read(file, &count);
  for (int i = 0; i < count; i++) {
    const int input = input_of_name(call, arrays[i].name, strlen(arrays[i].name));
    if (input < 0) continue;
    give(call, input, &arrays[i]);
    used++;
  }
  if (used > 0) return;
  const tn_package_part *table = tn_part_table(call->part);
  tn_exe_end(TN_EXE_WRONG_REQUEST, "%s holds no tensor named as an input (%s%s)", file->path, table->inputs[0].name,
             table->n_inputs > 1 ? ", …" : "");
}

static int is_number_input(const tn_exe_call *call, int input) {
  return tn_part_table(call->part)->inputs[input].is_number;
}

/* A file that is given for one input: .npy, or .safetensors with a tensor of that name or a single one. */
static void give_file(tn_exe_call *call, int input, const char *path) {
  const tn_exe_file file = tn_exe_read_file(path);
  if (tn_exe_is_npy(&file)) {
    tn_exe_array *array = tn_exe_memory(sizeof *array);
    tn_exe_npy_read(&file, array);
    give(call, input, array);
    return;
  }
  int count;
  tn_exe_array *arrays = tn_exe_safetensors_read(&file, &count);
  const char *name = tn_part_table(call->part)->inputs[input].name;
  for (int i = 0; i < count; i++) {
    if (count > 1 && strcmp(arrays[i].name, name) != 0) continue;
    give(call, input, &arrays[i]);
    return;
  }
  tn_exe_end(TN_EXE_WRONG_REQUEST, "%s holds %d tensors, none of them called %s", path, count, name);
}

/* The first input that nothing was given for; -1 when there is none. */
static int next_input(const tn_exe_call *call) {
  for (int i = 0; i < call->n_inputs; i++) {
    if (call->inputs[i] == NULL && tn_part_same_as(call->part, i) < 0) return i;
  }
  return -1;
}

/* A file without a name goes to the next input, a file of named tensors to its own. */
static void give_next(tn_exe_call *call, const char *argument) {
  const int input = next_input(call);
  int64_t number;
  if (input >= 0 && is_number_input(call, input) && tn_exe_integer(argument, &number)) {
    tn_exe_call_set_number(call, input, number);
    return;
  }
  if (input < 0) tn_exe_end(TN_EXE_WRONG_REQUEST, "%s: every input was given already", argument);
  give_file(call, input, argument);
}

/* What stands before `=` is a name when an input has it, and a part of a path otherwise. */
static int named_input(const tn_exe_call *call, const char *argument) {
  const char *equals = strchr(argument, '=');
  return equals != NULL ? input_of_name(call, argument, (size_t)(equals - argument)) : -1;
}

static int ends_with(const char *text, const char *end) {
  const size_t all = strlen(text), part = strlen(end);
  return all >= part && strcmp(text + all - part, end) == 0;
}

void tn_exe_gather(tn_exe_call *call, const tn_exe_options *options) {
  /* Names first: what stands without one fills the gaps. */
  for (int i = 0; i < options->n_inputs; i++) {
    const char *argument = options->inputs[i];
    const int input = named_input(call, argument);
    if (input >= 0) {
      const char *value = strchr(argument, '=') + 1;
      if (is_number_input(call, input) && !ends_with(value, ".npy") && !ends_with(value, ".safetensors")) {
        give_number(call, input, value);
      } else {
        give_file(call, input, value);
      }
    } else if (ends_with(argument, ".safetensors")) {
      const tn_exe_file file = tn_exe_read_file(argument);
      give_all(call, &file);
    }
  }
  for (int i = 0; i < options->n_inputs; i++) {
    const char *argument = options->inputs[i];
    if (named_input(call, argument) < 0 && !ends_with(argument, ".safetensors")) give_next(call, argument);
  }
  const int missing = next_input(call);
  if (missing < 0) return;
  const tn_package_part *table = tn_part_table(call->part);
  char text[256];
  tn_describe_input(call->part, missing, text, sizeof text);
  tn_exe_end(TN_EXE_WRONG_REQUEST, "%s is missing: %s; --help says what is taken", table->inputs[missing].name, text);
}
