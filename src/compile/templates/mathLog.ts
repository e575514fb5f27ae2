/**
 * @file Prelude pieces: logarithms and pow, scalar C without branches or libm calls. Special values as in C's Annex F (and PyTorch).
 * Polynomials are minimax fits (Remez, 50 digits); bounds on the error are measured in `test/math.test.ts`.
 */
import type { PreludePiece } from './prelude.ts';

const logParts = `/* x = m 2^e with m in [sqrt(1/2), sqrt 2): returns e and log m as f + t, f = m - 1 exact. Any positive finite x.
   Cases are told apart by masks: branches here and in what is made of x (a clamp) would be woven together, and no loop vectorised. */
static inline float tn_log_parts(float x, float *f, float *t) {
  const uint32_t subnormal = -(uint32_t)(x < 0x1p-126f);
  const float scaled = x * tn_from_bits(0x3f800000u + (subnormal & 0x0b800000u)); /* by 2^23 */
  const uint32_t u = tn_bits(scaled) - 0x3f3504f3u;
  const float m = tn_from_bits((u & 0x007fffffu) + 0x3f3504f3u) - 1.0f;
  const float p = ((((((-0x1.41edfap-4f * m + 0x1.07d0eep-3f) * m - 0x1.0ce07ep-3f) * m + 0x1.226e4ap-3f) * m - 0x1.54788ap-3f) * m
    + 0x1.99a596p-3f) * m - 0x1.00021ep-2f) * m + 0x1.55554ap-2f;
  *f = m;
  *t = m * m * (m * p - 0.5f);
  return (float)(((int32_t)u >> 23) - (int32_t)(subnormal & 23u));
}
/* What a logarithm is at 0, infinity, NaN and below 0; y elsewhere. */
static inline float tn_log_special(float x, float y) {
  const uint32_t zero = -(uint32_t)(x == 0.0f), infinite = -(uint32_t)(x == __builtin_inff());
  const uint32_t ordinary = -(uint32_t)(x > 0.0f) & ~infinite;
  const uint32_t edge = (zero & 0xff800000u) | (infinite & 0x7f800000u) | (~(zero | infinite) & 0x7fc00000u);
  return tn_from_bits((tn_bits(y) & ordinary) | (edge & ~ordinary));
}
`;

const log = `/* Natural logarithm, within 1 ulp. */
static inline float tn_logf(float x) {
  float f, t;
  const float e = tn_log_parts(x, &f, &t);
  return tn_log_special(x, e * 0x1.62e4p-1f + (f + (t + e * 0x1.7f7d1cp-20f)));
}
`;

const log2 = `/* Logarithm to base 2, within 2 ulp. */
static inline float tn_log2f(float x) {
  float f, t;
  const float e = tn_log_parts(x, &f, &t);
  const float y = f + t;
  return tn_log_special(x, e + (y * 0x1.715476p0f + (y * 0x1.4ae0cp-26f + ((f - y) + t) * 0x1.715476p0f)));
}
`;

const log10 = `/* Logarithm to base 10, within 2 ulp. */
static inline float tn_log10f(float x) {
  float f, t;
  const float e = tn_log_parts(x, &f, &t);
  const float y = f + t;
  return tn_log_special(x, e * 0x1.344p-2f + (y * 0x1.bcb7b2p-2f + (e * 0x1.3509f8p-18f + ((f - y) + t) * 0x1.bcb7b2p-2f)));
}
`;

const log1p = `/* log(1 + x), within 2 ulp: log of the rounded sum, and what the rounding lost. */
static inline float tn_log1pf(float x) {
  const float s = 1.0f + x;
  const float lost = x > 1.0f ? 1.0f - (s - x) : x - (s - 1.0f);
  const float y = tn_logf(s) + lost / s;
  return s > 0.0f && s < __builtin_inff() ? (s == 1.0f ? x : y) : tn_logf(s);
}
`;

const pow = `static inline double tn_double_from_bits(uint64_t u) {
  double x;
  __builtin_memcpy(&x, &u, 8);
  return x;
}
/* x^y within 1 ulp, by way of float64: log2|x| from atanh, y log2|x|, then 2^ of it, rounded once. Special values as C's pow. */
static inline float tn_powf(float x, float y) {
  const float a = __builtin_fabsf(x);
  const double ad = (double)a;
  uint64_t u;
  __builtin_memcpy(&u, &ad, 8);
  u -= 0x3fe6a09e667f3bcdull;
  const double m = tn_double_from_bits((u & 0x000fffffffffffffull) + 0x3fe6a09e667f3bcdull);
  const double e = (double)(((int32_t)(u >> 52) ^ 0x800) - 0x800);
  const double s = (m - 1.0) / (m + 1.0), z = s * s;
  const double log2m = s * (((((0x1.21b47908c2e0ep-2 * z + 0x1.47951578b5d21p-2) * z + 0x1.a61a3065ac0a6p-2) * z
    + 0x1.2776c29128629p-1) * z + 0x1.ec709dc53e4b5p-1) * z + 0x1.71547652b825p1);
  const double inf = (double)__builtin_inff();
  const double l = a == 0.0f ? -inf : a == __builtin_inff() ? inf : e + log2m;
  const double t0 = (double)y * l;
  const double t = t0 < -200.0 ? -200.0 : t0 > 200.0 ? 200.0 : t0;
  const double shifted = t + 0x1.8p52;
  const double r = t - (shifted - 0x1.8p52);
  uint64_t bits;
  __builtin_memcpy(&bits, &shifted, 8);
  const double q = ((((((0x1.00f1328a4932dp-16 * r + 0x1.445e6a4eb9a2ep-13) * r + 0x1.5d8723aadfa9fp-10) * r + 0x1.3b29f0fe587ap-7) * r
    + 0x1.c6b08df45ac49p-5) * r + 0x1.ebfbe07ab7f41p-3) * r + 0x1.62e42fef7b666p-1) * r + 1.0;
  const float magnitude = (float)(q * tn_double_from_bits((bits + 1023) << 52));
  const double yd = (double)y, half = 0.5 * yd;
  const float ya = __builtin_fabsf(y);
  const int whole = ya >= 0x1p24f || (yd + 0x1.8p52) - 0x1.8p52 == yd;
  const int odd = ya < 0x1p24f && whole && (half + 0x1.8p52) - 0x1.8p52 != half;
  const int negative = __builtin_copysignf(1.0f, x) < 0.0f;
  const float signed_ = negative && odd ? -magnitude : magnitude;
  const float real = x < 0.0f && a < __builtin_inff() && !whole ? __builtin_nanf("") : signed_;
  const float ordered = x != x || y != y ? x + y : real;
  return y == 0.0f || x == 1.0f || (a == 1.0f && ya == __builtin_inff()) ? 1.0f : ordered;
}
`;

/** Name, needs and text, dependencies first. */
export const logPieces: readonly (readonly [string, PreludePiece])[] = [
  ['log parts', { needs: ['bits'], text: logParts }],
  ['tn_logf', { needs: ['log parts'], text: log }],
  ['tn_log2f', { needs: ['log parts'], text: log2 }],
  ['tn_log10f', { needs: ['log parts'], text: log10 }],
  ['tn_log1pf', { needs: ['tn_logf'], text: log1p }],
  ['tn_powf', { needs: [], text: pow }],
];
