/**
 * @file `import 'torchnative/operators';` — types only. Numbers carry the methods of tensors, and are assignable to
 * `Tensor`: `(x + y * 2).sum()` and `const z: Tensor = x + y` need no `t(…)`. The price: so does `(3).sum()`, in every
 * file of the program; at run time that throws.
 */

import type { PrintOptions, TensorMethods } from 'torchnative';

declare global {
  interface Number extends TensorMethods {
    toString(options?: PrintOptions): string;
  }
}
