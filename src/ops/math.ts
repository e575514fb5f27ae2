/** @file Scalar functions that JavaScript's Math lacks, in float64: erf, both GELUs, rounding to even, floored division. */

/** Round half to even (torch.round). */
export function roundHalfEven(x: number): number {
  const floor = Math.floor(x);
  const rest = x - floor;
  if (rest < 0.5) return floor === 0 && (x < 0 || Object.is(x, -0)) ? -0 : floor;
  if (rest > 0.5) return floor === -1 ? -0 : floor + 1;
  if (rest !== 0.5) return x; // NaN, infinities
  const even = floor % 2 === 0 ? floor : floor + 1;
  return even === 0 && x < 0 ? -0 : even;
}

// Rational approximations of erf on [0, 0.84375], [0.84375, 1.25], [1.25, 1/0.35], [1/0.35, 6] (Sun's fdlibm), below 1 ulp.
// Written out in Horner's form: V8 then keeps everything in registers.
const erfAtOne = 0.8450629115104675;

function erfNear(x: number): number {
  const s = x * x;
  const p =
    0.12837916709551256 +
    s * (-0.3250421072470015 + s * (-0.02848174957559851 + s * (-0.005770270296489442 + s * -2.3763016656650163e-5)));
  const q =
    1 +
    s *
      (0.39791722395915535 +
        s *
          (0.0650222499887673 + s * (0.005081306281875766 + s * (0.00013249473800432164 + s * -3.960228278775368e-6))));
  return x + (x * p) / q;
}

function erfMiddle(z: number): number {
  const s = z - 1;
  const p =
    -0.0023621185607526594 +
    s *
      (0.41485611868374833 +
        s *
          (-0.3722078760357013 +
            s *
              (0.31834661990116175 +
                s * (-0.11089469428239668 + s * (0.035478304325618236 + s * -0.002166375594868791)))));
  const q =
    1 +
    s *
      (0.10642088040084423 +
        s *
          (0.540397917702171 +
            s *
              (0.07182865441419627 +
                s * (0.12617121980876164 + s * (0.01363708391202905 + s * 0.011984499846799107)))));
  return erfAtOne + p / q;
}

/** log of the tail's factor: erfc(z) = exp(-z² - 0.5625 + ratio) / z. */
function tailRatio(z: number): number {
  const s = 1 / (z * z);
  if (z < 1 / 0.35) {
    const p =
      -0.009864944034847148 +
      s *
        (-0.6938585727071818 +
          s *
            (-10.558626225323291 +
              s *
                (-62.375332450326006 +
                  s *
                    (-162.39666946257347 +
                      s * (-184.60509290671104 + s * (-81.2874355063066 + s * -9.814329344169145))))));
    const q =
      1 +
      s *
        (19.651271667439257 +
          s *
            (137.65775414351904 +
              s *
                (434.56587747522923 +
                  s *
                    (645.3872717332679 +
                      s *
                        (429.00814002756783 +
                          s * (108.63500554177944 + s * (6.570249770319282 + s * -0.0604244152148581)))))));
    return p / q;
  }
  const p =
    -0.0098649429247001 +
    s *
      (-0.799283237680523 +
        s *
          (-17.757954917754752 +
            s * (-160.63638485582192 + s * (-637.5664433683896 + s * (-1025.0951316110772 + s * -483.5191916086514)))));
  const q =
    1 +
    s *
      (30.33806074348246 +
        s *
          (325.7925129965739 +
            s *
              (1536.729586084437 +
                s *
                  (3199.8582195085955 +
                    s * (2553.0504074331643 + s * (474.52854120695537 + s * -22.44095244658582))))));
  return p / q;
}

export function erf(x: number): number {
  if (Number.isNaN(x)) return x;
  const z = Math.abs(x);
  if (z < 0.84375) return erfNear(x);
  let value = 1;
  if (z < 1.25) value = erfMiddle(z);
  else if (z < 6) {
    // exp(-z²) without losing digits: z² in two parts, the first exact in float64.
    const head = Math.fround(z);
    value = 1 - (Math.exp(-head * head - 0.5625) * Math.exp((head - z) * (head + z) + tailRatio(z))) / z;
  }
  return x < 0 ? -value : value;
}

/** x Φ(x). */
export function geluErf(x: number): number {
  return 0.5 * x * (1 + erf(x * Math.SQRT1_2));
}

const tanhScale = Math.sqrt(2 / Math.PI);

/** The tanh form of GELU (Hendrycks and Gimpel 2016). */
export function geluTanh(x: number): number {
  return 0.5 * x * (1 + Math.tanh(tanhScale * (x + 0.044715 * x * x * x)));
}

export function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

export function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

/** Remainder with the sign of the divisor (torch.remainder). */
export function floorRemainder(a: number, b: number): number {
  const rest = a % b;
  return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest;
}

/** floor(a / b), exact where a and b are (torch.floor_divide). */
export function floorDivide(a: number, b: number): number {
  if (b === 0) return a / b;
  const rest = a % b;
  let quotient = (a - rest) / b;
  if (rest !== 0 && rest < 0 !== b < 0) quotient -= 1;
  if (quotient === 0) return Object.is(a / b, -0) || a / b < 0 ? -0 : 0;
  const floor = Math.floor(quotient);
  return quotient - floor > 0.5 ? floor + 1 : floor;
}

export function bigFloorRemainder(a: bigint, b: bigint): bigint {
  const rest = a % b;
  return rest !== 0n && rest < 0n !== b < 0n ? rest + b : rest;
}

export function bigFloorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b !== 0n && a < 0n !== b < 0n ? quotient - 1n : quotient;
}

/** base ** exponent modulo 2^32 for whole numbers; negative exponents give what integer division of 1 by the power gives. */
export function intPow(base: number, exponent: number): number {
  if (exponent < 0) return base === 1 ? 1 : base === -1 ? (exponent % 2 === 0 ? 1 : -1) : 0;
  let result = 1;
  let square = base;
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result = Math.imul(result, square);
    square = Math.imul(square, square);
  }
  return result;
}

/** base ** exponent modulo 2^64, as `intPow`. */
export function bigPow(base: bigint, exponent: bigint): bigint {
  if (exponent < 0n) return base === 1n ? 1n : base === -1n ? (exponent % 2n === 0n ? 1n : -1n) : 0n;
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = BigInt.asIntN(64, result * square);
    square = BigInt.asIntN(64, square * square);
  }
  return result;
}

export function bigMax(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function bigMin(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
