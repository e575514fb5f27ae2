/** @file The same for legacy decorators, which this folder's tsconfig.json asks for. */

import { compileCache, Dim, nn, type Tensor, tensor } from 'torchnative';
import { placeOf, print } from '../shared.ts';

/** A legacy decorator gets the prototype and the name; a TC39 one a function and a context. */
function dialect(target: unknown, name: unknown): void {
  seen = typeof target === 'object' && typeof name === 'string' ? 'legacy' : 'tc39';
}
let seen = 'none';

class Shift extends nn.Module {
  readonly offset = new nn.Parameter(tensor([10, 20]));

  @dialect
  @compileCache('shifted', { inputMatchers: { rows: { 0: Dim('rows') } } })
  forward(rows: Tensor): Tensor {
    return rows.add(this.offset);
  }

  @compileCache('failsToo')
  fail(x: Tensor): Tensor {
    throw new Error(`stopped ${x.dim()}`);
  }
}

const shift = new Shift();
const decorated = [1, 2].map((n) => shift.forward(tensor(Array.from({ length: n }, () => [1, 2]))).tolist());
const error = placeOf(() => shift.fail(tensor([1, 2])));
print(seen, { decorated, error });
