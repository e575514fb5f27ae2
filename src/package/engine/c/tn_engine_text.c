/*
 * Text to bytes and back, by the rules of the Encoding standard; inflating.
 */
#include "tn_engine.h"

#include <stdlib.h>
#include <string.h>

/* The engine writes a lone surrogate as three bytes ED A0..BF xx; U+FFFD, which stands for it outside, has three too. */
static void replace_surrogates(uint8_t *text, size_t bytes) {
  for (size_t i = 0; i + 2 < bytes; i++) {
    if (text[i] == 0xED && text[i + 1] >= 0xA0) memcpy(text + i, "\xEF\xBF\xBD", 3);
  }
}

/* The text as UTF-8 from malloc; NULL: thrown. */
static uint8_t *encoded(JSContext *ctx, JSValueConst value, size_t *bytes) {
  const char *text = JS_ToCStringLen(ctx, bytes, value);
  if (text == NULL) return NULL;
  uint8_t *copy = malloc(*bytes == 0 ? 1 : *bytes);
  if (copy != NULL) {
    memcpy(copy, text, *bytes);
    replace_surrogates(copy, *bytes);
  } else {
    JS_ThrowOutOfMemory(ctx);
  }
  JS_FreeCString(ctx, text);
  return copy;
}

static JSValue utf8_encode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t bytes;
  uint8_t *text = encoded(ctx, argv[0], &bytes);
  return text == NULL ? JS_EXCEPTION : tn_engine_take(ctx, text, bytes);
}

static JSValue write_text(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t fd;
  size_t bytes;
  if (tn_engine_integer(ctx, argv[0], "fd", 0, INT32_MAX, &fd) != 0) return JS_EXCEPTION;
  uint8_t *text = encoded(ctx, argv[1], &bytes);
  if (text == NULL) return JS_EXCEPTION;
  const int error = tn_engine_write_all((int)fd, text, bytes);
  free(text);
  return error != 0 ? tn_engine_throw_errno(ctx, error, "write", NULL, NULL) : JS_UNDEFINED;
}

/* ---- Decoding ---------------------------------------------------------------------------------------------------- */

/* Bytes of ASCII at the start. */
static size_t ascii_prefix(const uint8_t *text, size_t bytes) {
  size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    uint64_t word;
    memcpy(&word, text + i, 8);
    if (word & 0x8080808080808080u) break;
  }
  while (i < bytes && text[i] < 0x80) i++;
  return i;
}

/*
 * Length of the well-formed sequence at the start of `text` (bytes >= 1), or minus the number of bytes that one U+FFFD
 * stands for: the longest beginning of a sequence, at least 1.
 */
static int sequence(const uint8_t *text, size_t bytes) {
  const uint8_t first = text[0];
  if (first < 0x80) return 1;
  int length;
  uint8_t low = 0x80, high = 0xBF; /* of the second byte: no overlong forms, no surrogates, nothing above U+10FFFF */
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return -1;
  }
  for (int i = 1; i < length; i++) {
    if ((size_t)i >= bytes || text[i] < low || text[i] > high) return -i;
    low = 0x80;
    high = 0xBF;
  }
  return length;
}

/* Position of the first byte that is not UTF-8, or `bytes`. */
static size_t valid_prefix(const uint8_t *text, size_t bytes) {
  size_t i = 0;
  while (i < bytes) {
    i += ascii_prefix(text + i, bytes - i);
    if (i == bytes) break;
    const int length = sequence(text + i, bytes - i);
    if (length < 0) break;
    i += (size_t)length;
  }
  return i;
}

static JSValue repaired(JSContext *ctx, const uint8_t *text, size_t bytes) {
  char *copy = bytes > SIZE_MAX / 3 ? NULL : malloc(bytes * 3); /* a bad byte becomes three */
  if (copy == NULL) return JS_ThrowOutOfMemory(ctx);
  size_t used = 0;
  for (size_t i = 0; i < bytes;) {
    const int length = sequence(text + i, bytes - i);
    if (length > 0) {
      memcpy(copy + used, text + i, (size_t)length);
      used += (size_t)length;
      i += (size_t)length;
    } else {
      memcpy(copy + used, "\xEF\xBF\xBD", 3);
      used += 3;
      i += (size_t)-length;
    }
  }
  const JSValue result = JS_NewStringLen(ctx, copy, used);
  free(copy);
  return result;
}

static JSValue utf8_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t bytes;
  const int fatal = JS_ToBool(ctx, argv[3]);
  if (fatal < 0) return JS_EXCEPTION;
  const uint8_t *text = tn_engine_range(ctx, argv[0], argv[1], argv[2], &bytes);
  if (text == NULL) return JS_EXCEPTION;
  if (valid_prefix(text, bytes) == bytes) return JS_NewStringLen(ctx, (const char *)text, bytes);
  if (fatal) return JS_ThrowTypeError(ctx, "The encoded data was not valid for encoding utf-8");
  return repaired(ctx, text, bytes);
}

static JSValue latin1_decode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t bytes;
  const uint8_t *text = tn_engine_range(ctx, argv[0], argv[1], argv[2], &bytes);
  if (text == NULL) return JS_EXCEPTION;
  if (ascii_prefix(text, bytes) == bytes) return JS_NewStringLen(ctx, (const char *)text, bytes);
  char *wide = bytes > SIZE_MAX / 2 ? NULL : malloc(bytes * 2);
  if (wide == NULL) return JS_ThrowOutOfMemory(ctx);
  size_t used = 0;
  for (size_t i = 0; i < bytes; i++) {
    if (text[i] < 0x80) {
      wide[used++] = (char)text[i];
    } else {
      wide[used++] = (char)(0xC0 | text[i] >> 6);
      wide[used++] = (char)(0x80 | (text[i] & 0x3F));
    }
  }
  const JSValue result = JS_NewStringLen(ctx, wide, used);
  free(wide);
  return result;
}

static JSValue inflate_raw(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const tn_engine_app *app = tn_engine_of(ctx)->app;
  int64_t raw;
  size_t bytes;
  if (tn_engine_integer(ctx, argv[3], "raw", 0, INT32_MAX, &raw) != 0) return JS_EXCEPTION;
  const uint8_t *source = tn_engine_range(ctx, argv[0], argv[1], argv[2], &bytes);
  if (source == NULL) return JS_EXCEPTION;
  void *target = malloc(raw == 0 ? 1 : (size_t)raw);
  if (target == NULL) return JS_ThrowOutOfMemory(ctx);
  if (app->inflate == NULL || app->inflate(source, bytes, target, (size_t)raw) != 0) {
    free(target);
    return JS_ThrowTypeError(ctx, "these %lld bytes are not deflated data of %lld bytes", (long long)bytes,
                             (long long)raw);
  }
  return tn_engine_take(ctx, target, (size_t)raw);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("utf8Encode", 1, utf8_encode),     JS_CFUNC_DEF("utf8Decode", 4, utf8_decode),
    JS_CFUNC_DEF("latin1Decode", 3, latin1_decode), JS_CFUNC_DEF("writeText", 2, write_text),
    JS_CFUNC_DEF("inflateRaw", 4, inflate_raw),
};
const tn_engine_functions tn_engine_text_functions = {functions, sizeof functions / sizeof functions[0]};
