/*
 * One call: reads the argument block, grows the context, runs the program on a team, reports the first error.
 */
#include "tn_internal.h"

/* Below this much work a second thread costs more (a wake-up, barriers) than it brings. */
enum { LEAST_NS_PER_THREAD = 10000 };

typedef struct run {
  tn_call call;
  tn_program program;
  const tn_context *context;
  int64_t used; /* threads of the team, written by member 0 */
} run;

static void run_member(void *arg, int64_t id, tn_team *team) {
  run *r = arg;
  const tn_context *context = r->context;
  const tn_thread thread = {
      .id = id,
      .count = team->count,
      .scratch = context->scratch.base != NULL ? context->scratch.base + id * context->scratch_stride : NULL,
      .team = team,
      .error = (int64_t *)(void *)context->records.base + id * TN_ERROR_WORDS,
  };
  thread.error[TN_ERROR_CODE] = TN_OK;
  thread.error[TN_ERROR_AT_KERNEL] = -1;
  if (id == 0) r->used = team->count;
  r->program(&r->call, &thread);
}

static int64_t finish(int64_t *block, int64_t code, int64_t kernel, int64_t value, int64_t limit) {
  block[TN_BLOCK_STATUS] = code;
  block[TN_BLOCK_KERNEL] = kernel;
  block[TN_BLOCK_VALUE] = value;
  block[TN_BLOCK_LIMIT] = limit;
  return code;
}

static int64_t threads_for(const tn_artifact *artifact, const int64_t *block, const int64_t *dims) {
  const int64_t asked = block[TN_BLOCK_THREADS];
  const int64_t most = asked > 0 ? tn_min(asked, TN_MAX_THREADS) : TN_PREFIX(pool_threads)();
  if (most == 1 || artifact->work == NULL || (block[TN_BLOCK_FLAGS] & TN_CALL_ALL_THREADS)) return most;
  return tn_max(1, tn_min(artifact->work(dims) / LEAST_NS_PER_THREAD, most));
}

/* The error of the lowest kernel and, within it, of the lowest thread: the same for every number of threads. */
static const int64_t *first_error(const tn_context *context, int64_t threads) {
  const int64_t *records = (const int64_t *)(const void *)context->records.base;
  const int64_t *first = NULL;
  for (int64_t i = 0; i < threads; i++) {
    const int64_t *e = records + i * TN_ERROR_WORDS;
    if (e[TN_ERROR_CODE] == TN_OK) continue;
    if (first == NULL || e[TN_ERROR_AT_KERNEL] < first[TN_ERROR_AT_KERNEL]) first = e;
  }
  return first;
}

int64_t TN_PREFIX(call_run)(int64_t *block) {
  const tn_artifact *artifact = (const tn_artifact *)(uintptr_t)block[TN_BLOCK_ARTIFACT];
  tn_context *context = (tn_context *)(uintptr_t)block[TN_BLOCK_CONTEXT];
  block[TN_BLOCK_USED] = 0;
  if (artifact->abi_version != TN_ABI_VERSION) {
    return finish(block, TN_ERROR_ABI, -1, artifact->abi_version, TN_ABI_VERSION);
  }
  if (!TN_PREFIX(context_take)(context)) return finish(block, TN_ERROR_BUSY, -1, 0, 0);

  const int64_t *dims = block + TN_BLOCK_HEADER;
  const int64_t threads = threads_for(artifact, block, dims);
  const int64_t arena_bytes = TN_PREFIX(artifact_arena_bytes)(artifact, dims);
  const int64_t missing =
      TN_PREFIX(context_grow)(context, arena_bytes, TN_PREFIX(artifact_scratch_bytes)(artifact, dims), threads);
  if (missing != 0) {
    TN_PREFIX(context_release)(context);
    return finish(block, TN_ERROR_MEMORY, -1, missing, 0);
  }
  TN_PREFIX(context_note)(context, artifact, dims, arena_bytes);

  /* Addresses are 64-bit words in the block, so its tail can be read as arrays of pointers. */
  const tn_address *inputs = (const tn_address *)(const void *)(dims + artifact->n_dims);
  run r = {
      .call = {.dims = dims,
               .inputs = inputs,
               .outputs = inputs + artifact->n_inputs,
               .weights = (const tn_address *)(uintptr_t)block[TN_BLOCK_WEIGHTS],
               .arena = context->arena.base,
               .profile = (int64_t *)(uintptr_t)block[TN_BLOCK_PROFILE],
               .n_kernels = artifact->n_kernels},
      .program = artifact->program,
      .context = context,
  };
  TN_PREFIX(pool_run)(run_member, &r, threads);
  block[TN_BLOCK_USED] = r.used;

  const int64_t *e = first_error(context, r.used);
  const int64_t status =
      e == NULL ? finish(block, TN_OK, -1, 0, 0)
                : finish(block, e[TN_ERROR_CODE], e[TN_ERROR_AT_KERNEL], e[TN_ERROR_AT_VALUE], e[TN_ERROR_AT_LIMIT]);
  TN_PREFIX(context_release)(context);
  return status;
}
