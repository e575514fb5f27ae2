/** @file Tensors and models as bytes: all dtypes and extremes come back, and no bytes whatever end in anything but a TnError. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DType, dtypes } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import { bytesText, emptyView, StridedView } from '../../core/view.ts';
import {
  type AttributeMessage,
  decodeModelMessage,
  decodeTensorMessage,
  encodeModelMessage,
  encodeTensorMessage,
  type ModelMessage,
} from '../messages.ts';
import { decodeModel } from '../reader.ts';
import { decodeTensor, encodeTensor } from '../tensorProto.ts';
import { encodeModel } from '../writer.ts';
import { parts } from './capturedParts.ts';

function randomView(dtype: DType, sizes: readonly number[], bytes: Uint8Array): StridedView {
  const view = emptyView(dtype, sizes);
  const own = view.storage.bytes();
  for (let i = 0; i < own.length; i++)
    own[i] = dtype === 'bool' ? bytes[i % bytes.length] & 1 : bytes[i % bytes.length];
  return view;
}

/** True unless something other than a TnError is thrown. */
function failsWell(read: () => unknown): boolean {
  try {
    read();
  } catch (error) {
    return error instanceof TnError;
  }
  return true;
}

describe('tensors', () => {
  test('any bits of any dtype and shape come back', () => {
    const shape = fc.array(fc.nat(4), { maxLength: 4 });
    fc.assert(
      fc.property(
        fc.constantFrom(...dtypes),
        shape,
        fc.uint8Array({ minLength: 1, maxLength: 300 }),
        (dtype, sizes, bits) => {
          const view = randomView(dtype, sizes, bits);
          const back = decodeTensor(encodeTensor(view, 'kv.k.0'));
          expect(back.name).toBe('kv.k.0');
          expect([back.view.dtype, back.view.sizes]).toEqual([dtype, sizes]);
          expect(bytesText(back.view)).toBe(bytesText(view));
        },
      ),
    );
  });

  test('strided views are written contiguous', () => {
    const view = randomView(
      'int32',
      [3, 4],
      Uint8Array.from({ length: 48 }, (_, i) => i),
    );
    const turned = new StridedView(view.storage, 'int32', [2, 3], [1, 4], 1);
    const { view: back } = decodeTensor(encodeTensor(turned, 'x'));
    expect(back.strides).toEqual([3, 1]);
    expect(bytesText(back)).toBe(bytesText(turned));
  });

  test('a number is an int64 scalar, exact to 2^53', () => {
    for (const value of [0, -1, 2 ** 53 - 1, -(2 ** 53) + 1]) {
      const { view } = decodeTensor(encodeTensor(value, 'pos'));
      expect([view.dtype, view.sizes, view.storage.typed('int64')[0]]).toEqual(['int64', [], BigInt(value)]);
    }
  });

  test('bytes that are cut anywhere, and bytes of any kind', () => {
    const bytes = encodeTensor(randomView('float32', [2, 3], Uint8Array.of(1, 2, 3)), 'x');
    for (let end = 0; end < bytes.length; end++) {
      const cut = bytes.subarray(0, end);
      // A tensor without its data, or without its sizes, is no tensor either.
      expect(() => decodeTensor(cut)).toThrow(TnError);
    }
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => failsWell(() => decodeTensor(garbage))));
  });

  test('data that does not fit the shape, and dtypes from elsewhere', () => {
    const message = { dims: [2, 3], dataType: 1, name: 'x', rawData: new Uint8Array(20) };
    expect(() => decodeTensor(encodeTensorMessage(message))).toThrow('20 bytes for float32');
    expect(() =>
      decodeTensor(encodeTensorMessage({ ...message, dims: [-2, -3], rawData: new Uint8Array(24) })),
    ).toThrow(TnError);
    expect(() => decodeTensor(encodeTensorMessage({ ...message, dataType: 17 }))).toThrow('data type 17');
  });

  test('external data and packed or separate sizes are read', () => {
    const message = {
      dims: [2, 300],
      dataType: 10,
      name: 'w',
      externalData: [['location', 'blobs/x']] as [string, string][],
    };
    expect(decodeTensorMessage(encodeTensorMessage(message))).toEqual(message);
    // dims as separate varints (proto2 style): field 1, wire type 0.
    expect(decodeTensorMessage(Uint8Array.of(0x08, 2, 0x08, 0xac, 0x02)).dims).toEqual([2, 300]);
  });
});

function emptyModel(): ModelMessage {
  return {
    irVersion: 10,
    producer: 'torchnative',
    producerVersion: '',
    opsets: [['', 20]],
    metadata: [['key', 'value']],
    functions: [],
    graph: { name: 'g', nodes: [], initializers: [], inputs: [], outputs: [], valueInfos: [] },
  };
}

describe('models', () => {
  test('int64 attributes are exact, from one extreme to the other', () => {
    const values = [0n, 1n, -1n, 2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const attributes = values.map((value, i): AttributeMessage => ({ name: `a${i}`, kind: 'int', value }));
    const model = emptyModel();
    const node = { inputs: ['x', '', 'y'], outputs: ['z'], name: 'n', opType: 'Op', domain: '', metadata: [] };
    model.graph.nodes.push({ ...node, attributes });
    const bytes = Buffer.from(encodeModelMessage(model));
    // The varint of a 64-bit two's complement number, as the format says.
    for (const value of values) {
      let rest = BigInt.asUintN(64, value);
      const varint: number[] = [];
      do {
        varint.push(Number(rest & 0x7fn) | (rest > 0x7fn ? 0x80 : 0));
        rest >>= 7n;
      } while (rest > 0n);
      expect(bytes.includes(Buffer.from([0x18, ...varint, 0xa0, 1, 2]))).toBe(true);
    }
    const [back] = decodeModelMessage(bytes).graph.nodes;
    expect([back.inputs, back.outputs]).toEqual([['x', '', 'y'], ['z']]);
  });

  test('values, metadata and unicode names come back', () => {
    const model = emptyModel();
    const info = { name: 'größe.0', elemType: 16, shape: [0, 3, 'n + 1'] };
    model.graph.inputs.push(info);
    model.graph.outputs.push({ ...info, shape: [] });
    model.graph.valueInfos.push(info);
    const node = { inputs: [], outputs: ['größe.1'], name: 'n', opType: 'Op', domain: 'd', attributes: [] };
    model.graph.nodes.push({ ...node, metadata: [['tn.op', '"日本"']] });
    const { opsets, ...rest } = model;
    expect(opsets).toHaveLength(1);
    expect(decodeModelMessage(encodeModelMessage(model))).toEqual({ ...rest, opsets: [] });
  });

  test('a model that is cut, changed or foreign is a TnError', () => {
    const { graph } = parts[0].capture(4);
    const bytes = encodeModel(graph, { blobs: [] });
    expect(() => decodeModel(encodeModelMessage(emptyModel()))).toThrow('did not write');
    for (let end = 0; end < bytes.length; end += 7) expect(() => decodeModel(bytes.subarray(0, end))).toThrow(TnError);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.nat(255), fc.nat(bytes.length - 1), fc.nat(255), (i, a, j, b) => {
        const changed = bytes.slice();
        changed[i] = a;
        changed[j] = b;
        return failsWell(() => decodeModel(changed));
      }),
      { numRuns: 2000 },
    );
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (garbage) => failsWell(() => decodeModel(garbage))));
  });

  test('metadata of a wrong form is a TnError', () => {
    const wrong = ['null', '{}', '[]', '[[1,2,3,4]]', '{"kind":"output"}', '"text"', '[{"name":"n"}]', '{', '7'];
    const keys = ['dims', 'guards', 'values', 'inputs', 'parameters', 'constants', 'outputs', 'mutations', 'result'];
    const sound = decodeModelMessage(encodeModel(parts[1].capture(4).graph, { blobs: [] }));
    for (const key of keys) {
      for (const text of wrong) {
        const metadata = sound.metadata.map(([name, old]): [string, string] => [
          name,
          name === `tn.${key}` ? text : old,
        ]);
        expect(failsWell(() => decodeModel(encodeModelMessage({ ...sound, metadata })))).toBe(true);
      }
    }
  });
});
