/**
 * @file The function of the smallest native call. In a file of its own that imports nothing else: what a call compares
 * grows with the module-level values of the files behind the function.
 */

import { compileCache, Dim, type Tensor } from 'torchnative';

/** x + 2y, both [n] float32. */
export const addMul = compileCache(
  'benchAddMul',
  { inputMatchers: { x: { 0: Dim('n') }, y: { 0: Dim('n') } } },
  (x: Tensor, y: Tensor) => x.add(y.mul(2)),
);
