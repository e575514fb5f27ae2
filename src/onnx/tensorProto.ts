/** @file Tensors as ONNX TensorProto: the samples in `test_data_set_0`, constants in models. */

import { type DType, dtypeInfo, dtypes } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { Storage } from '../core/storage.ts';
import { contiguousStrides, copyElements, product, StridedView } from '../core/view.ts';
import { dataTypes, decodeTensorMessage, encodeTensorMessage, type TensorMessage } from './messages.ts';

/** A tensor, copied contiguous, or an int64 scalar. */
export function encodeTensor(value: StridedView | number, name: string): Uint8Array {
  return encodeTensorMessage(tensorMessage(typeof value === 'number' ? int64Scalar(value) : value, name));
}

export function tensorMessage(view: StridedView, name: string): TensorMessage {
  const rawData = copyElements(view).storage.bytes();
  return { dims: [...view.sizes], dataType: dataTypes[view.dtype], name, rawData };
}

export function int64Scalar(value: number): StridedView {
  const storage = Storage.allocate('int64', 1);
  storage.typed('int64')[0] = BigInt(value);
  return new StridedView(storage, 'int64', [], [], 0);
}

/** Throws TnError for bytes that are no tensor with raw data of a known dtype. */
export function decodeTensor(bytes: Uint8Array): { readonly name: string; readonly view: StridedView } {
  let message: TensorMessage;
  try {
    message = decodeTensorMessage(bytes);
  } catch (error) {
    throw new TnError({ what: `not an ONNX tensor: ${(error as Error).message}` });
  }
  return { name: message.name, view: viewOfMessage(message) };
}

export function viewOfMessage(message: TensorMessage): StridedView {
  const dtype = dtypeOfDataType(message.dataType);
  const sizes = message.dims;
  const length = product(sizes) * dtypeInfo[dtype].bytes;
  const raw = message.rawData ?? new Uint8Array(0);
  if (raw.byteLength !== length || sizes.some((size) => size < 0)) {
    throw new TnError({ what: `ONNX tensor "${message.name}": ${raw.byteLength} bytes for ${dtype} [${sizes}]` });
  }
  // Offsets inside a message are arbitrary: the copy makes them aligned. (`slice` of a Buffer would not copy.)
  const storage = new Storage(new Uint8Array(raw).buffer);
  return new StridedView(storage, dtype, sizes, contiguousStrides(sizes), 0);
}

export function dtypeOfDataType(dataType: number): DType {
  const dtype = dtypes.find((name) => dataTypes[name] === dataType);
  if (!dtype) throw new TnError({ what: `ONNX data type ${dataType} is not supported` });
  return dtype;
}
