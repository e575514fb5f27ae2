/*
 * What the core's own files share: its objects, and the checks that stand between a caller and generated code.
 */
#ifndef TN_CORE_H
#define TN_CORE_H

#include "tn_package.h"
#include "tn_payload.h"

struct pkg_weights {
  tn_payload *payload;
  uint32_t holders; /* the handle, and one for each context */
};

/* The memory of one call argument, [low, high): what overlaps is compared with. Empty tensors have none. */
typedef struct tn_extent {
  uintptr_t low, high;
} tn_extent;

/* One part as one context calls it. */
typedef struct tn_binding {
  const tn_artifact *artifact;
  int64_t *block;       /* the argument block, tn_runtime.h */
  tn_address *weights;  /* [n_slots] */
  int64_t *dims;        /* [n_dims] */
  int64_t *sizes;       /* of all outputs */
  tn_extent *extents;   /* [n_inputs + n_outputs] */
  int64_t *profile;     /* NULL unless calls are timed */
  int64_t profile_threads;
  int32_t bound;        /* whether weights holds them */
} tn_binding;

struct pkg_context {
  pkg_weights *weights;
  tn_context *memory;
  tn_binding **parts; /* [n_parts]; NULL until a part is met */
  char **states;      /* [n_states]; NULL until a part needs it */
  char *staging;      /* copies of inputs that are not contiguous */
  int64_t staging_bytes;
  uint32_t busy; /* 1 while a call runs on it */
};

/* The part of this number, or NULL with the error set. */
TN_CORE_HIDDEN const tn_package_part *PKG(core_part)(int part);

/* tn_level.c. 0, or PKG_ERROR_ARGUMENT with the function's name in the message. */
TN_CORE_HIDDEN int PKG(core_check_runtime)(const pkg_runtime *runtime, const char *function);

/* tn_weights.c */
TN_CORE_HIDDEN void PKG(core_weights_hold)(pkg_weights *weights);
TN_CORE_HIDDEN void PKG(core_weights_release)(pkg_weights *weights);

/* tn_state.c. Context taken: the binding of a part, made when it is met first; NULL with the error in *status. */
TN_CORE_HIDDEN tn_binding *PKG(core_binding)(pkg_context *context, int part, int *status);
/* Checks the part's weights and copies its state, once. */
TN_CORE_HIDDEN int PKG(core_bind)(pkg_context *context, const tn_package_part *part, tn_binding *binding);
TN_CORE_HIDDEN int PKG(core_staging)(pkg_context *context, const tn_package_part *part, int64_t bytes);
/* Takes the context for one call or question: 0, or PKG_ERROR_ARGUMENT, PKG_ERROR_BUSY. */
TN_CORE_HIDDEN int PKG(core_take)(pkg_context *context, const char *function);
TN_CORE_HIDDEN void PKG(core_release)(pkg_context *context);

/* tn_shape.c */
/* Ranges, multiples and guards of all dims. */
TN_CORE_HIDDEN int PKG(core_check_dims)(const tn_package_part *part, const int64_t *dims);
/* The dims that a caller gave as numbers, checked. */
TN_CORE_HIDDEN int PKG(core_given_dims)(const tn_package_part *part, const int64_t *dims, int n_dims);
TN_CORE_HIDDEN int32_t PKG(core_output_rank)(const tn_package_part *part); /* of all outputs together */

/* tn_tensor.c. Checks of pkg_call; dims, extents and sizes are filled in. with_data: data is looked at. */
TN_CORE_HIDDEN int PKG(core_check_inputs)(const tn_package_part *part, const DLTensor *const *inputs, int n_inputs,
                                          int with_data, int64_t *dims, tn_extent *extents);
TN_CORE_HIDDEN int PKG(core_check_outputs)(const tn_package_part *part, DLTensor *const *outputs, int n_outputs,
                                           const int64_t *sizes, tn_extent *extents);
TN_CORE_HIDDEN int PKG(core_check_overlaps)(const tn_package_part *part, const tn_extent *extents, tn_extent weights);

/* tn_strided.c */
TN_CORE_HIDDEN int PKG(core_contiguous)(const DLTensor *tensor);
static inline int64_t tn_element_bytes(DLDataType dtype) { return dtype.bits / 8; }
static inline char *tn_first_element(const DLTensor *tensor) { return (char *)tensor->data + tensor->byte_offset; }
/* Bytes of a tensor of this shape; only for shapes that were checked. */
TN_CORE_HIDDEN int64_t PKG(core_tensor_bytes)(const DLTensor *tensor);
/* Copies the elements in row-major order. */
TN_CORE_HIDDEN void PKG(core_gather)(char *target, const DLTensor *tensor);

#endif
