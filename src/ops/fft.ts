/** @file The discrete Fourier transform of the eager kernels: mixed radix in float64, any length. */

interface Plan {
  readonly length: number;
  /** cos and -sin of 2π k / length. */
  readonly cos: Float64Array;
  readonly sin: Float64Array;
  readonly factors: readonly number[];
}

const plans = new Map<number, Plan>();

function planOf(length: number): Plan {
  let plan = plans.get(length);
  if (plan) return plan;
  const factors: number[] = [];
  for (let rest = length, p = 4; rest > 1; ) {
    if (rest % p === 0) {
      factors.push(p);
      rest /= p;
    } else p = p === 4 ? 2 : p === 2 ? 3 : p * p > rest ? rest : p + 2;
  }
  const cos = Float64Array.from({ length }, (_, k) => Math.cos((2 * Math.PI * k) / length));
  const sin = Float64Array.from({ length }, (_, k) => -Math.sin((2 * Math.PI * k) / length));
  plan = { length, cos, sin, factors };
  plans.set(length, plan);
  return plan;
}

/** A transform of one length with its work space; `re` and `im` hold the result after `run`. */
export class RealFourier {
  readonly re: Float64Array;
  readonly im: Float64Array;
  private readonly plan: Plan;
  private readonly input: Float64Array;
  private readonly tempRe: Float64Array;
  private readonly tempIm: Float64Array;

  constructor(length: number) {
    this.plan = planOf(length);
    this.re = new Float64Array(length);
    this.im = new Float64Array(length);
    this.input = new Float64Array(length);
    const widest = Math.max(1, ...this.plan.factors);
    this.tempRe = new Float64Array(widest);
    this.tempIm = new Float64Array(widest);
  }

  /** X[k] = Σ_n x[start + n] w[n] exp(-2πi k n / length); `window` null for ones. */
  run(x: ArrayLike<number>, start: number, window: ArrayLike<number> | null): void {
    const { input, plan } = this;
    if (window) for (let i = 0; i < plan.length; i++) input[i] = x[start + i] * window[i];
    else for (let i = 0; i < plan.length; i++) input[i] = x[start + i];
    this.transform(plan.length, 0, 1, 0, 0);
  }

  /** Transforms input[from + i * step], i < length, into re/im at `to`: one factor splits it, the rest recurse. */
  private transform(length: number, from: number, step: number, to: number, level: number): void {
    const { re, im, plan } = this;
    if (length === 1) {
      re[to] = this.input[from];
      im[to] = 0;
      return;
    }
    const p = plan.factors[level];
    const part = length / p;
    for (let r = 0; r < p; r++) this.transform(part, from + r * step, step * p, to + r * part, level + 1);
    const twiddleStep = plan.length / length;
    for (let k = 0; k < part; k++) this.butterfly(p, part, to + k, k * twiddleStep);
  }

  /** Combines the p parts' values at one position; `turn` is the twiddle of the first part, in table steps. */
  private butterfly(p: number, part: number, at: number, turn: number): void {
    const { re, im, plan, tempRe, tempIm } = this;
    const { cos, sin, length } = plan;
    for (let r = 0; r < p; r++) {
      const i = at + r * part;
      const w = r * turn;
      tempRe[r] = re[i] * cos[w] - im[i] * sin[w];
      tempIm[r] = re[i] * sin[w] + im[i] * cos[w];
    }
    const unit = length / p;
    for (let q = 0; q < p; q++) {
      let sumRe = tempRe[0];
      let sumIm = tempIm[0];
      for (let r = 1; r < p; r++) {
        const w = ((q * r) % p) * unit;
        sumRe += tempRe[r] * cos[w] - tempIm[r] * sin[w];
        sumIm += tempRe[r] * sin[w] + tempIm[r] * cos[w];
      }
      re[at + q * part] = sumRe;
      im[at + q * part] = sumIm;
    }
  }
}
