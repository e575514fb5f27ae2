/*
 * Folders and names of files.
 */
#define _GNU_SOURCE
#include "tn_engine.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Most functions here: one path, a system call that gives 0, an error with the call's name. */
static JSValue finish(JSContext *ctx, int status, const char *syscall, const char *path) {
  JSValue result = JS_UNDEFINED;
  if (status != 0) result = tn_engine_throw_errno(ctx, errno, syscall, path, NULL);
  JS_FreeCString(ctx, path);
  return result;
}

static double milliseconds(struct timespec time) { return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6; }

static JSValue stat_object(JSContext *ctx, const struct stat *status) {
  const struct {
    const char *name;
    double value;
  } fields[] = {
      {"mode", status->st_mode},
      {"size", (double)status->st_size},
      {"mtimeMs", milliseconds(status->st_mtim)},
      {"atimeMs", milliseconds(status->st_atim)},
      {"ctimeMs", milliseconds(status->st_ctim)},
      {"ino", (double)status->st_ino},
      {"dev", (double)status->st_dev},
      {"nlink", (double)status->st_nlink},
      {"uid", status->st_uid},
      {"gid", status->st_gid},
  };
  const JSValue object = JS_NewObject(ctx);
  if (JS_IsException(object)) return object;
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    if (JS_DefinePropertyValueStr(ctx, object, fields[i].name, JS_NewFloat64(ctx, fields[i].value), JS_PROP_C_W_E) < 0) {
      JS_FreeValue(ctx, object);
      return JS_EXCEPTION;
    }
  }
  return object;
}

static JSValue stat_path(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const int follow = JS_ToBool(ctx, argv[1]);
  if (follow < 0) return JS_EXCEPTION;
  const char *path = tn_engine_path(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  struct stat status;
  JSValue result;
  if ((follow ? stat(path, &status) : lstat(path, &status)) == 0) {
    result = stat_object(ctx, &status);
  } else if (errno == ENOENT || errno == ENOTDIR) {
    result = JS_NULL;
  } else {
    result = tn_engine_throw_errno(ctx, errno, follow ? "stat" : "lstat", path, NULL);
  }
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue stat_descriptor(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t fd;
  if (tn_engine_integer(ctx, argv[0], "fd", 0, INT32_MAX, &fd) != 0) return JS_EXCEPTION;
  struct stat status;
  if (fstat((int)fd, &status) != 0) return tn_engine_throw_errno(ctx, errno, "fstat", NULL, NULL);
  return stat_object(ctx, &status);
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Names of a folder, from malloc, each too; 0 or errno. */
static int list_folder(const char *path, char ***names, size_t *count) {
  DIR *folder = opendir(path);
  if (folder == NULL) return errno;
  char **list = NULL;
  size_t used = 0, room = 0;
  int error = 0;
  for (;;) {
    errno = 0;
    const struct dirent *entry = readdir(folder);
    if (entry == NULL) {
      error = errno;
      break;
    }
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
    if (used == room) {
      room = room == 0 ? 64 : room * 2;
      char **larger = realloc(list, room * sizeof(char *));
      if (larger == NULL) {
        error = ENOMEM;
        break;
      }
      list = larger;
    }
    list[used] = strdup(entry->d_name);
    if (list[used] == NULL) {
      error = ENOMEM;
      break;
    }
    used++;
  }
  closedir(folder);
  if (used > 1) qsort(list, used, sizeof(char *), by_bytes);
  *names = list;
  *count = used;
  return error;
}

static JSValue read_folder(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const char *path = tn_engine_path(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  char **names = NULL;
  size_t count = 0;
  const int error = list_folder(path, &names, &count);
  JSValue result = error != 0 ? tn_engine_throw_errno(ctx, error, "scandir", path, NULL) : JS_NewArray(ctx);
  for (size_t i = 0; i < count; i++) {
    if (!JS_IsException(result) &&
        JS_DefinePropertyValueUint32(ctx, result, (uint32_t)i, JS_NewString(ctx, names[i]), JS_PROP_C_W_E) < 0) {
      JS_FreeValue(ctx, result);
      result = JS_EXCEPTION;
    }
    free(names[i]);
  }
  free(names);
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue make_folder(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t mode;
  if (tn_engine_integer(ctx, argv[1], "mode", 0, 07777, &mode) != 0) return JS_EXCEPTION;
  const char *path = tn_engine_path(ctx, argv[0]);
  return path == NULL ? JS_EXCEPTION : finish(ctx, mkdir(path, (mode_t)mode), "mkdir", path);
}

static JSValue change_mode(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t mode;
  if (tn_engine_integer(ctx, argv[1], "mode", 0, 07777, &mode) != 0) return JS_EXCEPTION;
  const char *path = tn_engine_path(ctx, argv[0]);
  return path == NULL ? JS_EXCEPTION : finish(ctx, chmod(path, (mode_t)mode), "chmod", path);
}

static JSValue check_access(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  int64_t mode;
  if (tn_engine_integer(ctx, argv[1], "mode", 0, R_OK | W_OK | X_OK, &mode) != 0) return JS_EXCEPTION;
  const char *path = tn_engine_path(ctx, argv[0]);
  return path == NULL ? JS_EXCEPTION : finish(ctx, access(path, (int)mode), "access", path);
}

static JSValue remove_file(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const char *path = tn_engine_path(ctx, argv[0]);
  return path == NULL ? JS_EXCEPTION : finish(ctx, unlink(path), "unlink", path);
}

static JSValue remove_folder(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const char *path = tn_engine_path(ctx, argv[0]);
  return path == NULL ? JS_EXCEPTION : finish(ctx, rmdir(path), "rmdir", path);
}

/* Calls with two paths. */
static JSValue with_two(JSContext *ctx, JSValueConst *argv, int (*call)(const char *, const char *),
                        const char *syscall) {
  const char *from = tn_engine_path(ctx, argv[0]);
  if (from == NULL) return JS_EXCEPTION;
  const char *to = tn_engine_path(ctx, argv[1]);
  JSValue result = JS_EXCEPTION;
  if (to != NULL) {
    result = call(from, to) == 0 ? JS_UNDEFINED : tn_engine_throw_errno(ctx, errno, syscall, from, to);
    JS_FreeCString(ctx, to);
  }
  JS_FreeCString(ctx, from);
  return result;
}

static JSValue rename_path(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  return with_two(ctx, argv, rename, "rename");
}

static JSValue make_link(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  return with_two(ctx, argv, symlink, "symlink");
}

static JSValue real_path(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const char *path = tn_engine_path(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  char *real = realpath(path, NULL);
  /* Node walks the path itself and names the call it uses for that. */
  const JSValue result =
      real != NULL ? JS_NewString(ctx, real) : tn_engine_throw_errno(ctx, errno, "lstat", path, NULL);
  free(real);
  JS_FreeCString(ctx, path);
  return result;
}

static JSValue read_link(JSContext *ctx, JSValueConst self, int argc, JSValueConst *argv) {
  (void)self, (void)argc;
  const char *path = tn_engine_path(ctx, argv[0]);
  if (path == NULL) return JS_EXCEPTION;
  char target[PATH_MAX];
  const ssize_t bytes = readlink(path, target, sizeof target);
  const JSValue result = bytes >= 0 ? JS_NewStringLen(ctx, target, (size_t)bytes)
                                    : tn_engine_throw_errno(ctx, errno, "readlink", path, NULL);
  JS_FreeCString(ctx, path);
  return result;
}

static const JSCFunctionListEntry functions[] = {
    JS_CFUNC_DEF("stat", 2, stat_path),     JS_CFUNC_DEF("fstat", 1, stat_descriptor),
    JS_CFUNC_DEF("readdir", 1, read_folder), JS_CFUNC_DEF("mkdir", 2, make_folder),
    JS_CFUNC_DEF("chmod", 2, change_mode),  JS_CFUNC_DEF("access", 2, check_access),
    JS_CFUNC_DEF("unlink", 1, remove_file), JS_CFUNC_DEF("rmdir", 1, remove_folder),
    JS_CFUNC_DEF("rename", 2, rename_path), JS_CFUNC_DEF("symlink", 2, make_link),
    JS_CFUNC_DEF("realpath", 1, real_path), JS_CFUNC_DEF("readlink", 1, read_link),
};
const tn_engine_functions tn_engine_folder_functions = {functions, sizeof functions / sizeof functions[0]};
