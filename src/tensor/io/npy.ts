/** @file NumPy's .npy files (format 1.0 to 3.0), little-endian, C or Fortran order. */

import { bytesOf, type DType } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { Storage } from '../../core/storage.ts';
import { activeTracer } from '../../core/tracer.ts';
import { contiguousStrides, product, StridedView } from '../../core/view.ts';
import { copyView } from '../../ops/kernels.ts';
import { type Tensor, TensorObject } from '../tensor.ts';
import { host, mapOrThrow } from './host.ts';

const npyDTypes: Readonly<Record<string, DType>> = {
  '<f4': 'float32',
  '<f2': 'float16',
  '<f8': 'float64',
  '<i8': 'int64',
  '<i4': 'int32',
  '|u1': 'uint8',
  '|i1': 'int8',
  '|b1': 'bool',
};

function broken(path: string, problem: string): TnError {
  return new TnError({ what: `npy: ${path} ${problem}`, fix: 'the file is damaged, or not one that numpy.save wrote' });
}

/** The array of a .npy file (numpy.load). Throws TnError naming the file for what is missing, truncated or unsupported. */
export function loadNpy(path: string): Tensor {
  const { buffer, byteLength } = mapOrThrow(path, 'npy');
  const file = new Uint8Array(buffer, 0, byteLength);
  const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
  if (byteLength < 10 || magic.some((byte, i) => file[i] !== byte)) throw broken(path, 'does not start as an npy file');
  const bytes = new DataView(buffer);
  const wide = file[6] >= 2;
  const headerStart = wide ? 12 : 10;
  const headerLength = wide ? bytes.getUint32(8, true) : bytes.getUint16(8, true);
  const start = headerStart + headerLength;
  if (start > byteLength) throw broken(path, `says its header is ${headerLength} bytes long, but the file ends before`);
  const header = new TextDecoder('latin1').decode(file.subarray(headerStart, start));
  const { dtype, fortran, shape } = parseHeader(path, header);
  const length = product(shape) * bytesOf(dtype);
  if (start + length !== byteLength)
    throw broken(path, `holds ${byteLength - start} bytes of data, its shape needs ${length}`);
  const aligned = start % bytesOf(dtype) === 0;
  const storage = aligned
    ? new Storage(buffer, start, length, { path, offset: start, length })
    : new Storage(buffer.slice(start, start + length));
  const strides = fortran ? contiguousStrides([...shape].reverse()).reverse() : contiguousStrides(shape);
  return TensorObject.of(new StridedView(storage, dtype, shape, strides));
}

function parseHeader(path: string, header: string): { dtype: DType; fortran: boolean; shape: number[] } {
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(header)?.[1];
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(header)?.[1];
  const sizes = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (descr === undefined || order === undefined || sizes === undefined)
    throw broken(path, `has the header ${JSON.stringify(header.trim())}`);
  if (!Object.hasOwn(npyDTypes, descr)) {
    throw new TnError({
      what: `npy: ${path} has elements of type ${descr}`,
      fix: `supported are ${Object.keys(npyDTypes).join(', ')}`,
    });
  }
  const shape = sizes
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  return { dtype: npyDTypes[descr], fortran: order === 'True', shape };
}

/** Writes the tensor as numpy.save does (format 1.0). bfloat16 has no form there. */
export function saveNpy(path: string, x: Tensor): void {
  activeTracer?.readValues(x, 'saveNpy()');
  const descr = Object.keys(npyDTypes).find((name) => npyDTypes[name] === x.dtype);
  if (!descr) throw new TnError({ what: `npy: no element type for ${x.dtype}`, fix: 'convert with .float() first' });
  const shape = x.sizes.length === 1 ? `${x.sizes[0]},` : x.sizes.join(', ');
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }`;
  // The data starts at a multiple of 64.
  const padded = `${text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11)}\n`;
  const head = new Uint8Array(10 + padded.length);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 0xff, padded.length >> 8]);
  head.set(new TextEncoder().encode(padded), 10);
  host().writeFile(path, [head, copyView(x).storage.bytes()]);
}
