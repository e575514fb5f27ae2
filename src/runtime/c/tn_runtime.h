/*
 * TorchNative C runtime: the ABI between generated code, the runtime and whoever calls them.
 *
 * Generated code includes this header only. It needs no symbol of the runtime: what it uses of it is inline here or
 * reached through `team->api`, so an artifact has undefined symbols of libc and libm alone.
 *
 * C11 with GNU builtins (gcc 12 or later, clang 14 or later), 64-bit little-endian targets.
 */
#ifndef TN_RUNTIME_H
#define TN_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

/* Raised whenever a layout or a meaning in this file changes. An artifact of another version is refused, not run. */
#define TN_ABI_VERSION 1

_Static_assert(sizeof(void *) == 8, "TorchNative needs a 64-bit target");

/*
 * Every global name of the runtime goes through TN_PREFIX, so that two packages can be linked into one program.
 * A package compiles these files with -DTN_SYMBOL_PREFIX=mypackage_ .
 */
#ifndef TN_SYMBOL_PREFIX
#define TN_SYMBOL_PREFIX tn_
#endif
#define TN_JOIN_(a, b) a##b
#define TN_JOIN(a, b) TN_JOIN_(a, b)
#define TN_PREFIX(name) TN_JOIN(TN_SYMBOL_PREFIX, name)

#define TN_EXPORT __attribute__((visibility("default")))

#define TN_LIKELY(x) __builtin_expect(!!(x), 1)
#define TN_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* ---- DLPack ---------------------------------------------------------------------------------------------------- */

/*
 * The public struct layout of DLPack 1.x (https://dmlc.github.io/dlpack), declared here so that no header has to be
 * fetched. A translation unit that includes dlpack.h first keeps that one: the layouts are the same. So are those of a
 * package's header, hence the second name.
 */
#if !defined(DLPACK_DLPACK_H_) && !defined(TN_DLPACK_TYPES)
#define TN_DLPACK_TYPES
typedef struct DLDevice {
  int32_t device_type; /* 1 = CPU */
  int32_t device_id;
} DLDevice;

typedef struct DLDataType {
  uint8_t code; /* 0 int, 1 unsigned, 2 IEEE float, 4 bfloat, 6 bool */
  uint8_t bits;
  uint16_t lanes;
} DLDataType;

typedef struct DLTensor {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;       /* elements */
  int64_t *strides;     /* elements; NULL means contiguous, row-major */
  uint64_t byte_offset; /* from data to the first element */
} DLTensor;
#endif

/* ---- Threads --------------------------------------------------------------------------------------------------- */

struct tn_team;

/* What the runtime does for generated code out of line: reached only where a thread waits long, or profiles. */
typedef struct tn_runtime_api {
  int64_t abi_version;
  void (*barrier_wait)(struct tn_team *team, uint32_t phase); /* sleep until team->phase != phase */
  void (*barrier_wake)(struct tn_team *team);                 /* wake the sleepers of team->phase */
  int64_t (*now)(void);                                       /* monotonic clock, ns */
} tn_runtime_api;

/* The threads of one run. Fields that different threads write stand on lines of their own. */
typedef struct tn_team {
  const tn_runtime_api *api;
  uint32_t count;
  uint32_t spins; /* polls before a waiting thread gives up its core */
  _Alignas(64) uint32_t arrived;
  _Alignas(64) uint32_t phase; /* number of barriers passed; the word that sleepers wait on */
  _Alignas(64) uint32_t sleepers;
} tn_team;

/* One thread of a run, as a kernel sees it. `id` is 0 .. count-1; a run with count 1 has no other thread at all. */
typedef struct tn_thread {
  int64_t id, count;
  char *scratch;        /* scratch_bytes(dims) bytes of this thread's own, 64-byte aligned, contents undefined */
  struct tn_team *team;
  int64_t *error;       /* TN_ERROR_WORDS words of this thread's own, see tn_fail */
} tn_thread;

/*
 * A kernel: `b` are its buffers and `d` the dim values in the artifact's order. Every thread of the team calls it; it
 * takes its own share with tn_split(…, t->id, t->count, …) and contains no barrier.
 */
typedef void (*tn_kernel)(void *const *b, const int64_t *d, const tn_thread *t);

static inline void tn_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ __volatile__("isb" ::: "memory");
#endif
}

/*
 * All threads of the team pass together, and what each wrote before is seen by all after. The last one to arrive
 * opens the next phase; the others poll the phase for a while, then sleep in the runtime.
 */
static inline void tn_barrier(const tn_thread *t) {
  if (t->count == 1) return;
  tn_team *team = t->team;
  const uint32_t phase = __atomic_load_n(&team->phase, __ATOMIC_RELAXED);
  if (__atomic_add_fetch(&team->arrived, 1u, __ATOMIC_ACQ_REL) == team->count) {
    __atomic_store_n(&team->arrived, 0u, __ATOMIC_RELAXED);
    /* Sequentially consistent with the sleeper, which counts itself in before it looks at the phase a last time. */
    __atomic_add_fetch(&team->phase, 1u, __ATOMIC_SEQ_CST);
    if (TN_UNLIKELY(__atomic_load_n(&team->sleepers, __ATOMIC_SEQ_CST) != 0)) team->api->barrier_wake(team);
    return;
  }
  for (uint32_t i = team->spins; i != 0; i--) {
    if (__atomic_load_n(&team->phase, __ATOMIC_ACQUIRE) != phase) return;
    tn_pause();
  }
  team->api->barrier_wait(team, phase);
}

/* ---- Integer helpers ------------------------------------------------------------------------------------------- */

static inline int64_t tn_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t tn_max(int64_t a, int64_t b) { return a > b ? a : b; }

/* Quotient rounded towards minus infinity; b != 0. */
static inline int64_t tn_floordiv(int64_t a, int64_t b) {
  const int64_t q = a / b;
  return q - ((a % b != 0) & ((a < 0) != (b < 0)));
}

/* a - b * tn_floordiv(a, b): zero or the sign of b; b != 0. */
static inline int64_t tn_floormod(int64_t a, int64_t b) {
  const int64_t r = a % b;
  return (r != 0 && ((r < 0) != (b < 0))) ? r + b : r;
}

/* Quotient rounded up; a >= 0, b > 0. */
static inline int64_t tn_ceildiv(int64_t a, int64_t b) { return a / b + (a % b != 0); }

/*
 * The share [*begin, *end) of thread `id` out of [0, total), in whole multiples of `chunk` but for the very last end.
 * Chunk boundaries stand at the same places for every thread count, so code that treats a chunk as a unit gives the
 * same bits with any number of threads. total >= 0, chunk > 0; a thread may get an empty share.
 */
static inline void tn_split(int64_t total, int64_t chunk, int64_t id, int64_t count, int64_t *begin, int64_t *end) {
  const int64_t chunks = tn_ceildiv(total, chunk);
  const int64_t each = chunks / count;
  const int64_t extra = chunks % count; /* the first `extra` threads take one more */
  const int64_t first = id * each + tn_min(id, extra);
  const int64_t last = first + each + (id < extra);
  *begin = tn_min(first * chunk, total);
  *end = tn_min(last * chunk, total);
}

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

enum {
  TN_OK = 0,
  TN_ERROR_INDEX = 1,    /* an index read from a tensor is out of range: value, limit (valid: -limit .. limit-1) */
  TN_ERROR_DIM = 2,      /* a dim value is out of range: value, limit */
  TN_ERROR_VALUE = 3,    /* another value that the operation does not take: value, limit */
  TN_ERROR_MEMORY = 16,  /* the arena or the scratch cannot be allocated: value = bytes */
  TN_ERROR_ABI = 17,     /* artifact of another ABI version: value, limit = ours */
  TN_ERROR_BUSY = 18,    /* the context is running another call */
  TN_ERROR_SYSTEM = 19,  /* an operating-system call failed: value = errno */
  TN_ERROR_NOT_FOUND = 20 /* no such library or symbol */
};

/* Words of one thread's record (one cache line): its first error, and the profiler's clock. */
enum {
  TN_ERROR_CODE = 0,
  TN_ERROR_AT_KERNEL = 1,
  TN_ERROR_AT_VALUE = 2,
  TN_ERROR_AT_LIMIT = 3,
  TN_ERROR_CLOCK = 4,
  TN_ERROR_WORDS = 8
};

/*
 * Notes an error; the first one of a thread stays, later ones are dropped. The runtime then reports the one of the
 * lowest kernel index and, within it, of the lowest thread: with ranges split in order that is the same element for
 * every thread count. The kernel goes on (with the index clamped, say): no thread may miss a barrier.
 */
static inline void tn_fail(const tn_thread *t, int64_t code, int64_t value, int64_t limit) {
  int64_t *e = t->error;
  if (e[TN_ERROR_CODE] != TN_OK) return;
  e[TN_ERROR_CODE] = code;
  e[TN_ERROR_AT_VALUE] = value;
  e[TN_ERROR_AT_LIMIT] = limit;
}

/* ---- Calls ----------------------------------------------------------------------------------------------------- */

/* An address kept in a 64-bit word of an argument block. */
typedef void *__attribute__((may_alias)) tn_address;

/* What a program is called with; the same for every thread of the run. */
typedef struct tn_call {
  const int64_t *dims;       /* [n_dims] */
  const tn_address *inputs;  /* [n_inputs] */
  const tn_address *outputs; /* [n_outputs] */
  const tn_address *weights; /* [n_weights] */
  char *arena;               /* arena_bytes(dims) bytes, 64-byte aligned, contents undefined */
  int64_t *profile;          /* [count][n_kernels] sums of ns that this run adds to; NULL unless it is profiled */
  int64_t n_kernels;
} tn_call;

/* Every thread of the team runs the whole list of kernels, with tn_barrier(t) where a dependence crosses threads. */
typedef void (*tn_program)(const tn_call *call, const tn_thread *t);

/* A program brackets kernel number `kernel` with these two: errors know their kernel, the profiler its time. */
static inline void tn_kernel_begin(const tn_call *call, const tn_thread *t, int64_t kernel) {
  if (TN_LIKELY(t->error[TN_ERROR_CODE] == TN_OK)) t->error[TN_ERROR_AT_KERNEL] = kernel;
  if (TN_UNLIKELY(call->profile != NULL)) t->error[TN_ERROR_CLOCK] = t->team->api->now();
}

static inline void tn_kernel_end(const tn_call *call, const tn_thread *t, int64_t kernel) {
  if (TN_UNLIKELY(call->profile != NULL)) {
    call->profile[t->id * call->n_kernels + kernel] += t->team->api->now() - t->error[TN_ERROR_CLOCK];
  }
}

/* The table that an artifact exports, as `const tn_artifact tn_artifact_v1`. */
typedef struct tn_artifact {
  int64_t abi_version; /* TN_ABI_VERSION */
  const char *name;    /* the part's name, for people */
  int64_t n_dims, n_inputs, n_outputs, n_weights, n_kernels;
  const char *const *kernel_names;              /* [n_kernels] */
  int64_t (*arena_bytes)(const int64_t *dims);   /* NULL: none */
  int64_t (*scratch_bytes)(const int64_t *dims); /* per thread; NULL: none */
  int64_t (*work)(const int64_t *dims);          /* rough ns on one thread, decides how many are used; NULL: all */
  tn_program program;
} tn_artifact;

#define TN_ARTIFACT_SYMBOL "tn_artifact_v1"

/*
 * The argument block of one call: TN_BLOCK_HEADER words, then the dims, the input addresses and the output addresses,
 * n_dims + n_inputs + n_outputs words. The caller keeps it and rewrites what changed.
 */
enum {
  TN_BLOCK_STATUS = 0,   /* out: TN_OK or an error code, then where and what */
  TN_BLOCK_KERNEL = 1,   /* out: kernel index, -1 when no kernel is to blame */
  TN_BLOCK_VALUE = 2,    /* out */
  TN_BLOCK_LIMIT = 3,    /* out */
  TN_BLOCK_THREADS = 4,  /* in: at most so many threads; 0: the pool's */
  TN_BLOCK_FLAGS = 5,    /* in: TN_CALL_* */
  TN_BLOCK_ARTIFACT = 6, /* in: const tn_artifact * */
  TN_BLOCK_CONTEXT = 7,  /* in: tn_context * */
  TN_BLOCK_WEIGHTS = 8,  /* in: const tn_address *, n_weights of them; the same array may serve many blocks */
  TN_BLOCK_PROFILE = 9,  /* in: int64_t *, n_kernels sums (ns) for each of the block's or the pool's threads; or 0 */
  TN_BLOCK_USED = 10,    /* out: threads that ran */
  TN_BLOCK_HEADER = 16
};

enum {
  TN_CALL_ALL_THREADS = 1 /* use TN_BLOCK_THREADS threads however small the work is (tests, benches) */
};

enum { TN_MAX_THREADS = 256 };

/* ---- The runtime's functions ----------------------------------------------------------------------------------- */

typedef struct tn_context tn_context;

/* tn_call.c. Runs the artifact of the block; returns block[TN_BLOCK_STATUS]. */
TN_EXPORT int64_t TN_PREFIX(call_run)(int64_t *block);

/* tn_pool.c. fn runs once for each id of 0 .. count-1 of one team; returns the number of threads that ran. */
typedef void (*tn_task)(void *arg, int64_t id, tn_team *team);
TN_EXPORT int64_t TN_PREFIX(pool_run)(tn_task fn, void *arg, int64_t count);
TN_EXPORT void TN_PREFIX(pool_set_threads)(int64_t count); /* 1 .. TN_MAX_THREADS; default: cpu_cores() */
TN_EXPORT int64_t TN_PREFIX(pool_threads)(void);
TN_EXPORT void TN_PREFIX(pool_set_spin)(int64_t idle_ns, int64_t barrier_ns); /* polling before a thread sleeps */

/* tn_cpu.c */
enum { TN_ISA_PLAIN = 0, TN_ISA_V3 = 3, TN_ISA_V4 = 4, TN_ISA_V4X = 5, TN_ISA_NEON = 16 };
TN_EXPORT int64_t TN_PREFIX(cpu_isa)(void);   /* best TN_ISA_* that this core and the operating system allow */
TN_EXPORT int64_t TN_PREFIX(cpu_cores)(void); /* cores that affinity and cgroup quota allow, at least 1 */
TN_EXPORT void TN_PREFIX(cpu_ignore_quota)(void); /* from now on cpu_cores goes by affinity alone: quotas stand in files */

/* tn_context.c */
TN_EXPORT tn_context *TN_PREFIX(context_create)(void);          /* NULL: no memory */
TN_EXPORT int64_t TN_PREFIX(context_destroy)(tn_context *context); /* 0 or TN_ERROR_BUSY */
TN_EXPORT int64_t TN_PREFIX(context_bytes)(const tn_context *context); /* bytes held: arena, scratch and records */
TN_EXPORT int64_t TN_PREFIX(context_trim)(tn_context *context);        /* gives them back; 0 or TN_ERROR_BUSY */
/* Grows the context now to what a call with these dims and so many threads needs: 0, TN_ERROR_BUSY or _MEMORY. */
TN_EXPORT int64_t TN_PREFIX(context_reserve)(tn_context *context, const tn_artifact *artifact, const int64_t *dims,
                                             int64_t threads);

/* tn_artifact.c */
TN_EXPORT int64_t TN_PREFIX(artifact_arena_bytes)(const tn_artifact *artifact, const int64_t *dims);
TN_EXPORT int64_t TN_PREFIX(artifact_scratch_bytes)(const tn_artifact *artifact, const int64_t *dims);
TN_EXPORT int64_t TN_PREFIX(artifact_work)(const tn_artifact *artifact, const int64_t *dims); /* ns; -1: unknown */
TN_EXPORT const char *TN_PREFIX(artifact_name)(const tn_artifact *artifact);
TN_EXPORT const char *TN_PREFIX(artifact_kernel_name)(const tn_artifact *artifact, int64_t kernel);

/*
 * tn_open.c (not part of packages). Opens a library for good (never closed: its code may be running) and finds its
 * table. out: address, n_dims, n_inputs, n_outputs, n_weights, n_kernels. Returns 0, TN_ERROR_NOT_FOUND with the
 * loader's message, or TN_ERROR_ABI.
 */
TN_EXPORT int64_t TN_PREFIX(artifact_open)(const char *path, int64_t *out, char *message, int64_t message_bytes);

/* tn_hash.c. XXH64 (https://xxhash.com) with seed 0, of bytes at any address. */
TN_EXPORT uint64_t TN_PREFIX(hash64)(const void *data, int64_t bytes);
/* The same in pieces: start, add as often as you like, end. */
typedef struct tn_hash {
  uint64_t lanes[4];
  uint64_t total; /* bytes so far */
  uint8_t rest[32];
} tn_hash;
TN_EXPORT void TN_PREFIX(hash_start)(tn_hash *hash);
TN_EXPORT void TN_PREFIX(hash_add)(tn_hash *hash, const void *data, int64_t bytes);
TN_EXPORT uint64_t TN_PREFIX(hash_end)(const tn_hash *hash);

/*
 * tn_pack.c. Copies a weight matrix of N columns (output features) and K = K1*K0 rows into panels
 * [ceil(N/16)][ceil(K/g)][16][g] of the same element type, zero padded in N and K. Element (n, k1*K0 + k0) is read at
 * source[n*stride_n + k1*stride_k1 + k0*stride_k0] (strides in elements), so [N][K], [K][N] and a convolution's
 * [N][K0][K1] need no copy first. Runs on the pool. The bits moved are never interpreted, but where FORM asks for panels of
 * other elements.
 */
enum {
  TN_PACK_SOURCE = 0,
  TN_PACK_TARGET = 1, /* tn_pack_bytes() bytes, 64-byte aligned if a kernel is to read it */
  TN_PACK_ELEMENT = 2, /* bytes of a source element: 1, 2 or 4 */
  TN_PACK_GROUP = 3,   /* g: 1, 2 or 4 */
  TN_PACK_N = 4,
  TN_PACK_K1 = 5,
  TN_PACK_K0 = 6,
  TN_PACK_STRIDE_N = 7,
  TN_PACK_STRIDE_K1 = 8,
  TN_PACK_STRIDE_K0 = 9,
  TN_PACK_FORM = 10,
  TN_PACK_WORDS = 11
};
enum {
  TN_PACK_AS_IS = 0,
  TN_PACK_FROM_F32 = 1, /* float32 rounded to bfloat16 */
  TN_PACK_FROM_F16 = 2, /* float16 rounded to bfloat16 */
  /*
   * float32, float16, bfloat16 quantised to bytes, each column by its largest magnitude; GROUP 4. A panel is
   * [ceil(K/4)][16][4] bytes, each a whole number from -127 to 127 plus 128, and [16] float32 behind them, what one is worth.
   */
  TN_PACK_INT8_F32 = 3,
  TN_PACK_INT8_F16 = 4,
  TN_PACK_INT8_BF16 = 5
};
TN_EXPORT int64_t TN_PREFIX(pack_bytes)(const int64_t *block);  /* size of the panels, or -1: a field is out of range */
TN_EXPORT int64_t TN_PREFIX(pack_panels)(const int64_t *block); /* 0 or TN_ERROR_VALUE */
/* The way back of panels AS_IS: at SOURCE to the elements' places at TARGET. Padding is dropped. 0 or TN_ERROR_VALUE. */
TN_EXPORT int64_t TN_PREFIX(unpack_panels)(const int64_t *block);

/*
 * tn_map.c. Maps length bytes (-1: to the end) of a file at any offset, private and writable: stores stay in this
 * process. out: data address, bytes, base and length for map_close. Returns 0 or TN_ERROR_SYSTEM with errno in out[0],
 * TN_ERROR_VALUE when the region is not inside the file.
 */
TN_EXPORT int64_t TN_PREFIX(map_file)(const char *path, int64_t offset, int64_t length, int64_t *out);
TN_EXPORT int64_t TN_PREFIX(map_close)(void *base, int64_t length);
TN_EXPORT int64_t TN_PREFIX(map_will_need)(void *base, int64_t length); /* start reading it in */

#endif
