/** @file softmax and normalisations. */

import { TnError } from '../../core/errors.ts';
import { ops } from '../../ops/index.ts';
import { normalizeAxis, shapeText, staticSize } from '../../ops/shapes.ts';
import type { Size } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { assertOptionalTensor, assertTensor } from './operands.ts';
import * as p from './pointwise.ts';
import { mean, variance } from './reductions.ts';
import { reshape } from './views.ts';

/** exp(x) / Σ exp(x) along `dim` (torch.softmax). Float tensors. */
export function softmax(x: TensorLike, dim: number): Tensor {
  assertTensor(x, 'softmax', 'x');
  return apply1(ops.softmax, [x], { axis: normalizeAxis('softmax', dim, x.sizes.length) });
}

/** log(softmax(x)) along `dim` (torch.log_softmax). */
export function logSoftmax(x: TensorLike, dim: number): Tensor {
  assertTensor(x, 'logSoftmax', 'x');
  return apply1(ops.logSoftmax, [x], { axis: normalizeAxis('logSoftmax', dim, x.sizes.length) });
}

/** (x - mean) / sqrt(var + eps) * weight + bias over the last axes, of sizes `normalizedShape` (torch.nn.functional.layer_norm). */
export function layerNorm(
  x: TensorLike,
  normalizedShape: readonly Size[],
  weight: TensorLike | null = null,
  bias: TensorLike | null = null,
  eps = 1e-5,
): Tensor {
  assertOptionalTensor(weight, 'layerNorm', 'weight');
  assertOptionalTensor(bias, 'layerNorm', 'bias');
  assertTensor(x, 'layerNorm', 'x');
  const axes = normalizedShape.length;
  const tail = x.shape.slice(x.shape.length - axes);
  const fits =
    axes >= 1 && axes <= x.sizes.length && tail.every((size, i) => String(size) === String(normalizedShape[i]));
  if (!fits) {
    throw new TnError({ what: `layerNorm: ${shapeText(x.shape)} does not end in ${shapeText(normalizedShape)}` });
  }
  if (bias && !weight) return p.add(apply1(ops.layerNorm, [x], { axes, eps }), bias);
  const inputs = weight ? (bias ? [x, weight, bias] : [x, weight]) : [x];
  return apply1(ops.layerNorm, inputs, { axes, eps });
}

/** x / sqrt(mean(x²) + eps) * weight over the last axis (torch.nn.functional.rms_norm). */
export function rmsNorm(x: TensorLike, weight: TensorLike | null = null, eps = 1e-6): Tensor {
  assertTensor(x, 'rmsNorm', 'x');
  assertOptionalTensor(weight, 'rmsNorm', 'weight');
  const wide = x.dtype === 'float64' ? x : p.to(x, 'float32');
  const normal = p.mul(wide, p.rsqrt(p.add(mean(p.square(wide), -1, true), eps)));
  return p.to(weight ? p.mul(normal, weight) : normal, x.dtype);
}

/** Normalised over groups of channels (axis 1) and all later axes (torch.nn.functional.group_norm). */
export function groupNorm(
  x: TensorLike,
  groups: number,
  weight: TensorLike | null = null,
  bias: TensorLike | null = null,
  eps = 1e-5,
): Tensor {
  assertTensor(x, 'groupNorm', 'x');
  assertOptionalTensor(weight, 'groupNorm', 'weight');
  assertOptionalTensor(bias, 'groupNorm', 'bias');
  const [batch, channels, ...rest] = x.shape;
  if (x.sizes.length < 2 || staticSize(x.shape[1], 'groupNorm') % groups !== 0)
    throw new TnError({ what: `groupNorm: ${shapeText(x.shape)} in ${groups} groups` });
  const rows = reshape(x, [batch, groups, -1]);
  const centred = p.sub(rows, mean(rows, -1, true));
  const scaled = p.mul(centred, p.rsqrt(p.add(variance(rows, -1, true, { correction: 0 }), eps)));
  const affine: Size[] = [1, channels, ...rest.map(() => 1)];
  let out = reshape(scaled, x.shape);
  if (weight) out = p.mul(out, reshape(weight, affine));
  if (bias) out = p.add(out, reshape(bias, affine));
  return out;
}

export interface BatchNormOptions {
  readonly weight?: TensorLike | null;
  readonly bias?: TensorLike | null;
  readonly eps?: number;
}

/** Normalised by given statistics per channel (axis 1): torch.nn.functional.batch_norm in evaluation. */
export function batchNorm(
  x: TensorLike,
  runningMean: TensorLike,
  runningVar: TensorLike,
  options: BatchNormOptions = {},
): Tensor {
  assertTensor(x, 'batchNorm', 'x');
  assertTensor(runningMean, 'batchNorm', 'runningMean');
  assertTensor(runningVar, 'batchNorm', 'runningVar');
  const { weight = null, bias = null, eps = 1e-5 } = options;
  const shape: Size[] = x.shape.map((_, axis) => (axis === 1 ? -1 : 1));
  const centred = p.sub(x, reshape(runningMean, shape));
  let out = p.mul(centred, reshape(p.rsqrt(p.add(runningVar, eps)), shape));
  if (weight) out = p.mul(out, reshape(weight, shape));
  if (bias) out = p.add(out, reshape(bias, shape));
  return out;
}
