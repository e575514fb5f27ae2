/*
 * Arguments of host functions: checked before any is used.
 */
#include "tn_engine.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *tn_engine_path(JSContext *ctx, JSValueConst value) {
  if (!JS_IsString(value)) {
    JS_ThrowTypeError(ctx, "The \"path\" argument must be of type string");
    return NULL;
  }
  size_t length;
  const char *text = JS_ToCStringLen(ctx, &length, value);
  if (text == NULL || strlen(text) == length) return text;
  JS_FreeCString(ctx, text);
  JS_ThrowTypeError(ctx, "The argument 'path' must be a string without null bytes");
  return NULL;
}

int tn_engine_integer(JSContext *ctx, JSValueConst value, const char *what, int64_t min, int64_t max, int64_t *out) {
  double number;
  if (!JS_IsNumber(value)) {
    JS_ThrowTypeError(ctx, "The \"%s\" argument must be of type number", what);
    return -1;
  }
  if (JS_ToFloat64(ctx, &number, value) != 0) return -1;
  /* Both bounds are far inside what a double holds exactly. */
  if (!(number >= (double)min && number <= (double)max) || (double)(int64_t)number != number) {
    JS_ThrowRangeError(ctx, "The value of \"%s\" is out of range", what);
    return -1;
  }
  *out = (int64_t)number;
  return 0;
}

uint8_t *tn_engine_bytes(JSContext *ctx, JSValueConst buffer, size_t *bytes) {
  return JS_GetArrayBuffer(ctx, bytes, buffer);
}

uint8_t *tn_engine_range(JSContext *ctx, JSValueConst buffer, JSValueConst offset, JSValueConst length,
                         size_t *bytes) {
  const int64_t most = (int64_t)1 << 52;
  int64_t first, count;
  if (tn_engine_integer(ctx, offset, "offset", 0, most, &first) != 0) return NULL;
  if (tn_engine_integer(ctx, length, "length", 0, most, &count) != 0) return NULL;
  size_t size;
  uint8_t *base = tn_engine_bytes(ctx, buffer, &size);
  if (base == NULL) return NULL;
  if ((uint64_t)first > size || (uint64_t)count > size - (uint64_t)first) {
    JS_ThrowRangeError(ctx, "bytes %lld to %lld are outside of a buffer of %lld bytes", (long long)first,
                       (long long)(first + count), (long long)size);
    return NULL;
  }
  *bytes = (size_t)count;
  return base + first;
}

/* The 2021 release keeps sizes of buffers in an int. */
static bool fits(JSContext *ctx, size_t bytes) {
  if (bytes <= INT32_MAX) return true;
  JS_ThrowRangeError(ctx, "%llu bytes do not fit into one ArrayBuffer of this engine (2 GB)",
                     (unsigned long long)bytes);
  return false;
}

#ifdef QJS_VERSION_MAJOR

static void *resize_memory(JSRuntime *runtime, void *opaque, void *memory, size_t bytes) {
  (void)runtime;
  (void)opaque;
  if (bytes != 0) return realloc(memory, bytes);
  free(memory);
  return NULL;
}

static JSValue new_buffer(JSContext *ctx, void *memory, size_t bytes, bool owned) {
  return JS_NewArrayBuffer(ctx, memory, bytes, 0, owned ? resize_memory : NULL, NULL, false);
}

#else

static void free_memory(JSRuntime *runtime, void *opaque, void *memory) {
  (void)runtime;
  (void)opaque;
  free(memory);
}

static JSValue new_buffer(JSContext *ctx, void *memory, size_t bytes, bool owned) {
  return JS_NewArrayBuffer(ctx, memory, bytes, owned ? free_memory : NULL, NULL, 0);
}

#endif

JSValue tn_engine_take(JSContext *ctx, void *memory, size_t bytes) {
  const JSValue buffer = fits(ctx, bytes) ? new_buffer(ctx, memory, bytes, true) : JS_EXCEPTION;
  if (JS_IsException(buffer)) free(memory);
  return buffer;
}

JSValue tn_engine_view(JSContext *ctx, const void *memory, size_t bytes) {
  static uint8_t nothing; /* a null pointer would read as a detached buffer */
  if (!fits(ctx, bytes)) return JS_EXCEPTION;
  return new_buffer(ctx, bytes == 0 ? &nothing : (void *)(uintptr_t)memory, bytes, false);
}

int tn_engine_write_all(int fd, const void *bytes, size_t count) {
  const char *at = bytes;
  while (count > 0) {
    const ssize_t written = write(fd, at, count);
    if (written >= 0) {
      at += written;
      count -= (size_t)written;
    } else if (errno == EAGAIN) {
      /* A terminal or pipe that somebody else made non-blocking. */
      struct pollfd ready = {.fd = fd, .events = POLLOUT};
      if (poll(&ready, 1, -1) < 0 && errno != EINTR) return errno;
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}
