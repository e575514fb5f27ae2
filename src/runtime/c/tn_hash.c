/*
 * XXH64 with seed 0: the checksum of blocks in packages. It finds damage, at the speed of memory; it is no signature.
 */
#include "tn_internal.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie");

#define PRIME1 0x9E3779B185EBCA87u
#define PRIME2 0xC2B2AE3D27D4EB4Fu
#define PRIME3 0x165667B19E3779F9u
#define PRIME4 0x85EBCA77C2B2AE63u
#define PRIME5 0x27D4EB2F165667C5u

enum { STRIPE = 32 };

static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

static uint64_t read64(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static uint32_t read32(const uint8_t *at) {
  uint32_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

static uint64_t mix(uint64_t lane, uint64_t word) { return rotate(lane + word * PRIME2, 31) * PRIME1; }

static uint64_t merge(uint64_t hash, uint64_t lane) { return (hash ^ mix(0, lane)) * PRIME1 + PRIME4; }

/* Whole stripes from `at` on; returns where they end. */
static const uint8_t *add_stripes(uint64_t lanes[4], const uint8_t *at, int64_t stripes) {
  uint64_t a = lanes[0], b = lanes[1], c = lanes[2], d = lanes[3];
  for (int64_t i = 0; i < stripes; i++, at += STRIPE) {
    a = mix(a, read64(at));
    b = mix(b, read64(at + 8));
    c = mix(c, read64(at + 16));
    d = mix(d, read64(at + 24));
  }
  lanes[0] = a;
  lanes[1] = b;
  lanes[2] = c;
  lanes[3] = d;
  return at;
}

void TN_PREFIX(hash_start)(tn_hash *hash) {
  *hash = (tn_hash){.lanes = {PRIME1 + PRIME2, PRIME2, 0, -PRIME1}};
}

void TN_PREFIX(hash_add)(tn_hash *hash, const void *data, int64_t bytes) {
  const uint8_t *at = data;
  if (bytes <= 0) return;
  const int64_t held = (int64_t)(hash->total % STRIPE);
  hash->total += (uint64_t)bytes;
  if (held > 0) {
    const int64_t taken = tn_min(STRIPE - held, bytes);
    memcpy(hash->rest + held, at, (size_t)taken);
    if (held + taken < STRIPE) return;
    add_stripes(hash->lanes, hash->rest, 1);
    at += taken;
    bytes -= taken;
  }
  at = add_stripes(hash->lanes, at, bytes / STRIPE);
  memcpy(hash->rest, at, (size_t)(bytes % STRIPE));
}

uint64_t TN_PREFIX(hash_end)(const tn_hash *hash) {
  const uint64_t *lanes = hash->lanes;
  uint64_t h = PRIME5; /* nothing went through the lanes */
  if (hash->total >= STRIPE) {
    h = rotate(lanes[0], 1) + rotate(lanes[1], 7) + rotate(lanes[2], 12) + rotate(lanes[3], 18);
    for (int i = 0; i < 4; i++) h = merge(h, lanes[i]);
  }
  h += hash->total;
  const uint8_t *at = hash->rest;
  int left = (int)(hash->total % STRIPE);
  for (; left >= 8; left -= 8, at += 8) h = rotate(h ^ mix(0, read64(at)), 27) * PRIME1 + PRIME4;
  for (; left >= 4; left -= 4, at += 4) h = rotate(h ^ read32(at) * PRIME1, 23) * PRIME2 + PRIME3;
  for (; left > 0; left--, at++) h = rotate(h ^ *at * PRIME5, 11) * PRIME1;
  h = (h ^ h >> 33) * PRIME2;
  h = (h ^ h >> 29) * PRIME3;
  return h ^ h >> 32;
}

uint64_t TN_PREFIX(hash64)(const void *data, int64_t bytes) {
  tn_hash hash;
  TN_PREFIX(hash_start)(&hash);
  TN_PREFIX(hash_add)(&hash, data, bytes);
  return TN_PREFIX(hash_end)(&hash);
}
