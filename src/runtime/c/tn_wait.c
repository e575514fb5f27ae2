/*
 * Sleeping and waking on a 32-bit word, the clock, and the table of out-of-line services that generated code can reach.
 */
#define _GNU_SOURCE
#include "tn_internal.h"

#include <time.h>

#ifdef __linux__
#include <sys/syscall.h>
#include <unistd.h>

/* Of the kernel's interface, which does not change; <linux/futex.h> is not there for every libc (musl-gcc has none). */
enum { FUTEX_WAIT_PRIVATE = 0 | 128, FUTEX_WAKE_PRIVATE = 1 | 128 };

void TN_PREFIX(wait_on)(uint32_t *word, uint32_t expected) {
  syscall(SYS_futex, word, FUTEX_WAIT_PRIVATE, expected, NULL, NULL, 0);
}

void TN_PREFIX(wake)(uint32_t *word, int32_t count) { syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, count, NULL, NULL, 0); }

#else

/* Without futexes a sleeper looks again every 50 µs: right, and idle enough. */
void TN_PREFIX(wait_on)(uint32_t *word, uint32_t expected) {
  const struct timespec nap = {0, 50000};
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == expected) nanosleep(&nap, NULL);
}

void TN_PREFIX(wake)(uint32_t *word, int32_t count) {
  (void)word;
  (void)count;
}

#endif

int64_t TN_PREFIX(now)(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + (int64_t)t.tv_nsec;
}

/*
 * Called after polling. No sched_yield first: on a busy machine a yielding thread goes to the end of the queue and comes
 * back milliseconds later, a sleeper is put on a core when it is woken (8 threads on 2 busy cores: ten times faster).
 */
static void barrier_wait(tn_team *team, uint32_t phase) {
  __atomic_add_fetch(&team->sleepers, 1u, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&team->phase, __ATOMIC_SEQ_CST) == phase) TN_PREFIX(wait_on)(&team->phase, phase);
  __atomic_sub_fetch(&team->sleepers, 1u, __ATOMIC_SEQ_CST);
}

static void barrier_wake(tn_team *team) { TN_PREFIX(wake)(&team->phase, INT32_MAX); }

const tn_runtime_api TN_PREFIX(api) = {
    .abi_version = TN_ABI_VERSION,
    .barrier_wait = barrier_wait,
    .barrier_wake = barrier_wake,
    .now = TN_PREFIX(now),
};
