/*
 * The process: folders, clocks, randomness, memory.
 */
#define _GNU_SOURCE
#include "tn_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static JSValue now(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  return JS_NewFloat64(ctx, (double)(tn_engine_clock() - tn_engine_of(ctx)->start) / 1e6);
}

static JSValue cwd(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  char *folder = getcwd(NULL, 0);
  if (folder == NULL) return tn_engine_throw_errno(ctx, errno, "uv_cwd", NULL, NULL);
  const JSValue text = JS_NewString(ctx, folder);
  free(folder);
  return text;
}

static JSValue change_folder(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const char *path = tn_engine_path(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  JSValue result = JS_UNDEFINED;
  if (chdir(path) != 0) result = tn_engine_throw_errno(ctx, errno, "chdir", path, NULL);
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue file_mask(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  const mode_t mask = umask(0);
  umask(mask);
  return JS_NewInt32(ctx, (int32_t)mask);
}

static JSValue memory(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  struct rusage usage = {0};
  getrusage(RUSAGE_SELF, &usage); /* the most so far: the present figure stands in /proc alone */
  const JSValue result = JS_NewObject(ctx);
  if (JS_IsException(result)) return result;
  JS_DefinePropertyValueStr(ctx, result, "rss", JS_NewInt64(ctx, (int64_t)usage.ru_maxrss * 1024), JS_PROP_C_W_E);
  JS_DefinePropertyValueStr(ctx, result, "heap", JS_NewInt64(ctx, tn_engine_heap_bytes()), JS_PROP_C_W_E);
  return result;
}

static JSValue random_bytes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t count;
  if (tn_engine_integer(ctx, argv[0], "bytes", 0, INT32_MAX, &count) != 0) return JS_EXCEPTION;
  char *bytes = malloc(count == 0 ? 1 : (size_t)count);
  if (bytes == NULL) return JS_ThrowOutOfMemory(ctx);
  for (int64_t at = 0; at < count;) {
    const ssize_t got = getrandom(bytes + at, (size_t)(count - at), 0);
    if (got >= 0) {
      at += got;
    } else if (errno != EINTR) {
      const int error = errno;
      free(bytes);
      return tn_engine_throw_errno(ctx, error, "getrandom", NULL, NULL);
    }
  }
  return tn_engine_take(ctx, bytes, (size_t)count);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("now", 0, now),          JS_CFUNC_DEF("cwd", 0, cwd),       JS_CFUNC_DEF("chdir", 1, change_folder),
    JS_CFUNC_DEF("umask", 0, file_mask),  JS_CFUNC_DEF("memory", 0, memory), JS_CFUNC_DEF("random", 1, random_bytes),
};
const tn_engine_functions tn_engine_process_functions = {functions, sizeof functions / sizeof functions[0]};
