/*
 * Times of kernels, of calls on one context.
 */
#include "tn_core.h"

#include <stdlib.h>
#include <string.h>

static int set_profile(tn_binding *binding, const tn_package_part *part, int on) {
  binding->block[TN_BLOCK_PROFILE] = 0;
  binding->block[TN_BLOCK_THREADS] = 0;
  if (!on) return PKG_OK;
  const int64_t threads = TN_PREFIX(pool_threads)();
  free(binding->profile);
  binding->profile = calloc((size_t)(threads * tn_max(binding->artifact->n_kernels, 1)), sizeof(int64_t));
  binding->profile_threads = 0;
  if (binding->profile == NULL) return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for a profile", part->name);
  binding->profile_threads = threads;
  binding->block[TN_BLOCK_PROFILE] = (int64_t)(uintptr_t)binding->profile;
  /* The sums have room for so many threads, whatever the pool is told later. */
  binding->block[TN_BLOCK_THREADS] = threads;
  return PKG_OK;
}

int pkg_profile(pkg_context *context, int part, int on) {
  int status = PKG(core_take)(context, "profile");
  if (status != PKG_OK) return status;
  tn_binding *binding = PKG(core_binding)(context, part, &status);
  if (binding != NULL) status = set_profile(binding, &PKG(core_table).parts[part], on);
  PKG(core_release)(context);
  return status;
}

static pkg_kernel_time time_of(const tn_binding *binding, int64_t kernel) {
  pkg_kernel_time time = {.name = binding->artifact->kernel_names[kernel]};
  for (int64_t thread = 0; thread < binding->profile_threads; thread++) {
    const int64_t ns = binding->profile[thread * binding->artifact->n_kernels + kernel];
    time.sum_ns += ns;
    time.most_ns = tn_max(time.most_ns, ns);
  }
  return time;
}

int pkg_profile_read(pkg_context *context, int part, pkg_kernel_time *times, int max_kernels, int *n_kernels) {
  int status = PKG(core_take)(context, "profile_read");
  if (status != PKG_OK) return status;
  tn_binding *binding = PKG(core_binding)(context, part, &status);
  if (binding != NULL && n_kernels == NULL) {
    status = PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: profile_read: n_kernels is NULL", PKG(core_table).parts[part].name);
  } else if (binding != NULL) {
    const int64_t count = binding->artifact->n_kernels;
    *n_kernels = (int)count;
    for (int64_t i = 0; times != NULL && i < tn_min(count, max_kernels); i++) times[i] = time_of(binding, i);
  }
  PKG(core_release)(context);
  return status;
}
