/*
 * Memory of the JavaScript heap. One thread, many small short-lived blocks: free lists by size, filled from chunks,
 * take a third to a half of the time that glibc's and musl's malloc take for objects and arrays (measured). Chunks
 * are never given back: a program's heap seldom shrinks before it ends.
 *
 * A block is a word that says how large it is, then the bytes, which are aligned to 16. It never has 16 bytes more than
 * were asked for: the Map of the 2021 release takes what a block has over for more hash buckets, whose number is then no
 * power of two, and hangs most keys into few of them.
 */
#include "tn_engine.h"

#include <stdlib.h>
#include <string.h>

enum {
  STEP = 16,
  HEADER = 8,
  MOST_SMALL = 1024 - HEADER, /* bytes in a block of the largest class */
  CLASSES = 1024 / STEP + 1,
  FIRST_CHUNK = 64 * 1024,
  LAST_CHUNK = 1024 * 1024
};

typedef struct free_block {
  struct free_block *next;
} free_block;

static free_block *free_blocks[CLASSES];
static char *chunk_at, *chunk_end;
static size_t chunk_bytes = FIRST_CHUNK;
static size_t bytes_used;

int64_t tn_engine_heap_bytes(void) { return (int64_t)bytes_used; }

/* The sanitizers see errors in single blocks only. */
#if defined(__SANITIZE_ADDRESS__)
#define EVERY_BLOCK_ALONE 1
#else
#define EVERY_BLOCK_ALONE 0
#endif

/* The word before a block: usable bytes. */
static inline size_t *size_word(const void *block) { return (size_t *)((uintptr_t)block - HEADER); }

static inline size_t class_of(size_t size) { return (size + HEADER + STEP - 1) / STEP; }

static void *from_chunk(size_t bytes) {
  if ((size_t)(chunk_end - chunk_at) < bytes) {
    char *chunk = malloc(chunk_bytes);
    if (chunk == NULL) return NULL;
    chunk_at = chunk + STEP - HEADER; /* malloc aligns to 16: so are blocks after their word */
    chunk_end = chunk + chunk_bytes;
    if (chunk_bytes < LAST_CHUNK) chunk_bytes *= 2;
  }
  char *block = chunk_at + HEADER;
  chunk_at += bytes;
  return block;
}

static void *take(size_t size) {
  if (size > MOST_SMALL || EVERY_BLOCK_ALONE) {
    if (size > SIZE_MAX - STEP) return NULL;
    char *base = malloc(size + STEP);
    if (base == NULL) return NULL;
    *size_word(base + STEP) = size;
    bytes_used += size;
    return base + STEP;
  }
  const size_t class = class_of(size);
  void *block = free_blocks[class];
  if (block != NULL) {
    free_blocks[class] = ((free_block *)block)->next;
  } else {
    block = from_chunk(class * STEP);
    if (block == NULL) return NULL;
  }
  *size_word(block) = class * STEP - HEADER;
  bytes_used += class * STEP - HEADER;
  return block;
}

static void give(void *block) {
  const size_t size = *size_word(block);
  bytes_used -= size;
  if (size > MOST_SMALL || EVERY_BLOCK_ALONE) {
    free((char *)block - STEP);
    return;
  }
  const size_t class = class_of(size);
  ((free_block *)block)->next = free_blocks[class];
  free_blocks[class] = block;
}

static void *resize(void *block, size_t size) {
  const size_t old = *size_word(block);
  if (old <= MOST_SMALL && !EVERY_BLOCK_ALONE) {
    if (size <= old && class_of(size) * 2 >= class_of(old)) return block;
  } else if (size > MOST_SMALL || EVERY_BLOCK_ALONE) {
    if (size > SIZE_MAX - STEP) return NULL;
    char *base = realloc((char *)block - STEP, size + STEP);
    if (base == NULL) return NULL;
    *size_word(base + STEP) = size;
    bytes_used += size - old;
    return base + STEP;
  }
  void *moved = take(size);
  if (moved == NULL) return NULL;
  memcpy(moved, block, old < size ? old : size);
  give(block);
  return moved;
}

static size_t usable(const void *block) { return block == NULL ? 0 : *size_word(block); }

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
