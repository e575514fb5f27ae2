/*
 * Raw deflate (RFC 1951) into memory of a known size. The data is not trusted: every code, length and distance is
 * checked, nothing outside the two buffers is touched, and what zlib refuses is refused.
 */
#include "tn_payload.h"

#include <string.h>

enum {
  MOST_BITS = 15,    /* of one code */
  LENGTH_ROOT = 10,  /* bits of the first table that a literal or length is looked up in */
  DISTANCE_ROOT = 8,
  ORDER_ROOT = 7,
  LENGTH_ENTRIES = 1334, /* what 286 codes of 15 bits need at most, first table and second ones (zlib's `enough`) */
  DISTANCE_ENTRIES = 402,
  LENGTH_CODES = 286,
  DISTANCE_CODES = 30,
  ALL_CODES = 288 + 32 /* the fixed code also names symbols that may not occur */
};

/*
 * What the next bits mean: value << 16 | what << 8 | bits to drop. 0 is no code. `what` holds the number of extra bits
 * in its low half.
 */
typedef uint32_t entry;
enum { LITERAL = 0x80, END = 0x40, FURTHER = 0x20, COUNT = 0x0f };

typedef struct stream {
  const uint8_t *at, *end;
  uint64_t bits; /* the next ones, lowest first; what stands above `held` is zero or already right */
  int held;
  uint8_t *to, *first, *last;
} stream;

static uint64_t read64(const uint8_t *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

/* At least 56 bits, or all that are left. */
static inline void refill(stream *s) {
  if (TN_LIKELY(s->end - s->at >= 8)) {
    s->bits |= read64(s->at) << s->held;
    s->at += (63 - s->held) >> 3;
    s->held |= 56;
    return;
  }
  for (; s->held < 56 && s->at < s->end; s->held += 8) s->bits |= (uint64_t)*s->at++ << s->held;
}

static inline uint32_t peek(const stream *s, int count) { return (uint32_t)s->bits & ((1u << count) - 1); }

static inline void drop(stream *s, int count) {
  s->bits >>= count;
  s->held -= count;
}

/* count <= 16; -1: the data ends before. */
static int32_t take(stream *s, int count) {
  refill(s);
  if (s->held < count) return -1;
  const uint32_t value = peek(s, count);
  drop(s, count);
  return (int32_t)value;
}

/* ---- Tables ---------------------------------------------------------------------------------------------------- */

static const uint16_t length_base[] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
static const uint8_t length_extra[] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
static const uint16_t distance_base[] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                         193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
static const uint8_t distance_extra[] = {0, 0, 0, 0, 1, 1, 2, 2,  3,  3,  4,  4,  5,  5,  6,
                                         6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13};

typedef enum alphabet { ORDERS, LENGTHS, DISTANCES } alphabet;

/* The meaning of a symbol, without its bits; 0 for one that may not occur. */
static entry meaning(alphabet kind, int symbol) {
  if (kind == ORDERS) return (entry)symbol << 16 | LITERAL << 8;
  if (kind == DISTANCES) {
    return symbol < DISTANCE_CODES ? (entry)distance_base[symbol] << 16 | (entry)distance_extra[symbol] << 8 : 0;
  }
  if (symbol < 256) return (entry)symbol << 16 | LITERAL << 8;
  if (symbol == 256) return END << 8;
  return symbol < LENGTH_CODES ? (entry)length_base[symbol - 257] << 16 | (entry)length_extra[symbol - 257] << 8 : 0;
}

static uint32_t reversed(uint32_t code, int bits) {
  uint32_t out = 0;
  for (int i = 0; i < bits; i++, code >>= 1) out = out << 1 | (code & 1);
  return out;
}

/* Puts `value` at every index of 2^bits that ends in `index`, which has `used` bits. */
static void spread(entry *table, int bits, uint32_t index, int used, entry value) {
  for (uint32_t i = index; i < 1u << bits; i += 1u << used) table[i] = value;
}

/*
 * The table of a canonical code of these lengths: 2^root entries, then second tables for longer codes. 0: the lengths
 * make no prefix code. As in zlib an incomplete code is one only when it has a single code of one bit, or none.
 */
static int build(entry *table, int room, int root, alphabet kind, const uint8_t *lengths, int symbols) {
  int counts[MOST_BITS + 1] = {0};
  for (int i = 0; i < symbols; i++) counts[lengths[i]]++;
  counts[0] = 0;
  int left = 1, longest = 0;
  uint32_t next[MOST_BITS + 1];
  uint32_t code = 0;
  for (int bits = 1; bits <= MOST_BITS; bits++) {
    code = (code + (uint32_t)counts[bits - 1]) << 1;
    next[bits] = code;
    left = left * 2 - counts[bits];
    if (left < 0) return 0;
    if (counts[bits] > 0) longest = bits;
  }
  if (left > 0 && longest > 0 && (kind == ORDERS || longest != 1)) return 0;

  memset(table, 0, sizeof(entry) << root);
  uint8_t further[1 << LENGTH_ROOT] = {0}; /* bits of the second table behind each index of the first */
  uint32_t codes[ALL_CODES];
  for (int i = 0; i < symbols; i++) {
    const int bits = lengths[i];
    if (bits == 0) continue;
    codes[i] = reversed(next[bits]++, bits);
    uint8_t *second = &further[codes[i] & ((1u << root) - 1)];
    if (bits > root && bits - root > *second) *second = (uint8_t)(bits - root);
  }
  int used = 1 << root;
  for (uint32_t i = 0; i < 1u << root; i++) {
    if (further[i] == 0) continue;
    const int size = 1 << further[i];
    if (used + size > room) return 0;
    table[i] = (entry)used << 16 | (entry)(FURTHER | further[i]) << 8 | (entry)root;
    memset(table + used, 0, sizeof(entry) * (size_t)size);
    used += size;
  }
  for (int i = 0; i < symbols; i++) {
    const int bits = lengths[i];
    const entry value = bits > 0 ? meaning(kind, i) : 0;
    if (value == 0) continue;
    if (bits <= root) {
      spread(table, root, codes[i], bits, value | (entry)bits);
    } else {
      const uint32_t first = codes[i] & ((1u << root) - 1);
      spread(table + (table[first] >> 16), further[first], codes[i] >> root, bits - root, value | (entry)(bits - root));
    }
  }
  return 1;
}

/* The meaning of the next bits, which are dropped; 0 when they are no code. Needs a refill before. */
static inline entry next_code(stream *s, const entry *table, int root) {
  entry e = table[peek(s, root)];
  if (e >> 8 & FURTHER) {
    drop(s, root);
    e = table[(e >> 16) + peek(s, e >> 8 & COUNT)];
  }
  drop(s, (int)(e & 0xff));
  return e;
}

/* ---- Blocks ---------------------------------------------------------------------------------------------------- */

static int stored_block(stream *s) {
  drop(s, s->held & 7);
  const int32_t bytes = take(s, 16), inverse = take(s, 16);
  if (inverse < 0 || (bytes ^ 0xffff) != inverse || bytes > s->last - s->to) return 0;
  /* Whole bytes that were read ahead go back. */
  s->at -= s->held / 8;
  s->bits = 0;
  s->held = 0;
  if (bytes > s->end - s->at) return 0;
  memcpy(s->to, s->at, (size_t)bytes);
  s->to += bytes;
  s->at += bytes;
  return 1;
}

/* length bytes from `distance` back, which may reach into what is being written. */
static inline void copy_match(stream *s, int64_t length, int64_t distance) {
  uint8_t *to = s->to;
  const uint8_t *from = to - distance;
  s->to += length;
  if (distance >= 8 && s->last - s->to >= 8) {
    /* Up to seven bytes too many, inside the target: what comes next overwrites them. */
    for (; to < s->to; to += 8, from += 8) memcpy(to, from, 8);
  } else {
    while (to < s->to) *to++ = *from++;
  }
}

static int coded_block(stream *stream_, const entry *lengths, const entry *distances) {
  stream s = *stream_; /* in registers */
  for (;;) {
    refill(&s);
    entry e = next_code(&s, lengths, LENGTH_ROOT);
    if (TN_UNLIKELY(s.held < 0)) return 0;
    if (e >> 8 & LITERAL) {
      if (TN_UNLIKELY(s.to == s.last)) return 0;
      *s.to++ = (uint8_t)(e >> 16);
      continue;
    }
    if (e >> 8 & END) break;
    if (e == 0) return 0;
    const int length_bits = e >> 8 & COUNT;
    const int64_t length = (int64_t)(e >> 16) + peek(&s, length_bits);
    drop(&s, length_bits);
    e = next_code(&s, distances, DISTANCE_ROOT);
    if (e == 0) return 0;
    const int distance_bits = e >> 8 & COUNT;
    const int64_t distance = (int64_t)(e >> 16) + peek(&s, distance_bits);
    drop(&s, distance_bits);
    if (TN_UNLIKELY(s.held < 0 || distance > s.to - s.first || length > s.last - s.to)) return 0;
    copy_match(&s, length, distance);
  }
  *stream_ = s;
  return 1;
}

static int fixed_block(stream *s) {
  entry lengths[LENGTH_ENTRIES], distances[DISTANCE_ENTRIES];
  uint8_t bits[ALL_CODES];
  memset(bits, 8, 144);
  memset(bits + 144, 9, 112);
  memset(bits + 256, 7, 24);
  memset(bits + 280, 8, 8);
  memset(bits + 288, 5, 32);
  return build(lengths, LENGTH_ENTRIES, LENGTH_ROOT, LENGTHS, bits, 288) &&
         build(distances, DISTANCE_ENTRIES, DISTANCE_ROOT, DISTANCES, bits + 288, 32) &&
         coded_block(s, lengths, distances);
}

/* The code lengths of a dynamic block, themselves coded and with runs. */
static int read_lengths(stream *s, uint8_t *bits, int total) {
  static const uint8_t order[] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t order_bits[19] = {0};
  const int32_t given = take(s, 4);
  if (given < 0) return 0;
  for (int i = 0; i < given + 4; i++) {
    const int32_t value = take(s, 3);
    if (value < 0) return 0;
    order_bits[order[i]] = (uint8_t)value;
  }
  entry orders[1 << ORDER_ROOT];
  if (!build(orders, 1 << ORDER_ROOT, ORDER_ROOT, ORDERS, order_bits, 19)) return 0;
  for (int i = 0; i < total;) {
    refill(s);
    const entry e = next_code(s, orders, ORDER_ROOT);
    if (e == 0 || s->held < 0) return 0;
    const int symbol = (int)(e >> 16);
    if (symbol < 16) {
      bits[i++] = (uint8_t)symbol;
      continue;
    }
    if (symbol == 16 && i == 0) return 0;
    const uint8_t value = symbol == 16 ? bits[i - 1] : 0;
    const int32_t more = take(s, symbol == 16 ? 2 : symbol == 17 ? 3 : 7);
    const int run = (symbol == 18 ? 11 : 3) + more;
    if (more < 0 || run > total - i) return 0;
    memset(bits + i, value, (size_t)run);
    i += run;
  }
  return 1;
}

static int dynamic_block(stream *s) {
  entry lengths[LENGTH_ENTRIES], distances[DISTANCE_ENTRIES];
  const int32_t more_lengths = take(s, 5), more_distances = take(s, 5);
  if (more_distances < 0) return 0;
  const int n_lengths = 257 + more_lengths, n_distances = 1 + more_distances;
  if (n_lengths > LENGTH_CODES || n_distances > DISTANCE_CODES) return 0;
  uint8_t bits[ALL_CODES];
  /* A block that cannot end is refused at once, as zlib does. */
  return read_lengths(s, bits, n_lengths + n_distances) && bits[256] != 0 &&
         build(lengths, LENGTH_ENTRIES, LENGTH_ROOT, LENGTHS, bits, n_lengths) &&
         build(distances, DISTANCE_ENTRIES, DISTANCE_ROOT, DISTANCES, bits + n_lengths, n_distances) &&
         coded_block(s, lengths, distances);
}

int PKG(core_inflate)(const uint8_t *source, int64_t source_bytes, uint8_t *target, int64_t target_bytes) {
  stream s = {.at = source, .end = source + source_bytes, .to = target, .first = target, .last = target + target_bytes};
  for (int32_t final = 0; final == 0;) {
    final = take(&s, 1);
    const int32_t type = take(&s, 2);
    if (type < 0 || type == 3) return 0;
    if (!(type == 0 ? stored_block(&s) : type == 1 ? fixed_block(&s) : dynamic_block(&s))) return 0;
  }
  /* All of the source, but for the bits that fill its last byte; all of the target. */
  return s.to == s.last && s.at == s.end && s.held < 8;
}
