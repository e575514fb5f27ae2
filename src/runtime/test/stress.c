/*
 * The runtime under load, as a plain C program: built by sanitizers.test.ts with AddressSanitizer, UBSan and
 * ThreadSanitizer, and linked under another symbol prefix, as packages are. Exits 0 when everything held.
 * `stress level` prints the instruction-set level that the runtime finds, `stress [ROUNDS [fork]]` does the work.
 */
#define _GNU_SOURCE
#include "tn_runtime.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK(condition)                                              \
  do {                                                                \
    if (!(condition)) {                                               \
      fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      exit(1);                                                        \
    }                                                                 \
  } while (0)

/* ---- Barriers: every thread adds to its own counter, and checks everybody's after each barrier. */

typedef struct barriers {
  int64_t rounds;
  int64_t counters[TN_MAX_THREADS][8];
  int64_t wrong[TN_MAX_THREADS][8];
} barriers;

static void barrier_member(void *arg, int64_t id, tn_team *team) {
  barriers *s = arg;
  int64_t record[TN_ERROR_WORDS] = {0};
  const tn_thread t = {.id = id, .count = team->count, .team = team, .error = record};
  for (int64_t round = 1; round <= s->rounds; round++) {
    s->counters[id][0] = round;
    tn_barrier(&t);
    for (int64_t other = 0; other < t.count; other++) s->wrong[id][0] += s->counters[other][0] != round;
    tn_barrier(&t);
  }
}

static void stress_barriers(int64_t threads, int64_t rounds) {
  static barriers s;
  memset(&s, 0, sizeof s);
  s.rounds = rounds;
  const int64_t used = TN_PREFIX(pool_run)(barrier_member, &s, threads);
  CHECK(used == threads);
  for (int64_t i = 0; i < threads; i++) CHECK(s.wrong[i][0] == 0 && s.counters[i][0] == rounds);
}

/* ---- Many short runs, nested runs, runs from several threads of the system. */

static void add_one(void *arg, int64_t id, tn_team *team) {
  (void)team;
  ((int64_t *)arg)[id * 8]++;
}

static void nested(void *arg, int64_t id, tn_team *team) {
  int64_t inner[8 * TN_MAX_THREADS] = {0};
  CHECK(TN_PREFIX(pool_run)(add_one, inner, 2) == 1); /* the workers are taken: alone */
  CHECK(inner[0] == 1);
  add_one(arg, id, team);
}

static void short_runs(int64_t threads, int64_t runs) {
  static int64_t counts[8 * TN_MAX_THREADS];
  memset(counts, 0, sizeof counts);
  for (int64_t i = 0; i < runs; i++) TN_PREFIX(pool_run)(i % 16 == 0 ? nested : add_one, counts, threads);
  for (int64_t i = 0; i < threads; i++) CHECK(counts[i * 8] == runs);
}

/* ---- Kernels keep tiles on the stack: a worker's must be large whatever the libc gives a thread (musl: 128 KiB). */

static void use_stack(void *arg, int64_t id, tn_team *team) {
  (void)team;
  volatile char tile[2 << 20];
  for (size_t i = 0; i < sizeof tile; i += 4096) tile[i] = (char)id;
  int64_t sum = 0;
  for (size_t i = 0; i < sizeof tile; i += 4096) sum += tile[i];
  ((int64_t *)arg)[id] = sum;
}

static void large_stacks(void) {
  int64_t sums[4] = {0};
  CHECK(TN_PREFIX(pool_run)(use_stack, sums, 4) == 4);
  for (int64_t i = 0; i < 4; i++) CHECK(sums[i] == i * 512);
}

/* ---- Calls: a program with two kernels and a barrier, on contexts of its own for each thread of the system. */

enum { N = 5000 };

static int64_t arena_bytes(const int64_t *d) { return d[0] * 4; }
static int64_t scratch_bytes(const int64_t *d) { return 256 + d[0] % 100; }

static void program(const tn_call *c, const tn_thread *t) {
  const int32_t *x = c->inputs[0];
  int32_t *middle = (int32_t *)(void *)c->arena, *y = c->outputs[0];
  int64_t begin, end;
  memset(t->scratch, (int)t->id, (size_t)scratch_bytes(c->dims));
  tn_kernel_begin(c, t, 0);
  tn_split(c->dims[0], 16, t->id, t->count, &begin, &end);
  for (int64_t i = begin; i < end; i++) {
    middle[i] = x[i] + 1;
    if (x[i] < 0) tn_fail(t, TN_ERROR_VALUE, x[i], i);
  }
  tn_kernel_end(c, t, 0);
  tn_barrier(t);
  tn_kernel_begin(c, t, 1);
  for (int64_t i = begin; i < end; i++) y[i] = middle[c->dims[0] - 1 - i];
  tn_kernel_end(c, t, 1);
}

static const char *const kernel_names[] = {"first", "second"};
static const tn_artifact artifact = {.abi_version = TN_ABI_VERSION, .name = "stress", .n_dims = 1, .n_inputs = 1,
                                     .n_outputs = 1, .n_kernels = 2, .kernel_names = kernel_names,
                                     .arena_bytes = arena_bytes, .scratch_bytes = scratch_bytes, .program = program};

static void *caller(void *arg) {
  const int64_t seed = (int64_t)(intptr_t)arg;
  tn_context *context = TN_PREFIX(context_create)();
  int32_t *x = malloc(4 * N), *y = malloc(4 * N);
  int64_t *profile = calloc(TN_MAX_THREADS * 2, sizeof *profile);
  int64_t block[TN_BLOCK_HEADER + 3] = {0};
  block[TN_BLOCK_ARTIFACT] = (int64_t)(uintptr_t)&artifact;
  block[TN_BLOCK_CONTEXT] = (int64_t)(uintptr_t)context;
  block[TN_BLOCK_PROFILE] = (int64_t)(uintptr_t)profile;
  block[TN_BLOCK_HEADER + 1] = (int64_t)(uintptr_t)x;
  block[TN_BLOCK_HEADER + 2] = (int64_t)(uintptr_t)y;
  for (int64_t round = 0; round < 300; round++) {
    const int64_t n = 1 + (round * 37 + seed) % N;
    block[TN_BLOCK_HEADER] = n;
    block[TN_BLOCK_THREADS] = 1 + round % 4;
    for (int64_t i = 0; i < n; i++) x[i] = (int32_t)(i + seed);
    const int64_t bad = round % 5 == 4 ? n / 2 : -1;
    if (bad >= 0) x[bad] = -7;
    if (bad >= 0 && n > 1) x[n - 1] = -9;
    const int64_t status = TN_PREFIX(call_run)(block);
    CHECK(block[TN_BLOCK_USED] >= 1 && block[TN_BLOCK_USED] <= 4);
    if (bad >= 0) {
      /* The first bad element, whatever the number of threads. */
      CHECK(status == TN_ERROR_VALUE && block[TN_BLOCK_LIMIT] == bad && block[TN_BLOCK_KERNEL] == 0);
    } else {
      CHECK(status == TN_OK && block[TN_BLOCK_KERNEL] == -1);
      for (int64_t i = 0; i < n; i++) CHECK(y[i] == (int32_t)(n - 1 - i + seed) + 1);
    }
    if (round % 100 == 50) CHECK(TN_PREFIX(context_trim)(context) == TN_OK);
  }
  CHECK(TN_PREFIX(context_reserve)(context, &artifact, (const int64_t[]){1 << 21}, 3) == TN_OK);
  CHECK(TN_PREFIX(context_bytes)(context) >= 4 << 21);
  block[TN_BLOCK_HEADER] = INT64_MAX / 16;
  CHECK(TN_PREFIX(call_run)(block) == TN_ERROR_MEMORY);
  CHECK(TN_PREFIX(context_destroy)(context) == TN_OK);
  free(x);
  free(y);
  free(profile);
  return NULL;
}

static void concurrent_calls(void) {
  pthread_t threads[3];
  for (intptr_t i = 0; i < 3; i++) CHECK(pthread_create(&threads[i], NULL, caller, (void *)(i * 1000)) == 0);
  for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
}

/* ---- A forked child has a pool of its own. */

static void fork_and_run(void) {
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    stress_barriers(2, 100);
    _exit(0);
  }
  int status = 1;
  CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
  stress_barriers(2, 100);
}

/* ---- Packing, from an address that is not aligned. */

static void pack(void) {
  enum { COLUMNS = 21, ROWS = 7, GROUP = 2, PADDED = 8 };
  char *source = malloc(COLUMNS * ROWS * 2 + 1);
  uint16_t *target = aligned_alloc(64, 2 * PADDED * 32);
  for (int i = 0; i < COLUMNS * ROWS; i++) {
    const uint16_t value = (uint16_t)(i + 1);
    memcpy(source + 1 + 2 * i, &value, 2);
  }
  int64_t block[TN_PACK_WORDS] = {(int64_t)(uintptr_t)(source + 1), (int64_t)(uintptr_t)target, 2, GROUP, COLUMNS, 1, ROWS,
                                  ROWS, 0, 1};
  CHECK(TN_PREFIX(pack_bytes)(block) == 2 * PADDED * 32);
  CHECK(TN_PREFIX(pack_panels)(block) == TN_OK);
  for (int n = 0; n < 32; n++) {
    for (int k = 0; k < PADDED; k++) {
      const int value = n < COLUMNS && k < ROWS ? n * ROWS + k + 1 : 0;
      CHECK(target[n / 16 * 16 * PADDED + k / GROUP * 16 * GROUP + n % 16 * GROUP + k % GROUP] == value);
    }
  }
  block[TN_PACK_ELEMENT] = 3;
  CHECK(TN_PREFIX(pack_bytes)(block) == -1 && TN_PREFIX(pack_panels)(block) == TN_ERROR_VALUE);
  free(source);
  free(target);
}

/* ---- Mapping this program's own file. */

static void map(const char *self) {
  int64_t whole[4], part[4];
  CHECK(TN_PREFIX(map_file)(self, 0, -1, whole) == TN_OK);
  CHECK(TN_PREFIX(map_file)(self, 5001, 100, part) == TN_OK && part[1] == 100);
  char *bytes = (char *)(uintptr_t)part[0];
  CHECK(memcmp(bytes, (char *)(uintptr_t)whole[0] + 5001, 100) == 0);
  CHECK(TN_PREFIX(map_will_need)((void *)(uintptr_t)part[2], part[3]) == TN_OK);
  bytes[3] ^= 1; /* private: the file keeps its byte */
  int64_t again[4];
  CHECK(TN_PREFIX(map_file)(self, 5001, 100, again) == TN_OK);
  CHECK(((char *)(uintptr_t)again[0])[3] == (bytes[3] ^ 1));
  CHECK(TN_PREFIX(map_file)(self, whole[1] - 1, 2, again + 0) == TN_ERROR_VALUE);
  CHECK(TN_PREFIX(map_file)(self, -1, 2, again) == TN_ERROR_VALUE);
  CHECK(TN_PREFIX(map_file)("/nonexistent", 0, -1, again) == TN_ERROR_SYSTEM && again[0] == 2);
  CHECK(TN_PREFIX(map_close)((void *)(uintptr_t)whole[2], whole[3]) == TN_OK);
  CHECK(TN_PREFIX(map_close)((void *)(uintptr_t)part[2], part[3]) == TN_OK);
}

static void helpers(void) {
  for (int64_t a = -20; a <= 20; a++) {
    for (int64_t b = -5; b <= 5; b++) {
      if (b == 0) continue;
      const int64_t q = tn_floordiv(a, b), r = tn_floormod(a, b);
      CHECK(q * b + r == a && (r == 0 || ((r < 0) == (b < 0) && llabs(r) < llabs(b))));
    }
  }
  for (int64_t total = 0; total < 200; total++) {
    for (int64_t chunk = 1; chunk < 20; chunk += 3) {
      for (int64_t count = 1; count < 9; count++) {
        int64_t at = 0;
        for (int64_t id = 0; id < count; id++) {
          int64_t begin, end;
          tn_split(total, chunk, id, count, &begin, &end);
          CHECK(begin == at && end >= begin && (begin % chunk == 0 || begin == total) && (end % chunk == 0 || end == total));
          at = end;
        }
        CHECK(at == total);
      }
    }
  }
}

int main(int argc, char **argv) {
  if (argc > 1 && strcmp(argv[1], "level") == 0) {
    printf("%d\n", (int)TN_PREFIX(cpu_isa)());
    return 0;
  }
  const int64_t rounds = argc > 1 ? strtoll(argv[1], NULL, 10) : 1000;
  helpers();
  CHECK(TN_PREFIX(cpu_cores)() >= 1 && TN_PREFIX(pool_threads)() >= 1);
  static const int64_t teams[] = {1, 2, 3, 8, 2};
  for (size_t i = 0; i < sizeof teams / sizeof *teams; i++) stress_barriers(teams[i], rounds);
  short_runs(2, rounds);
  short_runs(3, rounds / 4);
  usleep(20000); /* the workers sleep by now */
  short_runs(2, 10);
  large_stacks();
  concurrent_calls();
  if (argc > 2) fork_and_run();
  pack();
  map(argv[0]);
  puts("ok");
  return 0;
}
