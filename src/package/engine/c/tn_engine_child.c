/*
 * A child process: started, fed and listened to, and waited for.
 *
 * posix_spawn rather than fork: a process with a gigabyte of mapped weights and a pool of threads is not copied.
 */
#define _GNU_SOURCE
#include "tn_engine_child.h"

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

enum { PIECE = 64 * 1024 };

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
static int prepare_streams(tn_child *c, posix_spawn_file_actions_t *actions, int theirs[TN_CHILD_STREAMS]) {
  for (int i = 0; i < TN_CHILD_STREAMS; i++) {
    int error = 0;
    if (c->how[i] == TN_CHILD_IGNORE) {
      error = posix_spawn_file_actions_addopen(actions, i, "/dev/null", i == 0 ? O_RDONLY : O_WRONLY, 0);
    } else if (c->how[i] == TN_CHILD_PIPE) {
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
static int start(tn_child *c, const posix_spawn_file_actions_t *actions, const posix_spawnattr_t *attributes) {
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

static void spawn_child(tn_child *c) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  int theirs[TN_CHILD_STREAMS] = {-1, -1, -1};
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
  for (int i = 0; i < TN_CHILD_STREAMS; i++) {
    close_end(&theirs[i]);
    if (c->error != 0) close_end(&c->ends[i]);
  }
  if (c->error != 0) c->pid = 0;
}

/* ---- Talking to it ----------------------------------------------------------------------------------------------- */

static void end_child(tn_child *c, int error) {
  if (c->error == 0) c->error = error;
  kill(c->pid, (int)c->end_signal);
  for (int i = 0; i < TN_CHILD_STREAMS; i++) close_end(&c->ends[i]);
}

static void send_input(tn_child *c) {
  const ssize_t sent = c->input_bytes == 0 ? 0 : write(c->ends[0], c->input, c->input_bytes);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (sent > 0) {
    c->input += sent;
    c->input_bytes -= (size_t)sent;
  }
  /* A child that has read enough (EPIPE) is no error. */
  if (sent < 0 || c->input_bytes == 0) close_end(&c->ends[0]);
}

static void receive(tn_child *c, int stream) {
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
static int left(const tn_child *c, int64_t start) {
  if (c->timeout_ms <= 0) return -1;
  const int64_t passed = (tn_engine_clock() - start) / 1000000;
  const int64_t rest = c->timeout_ms - passed;
  return rest <= 0 ? 0 : rest > 1000000 ? 1000000 : (int)rest;
}

static bool exchange(tn_child *c, int64_t start) {
  struct pollfd ready[TN_CHILD_STREAMS];
  bool any = false;
  for (int i = 0; i < TN_CHILD_STREAMS; i++) {
    ready[i] = (struct pollfd){.fd = c->ends[i], .events = i == 0 ? POLLOUT : POLLIN};
    any = any || c->ends[i] >= 0;
  }
  if (!any) return false;
  const int wait = left(c, start);
  const int count = poll(ready, TN_CHILD_STREAMS, wait);
  if (count == 0 && left(c, start) == 0) {
    end_child(c, ETIMEDOUT);
  } else if (count > 0) {
    for (int i = 0; i < TN_CHILD_STREAMS; i++) {
      if (ready[i].revents == 0 || c->ends[i] < 0) continue;
      if (i == 0) send_input(c);
      else receive(c, i);
    }
  }
  return true;
}

static void wait_for(tn_child *c, int64_t start) {
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

void tn_engine_run_child(tn_child *c) {
  spawn_child(c);
  if (c->pid == 0) return;
  const int64_t began = tn_engine_clock();
  if (c->ends[0] >= 0) send_input(c);
  while (exchange(c, began)) continue;
  wait_for(c, began);
}
