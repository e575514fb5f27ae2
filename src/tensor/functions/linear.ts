/** @file Products of tensors, attention, convolutions and poolings. */

import { TnError } from '../../core/errors.ts';
import { ops } from '../../ops/index.ts';
import { sameSize, shapeText, staticSize } from '../../ops/shapes.ts';
import { type Size, sizeMul } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { cat, pad } from './joining.ts';
import { assertOptionalTensor, assertTensor, type Mask } from './operands.ts';
import { amax, mean } from './reductions.ts';
import { narrow, permute, reshape, select, slice, squeeze, transpose, unfold, unsqueeze } from './views.ts';

/**
 * Matrix product with broadcast batch axes; vectors as in torch.matmul ([K]·[K] → [], [M,K]·[K] → [M]).
 * Float dtypes may be mixed: computed in float32 (float64 if one is), the promoted dtype comes out.
 */
export function matmul(a: TensorLike, b: TensorLike): Tensor {
  assertTensor(a, 'matmul', 'a');
  assertTensor(b, 'matmul', 'b');
  if (a.sizes.length === 0 || b.sizes.length === 0) {
    throw new TnError({
      what: `matmul: needs at least 1 dim, found ${shapeText(a.shape)} and ${shapeText(b.shape)}`,
      fix: 'use mul',
    });
  }
  const left = a.sizes.length === 1 ? unsqueeze(a, 0) : a;
  const right = b.sizes.length === 1 ? unsqueeze(b, 1) : b;
  let out = apply1(ops.matmul, [left, right], {});
  if (b.sizes.length === 1) out = select(out, -1, 0);
  if (a.sizes.length === 1) out = select(out, b.sizes.length === 1 ? -1 : -2, 0);
  return out;
}

function ranked(op: string, a: TensorLike, rankA: number, b: TensorLike, rankB: number): Tensor {
  assertTensor(a, op, 'a');
  assertTensor(b, op, 'b');
  if (a.sizes.length !== rankA || b.sizes.length !== rankB) {
    throw new TnError({
      what: `${op}: needs ${rankA} and ${rankB} dims, found ${shapeText(a.shape)} and ${shapeText(b.shape)}`,
    });
  }
  return matmul(a, b);
}

/** torch.mm. */
export function mm(a: TensorLike, b: TensorLike): Tensor {
  return ranked('mm', a, 2, b, 2);
}

/** torch.bmm. */
export function bmm(a: TensorLike, b: TensorLike): Tensor {
  return ranked('bmm', a, 3, b, 3);
}

/** torch.dot. */
export function dot(a: TensorLike, b: TensorLike): Tensor {
  return ranked('dot', a, 1, b, 1);
}

/** torch.outer. */
export function outer(a: TensorLike, b: TensorLike): Tensor {
  assertTensor(a, 'outer', 'a');
  assertTensor(b, 'outer', 'b');
  return ranked('outer', unsqueeze(a, 1), 2, unsqueeze(b, 0), 2);
}

/** x weightᵀ + bias: x [..., K], weight [N, K], bias [N] (torch.nn.functional.linear). */
export function linear(x: TensorLike, weight: TensorLike, bias: TensorLike | null = null): Tensor {
  assertTensor(weight, 'linear', 'weight');
  assertOptionalTensor(bias, 'linear', 'bias');
  assertTensor(x, 'linear', 'x');
  return apply1(ops.linear, bias ? [x, weight, bias] : [x, weight], {});
}

export interface AttentionOptions {
  /** Broadcastable to [..., L, S]: bool (true: may attend) or float (added to the scores). */
  readonly attnMask?: Mask | null;
  /** Query i sees keys up to i. */
  readonly isCausal?: boolean;
  /** Query i sees keys up to i + causalOffset: S - L aligns the last query with the last key (ours, not PyTorch's). */
  readonly causalOffset?: Size | null;
  /** Default 1 / sqrt(E). */
  readonly scale?: number | null;
}

/** softmax(q kᵀ scale) v: q [..., L, E], k [..., S, E], v [..., S, Ev] (torch.nn.functional.scaled_dot_product_attention). */
export function scaledDotProductAttention(
  q: TensorLike,
  k: TensorLike,
  v: TensorLike,
  { attnMask = null, isCausal = false, causalOffset = null, scale = null }: AttentionOptions = {},
): Tensor {
  assertTensor(k, 'scaledDotProductAttention', 'k');
  assertTensor(v, 'scaledDotProductAttention', 'v');
  assertTensor(q, 'scaledDotProductAttention', 'q');
  assertOptionalTensor(attnMask, 'scaledDotProductAttention', 'attnMask');
  if (attnMask && isCausal)
    throw new TnError({ what: 'scaledDotProductAttention: attnMask and isCausal exclude each other' });
  const offset = causalOffset ?? (isCausal ? 0 : null);
  const factor = scale ?? 1 / Math.sqrt(staticSize(q.shape[q.sizes.length - 1] ?? 1, 'scaledDotProductAttention'));
  return apply1(ops.scaledDotProductAttention, attnMask ? [q, k, v, attnMask] : [q, k, v], {
    causalOffset: offset,
    scale: factor,
  });
}

export interface Conv1dOptions {
  readonly stride?: number;
  readonly padding?: number | 'same' | 'valid';
  readonly dilation?: number;
  readonly groups?: number;
}

/** x [B, Cin, T] or [Cin, T], weight [Cout, Cin / groups, K], bias [Cout] (torch.nn.functional.conv1d). */
export function conv1d(
  x: TensorLike,
  weight: TensorLike,
  bias: TensorLike | null = null,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv1dOptions = {},
): Tensor {
  assertTensor(weight, 'conv1d', 'weight');
  assertOptionalTensor(bias, 'conv1d', 'bias');
  assertTensor(x, 'conv1d', 'x');
  if (x.sizes.length === 2)
    return squeeze(conv1d(unsqueeze(x, 0), weight, bias, { stride, padding, dilation, groups }), 0);
  let input = x;
  let sides = padding === 'valid' ? 0 : padding;
  if (sides === 'same') {
    if (stride !== 1) throw new TnError({ what: "conv1d: padding 'same' needs stride 1" });
    const total = dilation * (staticSize(weight.shape[2], 'conv1d') - 1);
    const left = Math.floor(total / 2);
    if (total % 2 === 1) input = pad(x, [left, total - left]);
    sides = total % 2 === 1 ? 0 : left;
  }
  const attrs = { stride, padding: sides, dilation, groups };
  return apply1(ops.conv1d, bias ? [input, weight, bias] : [input, weight], attrs);
}

export interface Conv2dOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
  readonly dilation?: number | readonly [number, number];
  readonly groups?: number;
}

const pair = (value: number | readonly [number, number]): readonly [number, number] =>
  typeof value === 'number' ? [value, value] : value;

/** Windows of one axis with dilation, as a new last axis. */
function dilatedWindows(x: Tensor, dim: number, size: number, step: number, dilation: number): Tensor {
  const windows = unfold(x, dim, dilation * (size - 1) + 1, step);
  return dilation === 1 ? windows : slice(windows, -1, 0, null, dilation);
}

/** x [B, Cin, H, W], weight [Cout, Cin / groups, Kh, Kw], bias [Cout] (torch.nn.functional.conv2d): windows times weights. */
export function conv2d(
  x: TensorLike,
  weight: TensorLike,
  bias: TensorLike | null = null,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv2dOptions = {},
): Tensor {
  assertTensor(weight, 'conv2d', 'weight');
  assertOptionalTensor(bias, 'conv2d', 'bias');
  assertTensor(x, 'conv2d', 'x');
  if (x.sizes.length === 3)
    return squeeze(conv2d(unsqueeze(x, 0), weight, bias, { stride, padding, dilation, groups }), 0);
  const [outputs, perGroup, kernelH, kernelW] = weight.shape.map((size) => staticSize(size, 'conv2d'));
  if (
    x.sizes.length !== 4 ||
    weight.sizes.length !== 4 ||
    !sameSize(x.shape[1], perGroup * groups, 'conv2d') ||
    outputs % groups !== 0
  ) {
    throw new TnError({
      what: `conv2d: x ${shapeText(x.shape)}, weight ${shapeText(weight.shape)} and ${groups} groups do not fit`,
    });
  }
  const [padH, padW] = pair(padding);
  const padded = padH === 0 && padW === 0 ? x : pad(x, [padW, padW, padH, padH]);
  const tall = dilatedWindows(padded, 2, kernelH, pair(stride)[0], pair(dilation)[0]);
  const windows = dilatedWindows(tall, 3, kernelW, pair(stride)[1], pair(dilation)[1]);
  const [batch, , height, width] = windows.shape;
  const depth = perGroup * kernelH * kernelW;
  const parts = Array.from({ length: groups }, (_, group) => {
    const own = groups === 1 ? windows : narrow(windows, 1, group * perGroup, perGroup);
    const rows = reshape(permute(own, [0, 2, 3, 1, 4, 5]), [batch, sizeMul(height, width), depth]);
    const size = outputs / groups;
    const kernels = reshape(groups === 1 ? weight : narrow(weight, 0, group * size, size), [size, depth]);
    const shift = bias && groups > 1 ? narrow(bias, 0, group * size, size) : bias;
    return linear(rows, kernels, shift);
  });
  const flat = groups === 1 ? parts[0] : cat(parts, -1);
  return reshape(transpose(flat, 1, 2), [batch, outputs, height, width]);
}

export interface PoolOptions {
  readonly stride?: number | readonly [number, number];
  readonly padding?: number | readonly [number, number];
}

/** torch.nn.functional.max_pool1d over the last axis. */
export function maxPool1d(
  x: TensorLike,
  kernelSize: number,
  { stride = kernelSize, padding = 0 }: PoolOptions = {},
): Tensor {
  assertTensor(x, 'maxPool1d', 'x');
  const [step, sides] = [pair(stride)[0], pair(padding)[0]];
  const padded = sides === 0 ? x : pad(x, [sides, sides], { value: Number.NEGATIVE_INFINITY });
  return amax(unfold(padded, -1, kernelSize, step), -1);
}

/** torch.nn.functional.avg_pool1d over the last axis (padding counts as zeros). */
export function avgPool1d(
  x: TensorLike,
  kernelSize: number,
  { stride = kernelSize, padding = 0 }: PoolOptions = {},
): Tensor {
  assertTensor(x, 'avgPool1d', 'x');
  const [step, sides] = [pair(stride)[0], pair(padding)[0]];
  const padded = sides === 0 ? x : pad(x, [sides, sides]);
  return mean(unfold(padded, -1, kernelSize, step), -1);
}

function windows2d(x: Tensor, kernel: readonly [number, number], options: PoolOptions, value: number): Tensor {
  const [stepH, stepW] = pair(options.stride ?? kernel);
  const [padH, padW] = pair(options.padding ?? 0);
  const padded = padH === 0 && padW === 0 ? x : pad(x, [padW, padW, padH, padH], { value });
  return unfold(unfold(padded, -2, kernel[0], stepH), -2, kernel[1], stepW);
}

/** torch.nn.functional.max_pool2d over the last two axes. */
export function maxPool2d(
  x: TensorLike,
  kernelSize: number | readonly [number, number],
  options: PoolOptions = {},
): Tensor {
  assertTensor(x, 'maxPool2d', 'x');
  return amax(windows2d(x, pair(kernelSize), options, Number.NEGATIVE_INFINITY), [-2, -1]);
}

/** torch.nn.functional.avg_pool2d over the last two axes (padding counts as zeros). */
export function avgPool2d(
  x: TensorLike,
  kernelSize: number | readonly [number, number],
  options: PoolOptions = {},
): Tensor {
  assertTensor(x, 'avgPool2d', 'x');
  return mean(windows2d(x, pair(kernelSize), options, 0), [-2, -1]);
}
