/*
 * The payload: weights, assets and the package's description in one block of bytes, which is a file beside the code or a
 * loaded segment of an executable. docs/abi.md gives the format.
 *
 * Opening touches the header, the table and the names. A block is checked against its checksum when it is first asked
 * for, once, whichever thread comes first; blocks that nobody asks for are never touched.
 */
#ifndef TN_PAYLOAD_H
#define TN_PAYLOAD_H

#include "tn_package.h"

typedef struct tn_payload tn_payload;

enum { TN_PAYLOAD_HEADER = 64, TN_PAYLOAD_ENTRY = 64 };

/* What a block is. */
enum {
  TN_KIND_WEIGHT = 1,
  TN_KIND_JSON = 2,
  TN_KIND_ASSET = 3,
  TN_KIND_BYTECODE = 4,
  TN_KIND_SAMPLE = 5,
  TN_KIND_TEXT = 6
};

enum { TN_ENCODING_PLAIN = 0, TN_ENCODING_DEFLATE = 1 };

/* One line of the table. */
typedef struct tn_payload_entry {
  const char *name; /* name_bytes bytes of UTF-8, not terminated */
  int32_t name_bytes, kind, encoding;
  int64_t offset, stored_bytes, bytes; /* bytes: decoded */
  uint64_t hash;                       /* XXH64, seed 0, of the stored bytes */
} tn_payload_entry;

/*
 * id: the package that it must belong to; 0: any. `what` names it in messages (a path, "this executable"): it must live
 * as long as the payload. Both return a pkg_status.
 */
TN_CORE_HIDDEN int PKG(core_payload_open)(const char *path, uint64_t id, tn_payload **out);
TN_CORE_HIDDEN int PKG(core_payload_from_memory)(const void *bytes, int64_t size, const char *what, uint64_t id,
                                                 tn_payload **out);
TN_CORE_HIDDEN void PKG(core_payload_close)(tn_payload *payload);

TN_CORE_HIDDEN uint64_t PKG(core_payload_id)(const tn_payload *payload);
TN_CORE_HIDDEN int32_t PKG(core_payload_count)(const tn_payload *payload);
/* index is 0 .. count-1. */
TN_CORE_HIDDEN tn_payload_entry PKG(core_payload_entry)(const tn_payload *payload, int32_t index);
/* The memory that it lies in, [*low, *high). */
TN_CORE_HIDDEN void PKG(core_payload_extent)(const tn_payload *payload, uintptr_t *low, uintptr_t *high);
/* The block of this name, or -1. */
TN_CORE_HIDDEN int32_t PKG(core_payload_find)(const tn_payload *payload, const char *name);

/*
 * Address of a block's decoded bytes, which stay where they are until the payload is closed: plain blocks where the
 * payload lies (read only), encoded ones in memory of their own. An index outside the table is PKG_ERROR_INTERNAL.
 */
TN_CORE_HIDDEN int PKG(core_payload_block)(tn_payload *payload, int32_t index, const void **address, int64_t *bytes);

/* Checks one block against its checksum and decodes nothing. */
TN_CORE_HIDDEN int PKG(core_payload_check)(tn_payload *payload, int32_t index);

/* tn_inflate.c. Raw deflate (RFC 1951) into exactly target_bytes bytes; 1, or 0 when the data is not that. */
TN_CORE_HIDDEN int PKG(core_inflate)(const uint8_t *source, int64_t source_bytes, uint8_t *target, int64_t target_bytes);

#endif
