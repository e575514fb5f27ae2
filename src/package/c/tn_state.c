/*
 * The context object: working memory, its own state, and what it needs to call each part.
 */
#define _GNU_SOURCE
#include "tn_core.h"

#include <stdlib.h>
#include <string.h>

enum { LINE = 64 };

static int64_t whole_lines(int64_t bytes) { return tn_ceildiv(tn_max(bytes, 1), LINE) * LINE; }

/* ---- Life ------------------------------------------------------------------------------------------------------ */

int pkg_context_create(pkg_weights *weights, pkg_context **out) {
  const tn_package *package = &PKG(core_table);
  if (out == NULL) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: context_create: out is NULL", package->name);
  *out = NULL;
  if (weights == NULL) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: context_create: weights is NULL", package->name);
  pkg_context *context = calloc(1, sizeof *context);
  if (context != NULL) {
    context->memory = TN_PREFIX(context_create)();
    context->parts = calloc((size_t)package->n_parts + 1, sizeof *context->parts);
    context->states = calloc((size_t)package->n_states + 1, sizeof *context->states);
  }
  if (context == NULL || context->memory == NULL || context->parts == NULL || context->states == NULL) {
    if (context != NULL) {
      TN_PREFIX(context_destroy)(context->memory);
      free(context->parts);
      free(context->states);
      free(context);
    }
    return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for a context", package->name);
  }
  PKG(core_weights_hold)(weights);
  context->weights = weights;
  *out = context;
  return PKG_OK;
}

int PKG(core_take)(pkg_context *context, const char *function) {
  if (TN_UNLIKELY(context == NULL)) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %s: context is NULL", PKG(core_table).name, function);
  }
  if (TN_LIKELY(__atomic_exchange_n(&context->busy, 1u, __ATOMIC_ACQUIRE) == 0)) return PKG_OK;
  return PKG(core_fail)(PKG_ERROR_BUSY, "%s: %s: the context runs another call; give each thread its own",
                        PKG(core_table).name, function);
}

void PKG(core_release)(pkg_context *context) { __atomic_store_n(&context->busy, 0u, __ATOMIC_RELEASE); }

static void free_binding(tn_binding *binding) {
  if (binding == NULL) return;
  free(binding->profile);
  free(binding);
}

int pkg_context_destroy(pkg_context *context) {
  if (context == NULL) return PKG_OK;
  const int status = PKG(core_take)(context, "context_destroy");
  if (status != PKG_OK) return status;
  for (int32_t i = 0; i < PKG(core_table).n_parts; i++) free_binding(context->parts[i]);
  for (int32_t i = 0; i < PKG(core_table).n_states; i++) free(context->states[i]);
  TN_PREFIX(context_destroy)(context->memory);
  free(context->staging);
  free(context->parts);
  free(context->states);
  PKG(core_weights_release)(context->weights);
  free(context);
  return PKG_OK;
}

int64_t pkg_context_bytes(const pkg_context *context) {
  if (context == NULL) return 0;
  pkg_context *taken = (pkg_context *)(uintptr_t)context; /* only its lock is touched */
  if (PKG(core_take)(taken, "context_bytes") != PKG_OK) return -1;
  int64_t bytes = TN_PREFIX(context_bytes)(context->memory) + context->staging_bytes;
  for (int32_t i = 0; i < PKG(core_table).n_states; i++) {
    if (context->states[i] != NULL) bytes += whole_lines(PKG(core_table).states[i].bytes);
  }
  PKG(core_release)(taken);
  return bytes;
}

/* ---- Bindings -------------------------------------------------------------------------------------------------- */

/* Takes `bytes` of one allocation, on a line of their own. */
static void *carve(char **from, int64_t bytes) {
  char *at = *from;
  *from = at + whole_lines(bytes);
  return at;
}

static tn_binding *make_binding(const tn_package_part *part, const tn_artifact *artifact) {
  const int64_t words = TN_BLOCK_HEADER + part->n_native_dims + part->n_native_inputs + part->n_outputs;
  const int64_t sizes = PKG(core_output_rank)(part);
  const int64_t arguments = part->n_inputs + part->n_outputs;
  const int64_t word = (int64_t)sizeof(int64_t);
  const int64_t bytes = whole_lines((int64_t)sizeof(tn_binding)) + whole_lines(words * word) +
                        whole_lines(part->n_slots * (int64_t)sizeof(tn_address)) + whole_lines(part->n_dims * word) +
                        whole_lines(sizes * word) + whole_lines(arguments * (int64_t)sizeof(tn_extent));
  char *at = aligned_alloc(LINE, (size_t)bytes);
  if (at == NULL) return NULL;
  memset(at, 0, (size_t)bytes);
  tn_binding *binding = carve(&at, (int64_t)sizeof(tn_binding));
  binding->artifact = artifact;
  binding->block = carve(&at, words * word);
  binding->weights = carve(&at, part->n_slots * (int64_t)sizeof(tn_address));
  binding->dims = carve(&at, part->n_dims * word);
  binding->sizes = carve(&at, sizes * word);
  binding->extents = carve(&at, arguments * (int64_t)sizeof(tn_extent));
  return binding;
}

/* Tables and code come from one generator; a package of pieces that do not belong together is not run. */
static int belongs(const tn_package_part *part, const tn_artifact *artifact) {
  return artifact->n_dims == part->n_native_dims && artifact->n_inputs == part->n_native_inputs &&
         artifact->n_outputs == part->n_outputs && artifact->n_weights == part->n_slots;
}

tn_binding *PKG(core_binding)(pkg_context *context, int number, int *status) {
  const tn_package_part *part = PKG(core_part)(number);
  if (part == NULL) {
    *status = PKG_ERROR_ARGUMENT;
    return NULL;
  }
  tn_binding *binding = context->parts[number];
  if (TN_LIKELY(binding != NULL)) return binding;
  const tn_artifact *artifact = PKG(core_artifact)(number, NULL);
  if (artifact == NULL) {
    *status = PKG_ERROR_CPU;
    return NULL;
  }
  if (!belongs(part, artifact)) {
    *status = PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: its code takes other arguments than its table says", part->name);
    return NULL;
  }
  binding = make_binding(part, artifact);
  if (binding == NULL) {
    *status = PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for its arguments", part->name);
    return NULL;
  }
  binding->block[TN_BLOCK_ARTIFACT] = (int64_t)(uintptr_t)artifact;
  binding->block[TN_BLOCK_CONTEXT] = (int64_t)(uintptr_t)context->memory;
  binding->block[TN_BLOCK_WEIGHTS] = (int64_t)(uintptr_t)binding->weights;
  context->parts[number] = binding;
  return binding;
}

/* ---- Weights and state ----------------------------------------------------------------------------------------- */

/* A block that must hold at least `bytes`. */
static int block_of(pkg_context *context, const tn_package_part *part, int32_t block, int64_t bytes, const void **address) {
  int64_t held;
  const int status = PKG(core_payload_block)(context->weights->payload, block, address, &held);
  if (status != PKG_OK || held >= bytes) return status;
  return PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: block %d of the weights is too short", part->name, block);
}

static int state_of(pkg_context *context, const tn_package_part *part, int32_t index, char **address) {
  const tn_package_state *state = &PKG(core_table).states[index];
  *address = context->states[index];
  if (*address != NULL) return PKG_OK;
  const void *initial;
  const int status = block_of(context, part, state->block, state->bytes, &initial);
  if (status != PKG_OK) return status;
  char *copy = aligned_alloc(LINE, (size_t)whole_lines(state->bytes));
  if (copy == NULL) {
    return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for the %lld bytes of its state %s", part->name,
                          (long long)state->bytes, state->name);
  }
  memcpy(copy, initial, (size_t)state->bytes);
  context->states[index] = copy;
  *address = copy;
  return PKG_OK;
}

int pkg_context_reset(pkg_context *context) {
  int status = PKG(core_take)(context, "context_reset");
  if (status != PKG_OK) return status;
  for (int32_t i = 0; i < PKG(core_table).n_states && status == PKG_OK; i++) {
    if (context->states[i] == NULL) continue;
    const tn_package_state *state = &PKG(core_table).states[i];
    const void *initial;
    int64_t bytes;
    status = PKG(core_payload_block)(context->weights->payload, state->block, &initial, &bytes);
    if (status == PKG_OK) memcpy(context->states[i], initial, (size_t)state->bytes);
  }
  PKG(core_release)(context);
  return status;
}

/* Checksums of a part's blocks, on all threads: the first call would wait for one after the other. */
typedef struct checks {
  tn_payload *payload;
  const tn_package_slot *slots;
  int32_t count;
  int32_t next;
} checks;

static void check_blocks(void *arg, int64_t id, tn_team *team) {
  (void)id;
  (void)team;
  checks *c = arg;
  for (int32_t i; (i = __atomic_fetch_add(&c->next, 1, __ATOMIC_RELAXED)) < c->count;) {
    /* A failure is found again, by the thread whose error it is, when the address is asked for. */
    if (c->slots[i].state < 0) PKG(core_payload_check)(c->payload, c->slots[i].block);
  }
}

enum { WORTH_THREADS = 4 << 20 }; /* bytes of weights from which a second thread pays */

int PKG(core_bind)(pkg_context *context, const tn_package_part *part, tn_binding *binding) {
  if (TN_LIKELY(binding->bound)) return PKG_OK;
  int64_t bytes = 0;
  for (int32_t i = 0; i < part->n_slots; i++) bytes += part->slots[i].bytes;
  if (bytes >= WORTH_THREADS && part->n_slots > 1) {
    checks c = {.payload = context->weights->payload, .slots = part->slots, .count = part->n_slots};
    TN_PREFIX(pool_run)(check_blocks, &c, TN_PREFIX(pool_threads)());
  }
  for (int32_t i = 0; i < part->n_slots; i++) {
    const tn_package_slot *slot = &part->slots[i];
    const void *address = NULL;
    char *state = NULL;
    const int status = slot->state < 0 ? block_of(context, part, slot->block, slot->bytes, &address)
                                       : state_of(context, part, slot->state, &state);
    if (status != PKG_OK) return status;
    /* Programs only read what is not state. */
    binding->weights[i] = slot->state < 0 ? (void *)(uintptr_t)address : state;
  }
  binding->bound = 1;
  return PKG_OK;
}

int PKG(core_staging)(pkg_context *context, const tn_package_part *part, int64_t bytes) {
  if (TN_LIKELY(bytes <= context->staging_bytes)) return PKG_OK;
  free(context->staging);
  context->staging_bytes = 0;
  context->staging = aligned_alloc(LINE, (size_t)whole_lines(bytes));
  if (context->staging == NULL) {
    return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for copies of strided inputs, %lld bytes", part->name,
                          (long long)bytes);
  }
  context->staging_bytes = whole_lines(bytes);
  return PKG_OK;
}
