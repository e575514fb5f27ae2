/**
 * @file Prelude pieces: float16 and bfloat16 to and from float32, scalar, without branches, so that gcc vectorises loops over them.
 *
 * IEEE 754 binary16 and the upper half of binary32. Widening is exact, subnormals included. Narrowing rounds to nearest, ties to
 * even, overflows to infinity, keeps subnormals exact and NaN a (quiet) NaN with its leading payload bits.
 */

export const bitCasts = `static inline uint32_t tn_bits(float x) {
  uint32_t u;
  __builtin_memcpy(&u, &x, 4);
  return u;
}
static inline float tn_from_bits(uint32_t u) {
  float x;
  __builtin_memcpy(&x, &u, 4);
  return x;
}
`;

export const f16ToF32 = `static inline float tn_f16_to_f32(uint16_t h) {
  const uint32_t magnitude = (uint32_t)(h & 0x7fffu) << 13;
  const float scaled = tn_from_bits(magnitude) * 0x1p112f; /* the exponent bias moves from 15 to 127; exact */
  const uint32_t special = magnitude > 0x0f7fffffu ? 0x7f800000u : 0u;
  return tn_from_bits(tn_bits(scaled) | special | (uint32_t)(h & 0x8000u) << 16);
}
`;

export const f32ToF16 = `static inline uint16_t tn_f32_to_f16(float x) {
  const uint32_t sign = tn_bits(x) & 0x80000000u, u = tn_bits(x) ^ sign;
  const uint32_t normal = (u - 0x38000000u + 0xfffu + (u >> 13 & 1u)) >> 13;
  /* Below 2^-14 the addition of 0.5 rounds at the bit where a float16 subnormal ends. */
  const uint32_t small = tn_bits(tn_from_bits(u) + 0.5f) - 0x3f000000u;
  const uint32_t huge = u > 0x7f800000u ? 0x7e00u | (u >> 13 & 0x1ffu) : 0x7c00u;
  const uint32_t finite = u < 0x38800000u ? small : normal;
  return (uint16_t)((u < 0x47800000u ? finite : huge) | sign >> 16);
}
`;

export const bf16ToF32 = `static inline float tn_bf16_to_f32(uint16_t h) { return tn_from_bits((uint32_t)h << 16); }
`;

export const f32ToBf16 = `static inline uint16_t tn_f32_to_bf16(float x) {
  const uint32_t u = tn_bits(x);
  const uint32_t rounded = (u + 0x7fffu + (u >> 16 & 1u)) >> 16;
  return (uint16_t)((u & 0x7fffffffu) > 0x7f800000u ? u >> 16 | 0x40u : rounded);
}
`;
