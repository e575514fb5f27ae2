/*
 * spawnSync: a child process that is waited for.
 *
 * posix_spawn rather than fork: a process with a gigabyte of mapped weights and a pool of threads is not copied.
 */
#define _GNU_SOURCE
#include "tn_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STREAMS = 3, PIECE = 64 * 1024 };
enum { AS_PIPE, AS_INHERIT, AS_IGNORE };

typedef struct child {
  /* What JavaScript asked for. */
  const char *file, *cwd;
  char **arguments, **environment; /* environment NULL: our own */
  int how[STREAMS];
  const uint8_t *input;
  size_t input_bytes;
  int64_t most_bytes, timeout_ms;
  int64_t end_signal;
  /* What became of it. */
  pid_t pid;
  int status;     /* as waitpid gives it */
  int error;      /* errno of what went wrong; 0 */
  int ends[STREAMS]; /* our ends of pipes; -1 */
  uint8_t *output[STREAMS];
  size_t output_bytes[STREAMS], output_room[STREAMS];
} child;

/* ---- Starting ---------------------------------------------------------------------------------------------------- */

static int close_end(int *fd) {
  const int closed = *fd;
  *fd = -1;
  return closed < 0 ? 0 : close(closed);
}

/* Descriptors above the standard ones, which may be closed in this process: the child's actions would overwrite them. */
static int high_pipe(int ends[2]) {
  if (pipe2(ends, O_CLOEXEC) != 0) return errno;
  for (int i = 0; i < 2; i++) {
    if (ends[i] > 2) continue;
    const int high = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
    const int error = errno;
    close(ends[i]);
    ends[i] = high;
    if (high >= 0) continue;
    close(ends[1 - i]);
    return error;
  }
  return 0;
}

/* The stdio of the child: our ends of its pipes go to c->ends, its own to `theirs`. 0 or errno. */
static int prepare_streams(child *c, posix_spawn_file_actions_t *actions, int theirs[STREAMS]) {
  for (int i = 0; i < STREAMS; i++) {
    int error = 0;
    if (c->how[i] == AS_IGNORE) {
      error = posix_spawn_file_actions_addopen(actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
    } else if (c->how[i] == AS_PIPE) {
      int ends[2];
      error = high_pipe(ends);
      if (error != 0) return error;
      c->ends[i] = ends[i == 0 ? 1 : 0];
      theirs[i] = ends[i == 0 ? 0 : 1];
      fcntl(c->ends[i], F_SETFL, O_NONBLOCK);
      error = posix_spawn_file_actions_adddup2(actions, theirs[i], i);
    }
    if (error != 0) return error;
  }
  return c->cwd == NULL ? 0 : posix_spawn_file_actions_addchdir_np(actions, c->cwd);
}

/* What this process ignores or blocks is no business of the child's. */
static int prepare_signals(posix_spawnattr_t *attributes) {
  sigset_t all, none;
  sigemptyset(&none);
  sigemptyset(&all);
  sigaddset(&all, SIGPIPE);
  int error = posix_spawnattr_setsigdefault(attributes, &all);
  if (error == 0) error = posix_spawnattr_setsigmask(attributes, &none);
  if (error == 0) error = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  return error;
}

static const char *search_path(char *const *environment) {
  for (; *environment != NULL; environment++) {
    if (strncmp(*environment, "PATH=", 5) == 0) return *environment + 5;
  }
  return "/usr/local/bin:/bin:/usr/bin";
}

/* Starts the first program of that name on the child's own path. 0 or errno. */
static int start(child *c, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes) {
  char *const *environment = c->environment != NULL ? c->environment : environ;
  if (strchr(c->file, '/') != NULL)
    return posix_spawn(&c->pid, c->file, actions, attributes, c->arguments, environment);
  int error = ENOENT;
  const char *folder = search_path(environment);
  for (;;) {
    const size_t length = strcspn(folder, ":");
    char *path = NULL;
    if (asprintf(&path, "%.*s%s%s", (int)length, folder, length > 0 ? "/" : "", c->file) < 0) return ENOMEM;
    const int tried = posix_spawn(&c->pid, path, actions, attributes, c->arguments, environment);
    free(path);
    if (tried == EACCES) {
      error = EACCES; /* remembered: another folder may have one that may be run */
    } else if (tried != ENOENT && tried != ENOTDIR) {
      return tried;
    }
    if (folder[length] == '\0') return error;
    folder += length + 1;
  }
}

static void spawn_child(child *c) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int theirs[STREAMS] = {-1, -1, -1};
  c->error = posix_spawn_file_actions_init(&actions);
  if (c->error != 0) return;
  c->error = posix_spawnattr_init(&attributes);
  if (c->error == 0) {
    c->error = prepare_signals(&attributes);
    if (c->error == 0) c->error = prepare_streams(c, &actions, theirs);
    if (c->error == 0) c->error = start(c, &actions, &attributes);
    posix_spawnattr_destroy(&attributes);
  }
  posix_spawn_file_actions_destroy(&actions);
  for (int i = 0; i < STREAMS; i++) {
    close_end(&theirs[i]);
    if (c->error != 0) close_end(&c->ends[i]);
  }
  if (c->error != 0) c->pid = 0;
}

/* ---- Talking to it ----------------------------------------------------------------------------------------------- */

static void end_child(child *c, int error) {
  if (c->error == 0) c->error = error;
  kill(c->pid, (int)c->end_signal);
  for (int i = 0; i < STREAMS; i++) close_end(&c->ends[i]);
}

static void send_input(child *c) {
  const ssize_t sent = c->input_bytes == 0 ? 0 : write(c->ends[0], c->input, c->input_bytes);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (sent > 0) {
    c->input += sent;
    c->input_bytes -= (size_t)sent;
  }
  /* A child that has read enough (EPIPE) is no error. */
  if (sent < 0 || c->input_bytes == 0) close_end(&c->ends[0]);
}

static void receive(child *c, int stream) {
  if (c->output_room[stream] - c->output_bytes[stream] < PIECE) {
    const size_t room = c->output_room[stream] * 2 + PIECE;
    uint8_t *larger = realloc(c->output[stream], room);
    if (larger == NULL) {
      end_child(c, ENOMEM);
      return;
    }
    c->output[stream] = larger;
    c->output_room[stream] = room;
  }
  const size_t used = c->output_bytes[stream];
  const ssize_t got = read(c->ends[stream], c->output[stream] + used, c->output_room[stream] - used);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    close_end(&c->ends[stream]);
    return;
  }
  c->output_bytes[stream] += (size_t)got;
  if (c->output_bytes[stream] <= (uint64_t)c->most_bytes) return;
  c->output_bytes[stream] = (size_t)c->most_bytes;
  end_child(c, ENOBUFS);
}

/* Milliseconds that are left; -1: no limit. */
static int left(const child *c, int64_t start) {
  if (c->timeout_ms <= 0) return -1;
  const int64_t passed = (tn_engine_clock() - start) / 1000000;
  const int64_t rest = c->timeout_ms - passed;
  return rest <= 0 ? 0 : rest > 1000000 ? 1000000 : (int)rest;
}

static bool exchange(child *c, int64_t start) {
  struct pollfd ready[STREAMS];
  bool any = false;
  for (int i = 0; i < STREAMS; i++) {
    ready[i] = (struct pollfd){.fd = c->ends[i], .events = i == 0 ? POLLOUT : POLLIN};
    any = any || c->ends[i] >= 0;
  }
  if (!any) return false;
  const int wait = left(c, start);
  const int count = poll(ready, STREAMS, wait);
  if (count == 0 && left(c, start) == 0) {
    end_child(c, ETIMEDOUT);
  } else if (count > 0) {
    for (int i = 0; i < STREAMS; i++) {
      if (ready[i].revents == 0 || c->ends[i] < 0) continue;
      if (i == 0) send_input(c);
      else receive(c, i);
    }
  }
  return true;
}

static void wait_for(child *c, int64_t start) {
  bool ended_by_us = c->error != 0;
  for (;;) {
    const bool limited = c->timeout_ms > 0 && !ended_by_us;
    const pid_t done = waitpid(c->pid, &c->status, limited ? WNOHANG : 0);
    if (done == c->pid) return;
    if (done < 0 && errno != EINTR) {
      c->status = 0; /* somebody has set SIGCHLD to be ignored: the status is gone */
      return;
    }
    if (!limited) continue;
    if (left(c, start) == 0) {
      end_child(c, ETIMEDOUT);
      ended_by_us = true;
    } else {
      (void)poll(NULL, 0, 2);
    }
  }
}

static void run_child(child *c) {
  spawn_child(c);
  if (c->pid == 0) return;
  const int64_t began = tn_engine_clock();
  if (c->ends[0] >= 0) send_input(c);
  while (exchange(c, began)) continue;
  wait_for(c, began);
}

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
  static const char *const names[] = {[AS_PIPE] = "pipe", [AS_INHERIT] = "inherit", [AS_IGNORE] = "ignore"};
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

static int read_options(JSContext *ctx, JSValueConst options, child *c) {
  if (number_option(ctx, options, "maxBuffer", 1 << 20, &c->most_bytes) != 0) return -1;
  if (number_option(ctx, options, "timeout", 0, &c->timeout_ms) != 0) return -1;
  if (number_option(ctx, options, "killSignal", SIGTERM, &c->end_signal) != 0) return -1;
  if (c->most_bytes > INT32_MAX) c->most_bytes = INT32_MAX;
  const JSValue stdio = JS_GetPropertyStr(ctx, options, "stdio");
  int status = JS_IsException(stdio) ? -1 : 0;
  for (uint32_t i = 0; status == 0 && i < STREAMS; i++) status = stream_option(ctx, stdio, i, &c->how[i]);
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

static JSValue result_of(JSContext *ctx, child *c) {
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
  for (int i = 1; i < STREAMS; i++) {
    JSValue bytes = JS_NULL;
    if (started && c->how[i] == AS_PIPE) {
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
  child c = {.ends = {-1, -1, -1}};
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
      run_child(&c);
      result = result_of(ctx, &c);
    }
    JS_FreeValue(ctx, input);
  }
  for (int i = 1; i < STREAMS; i++) free(c.output[i]);
  free_texts(c.arguments);
  free_texts(c.environment);
  JS_FreeCString(ctx, c.file);
  JS_FreeCString(ctx, c.cwd);
  return result;
}

static const JSCFunctionListEntry functions[] = {JS_CFUNC_DEF("spawnSync", 3, spawn_sync)};
const tn_engine_functions tn_engine_spawn_functions = {functions, sizeof functions / sizeof functions[0]};
