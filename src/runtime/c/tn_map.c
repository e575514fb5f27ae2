/*
 * Mapping files: tn_runtime.h, map_file.
 */
#define _GNU_SOURCE
#include "tn_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t system_error(int64_t *out) {
  out[0] = errno;
  return TN_ERROR_SYSTEM;
}

static int64_t map_open_file(int file, int64_t offset, int64_t length, int64_t *out) {
  struct stat status;
  if (fstat(file, &status) != 0) return system_error(out);
  const int64_t size = status.st_size;
  if (offset < 0 || offset > size || length < -1 || (length >= 0 && length > size - offset)) return TN_ERROR_VALUE;
  const int64_t bytes = length >= 0 ? length : size - offset;
  if (bytes == 0) {
    for (int i = 0; i < 4; i++) out[i] = 0;
    return TN_OK;
  }
  const int64_t page = sysconf(_SC_PAGESIZE);
  const int64_t before = offset % page; /* mappings start on page boundaries */
  void *base = mmap(NULL, (size_t)(bytes + before), PROT_READ | PROT_WRITE, MAP_PRIVATE, file, offset - before);
  if (base == MAP_FAILED) return system_error(out);
  out[0] = (int64_t)(uintptr_t)base + before;
  out[1] = bytes;
  out[2] = (int64_t)(uintptr_t)base;
  out[3] = bytes + before;
  return TN_OK;
}

int64_t TN_PREFIX(map_file)(const char *path, int64_t offset, int64_t length, int64_t *out) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return system_error(out);
  const int64_t status = map_open_file(file, offset, length, out);
  close(file);
  return status;
}

int64_t TN_PREFIX(map_close)(void *base, int64_t length) {
  return length == 0 || munmap(base, (size_t)length) == 0 ? TN_OK : TN_ERROR_SYSTEM;
}

int64_t TN_PREFIX(map_will_need)(void *base, int64_t length) {
  return length == 0 || madvise(base, (size_t)length, MADV_WILLNEED) == 0 ? TN_OK : TN_ERROR_SYSTEM;
}
