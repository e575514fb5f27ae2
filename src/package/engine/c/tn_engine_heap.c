/*
 * Small blocks of the JavaScript heap. One thread, many short-lived blocks of few sizes: they lie in spans, each of one
 * size, whose own list of free blocks gives the next one. It takes a third to a half of the time that glibc's and musl's
 * malloc take for objects and arrays (measured), and a block has no word of its own beside it. The pages of a span in
 * which nothing is left go back to the system: what a program reads while it starts is often several times what it keeps.
 */
#include "tn_engine.h"

#include <sys/mman.h>

enum {
  STEP = 16,
  CLASSES = TN_ENGINE_MOST_SMALL / STEP + 1,
  SPAN = 16 * 1024,
  CHUNK = 1024 * 1024,
  SPANS = CHUNK / SPAN,
  /* Spans without blocks that keep their pages: a program that takes and gives in turn asks the system for nothing. */
  MOST_KEPT = 64
};

typedef struct free_block {
  struct free_block *next;
} free_block;

typedef struct span {
  free_block *free;
  char *fresh, *end;            /* blocks that were never taken */
  struct span *next, *previous; /* of the same class with room; `next` alone among those without blocks */
  uint16_t class, live;
  bool has_room; /* and stands in its class's list */
} span;

/* Aligned to its size. The first span's place is taken by what is known of all of them. */
typedef struct chunk {
  span spans[SPANS];
} chunk;

static span *roomy[CLASSES];
static span *kept, *cleared;
static int n_kept;

static inline chunk *chunk_of(const void *block) { return (chunk *)((uintptr_t)block & ~(uintptr_t)(CHUNK - 1)); }

static inline span *span_of(const void *block) {
  return &chunk_of(block)->spans[((uintptr_t)block & (CHUNK - 1)) / SPAN];
}

static char *memory_of(span *s) {
  chunk *c = chunk_of(s);
  return (char *)c + (s - c->spans) * SPAN;
}

static void *map(size_t bytes) {
  void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? NULL : memory;
}

static chunk *new_chunk(void) {
  char *memory = map(CHUNK); /* beside the one before it, as a rule: aligned */
  if (memory == NULL || chunk_of(memory) == (chunk *)memory) return (chunk *)memory;
  munmap(memory, CHUNK);
  memory = map(2 * CHUNK);
  if (memory == NULL) return NULL;
  char *const aligned = (char *)chunk_of(memory + CHUNK - 1);
  if (aligned > memory) munmap(memory, (size_t)(aligned - memory));
  munmap(aligned + CHUNK, (size_t)(memory + CHUNK - aligned));
  return (chunk *)aligned;
}

static void link_first(span *s) {
  span *const first = roomy[s->class];
  s->has_room = true;
  s->previous = NULL;
  s->next = first;
  if (first != NULL) first->previous = s;
  roomy[s->class] = s;
}

static void unlink_span(span *s) {
  s->has_room = false;
  if (s->next != NULL) s->next->previous = s->previous;
  if (s->previous != NULL) s->previous->next = s->next;
  else roomy[s->class] = s->next;
}

/* A span for blocks of a class, first in its list. */
static span *new_span(size_t class) {
  span *s = kept;
  if (s != NULL) {
    kept = s->next;
    n_kept--;
  } else {
    if (cleared == NULL) {
      chunk *const c = new_chunk();
      if (c == NULL) return NULL;
      for (int i = SPANS - 1; i > 0; i--) {
        c->spans[i].next = cleared;
        cleared = &c->spans[i];
      }
    }
    s = cleared;
    cleared = s->next;
  }
  s->class = (uint16_t)class;
  s->live = 0;
  s->free = NULL;
  s->fresh = memory_of(s);
  s->end = s->fresh + SPAN / (class * STEP) * (class * STEP);
  link_first(s);
  return s;
}

/* Nothing is left in it. */
static void retire(span *s) {
  unlink_span(s);
  if (n_kept < MOST_KEPT) {
    s->next = kept;
    kept = s;
    n_kept++;
    return;
  }
  madvise(memory_of(s), SPAN, MADV_DONTNEED);
  s->next = cleared;
  cleared = s;
}

void *tn_engine_take_small(size_t size) {
  const size_t class = size == 0 ? 1 : (size + STEP - 1) / STEP;
  span *s = roomy[class];
  if (s == NULL && (s = new_span(class)) == NULL) return NULL;
  free_block *block = s->free;
  if (block != NULL) {
    s->free = block->next;
  } else {
    block = (free_block *)s->fresh;
    s->fresh += class * STEP;
  }
  s->live++;
  if (s->free == NULL && s->fresh == s->end) unlink_span(s);
  return block;
}

void tn_engine_give_small(void *block) {
  span *const s = span_of(block);
  ((free_block *)block)->next = s->free;
  s->free = block;
  /* First in the list: it is the fullest, and the others may get empty. */
  if (!s->has_room) link_first(s);
  if (--s->live == 0) retire(s);
}

size_t tn_engine_small_size(const void *block) { return (size_t)span_of(block)->class * STEP; }
