/**
 * @file Changing the sample rate: a polyphase bank of sinc low-passes under a Kaiser window.
 *
 * Source: J. F. Kaiser, "Nonrecursive digital filter design using the I0-sinh window function" (1974), for the window
 * and the formulas that tie its shape to attenuation and width; the rational polyphase form is R. E. Crochiere and
 * L. R. Rabiner, "Multirate Digital Signal Processing" (1983), ch. 4.
 */

/** What the filter takes away from everything that would alias, in decibels. */
const attenuation = 100;
/** Zero crossings of the sinc on each side: more make the transition narrower and the filter slower. */
const crossings = 48;
/** Kaiser's β for that attenuation (valid above 50 dB). */
const beta = 0.1102 * (attenuation - 8.7);
/** Width of the transition band, in cycles per sample of the slower side, by Kaiser's formula. */
const transition = (attenuation - 8) / (2 * Math.PI * 2.285 * 2 * crossings);
/** Middle of the transition band: its upper edge is the Nyquist frequency of the slower side. */
const cutoff = 0.5 - transition / 2;

/**
 * Resamples one channel. Output sample i stands at time i / toRate; the signal is zero before and after.
 *
 * @param samples [length] at `fromRate`
 * @param fromRate samples per second, a positive integer
 * @param toRate samples per second, a positive integer
 * @returns [round(length · toRate / fromRate), at least 1 if there was any]; `samples` itself where the rates agree
 */
export function resample(samples: Float32Array, fromRate: number, toRate: number): Float32Array {
  if (fromRate === toRate || samples.length === 0) return samples;
  const divisor = greatestCommonDivisor(fromRate, toRate);
  const up = toRate / divisor;
  const down = fromRate / divisor;
  const bank = new FilterBank(up, down);
  const output = new Float32Array(Math.max(1, Math.round((samples.length * up) / down)));
  // The time of an output sample in input samples is whole + phase / up; both advance by the exact fraction down / up.
  let whole = 0;
  let phase = 0;
  for (let i = 0; i < output.length; i++) {
    const taps = bank.phase(phase);
    const first = whole - bank.reach + 1;
    const from = Math.max(0, -first);
    const to = Math.min(taps.length, samples.length - first);
    let sum = 0;
    for (let k = from; k < to; k++) sum += taps[k] * samples[first + k];
    output[i] = sum;
    phase += down;
    whole += Math.floor(phase / up);
    phase %= up;
  }
  return output;
}

/** The low-pass, sampled once for each of the `up` positions an output sample can take between two input samples. */
class FilterBank {
  /** Input samples on each side of an output sample that the filter reaches. */
  readonly reach: number;
  readonly #phases: (Float64Array | undefined)[];
  readonly #up: number;
  /** Input samples per zero crossing: the slower side sets the band. */
  readonly #stretch: number;

  constructor(up: number, down: number) {
    this.#up = up;
    this.#stretch = Math.max(1, down / up);
    this.reach = Math.ceil(crossings * this.#stretch);
    this.#phases = new Array<Float64Array | undefined>(up).fill(undefined);
  }

  /** The 2 · reach taps for output samples at `phase / up` after an input sample; made when first asked for. */
  phase(phase: number): Float64Array {
    return (this.#phases[phase] ??= this.#design(phase));
  }

  #design(phase: number): Float64Array {
    const taps = new Float64Array(2 * this.reach);
    let sum = 0;
    for (let k = 0; k < taps.length; k++) {
      const distance = (phase / this.#up + this.reach - 1 - k) / this.#stretch;
      taps[k] = 2 * cutoff * sinc(2 * cutoff * distance) * kaiser(distance / crossings);
      sum += taps[k];
    }
    // A constant stays that constant in every phase; without this each phase would be off by its own ripple.
    for (let k = 0; k < taps.length; k++) taps[k] /= sum;
    return taps;
  }
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}

/** The Kaiser window over -1 … 1, zero outside. */
function kaiser(x: number): number {
  return Math.abs(x) > 1 ? 0 : besselI0(beta * Math.sqrt(1 - x * x)) / besselI0(beta);
}

/** The modified Bessel function of the first kind and order zero, by its power series. */
function besselI0(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; term > sum * 1e-17; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
