/*
 * One program from its bytecode to its exit code.
 */
#include "tn_engine.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum {
  /*
   * The heap's size at which cycles are first collected (the engine then raises it to one and a half times what is
   * left). Most garbage goes by reference counts at once; a walk through the heap of a program that starts is wasted.
   */
  FIRST_COLLECTION = 32 << 20
};

/* How deep JavaScript may recurse: most of the stack that the system gives, so that the engine notices first. */
static size_t stack_bytes(void) {
  const size_t most = 32u << 20, usual = 8u << 20;
  struct rlimit limit;
  size_t bytes = usual;
  if (getrlimit(RLIMIT_STACK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) bytes = (size_t)limit.rlim_cur;
  if (bytes > most) bytes = most;
  return bytes / 4 * 3;
}

static JSContext *new_context(tn_engine *engine) {
  engine->runtime = JS_NewRuntime2(&tn_engine_malloc_functions, NULL);
  if (engine->runtime == NULL) return NULL;
  JS_SetMaxStackSize(engine->runtime, stack_bytes());
  JS_SetGCThreshold(engine->runtime, FIRST_COLLECTION);
  JS_SetHostPromiseRejectionTracker(engine->runtime, tn_engine_track_rejection, engine);
  engine->context = JS_NewContext(engine->runtime);
  if (engine->context != NULL) JS_SetContextOpaque(engine->context, engine);
  return engine->context;
}

/*
 * Evaluates the module that the bytecode holds. In quickjs-ng the result is a promise, whose failure the loop reports
 * as that of any other.
 */
static JSValue evaluate(JSContext *ctx, const uint8_t *bytecode, size_t bytes) {
  const JSValue module = JS_ReadObject(ctx, bytecode, bytes, JS_READ_OBJ_BYTECODE);
  if (JS_IsException(module)) return module;
  if (JS_ResolveModule(ctx, module) == 0) return JS_EvalFunction(ctx, module);
  JS_FreeValue(ctx, module);
  return JS_EXCEPTION;
}

/* Runs the program's own code; false: it threw, which has been reported. */
static bool run_module(tn_engine *engine, const uint8_t *bytecode, size_t bytes) {
  JSContext *ctx = engine->context;
  JSValue result = JS_EXCEPTION;
  if (tn_engine_install(engine) == 0) result = evaluate(ctx, bytecode, bytes);
  const bool done = !JS_IsException(result);
  if (!done) {
    const JSValue thrown = JS_GetException(ctx);
    tn_engine_report(ctx, thrown);
    JS_FreeValue(ctx, thrown);
  }
  JS_FreeValue(ctx, result);
  return done;
}

static void free_engine(tn_engine *engine) {
  tn_engine_free_loop(engine);
  JS_FreeValue(engine->context, engine->error_class);
  JS_FreeContext(engine->context);
  JS_FreeRuntime(engine->runtime); /* aborts when a value is still referenced */
}

int tn_engine_run(const tn_engine_app *app, const uint8_t *bytecode, size_t bytes) {
  static const char no_memory[] = "not enough memory to start\n";
  tn_engine engine = {.app = app, .error_class = JS_UNDEFINED};
  signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of write() */
  if (new_context(&engine) == NULL) {
    (void)tn_engine_write_all(2, no_memory, strlen(no_memory));
    return 1;
  }
  tn_engine_set_places(app);
  const bool done = run_module(&engine, bytecode, bytes) && tn_engine_loop(&engine);
  const int code = tn_engine_finish(&engine, done ? engine.exit_code : 1);
  /* The process ends: taking the heap apart object by object would only cost time. The sanitizers want to see it. */
#if defined(__SANITIZE_ADDRESS__)
  free_engine(&engine);
#else
  (void)free_engine;
#endif
  return code;
}
