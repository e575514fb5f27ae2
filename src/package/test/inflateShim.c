/*
 * The core's inflate and the runtime's hash as a library, for tests in TypeScript. Input and output are copied into
 * memory of the exact size first, so that a byte too many is seen by whoever watches the heap.
 */
#include "tn_payload.h"

#include <stdlib.h>
#include <string.h>

TN_EXPORT int test_inflate(const uint8_t *source, int64_t source_bytes, uint8_t *target, int64_t target_bytes);
TN_EXPORT uint64_t test_hash_pieces(const uint8_t *data, const int64_t *ends, int64_t pieces);

int test_inflate(const uint8_t *source, int64_t source_bytes, uint8_t *target, int64_t target_bytes) {
  uint8_t *from = malloc((size_t)tn_max(source_bytes, 1)), *to = malloc((size_t)tn_max(target_bytes, 1));
  if (from == NULL || to == NULL) abort();
  memcpy(from, source, (size_t)source_bytes);
  const int ok = PKG(core_inflate)(from, source_bytes, to, target_bytes);
  memcpy(target, to, (size_t)target_bytes);
  free(from);
  free(to);
  return ok;
}

uint64_t test_hash_pieces(const uint8_t *data, const int64_t *ends, int64_t pieces) {
  tn_hash hash;
  TN_PREFIX(hash_start)(&hash);
  int64_t begin = 0;
  for (int64_t i = 0; i < pieces; begin = ends[i++]) TN_PREFIX(hash_add)(&hash, data + begin, ends[i] - begin);
  return TN_PREFIX(hash_end)(&hash);
}
