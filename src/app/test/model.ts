/** @file A small program with parts of every kind, run once on Node and once as if it were packaged. */

import { compileCache, Dim, nn, ones, type Tensor, tensor, zeros } from 'torchnative';

const position = Dim('pos', { max: 15 });

/** State of a call sequence: written in place. */
export class Cache {
  readonly keys: Tensor = zeros([16, 8]);
}

/** The embedding's rows are the output's columns, as in language models. */
export class Model extends nn.Module {
  readonly embed = new nn.Embedding(40, 8);
  readonly hidden: nn.Linear = new nn.Linear(8, 24);
  readonly back = new nn.Linear(24, 8, { dtype: 'float16' });
  /** Made by the program, not loaded. */
  readonly scale = this.registerBuffer('scale', tensor([1, 2, 3, 4, 5, 6, 7, 8]), { persistent: false });
  readonly mix = this.registerBuffer('mix', ones([8, 8]).mul(0.25), { persistent: false });
  steps = 0;

  @compileCache('packaged-scores', { inputMatchers: { tokens: { 0: Dim('n', { max: 64 }) } } })
  scores(tokens: Tensor): Tensor {
    const inner = this.hidden.forward(this.embed.forward(tokens)).tanh();
    return this.back.forward(inner).mul(this.scale).matmul(this.mix).matmul(this.embed.weight.t());
  }

  @compileCache('packaged-step', { inputMatchers: { pos: position } })
  step(token: Tensor, pos: number, cache: Cache): { total: Tensor; pos: number } {
    cache.keys.slice(0, pos, pos + 1).copy_(this.embed.forward(token));
    return { total: cache.keys.sum(0), pos };
  }
}

/** A buffer that the part itself writes. */
export class Counter extends nn.Module {
  readonly seen: Tensor = this.registerBuffer('seen', zeros([2]));

  @compileCache('packaged-count')
  count(x: Tensor): Tensor {
    this.seen.add_(x);
    return this.seen.mul(1);
  }
}

function plainSum(x: Tensor, y: Tensor): Tensor {
  return x.add(y.mul(tensor([1, 10, 100])));
}

const few = Dim('rows', { max: 9 });
const many = Dim('rows', { min: 10 });

/** Two overloads; the constant is part of the graph. */
export const sum = compileCache(
  'packaged-sum',
  { inputMatchers: { x: { 0: few }, y: { 0: few } } },
  compileCache('packaged-sum-many', { inputMatchers: { x: { 0: many }, y: { 0: many } } }, plainSum),
);

/** `indices` may be wrong. */
export const pick = compileCache('packaged-pick', (x: Tensor, indices: Tensor) => x.indexSelect(0, indices));

/** Never packaged. */
export const other = compileCache('packaged-not', (x: Tensor) => x.mul(3));
