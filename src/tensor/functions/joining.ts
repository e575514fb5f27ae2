/** @file Joining and extending tensors. */

import { TnError } from '../../core/errors.ts';
import { ops } from '../../ops/index.ts';
import { type PadMode, padModes } from '../../ops/joining.ts';
import { normalizeAxis } from '../../ops/shapes.ts';
import { type Size, sizeNeg } from '../../symbolic/symInt.ts';
import { apply1 } from '../apply.ts';
import type { Tensor, TensorLike } from '../tensor.ts';
import { assertTensor, type ScalarOperand } from './operands.ts';
import { requireAxis, slice, unsqueeze } from './views.ts';

/** One after another along `dim`; equal elsewhere, dtypes promoted (torch.cat). */
export function cat(tensors: readonly TensorLike[], dim = 0): Tensor {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw new TnError({ what: 'cat: needs a list of at least one tensor' });
  for (const x of tensors) assertTensor(x, 'cat', 'tensors');
  // A 1-d tensor without elements joins anything, as it always has in PyTorch.
  const real = tensors.filter((x) => !(x.sizes.length === 1 && x.shape[0] === 0));
  const list = real.length === 0 ? tensors.slice(0, 1) : real;
  const axis = requireAxis('cat', list[0], dim);
  return apply1(ops.cat, list, { axis });
}

/** Tensors of equal shape along a new axis (torch.stack). */
export function stack(tensors: readonly TensorLike[], dim = 0): Tensor {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw new TnError({ what: 'stack: needs a list of at least one tensor' });
  const axis = normalizeAxis('stack', dim, tensors[0].sizes.length + 1);
  return cat(
    tensors.map((x) => unsqueeze(x, axis)),
    axis,
  );
}

export interface PadOptions {
  readonly mode?: PadMode;
  /** For mode 'constant'. */
  readonly value?: ScalarOperand;
}

/**
 * Pads the last axes: `[left, right]` the last one, `[left, right, top, bottom]` the last two, …
 * Negative counts cut off (constant mode only) (torch.nn.functional.pad).
 */
export function pad(
  x: TensorLike,
  padding: readonly Size[],
  { mode = 'constant', value = 0 }: PadOptions = {},
): Tensor {
  assertTensor(x, 'pad', 'x');
  const rank = x.sizes.length;
  if (!padModes.includes(mode))
    throw new TnError({ what: `pad: unknown mode ${String(mode)}`, fix: `one of ${padModes.join(', ')}` });
  if (padding.length % 2 !== 0 || padding.length > 2 * rank) {
    throw new TnError({
      what: `pad: ${padding.length} counts for a tensor of ${rank} dims`,
      fix: 'two counts per axis, from the last axis',
    });
  }
  const before = new Array<Size>(rank).fill(0);
  const after = new Array<Size>(rank).fill(0);
  let cut = x;
  for (let i = 0; i < padding.length / 2; i++) {
    const axis = rank - 1 - i;
    before[axis] = padding[2 * i];
    after[axis] = padding[2 * i + 1];
    const [head, tail] = [before[axis], after[axis]];
    const negative = (count: Size): boolean => typeof count === 'number' && count < 0;
    if (!negative(head) && !negative(tail)) continue;
    if (mode !== 'constant') throw new TnError({ what: `pad: negative counts need mode 'constant', not '${mode}'` });
    cut = slice(cut, axis, negative(head) ? sizeNeg(head) : 0, negative(tail) ? tail : null);
    if (negative(head)) before[axis] = 0;
    if (negative(tail)) after[axis] = 0;
  }
  return apply1(ops.pad, [cut], { before, after, mode, value: mode === 'constant' ? value : 0 });
}
