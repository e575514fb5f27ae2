/** @file The layers. Fresh weights follow PyTorch's distributions (from our own random stream) and are drawn when first touched. */

import type { DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { embedding } from '../tensor/functions/indexing.ts';
import * as linear from '../tensor/functions/linear.ts';
import * as norm from '../tensor/functions/normalization.ts';
import { assertTensor } from '../tensor/functions/operands.ts';
import { type GeluOptions, gelu, relu, sigmoid, silu, tanh } from '../tensor/functions/pointwise.ts';
import type { Tensor, TensorLike } from '../tensor/tensor.ts';
import * as F from './functional.ts';
import { Module } from './module.ts';
import { deferredParameter, type Parameter } from './parameter.ts';

export interface LayerOptions {
  readonly bias?: boolean;
  readonly dtype?: DType;
}

/** PyTorch's default for weights and biases of linear maps: uniform within 1 / sqrt(inputs of one output). */
function uniformFor(shape: readonly number[], inputs: number, dtype: DType): Parameter {
  return deferredParameter(shape, dtype, { kind: 'uniform', bound: inputs > 0 ? 1 / Math.sqrt(inputs) : 0 });
}

const filled = (shape: readonly number[], value: number, dtype: DType): Parameter =>
  deferredParameter(shape, dtype, { kind: 'constant', value });

/** x [..., inFeatures] → [..., outFeatures] (torch.nn.Linear). */
export class Linear extends Module {
  readonly inFeatures: number;
  readonly outFeatures: number;
  /** [outFeatures, inFeatures]. */
  weight: Parameter;
  bias: Parameter | null;

  constructor(inFeatures: number, outFeatures: number, { bias = true, dtype = 'float32' }: LayerOptions = {}) {
    super();
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = uniformFor([outFeatures, inFeatures], inFeatures, dtype);
    this.bias = bias ? uniformFor([outFeatures], inFeatures, dtype) : null;
  }

  forward(x: TensorLike): Tensor {
    return linear.linear(x, this.weight, this.bias);
  }

  override extraRepr(): string {
    return `${this.inFeatures}, ${this.outFeatures}, bias=${this.bias !== null}`;
  }
}

export interface Conv1dLayerOptions extends LayerOptions, linear.Conv1dOptions {}

/** x [B, inChannels, T] → [B, outChannels, Tout] (torch.nn.Conv1d). */
export class Conv1d extends Module {
  readonly stride: number;
  readonly padding: number | 'same' | 'valid';
  readonly dilation: number;
  readonly groups: number;
  /** [outChannels, inChannels / groups, kernelSize]. */
  weight: Parameter;
  bias: Parameter | null;

  constructor(inChannels: number, outChannels: number, kernelSize: number, options: Conv1dLayerOptions = {}) {
    super();
    const { bias = true, dtype = 'float32', stride = 1, padding = 0, dilation = 1, groups = 1 } = options;
    this.stride = stride;
    this.padding = padding;
    this.dilation = dilation;
    this.groups = groups;
    const inputs = (inChannels / groups) * kernelSize;
    this.weight = uniformFor([outChannels, inChannels / groups, kernelSize], inputs, dtype);
    this.bias = bias ? uniformFor([outChannels], inputs, dtype) : null;
  }

  forward(x: TensorLike): Tensor {
    const { stride, padding, dilation, groups } = this;
    return linear.conv1d(x, this.weight, this.bias, { stride, padding, dilation, groups });
  }

  override extraRepr(): string {
    const [outputs, inputs, kernel] = this.weight.sizes;
    return `${inputs * this.groups}, ${outputs}, kernelSize=${kernel}, stride=${this.stride}, padding=${this.padding}`;
  }
}

export interface Conv2dLayerOptions extends LayerOptions, linear.Conv2dOptions {}

/** x [B, inChannels, H, W] → [B, outChannels, Hout, Wout] (torch.nn.Conv2d). */
export class Conv2d extends Module {
  readonly options: linear.Conv2dOptions;
  /** [outChannels, inChannels / groups, Kh, Kw]. */
  weight: Parameter;
  bias: Parameter | null;

  constructor(
    inChannels: number,
    outChannels: number,
    kernelSize: number | readonly [number, number],
    { bias = true, dtype = 'float32', stride = 1, padding = 0, dilation = 1, groups = 1 }: Conv2dLayerOptions = {},
  ) {
    super();
    this.options = { stride, padding, dilation, groups };
    const [height, width] = typeof kernelSize === 'number' ? [kernelSize, kernelSize] : kernelSize;
    const inputs = (inChannels / groups) * height * width;
    this.weight = uniformFor([outChannels, inChannels / groups, height, width], inputs, dtype);
    this.bias = bias ? uniformFor([outChannels], inputs, dtype) : null;
  }

  forward(x: TensorLike): Tensor {
    return linear.conv2d(x, this.weight, this.bias, this.options);
  }
}

export interface NormOptions extends LayerOptions {
  readonly eps?: number;
  /** Has a weight (and a bias unless `bias: false`). */
  readonly elementwiseAffine?: boolean;
}

/** Normalises the last axes (torch.nn.LayerNorm). */
export class LayerNorm extends Module {
  readonly normalizedShape: readonly number[];
  readonly eps: number;
  weight: Parameter | null;
  bias: Parameter | null;

  constructor(normalizedShape: number | readonly number[], options: NormOptions = {}) {
    super();
    const { eps = 1e-5, elementwiseAffine = true, bias = true, dtype = 'float32' } = options;
    this.normalizedShape = typeof normalizedShape === 'number' ? [normalizedShape] : normalizedShape;
    this.eps = eps;
    this.weight = elementwiseAffine ? filled(this.normalizedShape, 1, dtype) : null;
    this.bias = elementwiseAffine && bias ? filled(this.normalizedShape, 0, dtype) : null;
  }

  forward(x: TensorLike): Tensor {
    return norm.layerNorm(x, this.normalizedShape, this.weight, this.bias, this.eps);
  }

  override extraRepr(): string {
    return `[${this.normalizedShape.join(', ')}], eps=${this.eps}`;
  }
}

/** x / rms(x) * weight over the last axis (torch.nn.RMSNorm). */
export class RMSNorm extends Module {
  readonly eps: number;
  weight: Parameter;

  constructor(size: number, { eps = 1e-6, dtype = 'float32' }: NormOptions = {}) {
    super();
    this.eps = eps;
    this.weight = filled([size], 1, dtype);
  }

  forward(x: TensorLike): Tensor {
    return norm.rmsNorm(x, this.weight, this.eps);
  }
}

/** Rows of a table at integer positions (torch.nn.Embedding). */
export class Embedding extends Module {
  /** [count, size]. */
  weight: Parameter;

  constructor(count: number, size: number, { dtype = 'float32' }: Pick<LayerOptions, 'dtype'> = {}) {
    super();
    this.weight = deferredParameter([count, size], dtype, { kind: 'normal' });
  }

  forward(indices: TensorLike): Tensor {
    return embedding(this.weight, indices);
  }

  override extraRepr(): string {
    return this.weight.sizes.join(', ');
  }
}

/** Zeroes elements at random while training, the identity in evaluation (torch.nn.Dropout). */
export class Dropout extends Module {
  readonly p: number;

  constructor(p = 0.5) {
    super();
    if (!(p >= 0 && p <= 1)) throw new TnError({ what: `Dropout: p = ${p}`, fix: 'a probability from 0 to 1' });
    this.p = p;
  }

  forward(x: TensorLike): Tensor {
    return F.dropout(x, this.p, this.training);
  }

  override extraRepr(): string {
    return `p=${this.p}`;
  }
}

export class GELU extends Module {
  readonly approximate: 'none' | 'tanh';

  constructor({ approximate = 'none' }: GeluOptions = {}) {
    super();
    this.approximate = approximate;
  }

  forward(x: TensorLike): Tensor {
    return gelu(x, { approximate: this.approximate });
  }
}

export class ReLU extends Module {
  forward(x: TensorLike): Tensor {
    return relu(x);
  }
}

export class SiLU extends Module {
  forward(x: TensorLike): Tensor {
    return silu(x);
  }
}

export class Sigmoid extends Module {
  forward(x: TensorLike): Tensor {
    return sigmoid(x);
  }
}

export class Tanh extends Module {
  forward(x: TensorLike): Tensor {
    return tanh(x);
  }
}

export class Identity extends Module {
  forward(x: TensorLike): Tensor {
    assertTensor(x, 'Identity', 'x');
    return x;
  }
}
