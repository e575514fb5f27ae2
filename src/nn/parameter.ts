/** @file Parameters: tensors that a module owns and that a checkpoint replaces. Their first values are drawn only when touched. */

import { bytesOf, type DType } from '../core/dtype.ts';
import { Storage } from '../core/storage.ts';
import { contiguousStrides, elementWriter, product, StridedView } from '../core/view.ts';
import { fillNormal, fillUniform } from '../ops/random.ts';
import { assertTensor } from '../tensor/functions/operands.ts';
import { defaultGenerator } from '../tensor/functions/random.ts';
import { type Tensor, type TensorLike, TensorObject } from '../tensor/tensor.ts';

class ParameterObject extends TensorObject {
  static {
    Object.defineProperty(ParameterObject, 'name', { value: 'Parameter' });
  }

  /** A parameter on the memory of `source`. */
  constructor(source: StridedView) {
    assertTensor(source, 'Parameter', 'source');
    super(source.storage, source.dtype, source.sizes, source.strides, source.offset);
  }

  /** Tells the type apart from a plain tensor. */
  get isParameter(): true {
    return true;
  }
}

/** A tensor that a module owns. */
export type Parameter = Tensor & ParameterObject;

/** Makes parameters. To the type checker they are tensors, hence numbers: no class can say so. */
export const Parameter = ParameterObject as unknown as new (source: TensorLike) => Parameter;

export function isParameter(x: unknown): x is Parameter {
  return x instanceof ParameterObject;
}

/** How a fresh parameter's elements are drawn. */
export type Init =
  | { readonly kind: 'uniform'; readonly bound: number }
  | { readonly kind: 'normal' }
  | { readonly kind: 'constant'; readonly value: number };

/**
 * A parameter whose memory is made and filled when it is first read. Its place in the random stream is taken now,
 * so the values do not depend on what is touched when; a checkpoint loaded before that leaves nothing to draw.
 */
export function deferredParameter(shape: readonly number[], dtype: DType, init: Init): Parameter {
  const count = product(shape);
  const place = init.kind === 'constant' ? null : defaultGenerator.reserve(count);
  const storage = Storage.deferred(count * bytesOf(dtype), (buffer) => {
    const write = elementWriter(dtype, new Storage(buffer).typed(dtype));
    if (init.kind === 'constant') {
      if (init.value !== 0) for (let i = 0; i < count; i++) write(i, init.value);
    } else if (init.kind === 'normal') fillNormal(count, place!, write);
    else fillUniform(count, place!, true, (i, u) => write(i, (2 * u - 1) * init.bound));
  });
  return new ParameterObject(new StridedView(storage, dtype, shape, contiguousStrides(shape))) as Parameter;
}
