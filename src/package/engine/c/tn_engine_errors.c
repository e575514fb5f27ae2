/*
 * Errors: system calls that fail, in Node's words, and what is said when a program ends by an error.
 */
#define _GNU_SOURCE
#include "tn_engine.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tn_errno_text {
  int number;
  const char *name;
  const char *text;
} tn_errno_text;

/* The words of libuv, which are Node's. */
#define E(name, text) {name, #name, text}
static const tn_errno_text errno_texts[] = {
    E(E2BIG, "argument list too long"),
    E(EACCES, "permission denied"),
    E(EADDRINUSE, "address already in use"),
    E(EAGAIN, "resource temporarily unavailable"),
    E(EBADF, "bad file descriptor"),
    E(EBUSY, "resource busy or locked"),
    E(ECANCELED, "operation canceled"),
    E(ECONNREFUSED, "connection refused"),
    E(ECONNRESET, "connection reset by peer"),
    E(EEXIST, "file already exists"),
    E(EFAULT, "bad address in system call argument"),
    E(EFBIG, "file too large"),
    E(EINTR, "interrupted system call"),
    E(EINVAL, "invalid argument"),
    E(EIO, "i/o error"),
    E(EISDIR, "illegal operation on a directory"),
    E(ELOOP, "too many symbolic links encountered"),
    E(EMFILE, "too many open files"),
    E(EMLINK, "too many links"),
    E(ENAMETOOLONG, "name too long"),
    E(ENFILE, "file table overflow"),
    E(ENOBUFS, "no buffer space available"),
    E(ENODEV, "no such device"),
    E(ENOENT, "no such file or directory"),
    E(ENOMEM, "not enough memory"),
    E(ENOSPC, "no space left on device"),
    E(ENOSYS, "function not implemented"),
    E(ENOTDIR, "not a directory"),
    E(ENOTEMPTY, "directory not empty"),
    E(ENOTSUP, "operation not supported on socket"),
    E(ENOTTY, "inappropriate ioctl for device"),
    E(ENXIO, "no such device or address"),
    E(EOVERFLOW, "value too large for defined data type"),
    E(EPERM, "operation not permitted"),
    E(EPIPE, "broken pipe"),
    E(ERANGE, "result too large"),
    E(EROFS, "read-only file system"),
    E(ESPIPE, "invalid seek"),
    E(ESRCH, "no such process"),
    E(ETIMEDOUT, "connection timed out"),
    E(ETXTBSY, "text file is busy"),
    E(EXDEV, "cross-device link not permitted"),
    /* libuv knows no words for these. */
    E(ECHILD, "no child processes"),
    E(EDQUOT, "disk quota exceeded"),
    E(ENOEXEC, "exec format error"),
};
#undef E

static const tn_errno_text *errno_text(int error) {
  static const tn_errno_text unknown = {0, "UNKNOWN", "unknown error"};
  for (size_t i = 0; i < sizeof errno_texts / sizeof errno_texts[0]; i++) {
    if (errno_texts[i].number == error) return &errno_texts[i];
  }
  return &unknown;
}

const char *tn_engine_errno_name(int error) { return errno_text(error)->name; }

const char *tn_engine_signal_name(int signal) {
#define S(name) {name, #name}
  static const struct {
    int number;
    const char *name;
  } names[] = {
      S(SIGHUP),  S(SIGINT),  S(SIGQUIT), S(SIGILL),  S(SIGTRAP), S(SIGABRT), S(SIGBUS),  S(SIGFPE),
      S(SIGKILL), S(SIGUSR1), S(SIGSEGV), S(SIGUSR2), S(SIGPIPE), S(SIGALRM), S(SIGTERM), S(SIGCHLD),
      S(SIGCONT), S(SIGSTOP), S(SIGTSTP), S(SIGTTIN), S(SIGTTOU), S(SIGURG),  S(SIGXCPU), S(SIGXFSZ),
      S(SIGVTALRM), S(SIGPROF), S(SIGWINCH), S(SIGIO), S(SIGPWR), S(SIGSYS),
  };
#undef S
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    if (names[i].number == signal) return names[i].name;
  }
  return NULL;
}

/* Property of an error: takes the value. */
static void set_field(JSContext *ctx, JSValueConst error, const char *name, JSValue value) {
  if (JS_DefinePropertyValueStr(ctx, error, name, value, JS_PROP_C_W_E) < 0) JS_FreeValue(ctx, JS_GetException(ctx));
}

static JSValue message_of(JSContext *ctx, const tn_errno_text *known, const char *syscall, const char *path,
                          const char *dest) {
  const char *format = dest != NULL ? "%s: %s, %s '%s' -> '%s'" : path != NULL ? "%s: %s, %s '%s'" : "%s: %s, %s";
  const size_t bytes = strlen(known->text) + strlen(syscall) + (path != NULL ? strlen(path) : 0) +
                       (dest != NULL ? strlen(dest) : 0) + 64;
  char *text = js_malloc(ctx, bytes);
  if (text == NULL) return JS_EXCEPTION;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
  snprintf(text, bytes, format, known->name, known->text, syscall, path, dest);
#pragma GCC diagnostic pop
  const JSValue message = JS_NewString(ctx, text);
  js_free(ctx, text);
  return message;
}

JSValue tn_engine_throw_errno(JSContext *ctx, int error, const char *syscall, const char *path, const char *dest) {
  const tn_errno_text *known = errno_text(error);
  JSValue message = message_of(ctx, known, syscall, path, dest);
  if (JS_IsException(message)) return message;
  /* The class rather than JS_NewError: it notes where it was made. */
  const JSValue thrown = JS_CallConstructor(ctx, tn_engine_of(ctx)->error_class, 1, &message);
  JS_FreeValue(ctx, message);
  if (JS_IsException(thrown)) return thrown;
  set_field(ctx, thrown, "errno", JS_NewInt32(ctx, -error));
  set_field(ctx, thrown, "code", JS_NewString(ctx, known->name));
  set_field(ctx, thrown, "syscall", JS_NewString(ctx, syscall));
  if (path != NULL) set_field(ctx, thrown, "path", JS_NewString(ctx, path));
  if (dest != NULL) set_field(ctx, thrown, "dest", JS_NewString(ctx, dest));
  return JS_Throw(ctx, thrown);
}

/* ---- Reports ----------------------------------------------------------------------------------------------------- */

static void say(const char *text) { (void)tn_engine_write_all(2, text, strlen(text)); }

static bool is_number(const char *from, const char *end) {
  return from < end && *from != '0' && strspn(from, "0123456789") >= (size_t)(end - from);
}

/* The first place with line and column in a trace, as tn_engine_places.c writes them: how long it is, or 0. */
static size_t first_place(const char *stack, const char **place) {
  for (const char *line = stack; *line != '\0';) {
    const char *end = line + strcspn(line, "\n");
    const char *open = end;
    while (open > line && *open != '(') open--;
    const char *close = end > open ? end - 1 : open;
    const char *column = close, *row;
    while (column > open && *column != ':') column--;
    for (row = column > open ? column - 1 : open; row > open && *row != ':'; row--) continue;
    if (*open == '(' && *close == ')' && row > open && is_number(row + 1, column) && is_number(column + 1, close)) {
      *place = open + 1;
      return (size_t)(close - open - 1);
    }
    line = *end == '\0' ? end : end + 1;
  }
  return 0;
}

/* Where an error was made, unless its message says so. */
static void say_place(const char *message, const char *stack) {
  const char *place;
  const size_t bytes = first_place(stack, &place);
  if (bytes == 0 || memmem(message, strlen(message), place, bytes) != NULL) return;
  say("; at ");
  (void)tn_engine_write_all(2, place, bytes);
}

/* Lines joined by blanks, so that a message of several stays one line. The line is not ended. */
static void say_line(const char *text) {
  bool blank = true; /* at the start, or after a line break: indentation is dropped */
  const char *from = text;
  for (const char *at = text;; at++) {
    const bool ends = *at == '\0' || *at == '\n';
    if (blank && (*at == ' ' || *at == '\n')) {
      from = at + 1;
      continue;
    }
    blank = ends;
    if (!ends) continue;
    (void)tn_engine_write_all(2, from, (size_t)(at - from));
    if (*at == '\0' || at[1 + strspn(at + 1, " \n")] == '\0') break;
    say("; ");
    from = at + 1;
  }
}

/* A property as text, or NULL; nothing that it does may throw. */
static const char *text_of(JSContext *ctx, JSValueConst object, const char *name) {
  const JSValue value = JS_GetPropertyStr(ctx, object, name);
  const char *text = JS_IsString(value) ? JS_ToCString(ctx, value) : NULL;
  if (text == NULL) JS_FreeValue(ctx, JS_GetException(ctx));
  JS_FreeValue(ctx, value);
  return text;
}

static void report_error(JSContext *ctx, JSValueConst thrown, bool with_stack) {
  const char *name = text_of(ctx, thrown, "name");
  const char *message = text_of(ctx, thrown, "message");
  const char *stack = text_of(ctx, thrown, "stack");
  const char *told = message != NULL ? message : "";
  say(name != NULL ? name : "Error");
  if (told[0] != '\0') {
    say(": ");
    if (with_stack) say(told);
    else say_line(told);
  }
  if (stack != NULL && !with_stack) say_place(told, stack);
  say("\n");
  if (stack != NULL && with_stack) say(stack);
  JS_FreeCString(ctx, name);
  JS_FreeCString(ctx, message);
  JS_FreeCString(ctx, stack);
}

void tn_engine_report(JSContext *ctx, JSValueConst thrown) {
  const char *debug = getenv("TN_DEBUG");
  say("Uncaught ");
  if (JS_IsObject(thrown)) {
    const JSValue message = JS_GetPropertyStr(ctx, thrown, "message");
    const bool like_error = JS_IsString(message);
    JS_FreeValue(ctx, message);
    if (like_error) {
      report_error(ctx, thrown, debug != NULL && strcmp(debug, "1") == 0);
      return;
    }
  }
  const char *text = JS_ToCString(ctx, thrown);
  if (text == NULL) JS_FreeValue(ctx, JS_GetException(ctx));
  say_line(text != NULL ? text : "error");
  say("\n");
  if (text != NULL) JS_FreeCString(ctx, text);
}
