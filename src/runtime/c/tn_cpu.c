/*
 * What this machine allows us to use: the instruction-set level, and the number of cores.
 */
#define _GNU_SOURCE
#include "tn_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __linux__
#include <sched.h>
#endif

/* ---- Instruction sets ------------------------------------------------------------------------------------------ */

#if defined(__x86_64__)
#include <cpuid.h>

static uint64_t enabled_state(void) {
  uint32_t low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return ((uint64_t)high << 32) | low;
}

static int has_all(uint32_t word, uint32_t bits) { return (word & bits) == bits; }

/* The levels are those of the x86-64 psABI; v4x adds AVX512-BF16 and AVX512-VNNI. */
int64_t TN_PREFIX(cpu_isa)(void) {
  uint32_t a, b, c, d; /* registers whose bits are of no interest */
  uint32_t c1 = 0, b7 = 0, c7 = 0, a71 = 0, c81 = 0;
  if (!__get_cpuid(1, &a, &b, &c1, &d)) return TN_ISA_PLAIN;
  if (__get_cpuid_count(7, 0, &a, &b7, &c7, &d) && a >= 1) __get_cpuid_count(7, 1, &a71, &b, &c, &d);
  __get_cpuid(0x80000001u, &a, &b, &c81, &d);

  const uint32_t v2_and_avx = bit_SSE3 | bit_SSSE3 | bit_CMPXCHG16B | bit_SSE4_1 | bit_SSE4_2 | bit_POPCNT | bit_OSXSAVE |
                              bit_AVX | bit_F16C | bit_FMA | bit_MOVBE;
  if (!has_all(c1, v2_and_avx)) return TN_ISA_PLAIN;
  const uint64_t state = enabled_state();
  if ((state & 0x6) != 0x6) return TN_ISA_PLAIN; /* the system must save xmm and ymm */
  if (!has_all(b7, bit_AVX2 | bit_BMI | bit_BMI2) || !has_all(c81, bit_LZCNT | bit_LAHF_LM)) return TN_ISA_PLAIN;
  const uint32_t avx512 = bit_AVX512F | bit_AVX512BW | bit_AVX512CD | bit_AVX512DQ | bit_AVX512VL;
  if ((state & 0xe6) != 0xe6 || !has_all(b7, avx512)) return TN_ISA_V3; /* opmask, zmm low and high */
  if (!has_all(c7, bit_AVX512VNNI) || !has_all(a71, bit_AVX512BF16)) return TN_ISA_V4;
  return TN_ISA_V4X;
}

#elif defined(__aarch64__)
int64_t TN_PREFIX(cpu_isa)(void) { return TN_ISA_NEON; }
#else
int64_t TN_PREFIX(cpu_isa)(void) { return TN_ISA_PLAIN; }
#endif

/* ---- Cores ----------------------------------------------------------------------------------------------------- */

static int64_t allowed_by_affinity(void) {
#ifdef __linux__
  /* The kernel refuses a set that is smaller than its own, so try larger ones. */
  for (size_t cpus = 1024; cpus <= 65536; cpus *= 4) {
    cpu_set_t *set = CPU_ALLOC(cpus);
    if (set == NULL) break;
    const size_t bytes = CPU_ALLOC_SIZE(cpus);
    const int rc = sched_getaffinity(0, bytes, set);
    const int64_t count = rc == 0 ? CPU_COUNT_S(bytes, set) : 0;
    CPU_FREE(set);
    if (count > 0) return count;
  }
#endif
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int64_t)online : 1;
}

#ifdef __linux__

/* Reads at most two numbers from a small file; how many could be read ("max" is none). Not with fscanf: it is the largest
   function of a C library, and static programs have it once more for this. */
static int read_numbers(const char *path, double out[2]) {
  FILE *file = fopen(path, "re");
  if (file == NULL) return 0;
  char line[128];
  const char *at = fgets(line, sizeof line, file);
  int n = 0;
  while (at != NULL && n < 2) {
    char *end;
    const long long number = strtoll(at, &end, 10);
    if (end == at) break;
    out[n++] = (double)number;
    at = end;
  }
  fclose(file);
  return n;
}

/* Quota of one cgroup folder in cores, or 0 when it sets none. */
static double quota_at(const char *folder, int version) {
  char path[4352];
  double quota[2] = {0, 0}, period[2] = {0, 0};
  if (version == 2) {
    snprintf(path, sizeof path, "%s/cpu.max", folder);
    return read_numbers(path, quota) == 2 && quota[1] > 0 ? quota[0] / quota[1] : 0;
  }
  snprintf(path, sizeof path, "%s/cpu.cfs_quota_us", folder);
  if (read_numbers(path, quota) == 0 || quota[0] <= 0) return 0;
  snprintf(path, sizeof path, "%s/cpu.cfs_period_us", folder);
  return read_numbers(path, period) != 0 && period[0] > 0 ? quota[0] / period[0] : 0;
}

/* The least quota from our group up to the root of the mount; a group that a container hides is skipped. */
static double least_quota(const char *mount, const char *group, int version) {
  char folder[4224];
  snprintf(folder, sizeof folder, "%s%s", mount, group);
  const size_t root = strlen(mount);
  double least = 0;
  for (;;) {
    const double quota = quota_at(folder, version);
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
    char *slash = strrchr(folder, '/');
    if (slash == NULL || (size_t)(slash - folder) < root) return least;
    *slash = '\0';
  }
}

/* Whether a comma-separated list of controllers names `cpu`. */
static int names_cpu(const char *list, size_t length) {
  for (const char *at = list; at < list + length;) {
    const char *comma = memchr(at, ',', (size_t)(list + length - at));
    const char *end = comma != NULL ? comma : list + length;
    if (end - at == 3 && memcmp(at, "cpu", 3) == 0) return 1;
    at = end + 1;
  }
  return 0;
}

static double allowed_by_cgroup(void) {
  FILE *file = fopen("/proc/self/cgroup", "re");
  if (file == NULL) return 0;
  char line[4160];
  double least = 0;
  while (fgets(line, sizeof line, file) != NULL) {
    line[strcspn(line, "\n")] = '\0';
    char *controllers = strchr(line, ':');
    char *group = controllers != NULL ? strchr(controllers + 1, ':') : NULL;
    if (group == NULL) continue;
    controllers++;
    double quota = 0;
    if (group == controllers) {
      quota = least_quota("/sys/fs/cgroup", group + 1, 2);
      if (quota == 0) quota = least_quota("/sys/fs/cgroup/unified", group + 1, 2);
    } else if (names_cpu(controllers, (size_t)(group - controllers))) {
      quota = least_quota("/sys/fs/cgroup/cpu", group + 1, 1);
      if (quota == 0) quota = least_quota("/sys/fs/cgroup/cpu,cpuacct", group + 1, 1);
    }
    if (quota > 0 && (least == 0 || quota < least)) least = quota;
  }
  fclose(file);
  return least;
}

#else
static double allowed_by_cgroup(void) { return 0; }
#endif

/* Set before any thread runs. */
static int ignores_quota;

void TN_PREFIX(cpu_ignore_quota)(void) { ignores_quota = 1; }

int64_t TN_PREFIX(cpu_cores)(void) {
  int64_t cores = allowed_by_affinity();
  const double quota = ignores_quota ? 0 : allowed_by_cgroup();
  /* Rounded down: a team that spins on a core it may use half of the time is throttled as a whole. */
  if (quota > 0 && quota < (double)cores) cores = (int64_t)quota;
  return cores > 0 ? cores : 1;
}
