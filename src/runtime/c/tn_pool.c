/*
 * The thread pool: one a process, started on first use. The calling thread is member 0 of the team; workers poll for
 * the next run a while and then sleep, so that calls in a row cost no system call and an idle process no time.
 *
 * One run uses the workers at a time. Whoever finds them taken (a nested call, another OS thread) runs alone at once:
 * results do not depend on the number of threads, and nobody ever waits for anybody, so there is no deadlock.
 */
#define _GNU_SOURCE
#include "tn_internal.h"

#include <pthread.h>
#include <signal.h>

#ifdef __linux__
#include <sys/prctl.h>
#endif

/* Room for the local tiles of generated kernels; pages are touched only when used. */
enum { STACK_BYTES = 4 << 20 };

/* Polling time of a team that has more threads than there are cores. */
enum { CROWDED_NS = 2000 };

typedef struct worker {
  _Alignas(64) uint32_t ticket; /* raised once for each run that this worker is part of; the word it sleeps on */
  uint32_t parked;              /* 1 while it sleeps, or is about to */
} worker;

static worker workers[TN_MAX_THREADS]; /* [0] is the caller's and unused */

static struct {
  uint32_t taken; /* 1 while a run uses the workers or they are being started */
  uint32_t fork_handled;
  int64_t threads; /* team size asked for; 0: not decided yet */
  int64_t started; /* threads that exist, the caller counted */
  int64_t cores;
  int64_t pause_ps;                /* measured cost of one poll */
  int64_t idle_ns, barrier_ns;     /* how long a thread polls before it sleeps */
  tn_task fn;
  void *arg;
  tn_team team;
  _Alignas(64) uint32_t remaining; /* workers that have not finished this run; the word the caller sleeps on */
  uint32_t caller_sleeps;
} pool = {.idle_ns = 60000, .barrier_ns = 200000};

static uint32_t polls_for(int64_t ns) {
  const int64_t ps = pool.pause_ps > 0 ? pool.pause_ps : 20000;
  const int64_t polls = ns * 1000 / ps;
  return polls > 1000000 ? 1000000u : (uint32_t)polls;
}

/* Whoever polls then keeps somebody else from working. */
static int crowded(int64_t count) { return count > pool.cores; }

static void measure_pause(void) {
  int64_t best = INT64_MAX;
  uint32_t word = 0;
  for (int round = 0; round < 5; round++) {
    const int64_t start = TN_PREFIX(now)();
    for (int i = 0; i < 256; i++) {
      if (__atomic_load_n(&word, __ATOMIC_ACQUIRE) != 0) break;
      tn_pause();
    }
    best = tn_min(best, TN_PREFIX(now)() - start);
  }
  pool.pause_ps = tn_max(best * 1000 / 256, 500);
}

static void wait_for_ticket(worker *self, uint32_t seen) {
  const int64_t started = __atomic_load_n(&pool.started, __ATOMIC_RELAXED);
  const uint32_t polls = polls_for(crowded(started) ? CROWDED_NS : __atomic_load_n(&pool.idle_ns, __ATOMIC_RELAXED));
  for (uint32_t i = 0; i < polls; i++) {
    if (__atomic_load_n(&self->ticket, __ATOMIC_ACQUIRE) != seen) return;
    tn_pause();
  }
  /* The poster raises the ticket and then looks at `parked`; we do the reverse: one of us sees the other. */
  __atomic_store_n(&self->parked, 1u, __ATOMIC_SEQ_CST);
  while (__atomic_load_n(&self->ticket, __ATOMIC_SEQ_CST) == seen) TN_PREFIX(wait_on)(&self->ticket, seen);
  __atomic_store_n(&self->parked, 0u, __ATOMIC_RELAXED);
}

static void *work(void *arg) {
#ifdef __linux__
  /* By the thread itself: naming another one goes through a file of /proc. */
  prctl(PR_SET_NAME, "tn-worker");
#endif
  worker *self = arg;
  const int64_t id = self - workers;
  for (uint32_t seen = 0;;) {
    wait_for_ticket(self, seen);
    seen++;
    pool.fn(pool.arg, id, &pool.team);
    if (__atomic_sub_fetch(&pool.remaining, 1u, __ATOMIC_SEQ_CST) == 0 &&
        __atomic_load_n(&pool.caller_sleeps, __ATOMIC_SEQ_CST) != 0) {
      TN_PREFIX(wake)(&pool.remaining, 1);
    }
  }
  return NULL;
}

/* A forked child has none of the threads; it starts its own on first use. */
static void forget_threads(void) {
  for (int i = 0; i < TN_MAX_THREADS; i++) workers[i] = (worker){0};
  pool.started = 0;
  pool.taken = 0;
  pool.remaining = 0;
  pool.caller_sleeps = 0;
  pool.team.arrived = 0;
  pool.team.sleepers = 0;
}

/* Called with the pool taken. Starts workers up to a team of `count`; the team may stay smaller. */
static void start_workers(int64_t count) {
  if (pool.started == 0) {
    if (pool.cores == 0) pool.cores = TN_PREFIX(cpu_cores)();
    if (pool.pause_ps == 0) measure_pause();
    if (!pool.fork_handled) {
      pool.fork_handled = 1;
      pthread_atfork(NULL, NULL, forget_threads);
    }
    __atomic_store_n(&pool.started, 1, __ATOMIC_RELAXED);
  }
  if (pool.started >= count) return;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  /* Signals belong to the program's own threads. */
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  while (pool.started < count) {
    pthread_t thread;
    if (pthread_create(&thread, &attributes, work, &workers[pool.started]) != 0) break;
    __atomic_store_n(&pool.started, pool.started + 1, __ATOMIC_RELAXED);
  }
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
}

static void post(worker *to) {
  __atomic_add_fetch(&to->ticket, 1u, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&to->parked, __ATOMIC_SEQ_CST) != 0) TN_PREFIX(wake)(&to->ticket, 1);
}

static void wait_for_workers(uint32_t polls) {
  for (uint32_t i = 0; i < polls; i++) {
    if (__atomic_load_n(&pool.remaining, __ATOMIC_ACQUIRE) == 0) return;
    tn_pause();
  }
  __atomic_store_n(&pool.caller_sleeps, 1u, __ATOMIC_SEQ_CST);
  for (uint32_t left; (left = __atomic_load_n(&pool.remaining, __ATOMIC_SEQ_CST)) != 0;) {
    TN_PREFIX(wait_on)(&pool.remaining, left);
  }
  __atomic_store_n(&pool.caller_sleeps, 0u, __ATOMIC_RELAXED);
}

int64_t TN_PREFIX(pool_run)(tn_task fn, void *arg, int64_t count) {
  count = tn_min(count, TN_MAX_THREADS);
  if (count > 1 && __atomic_exchange_n(&pool.taken, 1u, __ATOMIC_ACQUIRE) == 0) {
    start_workers(count);
    count = tn_min(count, pool.started);
    const uint32_t polls = polls_for(crowded(count) ? CROWDED_NS : __atomic_load_n(&pool.barrier_ns, __ATOMIC_RELAXED));
    pool.fn = fn;
    pool.arg = arg;
    pool.team.api = &TN_PREFIX(api);
    pool.team.count = (uint32_t)count;
    pool.team.spins = polls;
    __atomic_store_n(&pool.remaining, (uint32_t)(count - 1), __ATOMIC_RELAXED);
    for (int64_t i = 1; i < count; i++) post(&workers[i]);
    fn(arg, 0, &pool.team);
    if (count > 1) wait_for_workers(polls);
    __atomic_store_n(&pool.taken, 0u, __ATOMIC_RELEASE);
    return count;
  }
  tn_team alone = {.api = &TN_PREFIX(api), .count = 1};
  fn(arg, 0, &alone);
  return 1;
}

void TN_PREFIX(pool_set_threads)(int64_t count) {
  __atomic_store_n(&pool.threads, tn_max(1, tn_min(count, TN_MAX_THREADS)), __ATOMIC_RELAXED);
}

int64_t TN_PREFIX(pool_threads)(void) {
  int64_t threads = __atomic_load_n(&pool.threads, __ATOMIC_RELAXED);
  if (threads == 0) {
    threads = tn_min(TN_PREFIX(cpu_cores)(), TN_MAX_THREADS);
    __atomic_store_n(&pool.threads, threads, __ATOMIC_RELAXED);
  }
  return threads;
}

void TN_PREFIX(pool_set_spin)(int64_t idle_ns, int64_t barrier_ns) {
  __atomic_store_n(&pool.idle_ns, tn_max(0, idle_ns), __ATOMIC_RELAXED);
  __atomic_store_n(&pool.barrier_ns, tn_max(0, barrier_ns), __ATOMIC_RELAXED);
}
