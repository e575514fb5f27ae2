/*
 * Contents of files: opening, reading, writing, mapping.
 */
#define _GNU_SOURCE
#include "tn_engine.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Node's texts for ways to open a file; -1: no such. */
static int open_flags(const char *text) {
  static const struct {
    const char *text;
    int flags;
  } known[] = {
      {"r", O_RDONLY},
      {"rs", O_RDONLY | O_SYNC},
      {"sr", O_RDONLY | O_SYNC},
      {"r+", O_RDWR},
      {"rs+", O_RDWR | O_SYNC},
      {"sr+", O_RDWR | O_SYNC},
      {"w", O_WRONLY | O_CREAT | O_TRUNC},
      {"wx", O_WRONLY | O_CREAT | O_TRUNC | O_EXCL},
      {"xw", O_WRONLY | O_CREAT | O_TRUNC | O_EXCL},
      {"w+", O_RDWR | O_CREAT | O_TRUNC},
      {"wx+", O_RDWR | O_CREAT | O_TRUNC | O_EXCL},
      {"xw+", O_RDWR | O_CREAT | O_TRUNC | O_EXCL},
      {"a", O_WRONLY | O_CREAT | O_APPEND},
      {"ax", O_WRONLY | O_CREAT | O_APPEND | O_EXCL},
      {"xa", O_WRONLY | O_CREAT | O_APPEND | O_EXCL},
      {"as", O_WRONLY | O_CREAT | O_APPEND | O_SYNC},
      {"sa", O_WRONLY | O_CREAT | O_APPEND | O_SYNC},
      {"a+", O_RDWR | O_CREAT | O_APPEND},
      {"ax+", O_RDWR | O_CREAT | O_APPEND | O_EXCL},
      {"xa+", O_RDWR | O_CREAT | O_APPEND | O_EXCL},
  };
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
    if (strcmp(known[i].text, text) == 0) return known[i].flags;
  }
  return -1;
}

/*
 * Never 0, 1 or 2, which a program that was started with closed standard streams would get: what it prints must not go
 * into a file. -1 with errno.
 */
static int open_high(const char *path, int flags, mode_t mode) {
  int fd;
  do fd = open(path, flags | O_CLOEXEC, mode);
  while (fd < 0 && errno == EINTR);
  if (fd < 0 || fd > 2) return fd;
  const int high = fcntl(fd, F_DUPFD_CLOEXEC, 3);
  const int error = errno;
  close(fd);
  errno = error;
  return high;
}

/* open() with the arguments of JavaScript; -1: thrown. */
static int open_for(JSContext *ctx, const char *path, JSValueConst flags_value, JSValueConst mode_value) {
  int64_t mode;
  if (tn_engine_integer(ctx, mode_value, "mode", 0, 07777, &mode) != 0) return -1;
  const char *text = JS_ToCString(ctx, flags_value);
  if (text == NULL) return -1;
  const int flags = open_flags(text);
  if (flags < 0) JS_ThrowTypeError(ctx, "The argument 'flags' is invalid. Received '%s'", text);
  JS_FreeCString(ctx, text);
  if (flags < 0) return -1;
  const int fd = open_high(path, flags, (mode_t)mode);
  if (fd < 0) (void)tn_engine_throw_errno(ctx, errno, "open", path, NULL);
  return fd;
}

static JSValue open_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const char *path = tn_engine_path(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  const int fd = open_for(ctx, path, argv[1], argv[2]);
  JS_FreeCString(ctx, path);
  return fd < 0 ? JS_EXCEPTION : JS_NewInt32(ctx, fd);
}

static int to_descriptor(JSContext *ctx, JSValueConst value, int *fd) {
  int64_t number;
  if (tn_engine_integer(ctx, value, "fd", 0, INT32_MAX, &number) != 0) return -1;
  *fd = (int)number;
  return 0;
}

static JSValue close_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int fd;
  if (to_descriptor(ctx, argv[0], &fd) != 0) return JS_EXCEPTION;
  /* After EINTR the descriptor is gone on Linux: another try might close somebody else's. */
  if (close(fd) != 0 && errno != EINTR) return tn_engine_throw_errno(ctx, errno, "close", NULL, NULL);
  return JS_UNDEFINED;
}

/* ---- Reading ----------------------------------------------------------------------------------------------------- */

/* read(2), or pread when position >= 0, that waits also where the descriptor does not. */
static ssize_t read_some(int fd, void *bytes, size_t count, int64_t position) {
  for (;;) {
    const ssize_t got = position < 0 ? read(fd, bytes, count) : pread(fd, bytes, count, (off_t)position);
    if (got >= 0) return got;
    if (errno == EAGAIN) {
      struct pollfd ready = {.fd = fd, .events = POLLIN};
      (void)poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return -1;
    }
  }
}

static JSValue read_file_part(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int fd;
  int64_t position;
  size_t count;
  if (to_descriptor(ctx, argv[0], &fd) != 0) return JS_EXCEPTION;
  if (tn_engine_integer(ctx, argv[4], "position", -1, (int64_t)1 << 52, &position) != 0) return JS_EXCEPTION;
  uint8_t *target = tn_engine_range(ctx, argv[1], argv[2], argv[3], &count);
  if (target == NULL) return JS_EXCEPTION;
  const ssize_t got = read_some(fd, target, count, position);
  return got < 0 ? tn_engine_throw_errno(ctx, errno, "read", NULL, NULL) : JS_NewInt64(ctx, got);
}

/*
 * Everything from where a descriptor stands. The size is only a guess (pipes, /proc, files that grow). 0 or errno;
 * ENOMEM also for what no ArrayBuffer holds.
 */
static int read_whole(int fd, size_t guess, uint8_t **out, size_t *bytes) {
  size_t room = guess + 1, used = 0; /* one more: the end shows without growing */
  uint8_t *memory = room > INT32_MAX ? NULL : malloc(room);
  if (memory == NULL) return ENOMEM;
  for (;;) {
    const ssize_t got = read_some(fd, memory + used, room - used, -1);
    if (got < 0) {
      const int error = errno;
      free(memory);
      return error;
    }
    if (got == 0) break;
    used += (size_t)got;
    if (used < room) continue;
    room = room < 65536 ? 131072 : room * 2;
    uint8_t *larger = used >= INT32_MAX ? NULL : realloc(memory, room);
    if (larger == NULL) {
      free(memory);
      return ENOMEM;
    }
    memory = larger;
  }
  *out = memory;
  *bytes = used;
  return 0;
}

static JSValue read_open_file(JSContext *ctx, int fd, const char *path) {
  struct stat status;
  if (fstat(fd, &status) != 0) return tn_engine_throw_errno(ctx, errno, "fstat", path, NULL);
  if (S_ISDIR(status.st_mode)) return tn_engine_throw_errno(ctx, EISDIR, "read", NULL, NULL);
  uint8_t *memory = NULL;
  size_t bytes = 0;
  const int error = read_whole(fd, S_ISREG(status.st_mode) ? (size_t)status.st_size : 65535, &memory, &bytes);
  return error != 0 ? tn_engine_throw_errno(ctx, error, "read", NULL, NULL) : tn_engine_take(ctx, memory, bytes);
}

static JSValue map_open_file(JSContext *ctx, int fd, const char *path) {
  struct stat status;
  if (fstat(fd, &status) != 0) return tn_engine_throw_errno(ctx, errno, "fstat", path, NULL);
  /* Files of no size may hold bytes all the same (/proc). */
  if (!S_ISREG(status.st_mode) || status.st_size == 0) return read_open_file(ctx, fd, path);
  if (status.st_size > INT32_MAX) return tn_engine_view(ctx, NULL, (size_t)status.st_size); /* throws */
  const size_t bytes = (size_t)status.st_size;
  void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, fd, 0);
  if (base == MAP_FAILED) return tn_engine_throw_errno(ctx, errno, "mmap", path, NULL);
  const JSValue buffer = tn_engine_view(ctx, base, bytes);
  if (JS_IsException(buffer)) munmap(base, bytes);
  return buffer;
}

/* Opens a file for reading, hands it on, closes it. */
static JSValue with_file(JSContext *ctx, JSValueConst path_value, JSValue (*use)(JSContext *, int, const char *)) {
  const char *path = tn_engine_path(ctx, path_value);
  if (path == NULL) return JS_EXCEPTION;
  const int fd = open_high(path, O_RDONLY, 0);
  JSValue result;
  if (fd < 0) {
    result = tn_engine_throw_errno(ctx, errno, "open", path, NULL);
  } else {
    result = use(ctx, fd, path);
    close(fd);
  }
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue read_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  return with_file(ctx, argv[0], read_open_file);
}

static JSValue map_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  return with_file(ctx, argv[0], map_open_file);
}

/* ---- Writing ----------------------------------------------------------------------------------------------------- */

static JSValue write_bytes(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int fd;
  size_t count;
  if (to_descriptor(ctx, argv[0], &fd) != 0) return JS_EXCEPTION;
  const uint8_t *bytes = tn_engine_range(ctx, argv[1], argv[2], argv[3], &count);
  if (bytes == NULL) return JS_EXCEPTION;
  const int error = tn_engine_write_all(fd, bytes, count);
  return error != 0 ? tn_engine_throw_errno(ctx, error, "write", NULL, NULL) : JS_NewInt64(ctx, (int64_t)count);
}

static JSValue write_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  size_t count;
  const char *path = tn_engine_path(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  JSValue result = JS_EXCEPTION;
  /* Bad bytes are noticed before a file is made or emptied; nothing runs in between that could move them. */
  if (tn_engine_range(ctx, argv[1], argv[2], argv[3], &count) != NULL) {
    const int fd = open_for(ctx, path, argv[4], argv[5]);
    const uint8_t *bytes = fd < 0 ? NULL : tn_engine_range(ctx, argv[1], argv[2], argv[3], &count);
    if (bytes != NULL) {
      int error = tn_engine_write_all(fd, bytes, count);
      /* Some file systems tell of a full disk here only. */
      if (close(fd) != 0 && error == 0 && errno != EINTR) error = errno;
      result = error != 0 ? tn_engine_throw_errno(ctx, error, "write", NULL, NULL) : JS_UNDEFINED;
    } else if (fd >= 0) {
      close(fd);
    }
  }
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue is_terminal(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int fd;
  if (to_descriptor(ctx, argv[0], &fd) != 0) return JS_EXCEPTION;
  return JS_NewBool(ctx, isatty(fd) == 1);
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("open", 3, open_file),     JS_CFUNC_DEF("close", 1, close_file),
    JS_CFUNC_DEF("read", 5, read_file_part), JS_CFUNC_DEF("readFile", 1, read_file),
    JS_CFUNC_DEF("mapFile", 1, map_file),   JS_CFUNC_DEF("write", 4, write_bytes),
    JS_CFUNC_DEF("writeFile", 6, write_file), JS_CFUNC_DEF("isTTY", 1, is_terminal),
};
const tn_engine_functions tn_engine_file_functions = {functions, sizeof functions / sizeof functions[0]};
