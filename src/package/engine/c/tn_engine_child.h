/*
 * A child process that is waited for, as tn_engine_spawn.c asks for it.
 */
#ifndef TN_ENGINE_CHILD_H
#define TN_ENGINE_CHILD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { TN_CHILD_STREAMS = 3 };
enum { TN_CHILD_PIPE, TN_CHILD_INHERIT, TN_CHILD_IGNORE };

typedef struct tn_child {
  /* What JavaScript asked for. */
  const char *file, *cwd;
  char **arguments, **environment; /* environment NULL: our own */
  int how[TN_CHILD_STREAMS]; /* TN_CHILD_PIPE and so on */
  const uint8_t *input;
  size_t input_bytes;
  int64_t most_bytes, timeout_ms;
  int64_t end_signal;
  /* What became of it. */
  pid_t pid;
  int status;     /* as waitpid gives it */
  int error;      /* errno of what went wrong; 0 */
  int ends[TN_CHILD_STREAMS]; /* our ends of pipes; -1 */
  uint8_t *output[TN_CHILD_STREAMS];
  size_t output_bytes[TN_CHILD_STREAMS], output_room[TN_CHILD_STREAMS];
} tn_child;

/* Starts it, feeds it, takes what it says, waits for its end; `pid` stays 0 when it did not start. */
void tn_engine_run_child(tn_child *c);

#endif
