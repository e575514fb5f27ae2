/** @file The operations as parts: what a user would write, one part a kind. */

import { compileCache, nn, rfft, type Tensor } from 'torchnative';
import type { Kind } from './list.ts';

const F = nn.functional;

/** An operation with its weights. */
export interface OpPart {
  forward(...inputs: Tensor[]): Tensor;
}

class Linear extends nn.Module {
  readonly weight: nn.Parameter;
  readonly bias: nn.Parameter;

  constructor([weight, bias]: readonly Tensor[]) {
    super();
    this.weight = new nn.Parameter(weight);
    this.bias = new nn.Parameter(bias);
  }

  @compileCache('bench-linear')
  forward(x: Tensor): Tensor {
    return F.linear(x, this.weight, this.bias);
  }
}

/** One row: a part of its own, since a part keeps eight entries. */
class Row extends nn.Module {
  readonly weight: nn.Parameter;
  readonly bias: nn.Parameter;

  constructor([weight, bias]: readonly Tensor[]) {
    super();
    this.weight = new nn.Parameter(weight);
    this.bias = new nn.Parameter(bias);
  }

  @compileCache('bench-row')
  forward(x: Tensor): Tensor {
    return F.linear(x, this.weight, this.bias);
  }
}

class Conv extends nn.Module {
  readonly weight: nn.Parameter;
  readonly bias: nn.Parameter;
  readonly stride: number;

  constructor([weight, bias]: readonly Tensor[], stride: number) {
    super();
    this.weight = new nn.Parameter(weight);
    this.bias = new nn.Parameter(bias);
    this.stride = stride;
  }

  @compileCache('bench-conv1d')
  forward(x: Tensor): Tensor {
    return F.conv1d(x, this.weight, this.bias, { stride: this.stride, padding: 1 });
  }
}

class Norm extends nn.Module {
  readonly weight: nn.Parameter;
  readonly bias: nn.Parameter;

  constructor([weight, bias]: readonly Tensor[]) {
    super();
    this.weight = new nn.Parameter(weight);
    this.bias = new nn.Parameter(bias);
  }

  @compileCache('bench-layer-norm')
  forward(x: Tensor): Tensor {
    return F.layerNorm(x, [x.shape[1]], this.weight, this.bias);
  }
}

const attention = compileCache('bench-attention', {}, (q: Tensor, k: Tensor, v: Tensor) =>
  F.scaledDotProductAttention(q, k, v),
);
const causal = compileCache('bench-causal', {}, (q: Tensor, k: Tensor, v: Tensor) =>
  F.scaledDotProductAttention(q, k, v, { isCausal: true }),
);
const softmax = compileCache('bench-softmax', {}, (x: Tensor) => F.softmax(x, -1));
const gelu = compileCache('bench-gelu', {}, (x: Tensor) => F.gelu(x));
const transform = compileCache('bench-rfft', {}, (x: Tensor) => rfft(x));
const chain = compileCache('bench-chain', {}, (x: Tensor, y: Tensor, z: Tensor) =>
  x.mul(2).add(y).relu().mul(z).sub(x),
);

/** Into memory that is there: what the kernel takes, without the first touch of a fresh result's pages. */
const softmaxInto = compileCache('bench-softmax-into', {}, (out: Tensor, x: Tensor) => {
  out.copy_(F.softmax(x, -1));
});
const geluInto = compileCache('bench-gelu-into', {}, (out: Tensor, x: Tensor) => {
  out.copy_(F.gelu(x));
});
const chainInto = compileCache('bench-chain-into', {}, (out: Tensor, x: Tensor, y: Tensor, z: Tensor) => {
  out.copy_(x.mul(2).add(y).relu().mul(z).sub(x));
});
const normInto = compileCache('bench-layer-norm-into', {}, (out: Tensor, x: Tensor, weight: Tensor, bias: Tensor) => {
  out.copy_(F.layerNorm(x, [x.shape[1]], weight, bias));
});

/** The part that writes its result into the first argument; null where nobody asks for that. */
export function makePartInto(
  kind: Kind,
  weights: readonly Tensor[],
): ((out: Tensor, ...inputs: Tensor[]) => void) | null {
  switch (kind) {
    case 'layerNorm':
      return (out, x) => normInto(out, x, weights[0], weights[1]);
    case 'softmax':
      return (out, x) => softmaxInto(out, x);
    case 'gelu':
      return (out, x) => geluInto(out, x);
    case 'chain':
      return (out, x, y, z) => chainInto(out, x, y, z);
    default:
      return null;
  }
}

/** The part that a call of this kind goes through. */
export function makePart(kind: Kind, sizes: readonly number[], weights: readonly Tensor[]): OpPart {
  switch (kind) {
    case 'linear':
      return sizes[0] === 1 ? new Row(weights) : new Linear(weights);
    case 'conv1d':
      return new Conv(weights, sizes[3]);
    case 'layerNorm':
      return new Norm(weights);
    case 'attention':
      return { forward: (q, k, v) => attention(q, k, v) };
    case 'causal':
      return { forward: (q, k, v) => causal(q, k, v) };
    case 'softmax':
      return { forward: (x) => softmax(x) };
    case 'gelu':
      return { forward: (x) => gelu(x) };
    case 'rfft':
      return { forward: (x) => transform(x) };
    case 'chain':
      return { forward: (x, y, z) => chain(x, y, z) };
  }
}
