/** @file The first page of the tutorial: one function, captured on its first call, native on every later one. */

import { compileCache, Dim, type Tensor, tensor } from 'torchnative';

const addMul = compileCache(
  'addMul',
  { inputMatchers: { x: { 0: Dim('n') }, y: { 0: Dim('n') } } },
  (x: Tensor, y: Tensor) => x + y * 2,
);

console.log(addMul(tensor([1, 2, 3]), tensor([10, 20, 30])));
console.log(addMul(tensor([1, 2, 3, 4, 5]), tensor([1, 1, 1, 1, 1])));
