/*
 * The public interface of a package, as a template. `tn cache package` writes it out as <name>.h: `pkg_` becomes the
 * package's prefix, `PKG_` the same in capitals, and a documented function for each part stands where this file says
 * @parts. The core itself includes it as it is, so what is declared here is what is implemented.
 *
 * C11, C++11 and everything that reads C headers. docs/abi.md describes the same in prose.
 *
 * Every function that returns int gives 0 (PKG_OK) or one of the codes below, and then says in pkg_last_error() what was
 * found and what is wanted. A call that is refused has touched no memory of the caller.
 */
#ifndef PKG_PACKAGE_H
#define PKG_PACKAGE_H

#include <stddef.h>
#include <stdint.h>

/* Raised when anything here changes its layout or meaning. pkg_runtime_create refuses a caller of another version. */
#define PKG_ABI_VERSION 1

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Tensors are described by DLPack 1.x (https://dmlc.github.io/dlpack). A file that includes dlpack.h itself does so
 * before this one; headers of several packages may be included together.
 */
#if !defined(DLPACK_DLPACK_H_) && !defined(TN_DLPACK_TYPES)
#define TN_DLPACK_TYPES
typedef struct DLDevice {
  int32_t device_type; /* 1 = CPU */
  int32_t device_id;   /* 0 */
} DLDevice;

typedef struct DLDataType {
  uint8_t code;   /* 0 int, 1 unsigned int, 2 IEEE float, 4 bfloat16, 6 bool */
  uint8_t bits;   /* of one element; 8 for bool */
  uint16_t lanes; /* 1 */
} DLDataType;

typedef struct DLTensor {
  void *data;
  DLDevice device;
  int32_t ndim;
  DLDataType dtype;
  int64_t *shape;       /* in elements; may be NULL when ndim is 0 */
  int64_t *strides;     /* in elements; NULL: contiguous, last axis fastest */
  uint64_t byte_offset; /* from data to the first element */
} DLTensor;
#endif

/* What a function returns when it did not do what it was asked. */
enum pkg_status {
  PKG_OK = 0,
  PKG_ERROR_ARGUMENT = 1,     /* a null pointer, no such part, a wrong number of tensors or dims */
  PKG_ERROR_RANK = 2,         /* a tensor has another number of axes */
  PKG_ERROR_DTYPE = 3,        /* a tensor has another element type */
  PKG_ERROR_DEVICE = 4,       /* a tensor is not in CPU memory */
  PKG_ERROR_SIZE = 5,         /* a size is not what it has to be, or two that belong together differ */
  PKG_ERROR_RANGE = 6,        /* a dim is outside its range or not a multiple of what it has to be */
  PKG_ERROR_GUARD = 7,        /* a condition over several dims does not hold */
  PKG_ERROR_LAYOUT = 8,       /* strides where memory has to be contiguous, or strides that leave the address space */
  PKG_ERROR_ALIGNMENT = 9,    /* a first element that is not aligned to its type */
  PKG_ERROR_OVERLAP = 10,     /* memory that is written overlaps other memory of the call */
  PKG_ERROR_INDEX = 11,       /* an index read from a tensor is out of range; outputs are then undefined */
  PKG_ERROR_VALUE = 12,       /* another value that an operation does not take; outputs are then undefined */
  PKG_ERROR_MEMORY = 13,      /* memory is short */
  PKG_ERROR_BUSY = 14,        /* the context runs another call */
  PKG_ERROR_CPU = 15,         /* this CPU is below every level that the package holds */
  PKG_ERROR_ABI = 16,         /* the caller was compiled for another version of this header */
  PKG_ERROR_FILE = 17,        /* the weights cannot be opened or mapped */
  PKG_ERROR_DAMAGED = 18,     /* the weights are truncated or altered */
  PKG_ERROR_MISMATCH = 19,    /* the weights belong to another package, or another build of this one */
  PKG_ERROR_ENVIRONMENT = 20, /* TN_ISA or TN_THREADS make no sense */
  PKG_ERROR_INTERNAL = 21     /* a fault of the package itself */
};

/*
 * The most recent error of the calling thread, one line without an end of line: the part, the argument, what was found,
 * what is wanted ("decode: tokens has dtype int32, wants int64"). Valid until the thread's next failing call; "" before
 * the first. Never NULL.
 */
const char *pkg_last_error(void);

/* One line: the package's name, its identity, and the version of TorchNative that made it. */
const char *pkg_version(void);

/* ---- Runtime --------------------------------------------------------------------------------------------------- */

/*
 * The process's one thread pool and the choice of instruction-set level. All creations in a process give the same
 * runtime; it counts them.
 */
typedef struct pkg_runtime pkg_runtime;

/*
 * abi_version: PKG_ABI_VERSION. threads: how many a call may use, 1 to 256, from now on and in the whole process; 0: what
 * an earlier creation said, else TN_THREADS, else the cores that affinity and cgroup quota allow. TN_ISA (plain, v3, v4,
 * v4x, neon) lowers the level; it is read once. No thread is started before a call has work for it.
 */
int pkg_runtime_create(int abi_version, int threads, pkg_runtime **out);

/* Takes back one creation; NULL does nothing. Weights and contexts keep what they need: the order is free. */
void pkg_runtime_destroy(pkg_runtime *runtime);

/* Threads that a call may use now. */
int pkg_runtime_threads(const pkg_runtime *runtime);

/* The level that a part runs at on this CPU: "plain", "v3", "v4", "v4x", "neon"; NULL when there is no such part. */
const char *pkg_runtime_level(const pkg_runtime *runtime, int part);

/* ---- Weights --------------------------------------------------------------------------------------------------- */

/* The weights of all parts: immutable, shared by any number of contexts and threads. */
typedef struct pkg_weights pkg_weights;

/*
 * Maps the file (it is not read: pages come in as they are used) and checks its header, its size and that it belongs to
 * this package. Each block is checked against its checksum when it is first used. The file must not change while it is
 * open.
 */
int pkg_weights_open(pkg_runtime *runtime, const char *path, pkg_weights **out);

/* The same for bytes in memory, which start on a 64-byte boundary and stay as they are until the weights are closed. */
int pkg_weights_from_memory(pkg_runtime *runtime, const void *bytes, size_t size, pkg_weights **out);

/* Closes once every context on them is destroyed; NULL does nothing. The handle is not to be used any more. */
void pkg_weights_close(pkg_weights *weights);

/*
 * The package's description: JSON of `bytes` bytes (not terminated) with names, dtypes, shapes, dims and guards of all
 * parts. Valid until the weights are closed.
 */
int pkg_weights_describe(pkg_weights *weights, const char **json, size_t *bytes);

/* Checks every block now, also those that nothing has used yet. */
int pkg_weights_verify(pkg_weights *weights);

/* ---- Contexts -------------------------------------------------------------------------------------------------- */

/*
 * What one call at a time works in: its arena, which grows to the largest call and stays, and its own copy of the state
 * that parts keep from call to call. Calls on distinct contexts may run at once from any threads; a second call on a
 * context that is running one gets PKG_ERROR_BUSY. Results have the same bits on any number of threads.
 */
typedef struct pkg_context pkg_context;

int pkg_context_create(pkg_weights *weights, pkg_context **out);

/* PKG_ERROR_BUSY, and nothing done, while a call runs on it; NULL does nothing. */
int pkg_context_destroy(pkg_context *context);

/* Puts the state that parts keep in the context back to what the weights say. */
int pkg_context_reset(pkg_context *context);

/* Bytes that the context holds: arena, copies of strided inputs, state. -1 while a call runs on it; 0 for NULL. */
int64_t pkg_context_bytes(const pkg_context *context);

/* ---- Parts ----------------------------------------------------------------------------------------------------- */

/* Parts are numbered from 0. */
int pkg_part_count(void);

/* NULL when there is no such part. */
const char *pkg_part_name(int part);

/* The number of the part of this name, or -1. */
int pkg_part_index(const char *name);

/* What a part takes and gives; -1 when there is no such part. Number arguments count as inputs. */
int pkg_part_inputs(int part);
int pkg_part_outputs(int part);
int pkg_part_dims(int part);

/* An input, an output and a dim as the package knows them; NULL when there is none of this number. */
const char *pkg_input_name(int part, int input);
const char *pkg_output_name(int part, int output);
const char *pkg_dim_name(int part, int dim);

/*
 * The dims of a call with these inputs, after every check of pkg_call that concerns inputs (data may be NULL: only
 * shapes, dtypes and the values of number arguments are looked at).
 */
int pkg_dims(int part, const DLTensor *const *inputs, int n_inputs, int64_t *dims, int n_dims);

/*
 * Shape of output `output` for given dims: *ndim of them are written to sizes, which has room for max_sizes
 * (PKG_ERROR_ARGUMENT when that is too little; *ndim then says how much is needed). sizes may be NULL to ask for *ndim.
 */
int pkg_output_shape(int part, const int64_t *dims, int n_dims, int output, int64_t *sizes, int max_sizes, int *ndim);

/* Bytes of working memory (arena, and scratch of all threads) that a call with these dims needs. */
int pkg_arena_bytes(const pkg_runtime *runtime, int part, const int64_t *dims, int n_dims, int64_t *out);

/*
 * Makes the context ready for calls of the part up to these dims: binds (and so checks) its weights, copies its state,
 * takes the memory. From then on such calls allocate nothing.
 */
int pkg_reserve(pkg_context *context, int part, const int64_t *dims, int n_dims);

/*
 * Runs a part. inputs: one tensor for each argument, in order; a number argument is an int64 tensor of one element
 * (ndim 0). outputs: one tensor for each result, its memory the caller's and its shape filled in.
 * Inputs that the part writes, and outputs, are contiguous and overlap nothing else of the call. Other inputs have any
 * strides, negative and zero ones too: those that are not contiguous are copied into the context first.
 */
int pkg_call(pkg_context *context, int part, const DLTensor *const *inputs, int n_inputs, DLTensor *const *outputs,
             int n_outputs);

/* ---- Profile --------------------------------------------------------------------------------------------------- */

typedef struct pkg_kernel_time {
  const char *name;
  int64_t most_ns; /* of the thread that spent most in it, over all calls */
  int64_t sum_ns;  /* of all threads together */
} pkg_kernel_time;

/* on != 0: from now on calls of the part on this context are timed, from zero; 0: they are no longer. */
int pkg_profile(pkg_context *context, int part, int on);

/* Times of the profiled calls so far: *n_kernels of them, at most max_kernels are written (times may be NULL). */
int pkg_profile_read(pkg_context *context, int part, pkg_kernel_time *times, int max_kernels, int *n_kernels);

/* ---- One function for each part: pkg_call with names ------------------------------------------------------------- */

/* @parts */

#ifdef __cplusplus
}
#endif

#endif
