/*
 * Contexts: the memory that one call at a time works in. It grows to its high-water mark and stays there, so that
 * calls allocate nothing once they have met their largest dims. Pages that only a long call needs go back after it.
 */
#define _GNU_SOURCE
#include "tn_internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LINE = 64, HUGE_BYTES = 2 << 20 };

/* See context_note. */
enum { IDLE_BYTES = 8 << 20, IDLE_SHARE = 4, NS_PER_BYTE = 10 };

static int64_t round_up(int64_t bytes, int64_t unit) { return tn_ceildiv(bytes, unit) * unit; }

static void region_free(tn_region *region) {
  if (region->base != NULL) {
    if (region->mapped) {
      munmap(region->base, (size_t)region->bytes);
    } else {
      free(region->base);
    }
  }
  *region = (tn_region){0};
}

/* Memory on a 2 MB boundary that the kernel may back with huge pages. */
static char *map_huge(int64_t bytes) {
  const size_t wanted = (size_t)bytes + HUGE_BYTES;
  char *start = mmap(NULL, wanted, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) return NULL;
  const size_t before = (HUGE_BYTES - ((uintptr_t)start & (HUGE_BYTES - 1))) & (HUGE_BYTES - 1);
  char *base = start + before;
  const size_t after = wanted - before - (size_t)bytes;
  if (before != 0) munmap(start, before);
  if (after != 0) munmap(base + bytes, after);
#ifdef MADV_HUGEPAGE
  madvise(base, (size_t)bytes, MADV_HUGEPAGE);
#endif
  return base;
}

/* Makes the region at least `bytes` long; 0 when memory is short (the region is then empty). */
static int region_grow(tn_region *region, int64_t bytes) {
  if (bytes <= region->bytes) return 1;
  /* Dims that creep up by one a call must not reallocate each time: a second growth takes a quarter more. */
  const int64_t spare = region->bytes > 0 ? bytes / 4 : 0;
  region_free(region);
  if (bytes > INT64_MAX / 2) return 0;
  for (int64_t wanted = bytes + spare;; wanted = bytes) {
    const int64_t whole = round_up(wanted, wanted >= HUGE_BYTES ? HUGE_BYTES : LINE);
    char *base = whole >= HUGE_BYTES ? map_huge(whole) : aligned_alloc(LINE, (size_t)whole);
    if (base != NULL) {
      *region = (tn_region){.base = base, .bytes = whole, .mapped = whole >= HUGE_BYTES};
      return 1;
    }
    if (wanted == bytes) return 0;
  }
}

int TN_PREFIX(context_take)(tn_context *context) {
  return __atomic_exchange_n(&context->busy, 1u, __ATOMIC_ACQUIRE) == 0;
}

void TN_PREFIX(context_release)(tn_context *context) { __atomic_store_n(&context->busy, 0u, __ATOMIC_RELEASE); }

int64_t TN_PREFIX(context_grow)(tn_context *context, int64_t arena_bytes, int64_t scratch_bytes, int64_t threads) {
  if (TN_UNLIKELY(arena_bytes > context->arena.bytes) && !region_grow(&context->arena, arena_bytes)) return arena_bytes;
  const int64_t record_bytes = threads * TN_ERROR_WORDS * (int64_t)sizeof(int64_t);
  if (TN_UNLIKELY(record_bytes > context->records.bytes) && !region_grow(&context->records, record_bytes)) {
    return record_bytes;
  }
  if (scratch_bytes <= 0) return 0;
  /* Two lines between neighbours: the prefetcher takes lines in pairs. */
  const int64_t stride = round_up(scratch_bytes, 2 * LINE) + 2 * LINE;
  if (TN_UNLIKELY(stride * threads > context->scratch.bytes) && !region_grow(&context->scratch, stride * threads)) {
    return stride * threads;
  }
  context->scratch_stride = stride;
  return 0;
}

/*
 * A decoder makes hundreds of small calls after its encoder's one large call, on the context that they share. The pages that
 * only the large one needs go back to the system before the decoder's weights come in (Whisper base: 24 MB of the most
 * that a process has). The next large call takes them again, at a quarter to half a nanosecond a byte: only calls that
 * compute for much longer give way, so that it is 1 to 5 % of their time.
 */
void TN_PREFIX(context_note)(tn_context *context, const tn_artifact *artifact, const int64_t *dims,
                             int64_t arena_bytes) {
  /* Memory was short meanwhile. */
  if (context->arena_used > context->arena.bytes) context->arena_used = 0;
  if (arena_bytes >= context->arena_used) {
    context->arena_used = arena_bytes;
    context->arena_work = arena_bytes >= IDLE_BYTES && artifact->work != NULL ? artifact->work(dims) : 0;
    return;
  }
  const int is_idle = arena_bytes <= context->arena_used / IDLE_SHARE;
  if (!is_idle || context->arena_used < IDLE_BYTES || context->arena_work / NS_PER_BYTE < context->arena_used) return;
  const int64_t kept = round_up(arena_bytes, HUGE_BYTES);
  madvise(context->arena.base + kept, (size_t)(context->arena.bytes - kept), MADV_DONTNEED);
  context->arena_used = arena_bytes;
  context->arena_work = 0;
}

tn_context *TN_PREFIX(context_create)(void) { return calloc(1, sizeof(tn_context)); }

static void free_regions(tn_context *context) {
  region_free(&context->arena);
  context->arena_used = 0;
  region_free(&context->scratch);
  region_free(&context->records);
}

int64_t TN_PREFIX(context_destroy)(tn_context *context) {
  if (context == NULL) return TN_OK;
  if (!TN_PREFIX(context_take)(context)) return TN_ERROR_BUSY;
  free_regions(context);
  free(context);
  return TN_OK;
}

int64_t TN_PREFIX(context_bytes)(const tn_context *context) {
  return context->arena.bytes + context->scratch.bytes + context->records.bytes;
}

int64_t TN_PREFIX(context_trim)(tn_context *context) {
  if (!TN_PREFIX(context_take)(context)) return TN_ERROR_BUSY;
  free_regions(context);
  TN_PREFIX(context_release)(context);
  return TN_OK;
}

int64_t TN_PREFIX(context_reserve)(tn_context *context, const tn_artifact *artifact, const int64_t *dims,
                                   int64_t threads) {
  if (!TN_PREFIX(context_take)(context)) return TN_ERROR_BUSY;
  const int64_t missing =
      TN_PREFIX(context_grow)(context, TN_PREFIX(artifact_arena_bytes)(artifact, dims),
                              TN_PREFIX(artifact_scratch_bytes)(artifact, dims), tn_max(1, tn_min(threads, TN_MAX_THREADS)));
  TN_PREFIX(context_release)(context);
  return missing == 0 ? TN_OK : TN_ERROR_MEMORY;
}
