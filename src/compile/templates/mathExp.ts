/**
 * @file Prelude pieces: exp and its family (exp2, expm1, tanh, sigmoid, SiLU, erf, GELU), scalar C without branches or libm calls, so
 * that gcc vectorises loops over them. Polynomials are minimax fits (Remez, 50 digits) for the intervals named beside them; the bounds
 * on the error are measured in `test/math.test.ts` against float64.
 */
import type { PreludePiece } from './prelude.ts';

const exp = `/* e^x, within 1 ulp; subnormal results rounded once. x = n ln 2 + r, |r| <= 0.35, e^r = 1 + r + r^2 q(r); 2^n in two factors. */
static inline float tn_expf(float x) {
  const float c = x < -104.0f ? -104.0f : x > 89.0f ? 89.0f : x;
  const float shifted = c * 0x1.715476p0f + 0x1.8p23f;
  const float n = shifted - 0x1.8p23f;
  const int32_t i = (int32_t)(tn_bits(shifted) - 0x4b400000u), half = i >> 1;
  const float r = (c - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
  const float q = (((0x1.6a1a72p-10f * r + 0x1.123fc6p-7f) * r + 0x1.555916p-5f) * r + 0x1.555490p-3f) * r + 0x1.fffffcp-2f;
  const float p = (r * r * q + r) + 1.0f;
  return p * tn_from_bits((uint32_t)(half + 127) << 23) * tn_from_bits((uint32_t)(i - half + 127) << 23);
}
`;

const exp2 = `/* 2^x, within 1.5 ulp; x = n + r with r exact, |r| <= 1/2. */
static inline float tn_exp2f(float x) {
  const float c = x < -151.0f ? -151.0f : x > 129.0f ? 129.0f : x;
  const float shifted = c + 0x1.8p23f;
  const float r = c - (shifted - 0x1.8p23f);
  const int32_t i = (int32_t)(tn_bits(shifted) - 0x4b400000u), half = i >> 1;
  const float q = ((((0x1.448fc0p-13f * r + 0x1.5f47b0p-10f) * r + 0x1.3b29aap-7f) * r + 0x1.c6aecfp-5f) * r + 0x1.ebfbe0p-3f) * r
    + 0x1.62e430p-1f;
  const float p = q * r + 1.0f;
  return p * tn_from_bits((uint32_t)(half + 127) << 23) * tn_from_bits((uint32_t)(i - half + 127) << 23);
}
`;

const exp2Parts = `/* 2^(n + r), within 1.5 ulp: shifted is 1.5 2^23 + n, -127 <= n <= 0, |r| <= 1/2. 0 for n = -127, whose exponent bits are those of zero. */
static inline float tn_exp2_parts(float shifted, float r) {
  const float q = ((((0x1.448fc0p-13f * r + 0x1.5f47b0p-10f) * r + 0x1.3b29aap-7f) * r + 0x1.c6aecfp-5f) * r + 0x1.ebfbe0p-3f) * r
    + 0x1.62e430p-1f;
  return (q * r + 1.0f) * tn_from_bits((tn_bits(shifted) << 23) + 0x3f800000u);
}
`;

const exp2Decay = `/* 2^x for x <= 0, within 1.5 ulp; 0 below -126.5, NaN for NaN. */
static inline float tn_exp2_decay(float x) {
  const float c = x < -127.0f ? -127.0f : x;
  const float shifted = c + 0x1.8p23f;
  return tn_exp2_parts(shifted, c - (shifted - 0x1.8p23f));
}
`;

const expDecay = `/* e^x for x <= 0, within 1 ulp; 0 below -87.6, NaN for NaN. As tn_expf, but 2^n in one factor, whose bits are those of zero for n = -127. */
static inline float tn_exp_decay(float x) {
  const float c = x < -88.0f ? -88.0f : x;
  const float shifted = c * 0x1.715476p0f + 0x1.8p23f;
  const float n = shifted - 0x1.8p23f;
  const float r = (c - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
  const float q = (((0x1.6a1a72p-10f * r + 0x1.123fc6p-7f) * r + 0x1.555916p-5f) * r + 0x1.555490p-3f) * r + 0x1.fffffcp-2f;
  return ((r * r * q + r) + 1.0f) * tn_from_bits((tn_bits(shifted) << 23) + 0x3f800000u);
}
`;

const expm1 = `/* e^x - 1, within 2 ulp: 2^n (e^r - 1) + (2^n - 1), with 2^(n-1) so that nothing overflows early. */
static inline float tn_expm1f(float x) {
  const float c = x < -20.0f ? -20.0f : x > 89.0f ? 89.0f : x;
  const float shifted = c * 0x1.715476p0f + 0x1.8p23f;
  const float n = shifted - 0x1.8p23f;
  const int32_t i = (int32_t)(tn_bits(shifted) - 0x4b400000u);
  const float r = (c - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
  const float q = (((0x1.6da0c2p-10f * r + 0x1.122d8ep-7f) * r + 0x1.55547ep-5f) * r + 0x1.5554a8p-3f) * r + 0.5f;
  const float p = r * r * q + r;
  const float s = tn_from_bits((uint32_t)(i + 126) << 23);
  const float y = (p * s + (s - 0.5f)) * 2.0f;
  return i == 0 ? (x == 0.0f ? x : p) : y;
}
`;

const tanh = `/* tanh x, within 3 ulp: u / (u + 2) with u = e^(2|x|) - 1. */
static inline float tn_tanhf(float x) {
  const float a = __builtin_fabsf(x);
  const float u = tn_expm1f(a > 10.0f ? 20.0f : 2.0f * a);
  return __builtin_copysignf(u / (u + 2.0f), x);
}
`;

const sigmoid = `/* 1 / (1 + e^-x), within 3 ulp where e^-x is finite, 0 below -88.8. */
static inline float tn_sigmoidf(float x) { return 1.0f / (1.0f + tn_expf(-x)); }
`;

const silu = `/* x sigmoid(x), within 3 ulp; NaN at -inf, as x / (1 + e^-x) has it. */
static inline float tn_siluf(float x) { return x / (1.0f + tn_expf(-x)); }
`;

const erfParts = `/* erf(a) for 0 <= a < 0.93, and erfc(a) = 2^(-a g(a)) from there on: the fits add 1e-9 at most. */
static inline float tn_erf_small(float a) {
  const float z = a * a;
  const float p = ((((-0x1.34a2fap-11f * z + 0x1.45eb10p-8f) * z - 0x1.b6539ep-6f) * z + 0x1.ce16c0p-4f) * z - 0x1.8126d0p-2f) * z;
  return a * p + (a * 0x1.06eba6p-3f + a);
}
static inline float tn_erfc_large(float a) {
  const float g = (((((0x1.f90b26p-17f * a - 0x1.dc4e66p-12f) * a + 0x1.5559fap-8f) * a - 0x1.180910p-5f) * a + 0x1.39a962p-3f) * a
    + 0x1.d53200p-1f) * a + 0x1.a0d6e6p0f;
  return tn_exp2_decay(-a * g);
}
`;

const erf = `/* The error function, within 2.5 ulp. */
static inline float tn_erff(float x) {
  const float a = __builtin_fabsf(x);
  const float small = tn_erf_small(a), large = 1.0f - tn_erfc_large(a);
  return __builtin_copysignf(a < 0.93f ? small : large, x); /* a NaN goes through large */
}
`;

const gelu = `/* x Phi(x), Phi the normal distribution: within 10 ulp plus 4e-9 (the negative tail does not cancel). NaN at -inf.
   Phi(-a) = 2^(-1 - a g(a)), where g is fitted for what comes out: to 3e-7 of it plus 2e-9. The bound on a is where the power is 2^-127,
   which is zero here. Integer part n and rest r of the exponent are made without rounding the exponent. */
static inline float tn_geluf(float x) {
  const float b = __builtin_fabsf(x), a = b > 0x1.5bb7a4p+3f ? 0x1.5bb7a4p+3f : b;
  const float g = ((((((0x1.439a20p-20f * a - 0x1.3ae918p-16f) * a + 0x1.5905c0p-14f) * a + 0x1.a83036p-12f) * a - 0x1.e763e2p-8f) * a
    + 0x1.b04e68p-5f) * a + 0x1.d621a2p-2f) * a + 0x1.26af90p0f;
  const float n = 0x1.7ffffep23f - a * g;
  const float tail = tn_exp2_parts(n, (0x1.7ffffep23f - n) - a * g);
  return x * (x > 0.0f ? 1.0f - tail : tail);
}
`;

const geluTanh = `/* (x/2) (1 + tanh u) = x / (1 + e^(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3): within 3e-7 + 4 ulp. NaN at -inf. */
static inline float tn_gelu_tanhf(float x) {
  const float minus2u = -0x1.988454p0f * (x + 0x1.6e4e26p-5f * x * x * x);
  return x / (1.0f + tn_expf(minus2u));
}
`;

/** Name, needs and text, dependencies first. */
export const expPieces: readonly (readonly [string, PreludePiece])[] = [
  ['tn_expf', { needs: ['bits'], text: exp }],
  ['tn_exp2f', { needs: ['bits'], text: exp2 }],
  ['exp2 parts', { needs: ['bits'], text: exp2Parts }],
  ['tn_exp2_decay', { needs: ['exp2 parts'], text: exp2Decay }],
  ['tn_exp_decay', { needs: ['bits'], text: expDecay }],
  ['tn_expm1f', { needs: ['bits'], text: expm1 }],
  ['tn_tanhf', { needs: ['tn_expm1f'], text: tanh }],
  ['tn_sigmoidf', { needs: ['tn_expf'], text: sigmoid }],
  ['tn_siluf', { needs: ['tn_expf'], text: silu }],
  ['erf parts', { needs: ['tn_exp2_decay'], text: erfParts }],
  ['tn_erff', { needs: ['erf parts'], text: erf }],
  ['tn_geluf', { needs: ['exp2 parts'], text: gelu }],
  ['tn_gelu_tanhf', { needs: ['tn_expf'], text: geluTanh }],
];
