/*
 * A payload with one byte changed, at every byte of the head and at many of the blocks, and cut off at many lengths: it is
 * refused when it is opened or when a block is used, or the byte was a gap and the results are as before. Prints counts.
 */
#include "coreCall.h"

enum { MOST_PARTS = 16 };

static uint64_t wanted[MOST_PARTS];

/* Opens, calls every part once, looks at the description; PKG_OK only when all went well. */
static int use(pkg_runtime *runtime, const char *bytes, int64_t size, int first) {
  pkg_weights *weights;
  pkg_context *context;
  int status = pkg_weights_from_memory(runtime, bytes, (size_t)size, &weights);
  if (status != PKG_OK) return status;
  CHECK(pkg_context_create(weights, &context) == PKG_OK);
  for (int part = 0; part < pkg_part_count() && status == PKG_OK; part++) {
    test_call call = {0};
    uint32_t seed = 1;
    test_dims(&PKG(core_table).parts[part], &seed, call.dims);
    test_make(&call, part, 9);
    test_point(&call);
    status = pkg_context_reset(context);
    if (status == PKG_OK) status = test_run(context, &call);
    if (first) wanted[part] = test_hash(&call);
    if (status == PKG_OK) CHECK(test_hash(&call) == wanted[part]);
    test_free(&call);
  }
  if (status == PKG_OK) status = pkg_weights_verify(weights);
  for (int32_t i = 0; i < PKG(core_payload_count)(PKG(core_weights_payload)(weights)) && status == PKG_OK; i++) {
    const void *address;
    int64_t length;
    status = PKG(core_payload_block)(PKG(core_weights_payload)(weights), i, &address, &length);
  }
  pkg_weights_close(weights); /* before the context: the order is free */
  CHECK(pkg_context_destroy(context) == PKG_OK);
  return status;
}

/* Where the head and the blocks are; everything else is a gap. */
static int is_used(const tn_payload_entry *entries, int32_t count, int64_t head, int64_t at) {
  if (at < head) return 1;
  for (int32_t i = 0; i < count; i++) {
    if (at >= entries[i].offset && at < entries[i].offset + entries[i].stored_bytes) return 1;
  }
  return 0;
}

int main(int argc, char **argv) {
  CHECK(argc == 3);
  const int64_t samples = atoi(argv[2]);
  int64_t size;
  char *bytes = test_read(argv[1], &size);
  pkg_runtime *runtime;
  CHECK(pkg_runtime_create(PKG_ABI_VERSION, 1, &runtime) == PKG_OK);
  CHECK(use(runtime, bytes, size, 1) == PKG_OK);

  pkg_weights *weights;
  CHECK(pkg_weights_from_memory(runtime, bytes, (size_t)size, &weights) == PKG_OK);
  tn_payload *payload = PKG(core_weights_payload)(weights);
  const int32_t count = PKG(core_payload_count)(payload);
  tn_payload_entry *entries = calloc((size_t)count, sizeof *entries);
  int64_t head = TN_PAYLOAD_HEADER + (int64_t)count * TN_PAYLOAD_ENTRY;
  for (int32_t i = 0; i < count; i++) {
    entries[i] = PKG(core_payload_entry)(payload, i);
    head += entries[i].name_bytes;
  }
  pkg_weights_close(weights);

  int64_t flips = 0, harmless = 0, cuts = 0;
  uint32_t seed = 7;
  for (int64_t i = 0; i < head + samples; i++) {
    /* Every other one among the small blocks, which come first. */
    const int64_t room = i % 2 == 0 ? size : tn_min(size, 200000);
    const int64_t at = i < head ? i : (int64_t)(test_random(&seed) % (uint32_t)room);
    const char bit = (char)(1 << i % 8);
    bytes[at] ^= bit;
    const int status = use(runtime, bytes, size, 0);
    CHECK(is_used(entries, count, head, at) ? status == PKG_ERROR_DAMAGED || status == PKG_ERROR_MISMATCH : status == PKG_OK);
    bytes[at] ^= bit;
    flips++;
    harmless += status == PKG_OK;
  }
  for (int64_t i = 0; i < 200; i++) {
    const int64_t length = i < 100 ? i : (int64_t)(test_random(&seed) % (uint32_t)(i % 2 == 0 ? size : 200000));
    /* Memory that ends where the cut is: AddressSanitizer sees a read beyond. */
    void *cut;
    CHECK(posix_memalign(&cut, 64, (size_t)tn_max(length, 1)) == 0);
    memcpy(cut, bytes, (size_t)length);
    CHECK(use(runtime, cut, length, 0) == PKG_ERROR_DAMAGED);
    free(cut);
    cuts++;
  }
  free(entries);
  free(bytes);
  pkg_runtime_destroy(runtime);
  printf("%lld flips, %lld harmless, %lld cuts\n", (long long)flips, (long long)harmless, (long long)cuts);
  return 0;
}
