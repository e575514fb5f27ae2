/*
 * Memory of the JavaScript heap, as the engine asks for it: small blocks of tn_engine_heap.c, others from malloc with a
 * word before them that says how large they are. Small blocks are aligned to 16, addresses of others are 8 more than
 * that, which tells them apart.
 *
 * A block never has 16 bytes more than were asked for: the Map of the 2021 release takes what a block has over for more
 * hash buckets, whose number is then no power of two, and hangs most keys into few of them.
 */
#include "tn_engine.h"

#include <stdlib.h>
#include <string.h>

enum { WORD = 8 };

static size_t bytes_used;

int64_t tn_engine_heap_bytes(void) { return (int64_t)bytes_used; }

/* The sanitizers see errors in single blocks only. */
#if defined(__SANITIZE_ADDRESS__)
#define EVERY_BLOCK_ALONE 1
#else
#define EVERY_BLOCK_ALONE 0
#endif

static inline bool is_small(size_t size) { return size <= TN_ENGINE_MOST_SMALL && !EVERY_BLOCK_ALONE; }

static inline bool lies_alone(const void *block) { return ((uintptr_t)block & WORD) != 0; }

/* The word before a block that lies alone: its bytes. */
static inline size_t *size_word(const void *block) { return (size_t *)((uintptr_t)block - WORD); }

static size_t usable(const void *block) {
  if (block == NULL) return 0;
  return lies_alone(block) ? *size_word(block) : tn_engine_small_size(block);
}

static void *alone(char *base, size_t size) {
  if (base == NULL) return NULL;
  *size_word(base + WORD) = size;
  return base + WORD;
}

static void *take(size_t size) {
  if (size > SIZE_MAX - WORD) return NULL;
  void *const block = is_small(size) ? tn_engine_take_small(size) : alone(malloc(size + WORD), size);
  bytes_used += usable(block);
  return block;
}

static void give(void *block) {
  bytes_used -= usable(block);
  if (lies_alone(block)) free((char *)block - WORD);
  else tn_engine_give_small(block);
}

static void *resize(void *block, size_t size) {
  const size_t old = usable(block);
  if (lies_alone(block) && !is_small(size)) {
    if (size > SIZE_MAX - WORD) return NULL;
    void *const grown = alone(realloc((char *)block - WORD, size + WORD), size);
    if (grown != NULL) bytes_used += size - old;
    return grown;
  }
  if (!lies_alone(block) && size <= old && size * 2 >= old) return block;
  void *moved = take(size);
  if (moved == NULL) return NULL;
  memcpy(moved, block, old < size ? old : size);
  give(block);
  return moved;
}

#ifdef QJS_VERSION_MAJOR

static void *engine_malloc(void *opaque, size_t size) {
  (void)opaque;
  return take(size);
}

static void *engine_calloc(void *opaque, size_t count, size_t size) {
  (void)opaque;
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  void *block = take(bytes);
  return block == NULL ? NULL : memset(block, 0, bytes);
}

static void engine_free(void *opaque, void *block) {
  (void)opaque;
  if (block != NULL) give(block);
}

static void *engine_realloc(void *opaque, void *block, size_t size) {
  (void)opaque;
  if (block == NULL) return take(size);
  if (size != 0) return resize(block, size);
  give(block);
  return NULL;
}

const JSMallocFunctions tn_engine_malloc_functions = {
    .js_calloc = engine_calloc,
    .js_malloc = engine_malloc,
    .js_free = engine_free,
    .js_realloc = engine_realloc,
    .js_malloc_usable_size = usable,
};

#else

/* The 2021 release leaves it to these to keep its books: its collector runs by malloc_size. */
static void *engine_malloc(JSMallocState *state, size_t size) {
  if (state->malloc_size + size > state->malloc_limit) return NULL;
  void *block = take(size);
  if (block == NULL) return NULL;
  state->malloc_count++;
  state->malloc_size = bytes_used;
  return block;
}

static void engine_free(JSMallocState *state, void *block) {
  if (block == NULL) return;
  give(block);
  state->malloc_count--;
  state->malloc_size = bytes_used;
}

static void *engine_realloc(JSMallocState *state, void *block, size_t size) {
  if (block == NULL) return size == 0 ? NULL : engine_malloc(state, size);
  if (size == 0) {
    engine_free(state, block);
    return NULL;
  }
  if (state->malloc_size + size - usable(block) > state->malloc_limit) return NULL;
  void *moved = resize(block, size);
  state->malloc_size = bytes_used;
  return moved;
}

const JSMallocFunctions tn_engine_malloc_functions = {
    .js_malloc = engine_malloc,
    .js_free = engine_free,
    .js_realloc = engine_realloc,
    .js_malloc_usable_size = usable,
};

#endif
