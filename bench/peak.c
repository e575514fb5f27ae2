/*
 * What the cores give at best: multiply-adds in float32, bfloat16 and int8 dot products, and reading memory.
 * usage: peak [threads...]; prints one JSON object per thread count: rates in 10^9 operations (a multiply-add counts 2) or bytes a second.
 * Built by bench/peak.ts for this machine (-march=native). A kind that the machine lacks is null.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#if defined(__AVX512F__)
#define LANES 16
#elif defined(__AVX__)
#define LANES 8
#else
#define LANES 4
#endif
#if defined(__AVX512F__) || defined(__aarch64__)
#define CHAINS 24 /* independent sums; enough to hide the latency, few enough for the registers */
#else
#define CHAINS 12
#endif
typedef float vf __attribute__((vector_size(LANES * 4)));
typedef int32_t vi __attribute__((vector_size(LANES * 4)));

#define REPEATS 15
#define STEPS 200000
/* Per thread, in bytes. Larger than L2; a weight matrix that is read again and again behaves the same way. */
#define READ_BYTES (98ll << 20)
/* Far larger than any cache; and half of the last-level cache, where the system says its size. */
#define MEMORY_BYTES (1ll << 30)

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Keeps a register alive and opaque to the compiler without memory traffic. */
#if defined(__x86_64__)
#define OPAQUE(v) __asm__ volatile("" : "+v"(v))
#else
#define OPAQUE(v) __asm__ volatile("" : "+w"(v))
#endif

/* Each returns the work done by one thread. */
static double run_fma32(const char *memory, int64_t bytes) {
  (void)memory, (void)bytes;
  vf s[CHAINS], x = {0}, y = {0};
  for (int i = 0; i < CHAINS; i++) s[i] = (vf){0};
  for (int step = 0; step < STEPS; step++) {
    OPAQUE(x);
    OPAQUE(y);
#pragma GCC unroll 32
    for (int i = 0; i < CHAINS; i++) s[i] += x * y;
  }
  for (int i = 0; i < CHAINS; i++) OPAQUE(s[i]);
  return 2.0 * LANES * CHAINS * STEPS;
}

#if defined(__AVX512BF16__)
#define HAS_BF16 1
#if __GNUC__ >= 13 || defined(__clang__)
typedef __bf16 vbf __attribute__((vector_size(64)));
#else
typedef short vbf __attribute__((vector_size(64)));
#endif
static double run_bf16(const char *memory, int64_t bytes) {
  (void)memory, (void)bytes;
  vf s[CHAINS];
  vi x = {0}, y = {0};
  for (int i = 0; i < CHAINS; i++) s[i] = (vf){0};
  for (int step = 0; step < STEPS; step++) {
    OPAQUE(x);
    OPAQUE(y);
#pragma GCC unroll 32
    for (int i = 0; i < CHAINS; i++) s[i] = __builtin_ia32_dpbf16ps_v16sf(s[i], (vbf)x, (vbf)y);
  }
  for (int i = 0; i < CHAINS; i++) OPAQUE(s[i]);
  return 2.0 * 32 * CHAINS * STEPS;
}
#endif

#if defined(__AVX512VNNI__)
#define HAS_INT8 1
static double run_int8(const char *memory, int64_t bytes) {
  (void)memory, (void)bytes;
  vi s[CHAINS], x = {0}, y = {0};
  for (int i = 0; i < CHAINS; i++) s[i] = (vi){0};
  for (int step = 0; step < STEPS; step++) {
    OPAQUE(x);
    OPAQUE(y);
#pragma GCC unroll 32
    for (int i = 0; i < CHAINS; i++) s[i] = __builtin_ia32_vpdpbusd_v16si(s[i], x, y);
  }
  for (int i = 0; i < CHAINS; i++) OPAQUE(s[i]);
  return 2.0 * 64 * CHAINS * STEPS;
}
#endif

static double run_read(const char *memory, int64_t bytes) {
  vi s[8];
  for (int i = 0; i < 8; i++) s[i] = (vi){0};
  for (int64_t at = 0; at + 8 * LANES * 4 <= bytes; at += 8 * LANES * 4) {
#pragma GCC unroll 8
    for (int i = 0; i < 8; i++) s[i] ^= *(const vi *)(const void *)(memory + at + i * LANES * 4);
  }
  for (int i = 0; i < 8; i++) OPAQUE(s[i]);
  return (double)bytes;
}

typedef struct job {
  double (*run)(const char *, int64_t);
  const char *memory;
  int64_t bytes;
  pthread_barrier_t *barrier;
  double begin[REPEATS], end[REPEATS], work;
} job;

static void *work(void *arg) {
  job *j = arg;
  for (int i = 0; i < REPEATS; i++) {
    pthread_barrier_wait(j->barrier);
    j->begin[i] = now();
    j->work = j->run(j->memory, j->bytes);
    j->end[i] = now();
  }
  return NULL;
}

/* Best of the repeats; a repeat lasts from its first beginning to its last end. */
static double rate(double (*run)(const char *, int64_t), int threads, const char *memory, int64_t bytes) {
  pthread_barrier_t barrier;
  pthread_barrier_init(&barrier, NULL, (unsigned)threads);
  job *jobs = calloc((size_t)threads, sizeof(job));
  pthread_t *ids = calloc((size_t)threads, sizeof(pthread_t));
  for (int i = 0; i < threads; i++) {
    const int64_t share = bytes / threads / 4096 * 4096;
    jobs[i] = (job){.run = run, .memory = memory + i * share, .bytes = share, .barrier = &barrier};
    if (i > 0) pthread_create(&ids[i], NULL, work, &jobs[i]);
  }
  work(&jobs[0]);
  for (int i = 1; i < threads; i++) pthread_join(ids[i], NULL);
  double best = 0;
  for (int r = 0; r < REPEATS; r++) {
    double begin = jobs[0].begin[r], end = jobs[0].end[r], total = 0;
    for (int i = 0; i < threads; i++) {
      if (jobs[i].begin[r] < begin) begin = jobs[i].begin[r];
      if (jobs[i].end[r] > end) end = jobs[i].end[r];
      total += jobs[i].work;
    }
    if (total / (end - begin) > best) best = total / (end - begin);
  }
  free(jobs);
  free(ids);
  pthread_barrier_destroy(&barrier);
  return best * 1e-9;
}

int main(int argc, char **argv) {
  char *memory = aligned_alloc(2 << 20, MEMORY_BYTES);
  if (memory == NULL) return 1;
  memset(memory, 1, MEMORY_BYTES);
  const int64_t cache = sysconf(_SC_LEVEL3_CACHE_SIZE);
  for (int i = 1; i < argc; i++) {
    const int threads = atoi(argv[i]);
    if (threads < 1) return 2;
    printf("{\"threads\": %d, \"fma32\": %.1f", threads, rate(run_fma32, threads, memory, READ_BYTES));
#ifdef HAS_BF16
    printf(", \"bf16\": %.1f", rate(run_bf16, threads, memory, READ_BYTES));
#else
    printf(", \"bf16\": null");
#endif
#ifdef HAS_INT8
    printf(", \"int8\": %.1f", rate(run_int8, threads, memory, READ_BYTES));
#else
    printf(", \"int8\": null");
#endif
    printf(", \"readBandwidth\": %.1f", rate(run_read, threads, memory, READ_BYTES));
    printf(", \"readMemory\": %.1f", rate(run_read, threads, memory, MEMORY_BYTES));
    if (cache > 0) printf(", \"readCache\": %.1f}\n", rate(run_read, threads, memory, cache / 2));
    else printf(", \"readCache\": null}\n");
    fflush(stdout);
  }
  free(memory);
  return 0;
}
