/*
 * Memory of native code and of the payload as ArrayBuffers.
 */
#include "tn_engine.h"

#include <stdlib.h>
#include <string.h>

static JSValue address_of(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t bytes;
  const uint8_t *base = tn_engine_bytes(ctx, argv[0], &bytes);
  if (base == NULL) return JS_EXCEPTION;
  return JS_NewInt64(ctx, bytes == 0 ? 0 : (int64_t)(uintptr_t)base);
}

static JSValue view(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t address, bytes;
  if (tn_engine_integer(ctx, argv[0], "address", 0, (int64_t)1 << 52, &address) != 0) return JS_EXCEPTION;
  if (tn_engine_integer(ctx, argv[1], "bytes", 0, (int64_t)1 << 52, &bytes) != 0) return JS_EXCEPTION;
  return tn_engine_view(ctx, (const void *)(uintptr_t)address, (size_t)bytes);
}

/* The engine clears a new ArrayBuffer byte by byte; pages that the system gives are clear, and cost nothing untouched. */
static JSValue allocate(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t bytes;
  if (tn_engine_integer(ctx, argv[0], "bytes", 0, INT32_MAX, &bytes) != 0) return JS_EXCEPTION;
  uint8_t *memory = calloc(1, bytes > 0 ? (size_t)bytes : 1);
  if (memory == NULL) return JS_ThrowOutOfMemory(ctx);
  return tn_engine_take(ctx, memory, (size_t)bytes);
}

static const JSCFunctionListEntry memory_functions[] = {
    JS_CFUNC_DEF("allocate", 1, allocate),
    JS_CFUNC_DEF("address", 1, address_of),
    JS_CFUNC_DEF("view", 2, view),
    JS_CFUNC_DEF("bind", 1, tn_engine_bind),
};
const tn_engine_functions tn_engine_memory_functions = {memory_functions,
                                                        sizeof memory_functions / sizeof memory_functions[0]};

/* ---- The payload ------------------------------------------------------------------------------------------------- */

static JSValue describe(JSContext *ctx, const tn_engine_app *app, int64_t index) {
  tn_engine_block block;
  app->block_describe(index, &block);
  const JSValue object = JS_NewObject(ctx);
  if (JS_IsException(object)) return object;
  const JSValue name = JS_NewStringLen(ctx, block.name, (size_t)block.name_bytes);
  if (JS_DefinePropertyValueStr(ctx, object, "name", name, JS_PROP_ENUMERABLE) >= 0 &&
      JS_DefinePropertyValueStr(ctx, object, "kind", JS_NewInt32(ctx, block.kind), JS_PROP_ENUMERABLE) >= 0 &&
      JS_DefinePropertyValueStr(ctx, object, "bytes", JS_NewInt64(ctx, block.bytes), JS_PROP_ENUMERABLE) >= 0)
    return object;
  JS_FreeValue(ctx, object);
  return JS_EXCEPTION;
}

static JSValue blocks(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc, (void)argv;
  const tn_engine_app *app = tn_engine_of(ctx)->app;
  const JSValue list = JS_NewArray(ctx);
  if (JS_IsException(list)) return list;
  for (int64_t i = 0; i < app->n_blocks; i++) {
    const JSValue block = describe(ctx, app, i);
    if (JS_IsException(block) || JS_DefinePropertyValueUint32(ctx, list, (uint32_t)i, block, JS_PROP_C_W_E) < 0) {
      JS_FreeValue(ctx, list);
      return JS_EXCEPTION;
    }
  }
  return list;
}

static JSValue block(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const tn_engine_app *app = tn_engine_of(ctx)->app;
  int64_t index;
  if (tn_engine_integer(ctx, argv[0], "index", 0, app->n_blocks - 1, &index) != 0) return JS_EXCEPTION;
  const char *error = "it cannot be read";
  const void *bytes = app->block_open(index, &error);
  if (bytes == NULL) {
    JSValue message = JS_NewString(ctx, error);
    if (JS_IsException(message)) return message;
    const JSValue thrown = JS_CallConstructor(ctx, tn_engine_of(ctx)->error_class, 1, &message);
    JS_FreeValue(ctx, message);
    return JS_IsException(thrown) ? thrown : JS_Throw(ctx, thrown);
  }
  tn_engine_block known;
  app->block_describe(index, &known);
  if (known.kind == TN_ENGINE_WEIGHT || !known.mapped) return tn_engine_view(ctx, bytes, (size_t)known.bytes);
  /* An asset may be written to by the program; a store into the mapping would end it. */
  return JS_NewArrayBufferCopy(ctx, bytes, (size_t)known.bytes);
}

static JSValue part_level(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const tn_engine_app *app = tn_engine_of(ctx)->app;
  int64_t index;
  if (tn_engine_integer(ctx, argv[0], "index", 0, app->n_parts - 1, &index) != 0) return JS_EXCEPTION;
  return JS_NewInt64(ctx, (int64_t)(uintptr_t)app->part_level(index));
}

static const JSCFunctionListEntry payload_functions[] = {
    JS_CFUNC_DEF("blocks", 0, blocks),
    JS_CFUNC_DEF("block", 1, block),
    JS_CFUNC_DEF("partLevel", 1, part_level),
};
const tn_engine_functions tn_engine_payload_functions = {payload_functions,
                                                         sizeof payload_functions / sizeof payload_functions[0]};
