/** @file Tensors whose bytes are in the package: bound as they are stored, copied out only when a program reads them. */

import { bytesOf, type DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { Storage } from '../core/storage.ts';
import { contiguousStrides, product, StridedView } from '../core/view.ts';
import { panelSource, parseLayoutName } from '../dispatch/weights.ts';
import { addressOf } from '../runtime/ffi.ts';
import type { NativeRuntime } from '../runtime/nativeRuntime.ts';
import { unpackPanels } from '../runtime/pack.ts';
import { type Tensor, TensorObject } from '../tensor/tensor.ts';
import { type Payload, wholeForm } from './payload.ts';

/** A tensor as the package lists it. */
export interface TensorEntry {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** sha256 of its elements in row-major order. */
  readonly blob: string;
}

/** `runtime` is asked for when panels have to be taken apart. */
export function storedTensor(payload: Payload, runtime: () => NativeRuntime, entry: TensorEntry): Tensor {
  const { dtype, shape, blob } = entry;
  const bytes = product(shape) * bytesOf(dtype);
  const storage = Storage.deferred(bytes, (buffer) => copyOut(payload, runtime, entry, buffer), blob);
  return TensorObject.of(new StridedView(storage, dtype, shape, contiguousStrides(shape)));
}

/** The program's own copy: the package's memory is read-only, and its panels are in the kernels' order. */
function copyOut(payload: Payload, runtime: () => NativeRuntime, entry: TensorEntry, target: ArrayBuffer): void {
  if (target.byteLength === 0) return;
  const { name, dtype, shape, blob } = entry;
  const form = wholeForm(payload.formsOf(blob), product(shape));
  const parsed = form && parseLayoutName(form.layout);
  if (!form || !parsed) throw new TnError({ what: `the package lacks the elements of tensor "${name}"` });
  const stored = payload.bytes(form.index);
  if (parsed.layout.kind === 'rows') {
    new Uint8Array(target).set(new Uint8Array(stored, 0, target.byteLength));
  } else {
    unpackPanels(runtime(), panelSource(parsed.layout, dtype), addressOf(stored), addressOf(target));
  }
}
