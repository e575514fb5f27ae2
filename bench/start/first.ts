/** @file The smallest program with a part: prints, at its first native call, the time since the epoch in ms. */

import { compileCache, Dim, partReports, type Tensor, tensor } from 'torchnative';

const addMul = compileCache(
  'benchFirstCall',
  { inputMatchers: { x: { 0: Dim('n') }, y: { 0: Dim('n') } } },
  (x: Tensor, y: Tensor) => x.add(y.mul(2)),
);

addMul(tensor([1, 2, 3]), tensor([10, 20, 30]));
const now = performance.timeOrigin + performance.now();
console.log(JSON.stringify({ now, native: partReports().get('benchFirstCall')?.native ?? 0 }));
