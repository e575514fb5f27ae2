/** @file In-place writes. Every one goes through `copyInto`, the only place where elements change. */

import { TnError } from '../../core/errors.ts';
import { activeTracer } from '../../core/tracer.ts';
import { ops } from '../../ops/index.ts';
import { writeView } from '../../ops/kernels.ts';
import { shapeText } from '../../ops/shapes.ts';
import { apply1 } from '../apply.ts';
import type { Tensor } from '../tensor.ts';
import { isTensor, type Operand } from './operands.ts';
import { to } from './pointwise.ts';

/** Overwrites `target` with `source`, broadcast to its sizes and cast to its dtype (torch.Tensor.copy_). The two may overlap. */
export function copyInto(target: Tensor, source: Operand): Tensor {
  if (target.storage.inUse !== null) target.storage.assertFree(true);
  const own = target.shape;
  const value = isTensor(source)
    ? to(source, target.dtype)
    : apply1(ops.full, [], { shape: [], value: source, dtype: target.dtype });
  const from = value.shape;
  const same =
    from.length === own.length && from.every((size, axis) => size === own[axis] || String(size) === String(own[axis]));
  const full = same ? value : expandTo(value, target);
  const tracer = activeTracer;
  tracer?.beforeMutate(target);
  writeView(target, full);
  target.storage.version++;
  tracer?.mutate(target, full);
  return target;
}

function expandTo(value: Tensor, target: Tensor): Tensor {
  const shift = target.sizes.length - value.sizes.length;
  const fits = shift >= 0 && value.sizes.every((size, axis) => size === 1 || size === target.sizes[shift + axis]);
  if (!fits) {
    throw new TnError({
      what: `copy_: a source of ${shapeText(value.shape)} does not fit a target of ${shapeText(target.shape)}`,
    });
  }
  return apply1(ops.expand, [value], { shape: target.shape });
}

/** Writes the result of an operation back; it may not need a dtype of a higher category (torch: "can't be cast"). */
export function storeResult(target: Tensor, result: Tensor, op: string): Tensor {
  const fromFloat = result.dtype.includes('float');
  const intoFloat = target.dtype.includes('float');
  if ((fromFloat && !intoFloat) || (target.dtype === 'bool' && result.dtype !== 'bool')) {
    throw new TnError({
      what: `${op}: the result is ${result.dtype} and cannot be written into a ${target.dtype} tensor`,
    });
  }
  const fits = result.sizes.length === target.sizes.length && result.sizes.every((size, i) => size === target.sizes[i]);
  if (!fits)
    throw new TnError({
      what: `${op}: the result has ${shapeText(result.shape)}, the tensor ${shapeText(target.shape)}`,
    });
  return copyInto(target, result);
}
