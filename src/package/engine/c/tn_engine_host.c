/*
 * globalThis.__tn: everything that a program gets, put together and frozen.
 */
#define _GNU_SOURCE
#include "tn_engine.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__aarch64__)
#define ARCHITECTURE "arm64"
#else
#define ARCHITECTURE "x64"
#endif

/* Takes the value; -1: thrown. */
static int set(JSContext *ctx, JSValueConst object, const char *name, JSValue value) {
  return JS_DefinePropertyValueStr(ctx, object, name, value, JS_PROP_ENUMERABLE) < 0 ? -1 : 0;
}

static JSValue freeze(JSContext *ctx, JSValue object) {
  const JSValue global = JS_GetGlobalObject(ctx);
  const JSValue class = JS_GetPropertyStr(ctx, global, "Object");
  const JSValue function = JS_GetPropertyStr(ctx, class, "freeze");
  const JSValue result = JS_Call(ctx, function, class, 1, &object);
  JS_FreeValue(ctx, object);
  JS_FreeValue(ctx, function);
  JS_FreeValue(ctx, class);
  JS_FreeValue(ctx, global);
  return result;
}

static JSValue arguments(JSContext *ctx, const tn_engine_app *app) {
  const JSValue list = JS_NewArray(ctx);
  if (JS_IsException(list)) return list;
  for (int i = 0; i < app->argc; i++) {
    const JSValue text = JS_NewString(ctx, i == 0 ? app->executable : app->argv[i]);
    if (JS_DefinePropertyValueUint32(ctx, list, (uint32_t)i, text, JS_PROP_C_W_E) < 0) {
      JS_FreeValue(ctx, list);
      return JS_EXCEPTION;
    }
  }
  return freeze(ctx, list);
}

static JSValue environment(JSContext *ctx) {
  const JSValue object = JS_NewObjectProto(ctx, JS_NULL);
  if (JS_IsException(object)) return object;
  for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
    const char *equals = strchr(*entry, '=');
    if (equals == NULL || equals == *entry) continue;
    char *name = strndup(*entry, (size_t)(equals - *entry));
    const int status = name == NULL ? -1 : set(ctx, object, name, JS_NewString(ctx, equals + 1));
    free(name);
    if (status == 0) continue;
    JS_FreeValue(ctx, object);
    return JS_EXCEPTION;
  }
  return freeze(ctx, object);
}

static double milliseconds_since_1970(void) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static int fill(tn_engine *engine, JSValueConst host) {
  static const tn_engine_functions *const subjects[] = {
      &tn_engine_process_functions, &tn_engine_loop_functions, &tn_engine_file_functions,
      &tn_engine_folder_functions,  &tn_engine_spawn_functions, &tn_engine_text_functions,
      &tn_engine_memory_functions,  &tn_engine_payload_functions,
  };
  JSContext *ctx = engine->context;
  const tn_engine_app *app = engine->app;
  for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
    JS_SetPropertyFunctionList(ctx, host, subjects[i]->list, subjects[i]->count);
  if (set(ctx, host, "argv", arguments(ctx, app)) != 0) return -1;
  if (set(ctx, host, "env", environment(ctx)) != 0) return -1;
  if (set(ctx, host, "executable", JS_NewString(ctx, app->executable)) != 0) return -1;
  if (set(ctx, host, "pid", JS_NewInt32(ctx, (int32_t)getpid())) != 0) return -1;
  if (set(ctx, host, "arch", JS_NewString(ctx, ARCHITECTURE)) != 0) return -1;
  if (set(ctx, host, "timeOrigin", JS_NewFloat64(ctx, engine->time_origin)) != 0) return -1;
  return set(ctx, host, "parts", JS_NewInt64(ctx, app->n_parts));
}

int tn_engine_install(tn_engine *engine) {
  JSContext *ctx = engine->context;
  engine->start = tn_engine_clock();
  engine->time_origin = milliseconds_since_1970();
  const JSValue global = JS_GetGlobalObject(ctx);
  int status = -1;
  engine->error_class = JS_GetPropertyStr(ctx, global, "Error");
  const JSValue host = JS_NewObject(ctx);
  if (!JS_IsException(host)) {
    if (fill(engine, host) == 0) {
      status = JS_DefinePropertyValueStr(ctx, global, "__tn", freeze(ctx, host), 0) < 0 ? -1 : 0;
    } else {
      JS_FreeValue(ctx, host);
    }
  }
  JS_FreeValue(ctx, global);
  return status;
}
