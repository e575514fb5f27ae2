/*
 * The package core, as its own files and the generated <package>.c see it: the tables that describe a package. What a
 * program sees is pkg.h.
 *
 * A package is compiled with
 *   -DTN_PACKAGE_PREFIX=whisper_      names of the public functions and of everything global in the core
 *   -DTN_SYMBOL_PREFIX=whisper_rt_    names of the runtime
 * and, per level, generated code with
 *   -DTN_SYMBOL_PREFIX=whisper_v3_ -DTN_ARTIFACT_NAME=whisper_v3_decode_artifact
 */
#ifndef TN_PACKAGE_H
#define TN_PACKAGE_H

#include "tn_runtime.h"

#ifndef TN_PACKAGE_PREFIX
#define TN_PACKAGE_PREFIX pkg_
#endif

/* Every global name: PKG(call) is whisper_call. What is not public starts with core_: PKG(core_table). */
#define PKG(name) TN_JOIN(TN_PACKAGE_PREFIX, name)

/* pkg.h spells the public names with pkg_; here they get the package's own. */
#define pkg_last_error PKG(last_error)
#define pkg_version PKG(version)
#define pkg_runtime_create PKG(runtime_create)
#define pkg_runtime_destroy PKG(runtime_destroy)
#define pkg_runtime_threads PKG(runtime_threads)
#define pkg_runtime_level PKG(runtime_level)
#define pkg_weights_open PKG(weights_open)
#define pkg_weights_from_memory PKG(weights_from_memory)
#define pkg_weights_close PKG(weights_close)
#define pkg_weights_describe PKG(weights_describe)
#define pkg_weights_verify PKG(weights_verify)
#define pkg_context_create PKG(context_create)
#define pkg_context_destroy PKG(context_destroy)
#define pkg_context_reset PKG(context_reset)
#define pkg_context_bytes PKG(context_bytes)
#define pkg_part_count PKG(part_count)
#define pkg_part_name PKG(part_name)
#define pkg_part_index PKG(part_index)
#define pkg_part_inputs PKG(part_inputs)
#define pkg_part_outputs PKG(part_outputs)
#define pkg_part_dims PKG(part_dims)
#define pkg_input_name PKG(input_name)
#define pkg_output_name PKG(output_name)
#define pkg_dim_name PKG(dim_name)
#define pkg_dims PKG(dims)
#define pkg_output_shape PKG(output_shape)
#define pkg_arena_bytes PKG(arena_bytes)
#define pkg_reserve PKG(reserve)
#define pkg_call PKG(call)
#define pkg_profile PKG(profile)
#define pkg_profile_read PKG(profile_read)

#include "pkg.h"

/* ---- Tables: one `core_table` for each package, in the generated file -------------------------------------------- */

/* One size of a shape: the value of a dim (dim >= 0), or a constant (dim -1). */
typedef struct tn_package_size {
  int32_t dim;
  int64_t value;
} tn_package_size;

/*
 * An argument or a result. A number argument (is_number) is an int64 scalar, the value of dim `dim`; it has no sizes.
 * Outputs leave `sizes` NULL: output_sizes of the part gives theirs.
 */
typedef struct tn_package_value {
  const char *name;
  int32_t is_number, written; /* written: an input that the call writes into */
  DLDataType dtype;
  int32_t ndim, dim;
  const tn_package_size *sizes;
} tn_package_value;

/*
 * min <= value <= max, value % multiple_of == 0. `max` is never left open: the generator caps it so that no size
 * expression of the part (bytes of an input, of an output, arena, scratch, work) passes 2^47 for any dims in range.
 */
typedef struct tn_package_dim {
  const char *name;
  int64_t min, max, multiple_of;
} tn_package_dim;

/*
 * One address of an artifact's weights. state < 0: the payload's block `block`, read only. Otherwise the state of this
 * number, of which each context has its own copy.
 */
typedef struct tn_package_slot {
  int32_t block, state;
  int64_t bytes; /* of the weight in its layout: what the block must hold at least */
} tn_package_slot;

/* Memory that parts write and keep from call to call; parts whose slots name the same state share it in a context. */
typedef struct tn_package_state {
  const char *name; /* the parameter's path, for people */
  int32_t block;    /* its contents in a new context */
  int64_t bytes;
} tn_package_state;

/* Levels in the order of tn_package_part.levels. */
enum { TN_LEVEL_PLAIN, TN_LEVEL_V3, TN_LEVEL_V4, TN_LEVEL_V4X, TN_LEVEL_NEON, TN_LEVELS };

typedef struct tn_package_part {
  const char *name, *entry;
  int32_t n_dims, n_inputs, n_outputs, n_slots, n_guards;
  const tn_package_dim *dims;
  const tn_package_value *inputs;  /* in the order of the user's arguments */
  const tn_package_value *outputs; /* in the order of the graph's outputs */
  int32_t n_native_inputs;
  const int32_t *native_inputs; /* indices into inputs, in the order of the artifact's addresses */
  const int32_t *native_dims;   /* dim i of the artifact is dims[native_dims[i]]; as many as the artifact has */
  int32_t n_native_dims;
  void (*output_sizes)(const int64_t *dims, int64_t *sizes); /* of all outputs, one after another; NULL: none */
  int32_t (*guard)(const int64_t *dims);                     /* index of the first that fails, or -1; NULL: no guards */
  const char *const *guard_texts;                            /* [n_guards] */
  const int32_t *same_as; /* [n_inputs] an earlier input that this one must be the same view as, or -1; NULL: all -1 */
  const tn_package_slot *slots;
  const tn_artifact *levels[TN_LEVELS]; /* NULL: left out */
} tn_package_part;

typedef struct tn_package {
  const char *name, *version; /* version: what pkg_version() returns */
  uint64_t id;                /* the payload must say the same */
  int32_t n_parts, n_states;
  const tn_package_part *parts;
  const tn_package_state *states;
} tn_package;

#define TN_CORE_HIDDEN __attribute__((visibility("hidden")))

TN_CORE_HIDDEN extern const tn_package PKG(core_table);

/* A number argument as pkg_call takes it: for the generated functions. */
static inline DLTensor tn_package_number(int64_t *value) {
  return (DLTensor){.data = value, .device = {1, 0}, .dtype = {0, 64, 1}};
}

/* ---- What executables and the JavaScript engine use beside the public functions ----------------------------------- */

struct tn_payload;

/*
 * The level of a part on this CPU, with TN_ISA: the table's artifact, or NULL with the reason in pkg_last_error().
 * *level (may be NULL) gets the TN_LEVEL_*.
 */
TN_CORE_HIDDEN const tn_artifact *PKG(core_artifact)(int part, int32_t *level);

/* "plain", "v3", "v4", "v4x", "neon". */
TN_CORE_HIDDEN const char *PKG(core_level_name)(int32_t level);

/* The payload behind the weights: tn_payload.h. */
TN_CORE_HIDDEN struct tn_payload *PKG(core_weights_payload)(pkg_weights *weights);

/* Sets pkg_last_error() and returns the code. */
TN_CORE_HIDDEN int PKG(core_fail)(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
