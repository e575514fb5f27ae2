/** @file torch.nn.functional: what layers compute, on plain tensors. */

import { TnError } from '../core/errors.ts';
import { arange } from '../tensor/functions/creation.ts';
import { gather, where } from '../tensor/functions/indexing.ts';
import { logSoftmax } from '../tensor/functions/normalization.ts';
import { assertTensor } from '../tensor/functions/operands.ts';
import { add, div, mul, ne, neg, relu, to } from '../tensor/functions/pointwise.ts';
import { type Generator, rand } from '../tensor/functions/random.ts';
import { mean, sum } from '../tensor/functions/reductions.ts';
import { movedim, squeeze, unsqueeze } from '../tensor/functions/views.ts';
import type { Tensor, TensorLike } from '../tensor/tensor.ts';

export { embedding } from '../tensor/functions/indexing.ts';
export { type PadOptions, pad } from '../tensor/functions/joining.ts';
export {
  type AttentionOptions,
  avgPool1d,
  avgPool2d,
  type Conv1dOptions,
  type Conv2dOptions,
  conv1d,
  conv2d,
  linear,
  maxPool1d,
  maxPool2d,
  type PoolOptions,
  scaledDotProductAttention,
} from '../tensor/functions/linear.ts';
export { batchNorm, groupNorm, layerNorm, logSoftmax, rmsNorm, softmax } from '../tensor/functions/normalization.ts';
export { gelu, relu, sigmoid, silu, tanh } from '../tensor/functions/pointwise.ts';

/** x where positive, slope * x elsewhere (torch.nn.functional.leaky_relu). */
export function leakyRelu(x: TensorLike, slope = 0.01): Tensor {
  assertTensor(x, 'leakyRelu', 'x');
  return where(x.gt(0), x, mul(x, slope));
}

/** log(1 + exp(x)), without overflow (torch.nn.functional.softplus). */
export function softplus(x: TensorLike): Tensor {
  assertTensor(x, 'softplus', 'x');
  return add(relu(x), x.abs().neg().exp().log1p());
}

/** Zeroes elements with probability p and scales the rest by 1 / (1 - p); the identity unless training. */
export function dropout(x: TensorLike, p = 0.5, training = true, generator?: Generator): Tensor {
  assertTensor(x, 'dropout', 'x');
  if (!training || p === 0) return x;
  const keep = rand(x.shape, generator ? { generator } : {}).ge(p);
  return where(keep, p === 1 ? x : div(x, 1 - p), to(mul(x, 0), x.dtype));
}

export interface CrossEntropyOptions {
  readonly reduction?: 'mean' | 'sum' | 'none';
  /** Targets that do not count. */
  readonly ignoreIndex?: number;
}

/** Of logits [N, C] or [N, C, …] against class numbers [N, …] (torch.nn.functional.cross_entropy). */
export function crossEntropy(
  logits: TensorLike,
  targets: TensorLike,
  { reduction = 'mean', ignoreIndex = -100 }: CrossEntropyOptions = {},
): Tensor {
  assertTensor(logits, 'crossEntropy', 'logits');
  assertTensor(targets, 'crossEntropy', 'targets');
  if (logits.sizes.length < 2)
    throw new TnError({ what: `crossEntropy: logits need at least 2 dims, found ${logits.sizes.length}` });
  const last = movedim(logSoftmax(logits, 1), 1, -1);
  const counts = ne(targets, ignoreIndex);
  const safe = where(counts, targets, 0);
  const picked = squeeze(gather(last, last.sizes.length - 1, unsqueeze(safe, -1)), -1);
  const losses = where(counts, neg(picked), mul(picked, 0));
  if (reduction === 'none') return losses;
  const total = sum(losses);
  return reduction === 'sum' ? total : div(total, sum(counts));
}

/** Mean of squared differences (torch.nn.functional.mse_loss). */
export function mseLoss(x: TensorLike, target: TensorLike): Tensor {
  assertTensor(x, 'mseLoss', 'x');
  assertTensor(target, 'mseLoss', 'target');
  return mean(x.sub(target).square());
}

/** x / max(‖x‖₂, eps) along `dim` (torch.nn.functional.normalize). */
export function normalize(x: TensorLike, dim = 1, eps = 1e-12): Tensor {
  assertTensor(x, 'normalize', 'x');
  return div(x, x.norm(2, dim, true).clamp(eps));
}

/** 1 at the class, 0 elsewhere, as int64 in a new last axis of `count` (torch.nn.functional.one_hot). */
export function oneHot(classes: TensorLike, count: number): Tensor {
  assertTensor(classes, 'oneHot', 'classes');
  return to(unsqueeze(classes, -1).eq(arange(count)), 'int64');
}
