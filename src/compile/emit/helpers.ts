/** @file Small static C functions that generated loops call; only those that a file uses are put into it. */

const texts: { readonly [name: string]: string } = {
  tn_index: `/* An index read from a tensor: negative ones count from the end, others out of range are an error. */
static inline int64_t tn_index(const tn_thread *t, int64_t value, int64_t limit) {
  const int64_t at = value < 0 ? value + limit : value;
  if (TN_LIKELY(at >= 0 && at < limit)) return at;
  tn_fail(t, TN_ERROR_INDEX, value, limit);
  return 0;
}`,
  tn_to_int64: `/* Truncates; what no int64 holds (NaN too) gives INT64_MIN, as the hardware does. */
static inline int64_t tn_to_int64(double x) {
  return x >= -0x1p63 && x < 0x1p63 ? (int64_t)x : INT64_MIN;
}`,
  tn_ifloordiv: `/* Division of integers, rounded down; by zero is an error. */
static inline int64_t tn_ifloordiv(const tn_thread *t, int64_t a, int64_t b) {
  if (TN_UNLIKELY(b == 0)) tn_fail(t, TN_ERROR_VALUE, 0, 0);
  if (b == 0) return 0;
  return b == -1 ? (int64_t)(0 - (uint64_t)a) : tn_floordiv(a, b);
}`,
  tn_ifloormod: `/* Remainder of integers with the sign of the divisor; by zero is an error. */
static inline int64_t tn_ifloormod(const tn_thread *t, int64_t a, int64_t b) {
  if (TN_UNLIKELY(b == 0)) tn_fail(t, TN_ERROR_VALUE, 0, 0);
  return b == 0 || b == -1 ? 0 : tn_floormod(a, b);
}`,
  tn_itruncdiv: `/* Division of integers, rounded towards zero; by zero is an error. */
static inline int64_t tn_itruncdiv(const tn_thread *t, int64_t a, int64_t b) {
  if (TN_UNLIKELY(b == 0)) tn_fail(t, TN_ERROR_VALUE, 0, 0);
  if (b == 0) return 0;
  return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}`,
  tn_itruncmod: `/* Remainder of integers with the sign of the dividend; by zero is an error. */
static inline int64_t tn_itruncmod(const tn_thread *t, int64_t a, int64_t b) {
  if (TN_UNLIKELY(b == 0)) tn_fail(t, TN_ERROR_VALUE, 0, 0);
  return b == 0 || b == -1 ? 0 : a % b;
}`,
  tn_ipow: `/* Integer power that wraps; negative exponents give 0 but for the bases 1 and -1. */
static inline int64_t tn_ipow(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  uint64_t result = 1, factor = (uint64_t)base;
  for (; exponent != 0; exponent >>= 1, factor *= factor) {
    if (exponent & 1) result *= factor;
  }
  return (int64_t)result;
}`,
  ...floatDivision('float', 'f'),
  ...floatDivision('double', ''),
};

function floatDivision(type: string, f: string): { [name: string]: string } {
  const zero = f ? '0.0f' : '0.0';
  return {
    [`tn_remainder${f}`]: `/* Remainder with the sign of the divisor (torch.remainder). */
static inline ${type} tn_remainder${f}(${type} a, ${type} b) {
  const ${type} r = __builtin_fmod${f}(a, b);
  return r != ${zero} && (r < ${zero}) != (b < ${zero}) ? r + b : r;
}`,
    [`tn_floor_divide${f}`]: `/* Quotient rounded down without the error of a rounded division (torch.floor_divide). */
static inline ${type} tn_floor_divide${f}(${type} a, ${type} b) {
  if (b == ${zero}) return a / b;
  const ${type} r = __builtin_fmod${f}(a, b);
  ${type} q = (a - r) / b;
  if (r != ${zero} && (r < ${zero}) != (b < ${zero})) q -= 1;
  if (q == ${zero}) return __builtin_copysign${f}(${zero}, a / b);
  const ${type} down = __builtin_floor${f}(q);
  return q - down > ${f ? '0.5f' : '0.5'} ? down + 1 : down;
}`,
  };
}

export function helperText(names: Iterable<string>): string {
  const wanted = new Set(names);
  return Object.keys(texts)
    .filter((name) => wanted.has(name))
    .map((name) => `${texts[name]}\n`)
    .join('\n');
}
