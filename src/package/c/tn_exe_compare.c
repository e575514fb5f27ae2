/*
 * How near results must come to recorded ones: relative rms over the elements written, with the bounds by element type of
 * src/dispatch/compare.ts, which says why they are what they are. Integers and bools must be equal.
 */
#include "tn_exe.h"

#include <math.h>
#include <string.h>

static double bound_of(DLDataType type, int half_state) {
  if (type.code == 2 && type.bits == 64) return 1e-5;
#ifdef TN_EXE_BOUND /* of a reduced precision, for every other floating type */
  if (type.code == 2 || type.code == 4) return TN_EXE_BOUND;
#endif
  if (type.code == 2 && type.bits == 32) return half_state ? 3e-4 : 1e-5;
  if (type.code == 2 && type.bits == 16) return half_state ? 5e-4 : 2e-4;
  if (type.code == 4) return half_state ? 4e-3 : 2e-3;
  return 0;
}

static int same(double x, double y) { return x == y || (isnan(x) && isnan(y)); }

/* Whether neither side wrote into the row of `count` elements from `start`. */
static int is_untouched(DLDataType type, const void *before, const void *a, const void *b, int64_t start, int64_t count) {
  for (int64_t i = start; i < start + count; i++) {
    const double old = tn_exe_element(type, before, i);
    if (!same(old, tn_exe_element(type, a, i)) || !same(old, tn_exe_element(type, b, i))) return 0;
  }
  return 1;
}

tn_exe_comparison tn_exe_compare(const tn_exe_array *actual, const void *expected, const void *before, int half_state) {
  const DLTensor *tensor = &actual->tensor;
  const DLDataType type = tensor->dtype;
  const void *found = tn_exe_array_data(actual);
  const double bound = bound_of(type, half_state);
  if (type.code != 2 && type.code != 4) {
    const int equal = memcmp(found, expected, (size_t)actual->bytes) == 0;
    return (tn_exe_comparison){.ok = equal, .error = equal ? 0 : NAN, .bound = 0};
  }
  const int64_t count = tn_exe_count(actual->shape, tensor->ndim);
  const int64_t last = tensor->ndim > 0 ? actual->shape[tensor->ndim - 1] : 1;
  const int64_t row = last > 0 ? last : 1;
  double difference = 0, total = 0;
  for (int64_t i = 0; i < count; i++) {
    if (before != NULL && i % row == 0 && is_untouched(type, before, found, expected, i, row)) {
      i += row - 1;
      continue;
    }
    const double x = tn_exe_element(type, found, i), y = tn_exe_element(type, expected, i);
    if (!isfinite(x) || !isfinite(y)) {
      if (same(x, y)) continue;
      return (tn_exe_comparison){.ok = 0, .error = NAN, .bound = bound};
    }
    difference += (x - y) * (x - y);
    total += y * y;
  }
  const double error = difference == 0 ? 0 : sqrt(difference / total);
  return (tn_exe_comparison){.ok = error <= bound, .error = error, .bound = bound};
}
