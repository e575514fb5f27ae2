/*
 * What the runtime's own files share and nobody else sees: memory regions, waiting on a word, contexts.
 */
#ifndef TN_INTERNAL_H
#define TN_INTERNAL_H

#include "tn_runtime.h"

#define TN_HIDDEN __attribute__((visibility("hidden")))

/* Sleeps while *word == expected, until woken; may return early. */
TN_HIDDEN void TN_PREFIX(wait_on)(uint32_t *word, uint32_t expected);
/* Wakes at most `count` threads that sleep on the word. */
TN_HIDDEN void TN_PREFIX(wake)(uint32_t *word, int32_t count);
TN_HIDDEN int64_t TN_PREFIX(now)(void);
TN_HIDDEN extern const tn_runtime_api TN_PREFIX(api);

/* A piece of memory that only grows and whose contents do not survive growing. */
typedef struct tn_region {
  char *base; /* 64-byte aligned; 2 MB aligned when mapped */
  int64_t bytes;
  int64_t mapped; /* whether it came from mmap rather than the heap */
} tn_region;

struct tn_context {
  uint32_t busy; /* 1 while a call runs on it */
  tn_region arena, scratch, records;
  int64_t scratch_stride; /* bytes from one thread's scratch to the next's */
  int64_t arena_used;     /* the most of the arena that a call had since pages of it were last given back */
  int64_t arena_work;     /* of that call, rough ns; 0: unknown */
};

/* Takes the context for one call or operation; 0 when it is taken already. */
TN_HIDDEN int TN_PREFIX(context_take)(tn_context *context);
TN_HIDDEN void TN_PREFIX(context_release)(tn_context *context);
/* The context must be taken. Returns 0, or the bytes that could not be had. */
TN_HIDDEN int64_t TN_PREFIX(context_grow)(tn_context *context, int64_t arena_bytes, int64_t scratch_bytes,
                                          int64_t threads);
/* Says what a call needs before it runs: gives pages back that only a longer one has use for. The context must be taken. */
TN_HIDDEN void TN_PREFIX(context_note)(tn_context *context, const tn_artifact *artifact, const int64_t *dims,
                                       int64_t arena_bytes);

#endif
