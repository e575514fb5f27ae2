/** @file Prelude pieces of one vector register per level: types, unaligned loads and stores, widening loads of the half dtypes. */
import type { IsaFacts } from './types.ts';

/** `tn_vf` and `tn_vi` (one register of float32 / int32), `tn_load`, `tn_store`, `tn_splat`. */
export function vectorTypes(isa: IsaFacts): string {
  const bytes = isa.lanes * 4;
  return `/* One vector register: ${isa.lanes} float32. The _u forms may stand at any element's address. */
typedef float tn_vf __attribute__((vector_size(${bytes}), may_alias));
typedef float tn_vf_u __attribute__((vector_size(${bytes}), aligned(4), may_alias));
typedef int32_t tn_vi __attribute__((vector_size(${bytes}), may_alias));
typedef uint32_t tn_vu __attribute__((vector_size(${bytes}), may_alias));
static inline tn_vf tn_load(const float *p) { return *(const tn_vf_u *)p; }
static inline void tn_store(float *p, tn_vf v) { *(tn_vf_u *)p = v; }
static inline tn_vf tn_splat(float x) { return x - (tn_vf){0}; }
`;
}

/** `tn_fma_element`: the broadcast is part of the instruction. Compilers would share one between the columns of a row instead. */
export const fmaElement = `/* c + *a * v */
static inline tn_vf tn_fma_element(tn_vf c, const float *a, tn_vf v) {
  __asm__("vfmadd231ps %2%{1to16%}, %1, %0" : "+v"(c) : "v"(v), "m"(*a));
  return c;
}
`;

/** `tn_word`, several elements in 32 bits, and `tn_load_words`: a register of them. `says` is which elements, and how they lie. */
export function wordTypes(isa: IsaFacts, says: string): string {
  return `/* ${says} */
typedef uint32_t tn_word __attribute__((may_alias));
typedef uint32_t tn_words_u __attribute__((vector_size(${isa.lanes * 4}), aligned(4), may_alias));
static inline tn_vu tn_load_words(const tn_word *p) { return *(const tn_words_u *)p; }
`;
}

/** `tn_load_bf16`: the upper half of a float32, on every level. */
export function loadBf16(isa: IsaFacts): string {
  const half = isa.lanes * 2;
  return `typedef uint16_t tn_vh_u __attribute__((vector_size(${half}), aligned(2), may_alias));
static inline tn_vf tn_load_bf16(const uint16_t *p) {
  return (tn_vf)(__builtin_convertvector(*(const tn_vh_u *)p, tn_vu) << 16);
}
`;
}

/** `tn_load_f16`: the level's widening instruction, or integer arithmetic where there is none. */
export function loadF16(isa: IsaFacts): string {
  switch (isa.name) {
    case 'v4':
    case 'v4x':
      return `typedef short tn_v16hi __attribute__((vector_size(32)));
typedef short tn_v16hi_u __attribute__((vector_size(32), aligned(2), may_alias));
static inline tn_vf tn_load_f16(const uint16_t *p) {
  const tn_v16hi h = *(const tn_v16hi_u *)p;
  return (tn_vf)__builtin_ia32_vcvtph2ps512_mask(h, (tn_vf){0}, (short)-1, 4);
}
`;
    case 'v3':
      return `typedef short tn_v8hi __attribute__((vector_size(16)));
typedef short tn_v8hi_u __attribute__((vector_size(16), aligned(2), may_alias));
static inline tn_vf tn_load_f16(const uint16_t *p) {
  const tn_v8hi h = *(const tn_v8hi_u *)p;
  return (tn_vf)__builtin_ia32_vcvtph2ps256(h);
}
`;
    case 'neon':
      return `typedef __fp16 tn_v4hf __attribute__((vector_size(8)));
typedef __fp16 tn_v4hf_u __attribute__((vector_size(8), aligned(2), may_alias));
static inline tn_vf tn_load_f16(const uint16_t *p) {
  const tn_v4hf h = *(const tn_v4hf_u *)p;
#if __has_builtin(__builtin_aarch64_float_extend_lo_v4sf)
  return __builtin_aarch64_float_extend_lo_v4sf(h); /* gcc would convert the elements one by one */
#else
  return __builtin_convertvector(h, tn_vf);
#endif
}
`;
    case 'plain':
      return `typedef uint16_t tn_v4hu_u __attribute__((vector_size(8), aligned(2), may_alias));
/* Exponent and fraction moved into place, then scaled by 2^112: exact, subnormals too; infinity and NaN keep their all-ones exponent. */
static inline tn_vf tn_load_f16(const uint16_t *p) {
  const tn_vu h = __builtin_convertvector(*(const tn_v4hu_u *)p, tn_vu);
  const tn_vu magnitude = (h & 0x7fffu) << 13;
  const tn_vf scaled = (tn_vf)magnitude * 0x1p112f;
  const tn_vu special = (tn_vu)((tn_vi)magnitude > 0x0f7fffff) & 0x7f800000u;
  return (tn_vf)((tn_vu)scaled | special | (h & 0x8000u) << 16);
}
`;
  }
}
