/*
 * The runtime object: which level this CPU and TN_ISA allow, how many threads.
 */
#include "tn_core.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct pkg_runtime {
  uint32_t creations;
};

static pkg_runtime the_runtime;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *const level_names[TN_LEVELS] = {"plain", "v3", "v4", "v4x", "neon"};

/* What each asks of a CPU, for people. */
static const char *const level_needs[TN_LEVELS] = {
    "any x86-64",
    "AVX2, FMA, F16C, BMI2 (x86-64-v3)",
    "AVX-512 F, BW, CD, DQ, VL (x86-64-v4)",
    "AVX-512 with BF16 and VNNI",
    "any AArch64",
};

const char *PKG(core_level_name)(int32_t level) {
  return level >= 0 && level < TN_LEVELS ? level_names[level] : NULL;
}

/* ---- Levels ---------------------------------------------------------------------------------------------------- */

static int32_t level_of_cpu(void) {
  switch (TN_PREFIX(cpu_isa)()) {
    case TN_ISA_V3: return TN_LEVEL_V3;
    case TN_ISA_V4: return TN_LEVEL_V4;
    case TN_ISA_V4X: return TN_LEVEL_V4X;
    case TN_ISA_NEON: return TN_LEVEL_NEON;
    default: return TN_LEVEL_PLAIN;
  }
}

/* The levels of x86-64 stand below each other; NEON stands alone. */
static int allows(int32_t ceiling, int32_t level) {
  return ceiling == TN_LEVEL_NEON || level == TN_LEVEL_NEON ? ceiling == level : level <= ceiling;
}

/* The best level that may be used: the CPU's, or what TN_ISA lowers it to. Read once a process; -1 with the error. */
static int32_t ceiling_of_process(void) {
  static int32_t known = -1;
  int32_t ceiling = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (ceiling >= 0) return ceiling;
  const int32_t cpu = level_of_cpu();
  ceiling = cpu;
  const char *asked = getenv("TN_ISA");
  if (asked != NULL && asked[0] != '\0') {
    for (ceiling = 0; ceiling < TN_LEVELS && strcmp(level_names[ceiling], asked) != 0;) ceiling++;
    if (ceiling == TN_LEVELS) {
      PKG(core_fail)(PKG_ERROR_ENVIRONMENT, "TN_ISA=%.40s: no such level; there are plain, v3, v4, v4x, neon", asked);
      return -1;
    }
    if (!allows(cpu, ceiling)) {
      PKG(core_fail)(PKG_ERROR_ENVIRONMENT, "TN_ISA=%s: this CPU does not run that level, its best is %s", asked,
                     level_names[cpu]);
      return -1;
    }
  }
  __atomic_store_n(&known, ceiling, __ATOMIC_RELAXED);
  return ceiling;
}

static void say_below(const tn_package_part *part, int32_t ceiling) {
  char held[64] = "";
  int32_t least = -1;
  for (int32_t level = 0; level < TN_LEVELS; level++) {
    if (part->levels[level] == NULL) continue;
    if (least < 0) least = level;
    const size_t at = strlen(held);
    snprintf(held + at, sizeof held - at, "%s%s", at > 0 ? ", " : "", level_names[level]);
  }
  if (least < 0) {
    PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: the package holds no code for it", part->name);
    return;
  }
  PKG(core_fail)(PKG_ERROR_CPU, "%s: this CPU runs level %s, the package holds %s: it needs at least %s", part->name,
                 level_names[ceiling], held, level_needs[least]);
}

const tn_artifact *PKG(core_artifact)(int number, int32_t *level) {
  const tn_package_part *part = PKG(core_part)(number);
  if (part == NULL) return NULL;
  const int32_t ceiling = ceiling_of_process();
  if (ceiling < 0) return NULL;
  for (int32_t i = TN_LEVELS - 1; i >= 0; i--) {
    if (part->levels[i] == NULL || !allows(ceiling, i)) continue;
    if (level != NULL) *level = i;
    return part->levels[i];
  }
  say_below(part, ceiling);
  return NULL;
}

/* Whether every part runs here: 0 or the status. */
static int check_levels(void) {
  if (ceiling_of_process() < 0) return PKG_ERROR_ENVIRONMENT;
  for (int i = 0; i < PKG(core_table).n_parts; i++) {
    const tn_artifact *artifact = PKG(core_artifact)(i, NULL);
    if (artifact == NULL) return PKG_ERROR_CPU;
    if (artifact->abi_version != TN_ABI_VERSION) {
      return PKG(core_fail)(PKG_ERROR_INTERNAL, "%s: its code is of another version of the runtime", artifact->name);
    }
  }
  return PKG_OK;
}

/* ---- The runtime ----------------------------------------------------------------------------------------------- */

static int64_t threads_of_environment(void) {
  const char *asked = getenv("TN_THREADS");
  if (asked == NULL || asked[0] == '\0') return 0;
  char *end;
  const long count = strtol(asked, &end, 10);
  if (*end == '\0' && count >= 1 && count <= TN_MAX_THREADS) return count;
  PKG(core_fail)(PKG_ERROR_ENVIRONMENT, "TN_THREADS=%.40s: is not a number of threads from 1 to %d", asked, TN_MAX_THREADS);
  return -1;
}

int pkg_runtime_create(int abi_version, int threads, pkg_runtime **out) {
  const char *name = PKG(core_table).name;
  if (out == NULL) return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: runtime_create: out is NULL", name);
  *out = NULL;
  if (abi_version != PKG_ABI_VERSION) {
    return PKG(core_fail)(PKG_ERROR_ABI, "%s: the program was compiled for version %d of the interface, this is %d", name,
                          abi_version, PKG_ABI_VERSION);
  }
  if (threads < 0 || threads > TN_MAX_THREADS) {
    return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: runtime_create: threads is %d, wants 0 to %d", name, threads,
                          TN_MAX_THREADS);
  }
  const int status = check_levels();
  if (status != PKG_OK) return status;
  pthread_mutex_lock(&lock);
  int64_t count = threads;
  if (count == 0 && the_runtime.creations == 0) count = threads_of_environment();
  if (count >= 0) {
    if (count > 0) TN_PREFIX(pool_set_threads)(count);
    the_runtime.creations++;
    *out = &the_runtime;
  }
  pthread_mutex_unlock(&lock);
  return count < 0 ? PKG_ERROR_ENVIRONMENT : PKG_OK;
}

void pkg_runtime_destroy(pkg_runtime *runtime) {
  if (runtime != &the_runtime) return;
  pthread_mutex_lock(&lock);
  if (runtime->creations > 0) runtime->creations--;
  pthread_mutex_unlock(&lock);
}

int PKG(core_check_runtime)(const pkg_runtime *runtime, const char *function) {
  int alive = 0;
  if (runtime == &the_runtime) {
    pthread_mutex_lock(&lock);
    alive = the_runtime.creations > 0;
    pthread_mutex_unlock(&lock);
  }
  if (alive) return PKG_OK;
  return PKG(core_fail)(PKG_ERROR_ARGUMENT, "%s: %s: runtime is %s", PKG(core_table).name, function,
                        runtime == NULL ? "NULL" : "none that runtime_create gave, or destroyed");
}

int pkg_runtime_threads(const pkg_runtime *runtime) {
  return runtime == &the_runtime ? (int)TN_PREFIX(pool_threads)() : 0;
}

const char *pkg_runtime_level(const pkg_runtime *runtime, int part) {
  int32_t level;
  return runtime == &the_runtime && PKG(core_artifact)(part, &level) != NULL ? level_names[level] : NULL;
}
