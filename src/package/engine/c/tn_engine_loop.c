/*
 * What happens after the program's first run: jobs (promises), timers, promises that nobody took care of, the end.
 */
#include "tn_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t tn_engine_clock(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Room for one more item; NULL: thrown. */
static void *grown(JSContext *ctx, void *items, size_t count, size_t item_bytes) {
  /* Powers of two: the array grows when its count is one. */
  if (count != 0 && (count & (count - 1)) != 0) return items;
  return js_realloc(ctx, items, (count == 0 ? 1 : count * 2) * item_bytes);
}

/* ---- Jobs -------------------------------------------------------------------------------------------------------- */

static JSValue run_job(JSContext *ctx, int argc, JSValueConst *argv) {
  (void)argc;
  return JS_Call(ctx, argv[0], JS_UNDEFINED, 0, NULL);
}

static JSValue need_function(JSContext *ctx) {
  return JS_ThrowTypeError(ctx, "The \"callback\" argument must be of type function");
}

static JSValue enqueue_job(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  if (argc < 1 || !JS_IsFunction(ctx, argv[0])) return need_function(ctx);
  return JS_EnqueueJob(ctx, run_job, 1, argv) < 0 ? JS_EXCEPTION : JS_UNDEFINED;
}

/* ---- Timers ------------------------------------------------------------------------------------------------------ */

/* As in Node: less than a millisecond, more than 2^31 of them and nonsense are one. */
static int64_t period_of(double ms) { return (int64_t)((ms >= 1 && ms <= INT32_MAX ? ms : 1) * 1e6); }

static JSValue set_timer(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  tn_engine *engine = tn_engine_of(ctx);
  double ms = 1;
  if (argc < 1 || !JS_IsFunction(ctx, argv[0])) return need_function(ctx);
  if (argc > 1 && JS_ToFloat64(ctx, &ms, argv[1]) != 0) return JS_EXCEPTION;
  const int repeat = argc > 2 ? JS_ToBool(ctx, argv[2]) : 0;
  if (repeat < 0) return JS_EXCEPTION;
  tn_timer *timers = grown(ctx, engine->timers, engine->n_timers, sizeof(tn_timer));
  if (timers == NULL) return JS_EXCEPTION;
  engine->timers = timers;
  const int64_t period = period_of(ms);
  timers[engine->n_timers++] = (tn_timer){
      .id = ++engine->last_timer,
      .due = tn_engine_clock() + period,
      .period = repeat ? period : 0,
      .action = JS_DupValue(ctx, argv[0]),
  };
  return JS_NewInt64(ctx, engine->last_timer);
}

static void remove_timer(JSContext *ctx, tn_engine *engine, size_t index) {
  const JSValue action = engine->timers[index].action;
  memmove(engine->timers + index, engine->timers + index + 1, (--engine->n_timers - index) * sizeof(tn_timer));
  JS_FreeValue(ctx, action);
}

static JSValue clear_timer(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  tn_engine *engine = tn_engine_of(ctx);
  int64_t id = 0;
  if (argc > 0 && JS_ToInt64(ctx, &id, argv[0]) != 0) return JS_EXCEPTION;
  for (size_t i = 0; i < engine->n_timers; i++) {
    if (engine->timers[i].id != id) continue;
    remove_timer(ctx, engine, i);
    break;
  }
  return JS_UNDEFINED;
}

/* The timer that is due first; of equal ones the older. There is one. */
static size_t next_timer(const tn_engine *engine) {
  size_t next = 0;
  for (size_t i = 1; i < engine->n_timers; i++) {
    if (engine->timers[i].due < engine->timers[next].due) next = i;
  }
  return next;
}

static void sleep_until(int64_t due) {
  const struct timespec until = {.tv_sec = due / 1000000000, .tv_nsec = due % 1000000000};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR) continue;
}

/* Waits for the next timer and runs it; false: it threw. */
static bool run_timer(tn_engine *engine) {
  JSContext *ctx = engine->context;
  const size_t next = next_timer(engine);
  tn_timer *timer = &engine->timers[next];
  sleep_until(timer->due);
  const JSValue action = JS_DupValue(ctx, timer->action);
  if (timer->period == 0) {
    remove_timer(ctx, engine, next);
  } else {
    timer->due = tn_engine_clock() + timer->period;
  }
  const JSValue result = JS_Call(ctx, action, JS_UNDEFINED, 0, NULL);
  JS_FreeValue(ctx, action);
  const bool done = !JS_IsException(result);
  JS_FreeValue(ctx, result);
  return done;
}

/* ---- Promises that failed ---------------------------------------------------------------------------------------- */

void tn_engine_track_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, tn_js_bool handled,
                               void *opaque) {
  tn_engine *engine = opaque;
  if (!handled) {
    tn_rejection *rejections = grown(ctx, engine->rejections, engine->n_rejections, sizeof(tn_rejection));
    if (rejections == NULL) {
      JS_FreeValue(ctx, JS_GetException(ctx)); /* no memory: the program will notice elsewhere */
      return;
    }
    engine->rejections = rejections;
    rejections[engine->n_rejections++] =
        (tn_rejection){JS_DupValue(ctx, promise), JS_DupValue(ctx, reason)};
    return;
  }
  for (size_t i = 0; i < engine->n_rejections; i++) {
    const tn_rejection found = engine->rejections[i];
    if (JS_VALUE_GET_PTR(found.promise) != JS_VALUE_GET_PTR(promise)) continue;
    memmove(engine->rejections + i, engine->rejections + i + 1, (--engine->n_rejections - i) * sizeof(tn_rejection));
    JS_FreeValue(ctx, found.promise);
    JS_FreeValue(ctx, found.reason);
    return;
  }
}

/* ---- The loop ---------------------------------------------------------------------------------------------------- */

static bool report_exception(JSContext *ctx) {
  const JSValue thrown = JS_GetException(ctx);
  tn_engine_report(ctx, thrown);
  JS_FreeValue(ctx, thrown);
  return false;
}

static bool run_jobs(tn_engine *engine) {
  JSContext *ctx;
  int ran;
  while ((ran = JS_ExecutePendingJob(engine->runtime, &ctx)) > 0) continue;
  if (ran < 0) return report_exception(ctx);
  if (engine->n_rejections == 0) return true;
  tn_engine_report(engine->context, engine->rejections[0].reason);
  return false;
}

bool tn_engine_loop(tn_engine *engine) {
  for (;;) {
    if (!run_jobs(engine)) return false;
    if (engine->n_timers == 0) return true;
    if (!run_timer(engine)) return report_exception(engine->context);
  }
}

/* ---- The end ----------------------------------------------------------------------------------------------------- */

static JSValue at_exit(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  tn_engine *engine = tn_engine_of(ctx);
  if (argc < 1 || !JS_IsFunction(ctx, argv[0])) return need_function(ctx);
  JSValue *actions = grown(ctx, engine->exit_actions, engine->n_exit_actions, sizeof(JSValue));
  if (actions == NULL) return JS_EXCEPTION;
  engine->exit_actions = actions;
  actions[engine->n_exit_actions++] = JS_DupValue(ctx, argv[0]);
  return JS_UNDEFINED;
}

int tn_engine_finish(tn_engine *engine, int code) {
  JSContext *ctx = engine->context;
  engine->exit_code = code;
  /* One may add another, or call exit(): each runs once, and what has begun is not begun again. */
  for (size_t i = 0; i < engine->n_exit_actions; i++) {
    const JSValue action = engine->exit_actions[i];
    engine->exit_actions[i] = JS_UNDEFINED;
    if (!JS_IsFunction(ctx, action)) continue;
    JSValue argument = JS_NewInt32(ctx, engine->exit_code);
    const JSValue result = JS_Call(ctx, action, JS_UNDEFINED, 1, &argument);
    JS_FreeValue(ctx, action);
    if (JS_IsException(result)) {
      (void)report_exception(ctx);
      engine->exit_code = 1;
    }
    JS_FreeValue(ctx, result);
  }
  return engine->exit_code;
}

static int to_exit_code(JSContext *ctx, int argc, JSValueConst *argv, int32_t *code) {
  *code = 0;
  return argc > 0 && JS_ToInt32(ctx, code, argv[0]) != 0 ? -1 : 0;
}

static JSValue set_exit_code(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int32_t code;
  if (to_exit_code(ctx, argc, argv, &code) != 0) return JS_EXCEPTION;
  tn_engine_of(ctx)->exit_code = code;
  return JS_UNDEFINED;
}

static JSValue exit_now(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self;
  int32_t code;
  if (to_exit_code(ctx, argc, argv, &code) != 0) return JS_EXCEPTION;
  exit(tn_engine_finish(tn_engine_of(ctx), code));
}

void tn_engine_free_loop(tn_engine *engine) {
  JSContext *ctx = engine->context;
  while (engine->n_timers > 0) remove_timer(ctx, engine, engine->n_timers - 1);
  for (size_t i = 0; i < engine->n_rejections; i++) {
    JS_FreeValue(ctx, engine->rejections[i].promise);
    JS_FreeValue(ctx, engine->rejections[i].reason);
  }
  for (size_t i = 0; i < engine->n_exit_actions; i++) JS_FreeValue(ctx, engine->exit_actions[i]);
  js_free(ctx, engine->timers);
  js_free(ctx, engine->rejections);
  js_free(ctx, engine->exit_actions);
  engine->n_rejections = engine->n_exit_actions = 0;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("enqueueJob", 1, enqueue_job),    JS_CFUNC_DEF("setTimer", 3, set_timer),
    JS_CFUNC_DEF("clearTimer", 1, clear_timer),    JS_CFUNC_DEF("atExit", 1, at_exit),
    JS_CFUNC_DEF("setExitCode", 1, set_exit_code), JS_CFUNC_DEF("exit", 1, exit_now),
};
const tn_engine_functions tn_engine_loop_functions = {functions, sizeof functions / sizeof functions[0]};
