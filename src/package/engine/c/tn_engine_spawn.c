/*
 * spawnSync: what JavaScript asks of a child process, and what it is told.
 */
#define _GNU_SOURCE
#include "tn_engine_child.h"

#include "tn_engine.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

/* ---- Arguments from JavaScript ----------------------------------------------------------------------------------- */

static void free_texts(char **texts) {
  for (size_t i = 0; texts != NULL && texts[i] != NULL; i++) free(texts[i]);
  free(texts);
}

/* An array of texts as a list that ends in NULL, each from malloc, with `first` before them; NULL: thrown. */
static char **text_list(JSContext *ctx, JSValueConst array, const char *first) {
  const JSValue length_value = JS_GetPropertyStr(ctx, array, "length");
  int64_t length;
  if (JS_IsException(length_value)) return NULL;
  const int status = tn_engine_integer(ctx, length_value, "args", 0, 1 << 20, &length);
  JS_FreeValue(ctx, length_value);
  if (status != 0) return NULL;
  const size_t before = first != NULL;
  char **texts = calloc((size_t)length + before + 1, sizeof(char *));
  if (texts == NULL || (first != NULL && (texts[0] = strdup(first)) == NULL)) {
    free(texts);
    JS_ThrowOutOfMemory(ctx);
    return NULL;
  }
  for (int64_t i = 0; i < length; i++) {
    const JSValue item = JS_GetPropertyUint32(ctx, array, (uint32_t)i);
    const char *text = tn_engine_path(ctx, item);
    JS_FreeValue(ctx, item);
    texts[before + (size_t)i] = text == NULL ? NULL : strdup(text);
    const bool failed = texts[before + (size_t)i] == NULL;
    if (failed && text != NULL) JS_ThrowOutOfMemory(ctx);
    JS_FreeCString(ctx, text);
    if (!failed) continue;
    free_texts(texts);
    return NULL;
  }
  return texts;
}

/* A whole number of the options, or what `otherwise` says; -1: thrown. */
static int number_option(JSContext *ctx, JSValueConst options, const char *name, int64_t otherwise, int64_t *out) {
  *out = otherwise;
  const JSValue value = JS_GetPropertyStr(ctx, options, name);
  int status = JS_IsException(value) ? -1 : 0;
  if (status == 0 && !JS_IsUndefined(value)) status = tn_engine_integer(ctx, value, name, 0, (int64_t)1 << 52, out);
  JS_FreeValue(ctx, value);
  return status;
}

static int stream_option(JSContext *ctx, JSValueConst stdio, uint32_t index, int *how) {
  static const char *const names[] = {
      [TN_CHILD_PIPE] = "pipe", [TN_CHILD_INHERIT] = "inherit", [TN_CHILD_IGNORE] = "ignore"};
  const JSValue value = JS_GetPropertyUint32(ctx, stdio, index);
  if (JS_IsException(value)) return -1;
  const char *text = JS_ToCString(ctx, value);
  JS_FreeValue(ctx, value);
  if (text == NULL) return -1;
  int found = -1;
  for (int i = 0; i < 3; i++) {
    if (strcmp(text, names[i]) == 0) found = i;
  }
  if (found < 0) JS_ThrowTypeError(ctx, "The argument 'stdio' is invalid. Received '%s'", text);
  JS_FreeCString(ctx, text);
  *how = found;
  return found < 0 ? -1 : 0;
}

static int read_options(JSContext *ctx, JSValueConst options, tn_child *c) {
  if (number_option(ctx, options, "maxBuffer", 1 << 20, &c->most_bytes) != 0) return -1;
  if (number_option(ctx, options, "timeout", 0, &c->timeout_ms) != 0) return -1;
  if (number_option(ctx, options, "killSignal", SIGTERM, &c->end_signal) != 0) return -1;
  if (c->most_bytes > INT32_MAX) c->most_bytes = INT32_MAX;
  const JSValue stdio = JS_GetPropertyStr(ctx, options, "stdio");
  int status = JS_IsException(stdio) ? -1 : 0;
  for (uint32_t i = 0; status == 0 && i < TN_CHILD_STREAMS; i++) status = stream_option(ctx, stdio, i, &c->how[i]);
  JS_FreeValue(ctx, stdio);
  if (status != 0) return -1;
  const JSValue environment = JS_GetPropertyStr(ctx, options, "env");
  if (JS_IsException(environment)) return -1;
  if (!JS_IsUndefined(environment)) {
    c->environment = text_list(ctx, environment, NULL);
    if (c->environment == NULL) status = -1;
  }
  JS_FreeValue(ctx, environment);
  if (status != 0) return -1;
  const JSValue cwd = JS_GetPropertyStr(ctx, options, "cwd");
  if (JS_IsException(cwd)) return -1;
  if (!JS_IsUndefined(cwd)) {
    c->cwd = tn_engine_path(ctx, cwd);
    if (c->cwd == NULL) status = -1;
  }
  JS_FreeValue(ctx, cwd);
  return status;
}

/* ---- The result -------------------------------------------------------------------------------------------------- */

static int set(JSContext *ctx, JSValueConst object, const char *name, JSValue value) {
  return JS_DefinePropertyValueStr(ctx, object, name, value, JS_PROP_C_W_E) < 0 ? -1 : 0;
}

static JSValue result_of(JSContext *ctx, tn_child *c) {
  const JSValue result = JS_NewObject(ctx);
  if (JS_IsException(result)) return result;
  const bool started = c->pid != 0;
  const bool signalled = started && WIFSIGNALED(c->status);
  const bool exited = started && WIFEXITED(c->status) && c->error == 0;
  const char *signal = signalled ? tn_engine_signal_name(WTERMSIG(c->status)) : NULL;
  int failed = set(ctx, result, "pid", JS_NewInt32(ctx, (int32_t)c->pid));
  failed |= set(ctx, result, "status", exited ? JS_NewInt32(ctx, WEXITSTATUS(c->status)) : JS_NULL);
  failed |= set(ctx, result, "signal", signal != NULL ? JS_NewString(ctx, signal) : JS_NULL);
  if (c->error != 0) failed |= set(ctx, result, "error", JS_NewString(ctx, tn_engine_errno_name(c->error)));
  for (int i = 1; i < TN_CHILD_STREAMS; i++) {
    JSValue bytes = JS_NULL;
    if (started && c->how[i] == TN_CHILD_PIPE) {
      if (c->output[i] == NULL) c->output[i] = malloc(1);
      bytes = c->output[i] == NULL ? JS_ThrowOutOfMemory(ctx) : tn_engine_take(ctx, c->output[i], c->output_bytes[i]);
      c->output[i] = NULL;
    }
    failed |= set(ctx, result, i == 1 ? "stdout" : "stderr", bytes);
  }
  if (!failed) return result;
  JS_FreeValue(ctx, result);
  return JS_EXCEPTION;
}

static JSValue spawn_sync(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  tn_child c = {.ends = {-1, -1, -1}};
  JSValue result = JS_EXCEPTION;
  c.file = tn_engine_path(ctx, argv[0]);
  if (c.file != NULL) c.arguments = text_list(ctx, argv[1], c.file);
  if (c.arguments != NULL && read_options(ctx, argv[2], &c) == 0) {
    const JSValue input = JS_GetPropertyStr(ctx, argv[2], "input");
    bool ready = !JS_IsException(input);
    if (ready && !JS_IsUndefined(input)) {
      c.input = tn_engine_bytes(ctx, input, &c.input_bytes);
      ready = c.input != NULL;
    }
    if (ready) {
      tn_engine_run_child(&c);
      result = result_of(ctx, &c);
    }
    JS_FreeValue(ctx, input);
  }
  for (int i = 1; i < TN_CHILD_STREAMS; i++) free(c.output[i]);
  free_texts(c.arguments);
  free_texts(c.environment);
  JS_FreeCString(ctx, c.file);
  JS_FreeCString(ctx, c.cwd);
  return result;
}

static const JSCFunctionListEntry functions[] = {JS_CFUNC_DEF("spawnSync", 3, spawn_sync)};
const tn_engine_functions tn_engine_spawn_functions = {functions, sizeof functions / sizeof functions[0]};
