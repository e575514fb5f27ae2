/** @file Fourier transforms of real signals and their windows. Complex results are pairs in a last axis of 2. */

import { computeDType } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { ops } from '../../ops/index.ts';
import { shapeText, staticSize } from '../../ops/shapes.ts';
import { sizeEq, sizeLt, sizeSub } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { type TensorOptions, tensor } from './creation.ts';
import { type PadOptions, pad } from './joining.ts';
import { assertOptionalTensor, assertTensor } from './operands.ts';
import { mul, to } from './pointwise.ts';
import { movedim, narrow, squeeze, transpose, unsqueeze } from './views.ts';

export interface RfftOptions {
  /** Signal length: cut or padded with zeros to it. */
  readonly n?: number;
  readonly dim?: number;
  readonly norm?: 'backward' | 'forward' | 'ortho';
}

/**
 * torch.view_as_real(torch.fft.rfft(x)): n samples along `dim` become floor(n / 2) + 1 bins there,
 * real and imaginary part in a new last axis of 2.
 */
export function rfft(x: TensorLike, { n, dim = -1, norm = 'backward' }: RfftOptions = {}): Tensor {
  assertTensor(x, 'rfft', 'x');
  const last = movedim(x, dim, -1);
  const own = last.shape[last.sizes.length - 1];
  const length = n ?? staticSize(own, 'rfft');
  if (!(length >= 1)) throw new TnError({ what: `rfft: a transform of ${length} samples` });
  let signal = last;
  if (sizeLt(length, own, 'rfft')) signal = narrow(last, -1, 0, length);
  else if (!sizeEq(length, own, 'rfft')) signal = pad(last, [0, sizeSub(length, own)]);
  let out = apply1(ops.rfft, [signal], { n: length });
  if (norm !== 'backward') out = mul(out, norm === 'ortho' ? 1 / Math.sqrt(length) : 1 / length);
  return movedim(out, -2, dim < 0 ? dim - 1 : dim);
}

export interface StftOptions {
  /** Default floor(nFft / 4). */
  readonly hopLength?: number;
  /** Default nFft; a shorter window is padded on both sides. */
  readonly winLength?: number;
  /** [winLength]; default ones. */
  readonly window?: TensorLike | null;
  /** Pad nFft / 2 on both sides, so that frame t is centred at t * hopLength. */
  readonly center?: boolean;
  readonly padMode?: PadOptions['mode'];
  readonly normalized?: boolean;
}

/**
 * Short-time Fourier transform of a real signal [T] or [B, T]: [B, nFft / 2 + 1, frames, 2]
 * (torch.view_as_real(torch.stft(..., onesided=True, returnComplex=True))).
 */
export function stft(x: TensorLike, nFft: number, options: StftOptions = {}): Tensor {
  const {
    hopLength = Math.floor(nFft / 4),
    winLength = nFft,
    window = null,
    center = true,
    padMode = 'reflect',
  } = options;
  assertTensor(x, 'stft', 'x');
  assertOptionalTensor(window, 'stft', 'window');
  const rank = x.sizes.length;
  const valid = rank >= 1 && rank <= 2 && nFft >= 1 && hopLength >= 1 && winLength >= 1 && winLength <= nFft;
  if (!valid || (window && (window.sizes.length !== 1 || window.sizes[0] !== winLength))) {
    throw new TnError({
      what: `stft: signal ${shapeText(x.shape)}, nFft ${nFft}, hopLength ${hopLength}, winLength ${winLength} do not fit`,
      fix: 'signal [T] or [B, T], hopLength >= 1, winLength <= nFft, window [winLength]',
    });
  }
  let signal = rank === 1 ? unsqueeze(x, 0) : x;
  const half = Math.floor(nFft / 2);
  if (center) signal = pad(signal, [half, half], { mode: padMode });
  let weights = window;
  if (winLength < nFft) {
    const left = Math.floor((nFft - winLength) / 2);
    const full = window ?? tensor(new Float32Array(winLength).fill(1));
    weights = pad(full, [left, nFft - winLength - left]);
  }
  const inputs = weights ? [signal, weights] : [signal];
  let out = transpose(apply1(ops.stft, inputs, { nFft, hop: hopLength }), 1, 2);
  if (options.normalized) out = mul(out, 1 / Math.sqrt(nFft));
  return rank === 1 ? squeeze(out, 0) : out;
}

export interface WindowOptions extends TensorOptions {
  /** true: for spectra (the period is n); false: symmetric. */
  readonly periodic?: boolean;
}

/** n samples of a raised cosine a - (1 - a) cos, computed in float64. */
function cosineWindow(n: number, a: number, { periodic = true, dtype = 'float32' }: WindowOptions): Tensor {
  if (!(Number.isInteger(n) && n >= 0)) throw new TnError({ what: `window: length ${n}` });
  const period = periodic ? n : n - 1;
  const values = Float64Array.from({ length: n }, (_, i) =>
    n === 1 ? 1 : a - (1 - a) * Math.cos((2 * Math.PI * i) / period),
  );
  return to(tensor(computeDType(dtype) === 'float64' ? values : Float32Array.from(values)), dtype);
}

/** torch.hann_window. */
export function hannWindow(n: number, options: WindowOptions = {}): Tensor {
  return cosineWindow(n, 0.5, options);
}

/** torch.hamming_window. */
export function hammingWindow(n: number, options: WindowOptions = {}): Tensor {
  return cosineWindow(n, 0.54, options);
}
