/* Files: read as a whole, written so that they appear complete or not at all. */
#define _GNU_SOURCE
#include "tn_exe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is wrong with the request ends with 2, what the system could not do with 1. */
static int code_of(int reason) {
  return reason == ENOENT || reason == ENOTDIR || reason == EACCES || reason == EISDIR || reason == ENAMETOOLONG ||
                 reason == ELOOP
             ? TN_EXE_WRONG_REQUEST
             : TN_EXE_FAILED;
}

/* A pipe, or a file in a system that cannot map it. */
static tn_exe_file read_stream(int file, const char *path) {
  size_t room = 1 << 16, size = 0;
  unsigned char *bytes = tn_exe_memory(room);
  for (;;) {
    const ssize_t got = read(file, bytes + size, room - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) tn_exe_end(code_of(errno), "%s cannot be read: %s", path, strerror(errno));
    if (got == 0) break;
    size += (size_t)got;
    if (size < room) continue;
    room *= 2;
    bytes = realloc(bytes, room);
    if (bytes == NULL) tn_exe_end(TN_EXE_FAILED, "no memory for the bytes of %s", path);
  }
  return (tn_exe_file){.path = path, .bytes = bytes, .size = (int64_t)size};
}

tn_exe_file tn_exe_read_file(const char *path) {
  const int file = tn_self_open_file(path, O_RDONLY, 0);
  if (file < 0) tn_exe_end(code_of(errno), "%s cannot be opened: %s", path, strerror(errno));
  struct stat status;
  if (fstat(file, &status) != 0) tn_exe_end(TN_EXE_FAILED, "%s cannot be read: %s", path, strerror(errno));
  tn_exe_file result = {.path = path};
  if (S_ISREG(status.st_mode) && status.st_size > 0) {
    /* Writable and private: a part may write into an input, the file stays as it is. */
    void *start = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
    if (start == MAP_FAILED) tn_exe_end(TN_EXE_FAILED, "%s cannot be mapped: %s", path, strerror(errno));
    result.bytes = start;
    result.size = status.st_size;
  } else {
    result = read_stream(file, path);
  }
  close(file);
  return result;
}

struct tn_exe_output {
  const char *path;
  char *temporary; /* NULL: bytes go to the path itself, a device or a pipe */
  FILE *stream;
};

/* The file being written, for tn_exe_output_abandon. */
static tn_exe_output *current;

static _Noreturn void cannot_write(const char *path, int reason) {
  tn_exe_end(code_of(reason), "%s cannot be written: %s", path, strerror(reason));
}

tn_exe_output *tn_exe_output_start(const char *path) {
  tn_exe_output *output = tn_exe_memory(sizeof *output);
  *output = (tn_exe_output){.path = path};
  struct stat status;
  const int is_there = stat(path, &status) == 0;
  if (is_there && S_ISDIR(status.st_mode)) cannot_write(path, EISDIR);
  if (!is_there || S_ISREG(status.st_mode)) {
    const size_t bytes = strlen(path) + 32;
    output->temporary = tn_exe_memory(bytes);
    snprintf(output->temporary, bytes, "%s.tmp-%ld", path, (long)getpid());
  }
  const char *target = output->temporary != NULL ? output->temporary : path;
  const int flags = output->temporary != NULL ? O_WRONLY | O_CREAT | O_EXCL : O_WRONLY;
  const int file = tn_self_open_file(target, flags, 0666);
  if (file < 0) cannot_write(path, errno);
  current = output;
  output->stream = fdopen(file, "wb");
  if (output->stream == NULL) cannot_write(path, errno);
  return output;
}

void tn_exe_output_write(tn_exe_output *output, const void *bytes, int64_t count) {
  if (fwrite(bytes, 1, (size_t)count, output->stream) != (size_t)count) cannot_write(output->path, errno);
}

void tn_exe_output_finish(tn_exe_output *output) {
  if (fflush(output->stream) != 0) cannot_write(output->path, errno);
  if (fclose(output->stream) != 0) cannot_write(output->path, errno);
  if (output->temporary != NULL && rename(output->temporary, output->path) != 0) cannot_write(output->path, errno);
  current = NULL;
  free(output->temporary);
  free(output);
}

void tn_exe_output_abandon(void) {
  if (current != NULL && current->temporary != NULL) unlink(current->temporary);
  current = NULL;
}
