/*
 * Runs what was recorded when the parts were captured, and compares: `cc main.c -I. -L. -l@name -lm -pthread`,
 * then `./a.out [FOLDER]`, where FOLDER (this one) holds @name.weights and samples/.
 */
#include "@name.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A recorded tensor; its bytes, row-major, are in samples/<file>. */
typedef struct recorded {
  const char *file, *name;
  DLDataType dtype;
  int32_t ndim;
  const int64_t *shape;
  double bound;    /* largest relative rms error of a result; 0: equal */
  int32_t same_as; /* an earlier input that this one is the same memory as; -1: none */
} recorded;

/* One part's call. `written` is what the call left in the inputs of these numbers. */
typedef struct sample {
  int32_t n_inputs, n_outputs, n_written;
  const recorded *inputs, *outputs, *written;
  const int32_t *written_inputs;
} sample;

/* @samples */

static int64_t count_of(const recorded *r) {
  int64_t count = 1;
  for (int32_t i = 0; i < r->ndim; i++) count *= r->shape[i];
  return count;
}

static size_t bytes_of(const recorded *r) { return (size_t)count_of(r) * (r->dtype.bits / 8u); }

static void *allocate(size_t bytes) {
  void *memory = calloc(1, bytes + 1);
  if (memory) return memory;
  fprintf(stderr, "no memory for %zu bytes\n", bytes);
  exit(1);
}

static void *read_sample(const char *folder, const recorded *r) {
  char path[4096];
  snprintf(path, sizeof path, "%s/samples/%s", folder, r->file);
  char *bytes = allocate(bytes_of(r));
  FILE *file = fopen(path, "rb");
  if (!file || fread(bytes, 1, bytes_of(r), file) != bytes_of(r)) {
    fprintf(stderr, "%s: cannot be read\n", path);
    exit(1);
  }
  fclose(file);
  return bytes;
}

static DLTensor tensor_of(const recorded *r, void *data) {
  return (DLTensor){
      .data = data, .device = {1, 0}, .ndim = r->ndim, .dtype = r->dtype, .shape = (int64_t *)(uintptr_t)r->shape};
}

static double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double size = exponent == 31  ? (mantissa ? NAN : INFINITY)
                      : exponent == 0 ? ldexp(mantissa, -24)
                                      : ldexp(1024 + mantissa, exponent - 25);
  return bits & 0x8000 ? -size : size;
}

/* Element i as a number. */
static double value_at(const recorded *r, const void *data, int64_t i) {
  if (r->dtype.code == 2 && r->dtype.bits == 64) return ((const double *)data)[i];
  if (r->dtype.code == 2 && r->dtype.bits == 32) return ((const float *)data)[i];
  const uint16_t bits = ((const uint16_t *)data)[i];
  if (r->dtype.code == 2) return half_value(bits);
  const uint32_t wide = (uint32_t)bits << 16; /* bfloat16: the upper half of a float */
  float value;
  memcpy(&value, &wide, sizeof value);
  return value;
}

static int same(double a, double b) { return a == b || (isnan(a) && isnan(b)); }

/*
 * Relative rms of found against wanted, NAN where NaN or infinities stand in other places. Of memory that was there
 * before the call, only rows that either side has changed count.
 */
static double error_of(const recorded *r, const void *found, const void *wanted, const void *before) {
  if (r->bound == 0) return memcmp(found, wanted, bytes_of(r)) ? NAN : 0;
  const int64_t count = count_of(r), row = r->ndim > 0 && r->shape[r->ndim - 1] > 0 ? r->shape[r->ndim - 1] : 1;
  double difference = 0, total = 0;
  for (int64_t start = 0; start < count; start += row) {
    int touched = before == NULL;
    for (int64_t i = start; !touched && i < start + row; i++) {
      const double old = value_at(r, before, i);
      touched = !same(old, value_at(r, found, i)) || !same(old, value_at(r, wanted, i));
    }
    for (int64_t i = start; touched && i < start + row; i++) {
      const double a = value_at(r, found, i), b = value_at(r, wanted, i);
      if (!isfinite(a) || !isfinite(b)) {
        if (same(a, b)) continue;
        return NAN;
      }
      difference += (a - b) * (a - b);
      total += b * b;
    }
  }
  return difference == 0 ? 0 : sqrt(difference / total);
}

static int judge(const char *part, const recorded *r, const void *found, const void *wanted, const void *before) {
  const double error = error_of(r, found, wanted, before);
  const int agrees = error <= r->bound; /* false for NAN */
  printf("%s: %s %s (relative rms %.1e, bound %.0e)\n", part, r->name, agrees ? "agrees" : "DIFFERS", error, r->bound);
  return agrees;
}

/* Gives the number of results that differ. */
static int run_sample(pkg_context *context, int part, const sample *s, const char *folder) {
  const char *name = pkg_part_name(part);
  DLTensor inputs[s->n_inputs + 1], outputs[s->n_outputs + 1];
  const DLTensor *input_list[s->n_inputs + 1];
  DLTensor *output_list[s->n_outputs + 1];
  void *before[s->n_written + 1];
  for (int32_t i = 0; i < s->n_inputs; i++) {
    const int32_t same_as = s->inputs[i].same_as;
    inputs[i] = tensor_of(&s->inputs[i], same_as < 0 ? read_sample(folder, &s->inputs[i]) : inputs[same_as].data);
    input_list[i] = &inputs[i];
  }
  for (int32_t i = 0; i < s->n_outputs; i++) {
    outputs[i] = tensor_of(&s->outputs[i], allocate(bytes_of(&s->outputs[i])));
    output_list[i] = &outputs[i];
  }
  for (int32_t i = 0; i < s->n_written; i++) before[i] = read_sample(folder, &s->inputs[s->written_inputs[i]]);

  int wrong = 0;
  if (pkg_call(context, part, input_list, s->n_inputs, output_list, s->n_outputs)) {
    printf("%s\n", pkg_last_error());
    wrong = 1;
  }
  for (int32_t i = 0; !wrong && i < s->n_outputs; i++) {
    void *wanted = read_sample(folder, &s->outputs[i]);
    wrong += !judge(name, &s->outputs[i], outputs[i].data, wanted, NULL);
    free(wanted);
  }
  for (int32_t i = 0; !wrong && i < s->n_written; i++) {
    void *wanted = read_sample(folder, &s->written[i]);
    wrong += !judge(name, &s->written[i], inputs[s->written_inputs[i]].data, wanted, before[i]);
    free(wanted);
  }
  for (int32_t i = 0; i < s->n_inputs; i++) {
    if (s->inputs[i].same_as < 0) free(inputs[i].data);
  }
  for (int32_t i = 0; i < s->n_outputs; i++) free(outputs[i].data);
  for (int32_t i = 0; i < s->n_written; i++) free(before[i]);
  return wrong;
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : ".";
  char path[4096];
  snprintf(path, sizeof path, "%s/@name.weights", folder);
  pkg_runtime *runtime = NULL;
  pkg_weights *weights = NULL;
  int wrong = 0;
  if (pkg_runtime_create(PKG_ABI_VERSION, 0, &runtime) || pkg_weights_open(runtime, path, &weights)) {
    fprintf(stderr, "%s\n", pkg_last_error());
    pkg_runtime_destroy(runtime);
    return 1;
  }
  for (int part = 0; part < PKG_PARTS; part++) {
    /* A context of its own: each recorded call found the state of its part untouched. */
    pkg_context *context = NULL;
    if (pkg_context_create(weights, &context)) {
      fprintf(stderr, "%s\n", pkg_last_error());
      wrong++;
      break;
    }
    wrong += run_sample(context, part, &samples[part], folder);
    pkg_context_destroy(context);
  }
  pkg_weights_close(weights);
  pkg_runtime_destroy(runtime);
  return wrong != 0;
}
