/** @file The tensor library as its users see it: creation, functions, the type `Tensor`. */

export type { DType } from '../core/dtype.ts';
export { dtypes } from '../core/dtype.ts';
export { TnError } from '../core/errors.ts';
export * from './functions/creation.ts';
export { hammingWindow, hannWindow, type RfftOptions, rfft, type StftOptions, stft } from './functions/fourier.ts';
export * from './functions/indexing.ts';
export { cat, type PadOptions, pad, stack } from './functions/joining.ts';
export { bmm, dot, matmul, mm, outer } from './functions/linear.ts';
export { logSoftmax, softmax } from './functions/normalization.ts';
export { isTensor, type Mask, type Operand, type ScalarOperand } from './functions/operands.ts';
export * from './functions/pointwise.ts';
export * from './functions/random.ts';
export {
  all,
  amax,
  amin,
  any,
  argmax,
  argmin,
  argsort,
  cumsum,
  logsumexp,
  max,
  mean,
  min,
  norm,
  prod,
  type SortOptions,
  sort,
  std,
  sum,
  topk,
  type ValuesAndIndices,
  variance as var,
} from './functions/reductions.ts';
export {
  broadcastTo,
  chunk,
  diagonal,
  expand,
  flatten,
  movedim,
  narrow,
  permute,
  repeat,
  reshape,
  select,
  slice,
  split,
  squeeze,
  tile,
  transpose,
  unbind,
  unflatten,
  unfold,
  unsqueeze,
  view,
} from './functions/views.ts';
export { type Asset, asset, openAsset } from './io/asset.ts';
export { loadNpy, saveNpy } from './io/npy.ts';
export {
  type LoadOptions,
  loadSafetensors,
  safetensorsMetadata,
  saveSafetensors,
  type TensorDict,
} from './io/safetensors.ts';
export type { PrintOptions } from './print.ts';
export type { ElementValue, NestedList } from './read.ts';
export type { Tensor, TensorLike, TensorMethods } from './tensor.ts';
