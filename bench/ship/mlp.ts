/** @file A small program with one part, for what the smallest executable costs: captured by `tn run`, packaged by the suite. */

import { compileCache, Dim, nn, type Tensor, zeros } from 'torchnative';

class Mlp extends nn.Module {
  readonly hidden = new nn.Linear(64, 128);
  readonly out = new nn.Linear(128, 10);

  /** Logits [n, 10] of rows [n, 64]. */
  @compileCache('bench-mlp', { inputMatchers: { x: { 0: Dim('n', { max: 4096 }) } } })
  forward(x: Tensor): Tensor {
    return this.out.forward(this.hidden.forward(x).relu());
  }
}

const model = new Mlp();
console.log(String(model.forward(zeros([4, 64])).shape));
