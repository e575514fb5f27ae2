/*
 * Reading a payload: the head is checked when it is opened, each block when it is first used.
 */
#define _GNU_SOURCE
#include "tn_payload.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* How far a block has come; the order matters. */
enum { UNTOUCHED, TAKEN, DAMAGED, CHECKED, READY };

typedef struct block {
  uint32_t state;
  void *decoded; /* of encoded blocks */
} block;

struct tn_payload {
  const char *base;
  int64_t bytes;
  const char *what; /* how messages call it */
  char *path;       /* copy of the file's name, or NULL */
  void *mapping;    /* to be unmapped, or NULL */
  int64_t mapping_bytes;
  uint64_t id;
  int32_t count;
  int64_t table_offset, names_offset;
  pthread_mutex_t lock; /* of the states, which good blocks are read without */
  pthread_cond_t settled;
  block blocks[];
};

static const char magic[8] = {'T', 'N', 'P', 'A', 'C', 'K', 0, 1};

enum { MOST_NAME = 65535 };

/* Where the header's fields stand. */
enum { AT_BYTES = 8, AT_TABLE = 16, AT_COUNT = 24, AT_NAMES = 32, AT_NAMES_BYTES = 40, AT_ID = 48, AT_HASH = 56 };

static uint64_t word(const char *at) {
  uint64_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

static uint32_t half_word(const char *at) {
  uint32_t value;
  memcpy(&value, at, sizeof value);
  return value;
}

/* Whether [offset, offset + bytes) lies in [0, size). */
static int inside(uint64_t offset, uint64_t bytes, uint64_t size) { return offset <= size && bytes <= size - offset; }

/* ---- Opening --------------------------------------------------------------------------------------------------- */

static int damaged(const char *what, const char *how) {
  return PKG(core_fail)(PKG_ERROR_DAMAGED, "%s: is damaged: %s", what, how);
}

static uint64_t head_hash(const char *base, uint64_t table, uint64_t count, uint64_t names, uint64_t names_bytes) {
  tn_hash hash;
  TN_PREFIX(hash_start)(&hash);
  TN_PREFIX(hash_add)(&hash, base, AT_HASH);
  TN_PREFIX(hash_add)(&hash, base + table, (int64_t)(count * TN_PAYLOAD_ENTRY));
  TN_PREFIX(hash_add)(&hash, base + names, (int64_t)names_bytes);
  return TN_PREFIX(hash_end)(&hash);
}

static int entry_is_sound(const char *at, uint64_t size, uint64_t names_bytes) {
  const uint64_t offset = word(at), bytes = word(at + 8), raw = word(at + 16);
  const uint32_t kind = half_word(at + 32), encoding = half_word(at + 36);
  const uint64_t alignment = kind == TN_KIND_WEIGHT ? 4096 : 64;
  return inside(offset, bytes, size) && offset % alignment == 0 && raw <= INT64_MAX &&
         (encoding == TN_ENCODING_PLAIN ? raw == bytes : encoding == TN_ENCODING_DEFLATE) &&
         half_word(at + 44) <= MOST_NAME && inside(half_word(at + 40), half_word(at + 44), names_bytes);
}

/* Everything about the head that can be wrong; `whole`: the payload is all there is, as in a file. */
static int check_head(const char *base, uint64_t size, int whole, const char *what, uint64_t id) {
  if (size < TN_PAYLOAD_HEADER || memcmp(base, magic, sizeof magic - 1) != 0) {
    return PKG(core_fail)(PKG_ERROR_DAMAGED, "%s: is no weights file of a package", what);
  }
  if (base[7] != magic[7]) {
    return PKG(core_fail)(PKG_ERROR_MISMATCH, "%s: has format version %d, this package reads %d", what, base[7], magic[7]);
  }
  const uint64_t bytes = word(base + AT_BYTES);
  if (bytes > size) {
    return PKG(core_fail)(PKG_ERROR_DAMAGED, "%s: is truncated: %" PRIu64 " bytes of %" PRIu64, what, size, bytes);
  }
  if (whole && bytes < size) {
    return PKG(core_fail)(PKG_ERROR_DAMAGED, "%s: is damaged: %" PRIu64 " bytes instead of %" PRIu64, what, size, bytes);
  }
  const uint64_t table = word(base + AT_TABLE), count = word(base + AT_COUNT);
  const uint64_t names = word(base + AT_NAMES), names_bytes = word(base + AT_NAMES_BYTES);
  if (count > INT32_MAX || table % 8 != 0 || !inside(table, count * TN_PAYLOAD_ENTRY, bytes) ||
      !inside(names, names_bytes, bytes)) {
    return damaged(what, "its header points outside");
  }
  if (head_hash(base, table, count, names, names_bytes) != word(base + AT_HASH)) {
    return damaged(what, "the checksum of its header differs");
  }
  if (id != 0 && word(base + AT_ID) != id) {
    return PKG(core_fail)(PKG_ERROR_MISMATCH,
                          "%s: belongs to another package or another build: its identity is %016" PRIx64
                          ", wanted is %016" PRIx64,
                          what, word(base + AT_ID), id);
  }
  for (uint64_t i = 0; i < count; i++) {
    if (!entry_is_sound(base + table + i * TN_PAYLOAD_ENTRY, bytes, names_bytes)) {
      return damaged(what, "its table points outside");
    }
  }
  return PKG_OK;
}

static int open_bytes(const void *bytes, int64_t size, int whole, const char *what, uint64_t id, tn_payload **out) {
  const int status = check_head(bytes, (uint64_t)size, whole, what, id);
  if (status != PKG_OK) return status;
  const char *base = bytes;
  const int64_t count = (int64_t)word(base + AT_COUNT);
  tn_payload *payload = calloc(1, sizeof *payload + (size_t)count * sizeof(block));
  if (payload == NULL) return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for its table", what);
  payload->base = base;
  payload->bytes = (int64_t)word(base + AT_BYTES);
  payload->what = what;
  payload->id = word(base + AT_ID);
  payload->count = (int32_t)count;
  payload->table_offset = (int64_t)word(base + AT_TABLE);
  payload->names_offset = (int64_t)word(base + AT_NAMES);
  pthread_mutex_init(&payload->lock, NULL);
  pthread_cond_init(&payload->settled, NULL);
  *out = payload;
  return PKG_OK;
}

int PKG(core_payload_from_memory)(const void *bytes, int64_t size, const char *what, uint64_t id, tn_payload **out) {
  if ((uintptr_t)bytes % 64 != 0) {
    return PKG(core_fail)(PKG_ERROR_ALIGNMENT, "%s: starts at an address that is no multiple of 64", what);
  }
  return open_bytes(bytes, size, 0, what, id, out);
}

static int cannot_open(const char *path, int error) {
  return PKG(core_fail)(PKG_ERROR_FILE, "%s: cannot be opened: %s", path, strerror(error));
}

/* Maps the whole file read-only. */
static int map_whole(const char *path, void **mapping, int64_t *bytes) {
  /* Not waiting for a writer, should it be a pipe. */
  const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return cannot_open(path, errno);
  struct stat facts;
  int status = PKG_OK;
  if (fstat(file, &facts) != 0) {
    status = cannot_open(path, errno);
  } else if (!S_ISREG(facts.st_mode)) {
    status = PKG(core_fail)(PKG_ERROR_FILE, "%s: is not a file", path);
  } else if (facts.st_size < TN_PAYLOAD_HEADER) {
    status = PKG(core_fail)(PKG_ERROR_DAMAGED, "%s: is no weights file of a package", path);
  } else {
    *bytes = facts.st_size;
    *mapping = mmap(NULL, (size_t)facts.st_size, PROT_READ, MAP_PRIVATE, file, 0);
    if (*mapping == MAP_FAILED) status = cannot_open(path, errno);
  }
  close(file);
  return status;
}

int PKG(core_payload_open)(const char *path, uint64_t id, tn_payload **out) {
  void *mapping = NULL;
  int64_t bytes = 0;
  int status = map_whole(path, &mapping, &bytes);
  if (status != PKG_OK) return status;
  char *copy = strdup(path);
  status = copy == NULL ? PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for its name", path)
                        : open_bytes(mapping, bytes, 1, copy, id, out);
  if (status != PKG_OK) {
    free(copy);
    munmap(mapping, (size_t)bytes);
    return status;
  }
  (*out)->path = copy;
  (*out)->mapping = mapping;
  (*out)->mapping_bytes = bytes;
  return PKG_OK;
}

void PKG(core_payload_close)(tn_payload *payload) {
  if (payload == NULL) return;
  for (int32_t i = 0; i < payload->count; i++) free(payload->blocks[i].decoded);
  if (payload->mapping != NULL) munmap(payload->mapping, (size_t)payload->mapping_bytes);
  pthread_cond_destroy(&payload->settled);
  pthread_mutex_destroy(&payload->lock);
  free(payload->path);
  free(payload);
}

/* ---- The table ------------------------------------------------------------------------------------------------- */

uint64_t PKG(core_payload_id)(const tn_payload *payload) { return payload->id; }

int32_t PKG(core_payload_count)(const tn_payload *payload) { return payload->count; }

tn_payload_entry PKG(core_payload_entry)(const tn_payload *payload, int32_t index) {
  const char *at = payload->base + payload->table_offset + (int64_t)index * TN_PAYLOAD_ENTRY;
  return (tn_payload_entry){
      .name = payload->base + payload->names_offset + half_word(at + 40),
      .name_bytes = (int32_t)half_word(at + 44),
      .kind = (int32_t)half_word(at + 32),
      .encoding = (int32_t)half_word(at + 36),
      .offset = (int64_t)word(at),
      .stored_bytes = (int64_t)word(at + 8),
      .bytes = (int64_t)word(at + 16),
      .hash = word(at + 24),
  };
}

int32_t PKG(core_payload_find)(const tn_payload *payload, const char *name) {
  const size_t length = strlen(name);
  for (int32_t i = 0; i < payload->count; i++) {
    const tn_payload_entry e = PKG(core_payload_entry)(payload, i);
    if ((size_t)e.name_bytes == length && memcmp(e.name, name, length) == 0) return i;
  }
  return -1;
}

void PKG(core_payload_extent)(const tn_payload *payload, uintptr_t *low, uintptr_t *high) {
  *low = (uintptr_t)payload->base;
  *high = *low + (uintptr_t)payload->bytes;
}

/* ---- Blocks ---------------------------------------------------------------------------------------------------- */

static int block_damaged(const tn_payload *payload, int32_t index, const tn_payload_entry *e) {
  return PKG(core_fail)(PKG_ERROR_DAMAGED, "%s: is damaged: block %d (%.*s) has another checksum", payload->what, index,
                        e->name_bytes, e->name);
}

/* The next state of a block that this thread has taken. */
static uint32_t advance(tn_payload *payload, block *b, const tn_payload_entry *e, uint32_t from, uint32_t wanted) {
  const uint8_t *stored = (const uint8_t *)payload->base + e->offset;
  if (from == UNTOUCHED) {
    if (e->stored_bytes >= 1 << 20) {
      /* Reading ahead of the checksum; the pages are wanted right after it too. */
      const uintptr_t before = (uintptr_t)stored % (uintptr_t)sysconf(_SC_PAGESIZE);
      madvise((void *)((uintptr_t)stored - before), before + (size_t)e->stored_bytes, MADV_WILLNEED);
    }
    if (TN_PREFIX(hash64)(stored, e->stored_bytes) != e->hash) return DAMAGED;
    if (e->encoding == TN_ENCODING_PLAIN) return READY;
  }
  if (wanted == CHECKED) return CHECKED;
  uint8_t *decoded = malloc((size_t)tn_max(e->bytes, 1));
  if (decoded == NULL) return CHECKED;
  if (!PKG(core_inflate)(stored, e->stored_bytes, decoded, e->bytes)) {
    free(decoded);
    return DAMAGED;
  }
  b->decoded = decoded;
  return READY;
}

/* Brings a block to the wanted state, or DAMAGED, or less where memory is short. One thread works, others wait. */
static uint32_t settle(tn_payload *payload, int32_t index, const tn_payload_entry *e, uint32_t wanted) {
  block *b = &payload->blocks[index];
  pthread_mutex_lock(&payload->lock);
  uint32_t state;
  while ((state = __atomic_load_n(&b->state, __ATOMIC_RELAXED)) == TAKEN) {
    pthread_cond_wait(&payload->settled, &payload->lock);
  }
  if (state != DAMAGED && state < wanted) {
    __atomic_store_n(&b->state, TAKEN, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&payload->lock);
    state = advance(payload, b, e, state, wanted);
    pthread_mutex_lock(&payload->lock);
    __atomic_store_n(&b->state, state, __ATOMIC_RELEASE);
    pthread_cond_broadcast(&payload->settled);
  }
  pthread_mutex_unlock(&payload->lock);
  return state;
}

static int bring_to(tn_payload *payload, int32_t index, uint32_t wanted) {
  if (index < 0 || index >= payload->count) {
    return PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: has no block %d", payload->what, index);
  }
  uint32_t state = __atomic_load_n(&payload->blocks[index].state, __ATOMIC_ACQUIRE);
  if (TN_LIKELY(state >= wanted)) return PKG_OK;
  const tn_payload_entry e = PKG(core_payload_entry)(payload, index);
  state = settle(payload, index, &e, wanted);
  if (state == DAMAGED) return block_damaged(payload, index, &e);
  if (state >= wanted) return PKG_OK;
  return PKG(core_fail)(PKG_ERROR_MEMORY, "%s: no memory for the %" PRId64 " bytes of block %d (%.*s)", payload->what,
                        e.bytes, index, e.name_bytes, e.name);
}

int PKG(core_payload_check)(tn_payload *payload, int32_t index) { return bring_to(payload, index, CHECKED); }

int PKG(core_payload_block)(tn_payload *payload, int32_t index, const void **address, int64_t *bytes) {
  const int status = bring_to(payload, index, READY);
  if (status != PKG_OK) return status;
  const tn_payload_entry e = PKG(core_payload_entry)(payload, index);
  *address = e.encoding == TN_ENCODING_PLAIN ? payload->base + e.offset : payload->blocks[index].decoded;
  *bytes = e.bytes;
  return PKG_OK;
}
