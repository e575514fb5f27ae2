/** @file The program that every tool runs: operators, parameters by name, a TC39 decorator, an error inside a part. */

import { compileCache, Dim, nn, type Tensor, t, tensor } from 'torchnative';
import { dialect, doubled, noteDialect, placeOf, print } from './shared.ts';

const addMul = compileCache(
  'addMul',
  { inputMatchers: { y: { 0: Dim('n', { min: 2 }) }, x: { 0: Dim('n', { min: 2 }) } } },
  (x: Tensor, y: Tensor) => {
    const pairs = x.size(0) - 1;
    const sum = t(x + y * 2);
    if (pairs < 1 || sum.size(0) !== pairs + 1) throw new Error('not reached');
    return -sum.slice(0, 0, pairs) / 2 + doubled(x.slice(0, 1, pairs + 1));
  },
);

class Scale extends nn.Module {
  readonly factor = new nn.Parameter(tensor([2, 3]));

  @noteDialect
  @compileCache('scaled', { inputMatchers: { rows: { 0: Dim('rows') } } })
  forward(rows: Tensor): Tensor {
    return rows.mul(this.factor).reshape([rows.size(0) * 2]);
  }
}

const fails = compileCache('fails', (x: Tensor, stop: boolean): Tensor => {
  const y = x.mul(2);
  if (stop) throw new Error(`stopped at ${y.dim()}`);
  return y;
});

const scale = new Scale();
print(dialect, {
  operators: [2, 4].map((n) => addMul(tensor(Array(n).fill(1)), tensor(Array(n).fill(3))).tolist()),
  decorated: [1, 3].map((n) => scale.forward(tensor(Array.from({ length: n }, () => [1, 2]))).tolist()),
  whole: fails(tensor([1, 2]), false).tolist(),
  error: placeOf(() => fails(tensor([1, 2]), true)),
});
