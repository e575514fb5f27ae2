/*
 * Native functions that JavaScript may call: the runtime's, by their names without prefix, and those of the executable.
 */
#include "tn_engine.h"
#include "tn_runtime.h"

#include <string.h>

#define INTEGER(value) ((tn_word){.i = (value)})

static tn_word call_run(const tn_word *a) { return INTEGER(TN_PREFIX(call_run)(a[0].p)); }
static tn_word pool_threads(const tn_word *a) {
  (void)a;
  return INTEGER(TN_PREFIX(pool_threads)());
}
static tn_word pool_set_threads(const tn_word *a) {
  TN_PREFIX(pool_set_threads)(a[0].i);
  return INTEGER(0);
}
static tn_word pool_set_spin(const tn_word *a) {
  TN_PREFIX(pool_set_spin)(a[0].i, a[1].i);
  return INTEGER(0);
}
static tn_word cpu_isa(const tn_word *a) {
  (void)a;
  return INTEGER(TN_PREFIX(cpu_isa)());
}
static tn_word cpu_cores(const tn_word *a) {
  (void)a;
  return INTEGER(TN_PREFIX(cpu_cores)());
}
static tn_word context_create(const tn_word *a) {
  (void)a;
  return (tn_word){.p = TN_PREFIX(context_create)()};
}
static tn_word context_destroy(const tn_word *a) { return INTEGER(TN_PREFIX(context_destroy)(a[0].p)); }
static tn_word context_bytes(const tn_word *a) { return INTEGER(TN_PREFIX(context_bytes)(a[0].p)); }
static tn_word context_trim(const tn_word *a) { return INTEGER(TN_PREFIX(context_trim)(a[0].p)); }
static tn_word context_reserve(const tn_word *a) {
  return INTEGER(TN_PREFIX(context_reserve)(a[0].p, a[1].p, a[2].p, a[3].i));
}
static tn_word artifact_arena_bytes(const tn_word *a) { return INTEGER(TN_PREFIX(artifact_arena_bytes)(a[0].p, a[1].p)); }
static tn_word artifact_scratch_bytes(const tn_word *a) {
  return INTEGER(TN_PREFIX(artifact_scratch_bytes)(a[0].p, a[1].p));
}
static tn_word artifact_work(const tn_word *a) { return INTEGER(TN_PREFIX(artifact_work)(a[0].p, a[1].p)); }
static tn_word artifact_name(const tn_word *a) { return (tn_word){.s = TN_PREFIX(artifact_name)(a[0].p)}; }
static tn_word artifact_kernel_name(const tn_word *a) {
  return (tn_word){.s = TN_PREFIX(artifact_kernel_name)(a[0].p, a[1].i)};
}
static tn_word pack_bytes(const tn_word *a) { return INTEGER(TN_PREFIX(pack_bytes)(a[0].p)); }
static tn_word pack_panels(const tn_word *a) { return INTEGER(TN_PREFIX(pack_panels)(a[0].p)); }
static tn_word unpack_panels(const tn_word *a) { return INTEGER(TN_PREFIX(unpack_panels)(a[0].p)); }
static tn_word map_will_need(const tn_word *a) { return INTEGER(TN_PREFIX(map_will_need)(a[0].p, a[1].i)); }
static tn_word hash64(const tn_word *a) { return INTEGER((int64_t)TN_PREFIX(hash64)(a[0].p, a[1].i)); }

#define NATIVE(name, signature) {#name, signature, name}
static const tn_engine_native natives[] = {
    NATIVE(call_run, "ip"),
    NATIVE(pool_threads, "i"),
    NATIVE(pool_set_threads, "vi"),
    NATIVE(pool_set_spin, "vii"),
    NATIVE(cpu_isa, "i"),
    NATIVE(cpu_cores, "i"),
    NATIVE(context_create, "p"),
    NATIVE(context_destroy, "ip"),
    NATIVE(context_bytes, "ip"),
    NATIVE(context_trim, "ip"),
    NATIVE(context_reserve, "ipppi"),
    NATIVE(artifact_arena_bytes, "ipp"),
    NATIVE(artifact_scratch_bytes, "ipp"),
    NATIVE(artifact_work, "ipp"),
    NATIVE(artifact_name, "sp"),
    NATIVE(artifact_kernel_name, "spi"),
    NATIVE(pack_bytes, "ip"),
    NATIVE(pack_panels, "ip"),
    NATIVE(unpack_panels, "ip"),
    NATIVE(map_will_need, "ipi"),
    NATIVE(hash64, "upi"),
};
enum { COUNT = sizeof natives / sizeof natives[0] };

static JSValue to_value(JSContext *ctx, char letter, tn_word word) {
  switch (letter) {
    case 'v': return JS_UNDEFINED;
    case 'd': return JS_NewFloat64(ctx, word.d);
    case 'u': return JS_NewBigUint64(ctx, (uint64_t)word.i);
    case 's': return word.s == NULL ? JS_NULL : JS_NewString(ctx, word.s);
    default: return JS_NewInt64(ctx, word.i);
  }
}

/* A parameter; -1: thrown. A text is to be freed. */
static int to_word(JSContext *ctx, char letter, JSValueConst value, tn_word *word) {
  switch (letter) {
    case 'd': return JS_ToFloat64(ctx, &word->d, value);
    case 's': return (word->s = JS_ToCString(ctx, value)) == NULL ? -1 : 0;
    default: return JS_ToInt64Ext(ctx, &word->i, value); /* bigints too */
  }
}

/* The function behind every binding; `magic` is its place in the tables. */
static JSValue call_native(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv, int magic) {
  (void)self;
  const tn_engine_native *native = magic < COUNT ? &natives[magic] : &tn_engine_of(ctx)->app->natives[magic - COUNT];
  const char *parameters = native->signature + 1;
  const int count = (int)strlen(parameters);
  if (argc != count) return JS_ThrowTypeError(ctx, "%s takes %d arguments, not %d", native->name, count, argc);
  tn_word words[TN_ENGINE_MOST_PARAMETERS];
  int done = 0;
  while (done < count && to_word(ctx, parameters[done], argv[done], &words[done]) == 0) done++;
  const JSValue result =
      done == count ? to_value(ctx, native->signature[0], native->call(words)) : JS_EXCEPTION;
  for (int i = 0; i < done; i++) {
    if (parameters[i] == 's') JS_FreeCString(ctx, words[i].s);
  }
  return result;
}

JSValue tn_engine_bind(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const tn_engine_app *app = tn_engine_of(ctx)->app;
  const char *name = JS_ToCString(ctx, argv[0]);
  if (name == NULL) return JS_EXCEPTION;
  JSValue result = JS_NULL;
  for (int i = 0; i < COUNT + app->n_natives; i++) {
    const tn_engine_native *native = i < COUNT ? &natives[i] : &app->natives[i - COUNT];
    if (strcmp(native->name, name) != 0) continue;
    result = JS_NewCFunctionMagic(ctx, call_native, native->name, (int)strlen(native->signature) - 1,
                                  JS_CFUNC_generic_magic, i);
    break;
  }
  JS_FreeCString(ctx, name);
  return result;
}
