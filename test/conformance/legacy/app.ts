/** @file The same for legacy decorators, which this folder's tsconfig.json asks for. */

import { compileCache, Dim, nn, type Tensor, tensor } from 'torchnative';
import { dialect, noteDialect, placeOf, print } from '../shared.ts';

class Shift extends nn.Module {
  readonly offset = new nn.Parameter(tensor([10, 20]));

  @noteDialect
  @compileCache('shifted', { inputMatchers: { rows: { 0: Dim('rows') } } })
  forward(rows: Tensor): Tensor {
    return rows.add(this.offset);
  }

  @compileCache('failsToo')
  fail(x: Tensor, stop: boolean): Tensor {
    if (stop) throw new Error(`stopped at ${x.dim()}`);
    return x.add(1);
  }
}

const shift = new Shift();
const decorated = [1, 2].map((n) => shift.forward(tensor(Array.from({ length: n }, () => [1, 2]))).tolist());
print(dialect, {
  decorated,
  whole: shift.fail(tensor([1, 2]), false).tolist(),
  error: placeOf(() => shift.fail(tensor([1, 2]), true)),
});
