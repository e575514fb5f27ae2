/*
 * The JavaScript engine inside an executable: what its files share, and the one function that runs a program.
 *
 * QuickJS itself is not part of this repository (source.ts finds it); these files stand on its public header alone and
 * compile against the release of 2021-03-27 and against quickjs-ng. What JavaScript sees is `globalThis.__tn`, the
 * EngineHost of src/app/host.ts.
 */
#ifndef TN_ENGINE_H
#define TN_ENGINE_H

#include <stddef.h>
#include <stdint.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wcast-function-type"
#include "quickjs.h"
#pragma GCC diagnostic pop

#include <stdbool.h>

/* quickjs-ng tells its version in the header, the 2021 release does not. */
#ifdef QJS_VERSION_MAJOR
typedef bool tn_js_bool;
#else
typedef JS_BOOL tn_js_bool;
#endif

/* ---- What the engine asks of the executable around it ------------------------------------------------------------ */

typedef struct tn_engine_block {
  const char *name; /* not terminated */
  int64_t name_bytes;
  int64_t bytes;   /* after decoding */
  int32_t kind;    /* as in the payload */
  int32_t mapped;  /* the block is read-only memory of the executable: weights are shown as they are, others copied */
} tn_engine_block;

enum { TN_ENGINE_WEIGHT = 1 };

/* One 64-bit argument or result of a native function. */
typedef union tn_word {
  int64_t i;
  void *p;
  const char *s;
  double d;
} tn_word;

/*
 * A function that JavaScript may bind. The signature's letters are the result, then the parameters (at most 8):
 * i a 64-bit integer (a result beyond 2^53: u, a bigint), p an address, s a text, d a double, v nothing.
 */
typedef struct tn_engine_native {
  const char *name;
  const char *signature;
  tn_word (*call)(const tn_word *a);
} tn_engine_native;

enum { TN_ENGINE_MOST_PARAMETERS = 8 };

typedef struct tn_engine_app {
  int argc;
  char **argv;
  const char *executable;
  int64_t n_blocks;
  void (*block_describe)(int64_t index, tn_engine_block *out);
  /* The block's bytes, checked and decoded; NULL and a text when it is damaged or memory is short. */
  const void *(*block_open)(int64_t index, const char **error);
  int64_t n_parts;
  const void *(*part_level)(int64_t index); /* NULL: this CPU is below what is inside */
  /* Raw deflate into exactly target_bytes; 0, or another number when the data is not that. NULL: cannot. */
  int (*inflate)(const void *source, size_t source_bytes, void *target, size_t target_bytes);
  const tn_engine_native *natives; /* in addition to the runtime's */
  int n_natives;
} tn_engine_app;

/* Runs a program made by tn_bytecode_main.c until nothing is left to do; returns the exit code. Once a process. */
int tn_engine_run(const tn_engine_app *app, const uint8_t *bytecode, size_t bytes);

/* ---- Shared by the engine's own files ---------------------------------------------------------------------------- */

typedef struct tn_timer {
  int64_t id;
  int64_t due;    /* ns, as tn_engine_clock */
  int64_t period; /* ns; 0: once */
  JSValue action;
} tn_timer;

typedef struct tn_rejection {
  JSValue promise, reason;
} tn_rejection;

typedef struct tn_engine {
  const tn_engine_app *app;
  JSRuntime *runtime;
  JSContext *context;
  JSValue error_class;
  int64_t start; /* tn_engine_clock() at the start */
  double time_origin;
  int exit_code;
  JSValue *exit_actions;
  size_t n_exit_actions;
  tn_timer *timers;
  size_t n_timers;
  int64_t last_timer;
  tn_rejection *rejections; /* promises that failed and that nobody has taken care of yet */
  size_t n_rejections;
} tn_engine;

static inline tn_engine *tn_engine_of(JSContext *ctx) { return JS_GetContextOpaque(ctx); }

/* tn_engine_alloc.c */
extern const JSMallocFunctions tn_engine_malloc_functions;
int64_t tn_engine_heap_bytes(void); /* in use by the engine */

/* tn_engine_heap.c */
enum { TN_ENGINE_MOST_SMALL = 1024 };
void *tn_engine_take_small(size_t size); /* up to TN_ENGINE_MOST_SMALL bytes; NULL: no memory */
void tn_engine_give_small(void *block);
size_t tn_engine_small_size(const void *block); /* what it may hold */

/* tn_engine_host.c: makes and freezes globalThis.__tn; -1 with an exception. */
int tn_engine_install(tn_engine *engine);

/* The functions of one subject, installed by tn_engine_host.c. */
typedef struct tn_engine_functions {
  const JSCFunctionListEntry *list;
  int count;
} tn_engine_functions;
extern const tn_engine_functions tn_engine_process_functions, tn_engine_loop_functions, tn_engine_file_functions,
    tn_engine_folder_functions, tn_engine_spawn_functions, tn_engine_text_functions, tn_engine_memory_functions,
    tn_engine_payload_functions;

/* tn_engine_errors.c */
/* Throws what Node throws for a failed system call; path and dest may be NULL. */
JSValue tn_engine_throw_errno(JSContext *ctx, int error, const char *syscall, const char *path, const char *dest);
const char *tn_engine_errno_name(int error); /* "ENOENT"; "UNKNOWN" */
const char *tn_engine_signal_name(int signal); /* "SIGTERM"; NULL: no such signal */
/* One line on stderr about what a program threw, and where; with TN_DEBUG=1 the stack. Does not free the value. */
void tn_engine_report(JSContext *ctx, JSValueConst thrown);

/* tn_engine_places.c: the lines of traces lead to the program's sources. The app has to stay. */
void tn_engine_set_places(const tn_engine_app *app);

/* tn_engine_loop.c */
int64_t tn_engine_clock(void); /* monotonic, ns */
void tn_engine_track_rejection(JSContext *ctx, JSValueConst promise, JSValueConst reason, tn_js_bool handled,
                               void *opaque);
/* Runs jobs and timers until there are none; false: an error was not caught and has been reported. */
bool tn_engine_loop(tn_engine *engine);
/* Runs what the program wants done before it ends (once) and returns the exit code. */
int tn_engine_finish(tn_engine *engine, int code);
void tn_engine_free_loop(tn_engine *engine);

/* tn_engine_native.c */
JSValue tn_engine_bind(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv);

/* tn_engine_arguments.c: arguments of host functions. Each throws and says so by its result. */
/* A text without NUL; to be freed with JS_FreeCString. NULL: thrown. */
const char *tn_engine_path(JSContext *ctx, JSValueConst value);
/* A whole number of min .. max; -1: thrown. `what` names the argument. */
int tn_engine_integer(JSContext *ctx, JSValueConst value, const char *what, int64_t min, int64_t max, int64_t *out);
/*
 * length bytes at an offset of an ArrayBuffer; NULL: thrown. No JavaScript may run between this and the use of the
 * pointer, so it comes after all other arguments.
 */
uint8_t *tn_engine_range(JSContext *ctx, JSValueConst buffer, JSValueConst offset, JSValueConst length, size_t *bytes);
uint8_t *tn_engine_bytes(JSContext *ctx, JSValueConst buffer, size_t *bytes);
/* An ArrayBuffer over memory from malloc, which it frees; takes the memory also when it throws. */
JSValue tn_engine_take(JSContext *ctx, void *memory, size_t bytes);
/* An ArrayBuffer over memory that stays. */
JSValue tn_engine_view(JSContext *ctx, const void *memory, size_t bytes);
/* All bytes to a file; 0 or errno. */
int tn_engine_write_all(int fd, const void *bytes, size_t count);

#endif
