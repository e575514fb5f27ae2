/**
 * @file Prelude pieces: sin and cos of any float32, scalar C without branches or libm calls.
 *
 * The argument is reduced to a quarter turn in float64 (Cody and Waite, three parts of pi/2) up to 2^20, and by multiplying with the
 * right 96 bits of 2/pi (Payne and Hanek) above; both are computed and one is taken.
 */
import type { PreludePiece } from './prelude.ts';

const trigParts = `/* x = quadrant * pi/2 + the result, which lies within +-pi/4. */
static inline double tn_quarter_turn(float x, int32_t *quadrant) {
  /* 2/pi as a binary fraction; with zeros before it so that the window of an exponent below 32 exists too. */
  static const uint32_t two_over_pi[8] = {0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu};
  const double xd = (double)x;
  const double shifted = xd * 0x1.45f306dc9c883p-1 + 0x1.8p52, n = shifted - 0x1.8p52;
  uint64_t low;
  __builtin_memcpy(&low, &shifted, 8);
  const double near = ((xd - n * 0x1.921fb544p0) - n * 0x1.0b4611a6p-34) - n * 0x1.3198a2e037073p-69;

  /* |x| = mantissa 2^shift; the product's top two bits below the binary point times 4 are the quadrant. */
  const uint32_t u = tn_bits(x) & 0x7fffffffu;
  const uint64_t mantissa = (u & 0x007fffffu) | 0x00800000u;
  const int32_t shift = (int32_t)(u >> 23) - 150 + 30; /* 2 bits of quadrant, then the fraction */
  const uint32_t at = (uint32_t)(shift < 0 ? 0 : shift), word = at >> 5 > 4 ? 4 : at >> 5, by = at & 31;
  const uint64_t w0 = (uint64_t)two_over_pi[word] << 32 | two_over_pi[word + 1];
  const uint64_t w1 = (uint64_t)two_over_pi[word + 2] << 32 | two_over_pi[word + 3];
  const uint64_t hi = w0 << by | (w1 >> 1) >> (63 - by);
  const uint64_t next = w1 << by >> 32;
  const uint64_t product = mantissa * hi + (mantissa * next >> 32); /* modulo 4 turns of the quadrant, in units of 2^-62 */
  const uint64_t rounded = (product + 0x2000000000000000ull) >> 62, rest = product - (rounded << 62);
  /* The signed 64-bit rest in two halves: not every level converts 64-bit integers. */
  const double far = ((double)(int32_t)(uint32_t)(rest >> 32) * 0x1p32 + (double)(int32_t)(rest >> 1 & 0x7fffffffu) * 2.0) * 0x1.921fb54442d18p-62;
  const int large = __builtin_fabsf(x) > 0x1p20f;
  const int negative = x < 0.0f;
  *quadrant = large ? (negative ? -(int32_t)rounded : (int32_t)rounded) : (int32_t)(uint32_t)low;
  return large ? (negative ? -far : far) : near;
}
/* sin and cos on +-pi/4, the one that the quadrant asks for, with its sign; NaN for what is not finite. */
static inline float tn_quarter_value(float x, double r, int32_t quadrant) {
  const double z = r * r;
  const double s = r + r * z * ((-0x1.992c315601cddp-13 * z + 0x1.1106fca5aa78dp-7) * z - 0x1.555544a3dad1bp-3);
  const double c = (1.0 - 0.5 * z) + z * z * ((0x1.99e361ce2dba7p-16 * z - 0x1.6c0c22a5fc4a1p-10) * z + 0x1.55554a0e12fd8p-5);
  const float v = (float)(quadrant & 1 ? c : s);
  const float y = quadrant & 2 ? -v : v;
  return __builtin_fabsf(x) < __builtin_inff() ? y : x - x;
}
`;

const sin = `/* sin x, within 1 ulp for every float. */
static inline float tn_sinf(float x) {
  int32_t quadrant;
  const double r = tn_quarter_turn(x, &quadrant);
  return x == 0.0f ? x : tn_quarter_value(x, r, quadrant);
}
`;

const cos = `/* cos x, within 1 ulp for every float. */
static inline float tn_cosf(float x) {
  int32_t quadrant;
  const double r = tn_quarter_turn(x, &quadrant);
  return tn_quarter_value(x, r, quadrant + 1);
}
`;

/** Name, needs and text, dependencies first. */
export const trigPieces: readonly (readonly [string, PreludePiece])[] = [
  ['trig parts', { needs: ['bits'], text: trigParts }],
  ['tn_sinf', { needs: ['trig parts'], text: sin }],
  ['tn_cosf', { needs: ['trig parts'], text: cos }],
];
