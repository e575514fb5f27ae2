/**
 * @file The ONNX messages that records use, to bytes and back (onnx/onnx.proto3, IR version 10; field numbers are the
 * format's). A generated module would be 400 KB of code to load at each start.
 */

import { FIXED32, LENGTH, WireReader as Reader, VARINT, WireWriter as Writer } from './wire.ts';

export const dataTypes = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
} as const;

export interface TensorMessage {
  dims: number[];
  dataType: number;
  name: string;
  rawData?: Uint8Array;
  /** key → value: location, offset, length. */
  externalData?: [string, string][];
}

export type AttributeMessage = { name: string } & (
  | { kind: 'float'; value: number }
  | { kind: 'int'; value: bigint }
  | { kind: 'string'; value: string }
  | { kind: 'floats'; value: number[] }
  | { kind: 'ints'; value: bigint[] }
  | { kind: 'tensor'; value: TensorMessage }
);

export interface NodeMessage {
  inputs: string[];
  outputs: string[];
  name: string;
  opType: string;
  domain: string;
  attributes: AttributeMessage[];
  metadata: [string, string][];
}

export interface ValueInfoMessage {
  name: string;
  elemType: number;
  shape: (number | string)[];
}

export interface FunctionMessage {
  name: string;
  domain: string;
  inputs: string[];
  outputs: string[];
  nodes: NodeMessage[];
}

export interface ModelMessage {
  irVersion: number;
  producer: string;
  producerVersion: string;
  opsets: [string, number][];
  metadata: [string, string][];
  functions: FunctionMessage[];
  graph: {
    name: string;
    nodes: NodeMessage[];
    initializers: TensorMessage[];
    inputs: ValueInfoMessage[];
    outputs: ValueInfoMessage[];
    valueInfos: ValueInfoMessage[];
  };
}

// -- writing ------------------------------------------------------------------------------------------------------

function string(w: Writer, field: number, value: string): void {
  if (value !== '') w.tag(field, LENGTH).string(value);
}

function message(w: Writer, field: number, body: (w: Writer) => void): void {
  w.tag(field, LENGTH).message(body);
}

function pair(w: Writer, field: number, [key, value]: readonly [string, string]): void {
  message(w, field, (inner) => {
    inner.tag(1, LENGTH).string(key);
    inner.tag(2, LENGTH).string(value);
  });
}

function writeTensor(w: Writer, tensor: TensorMessage): void {
  if (tensor.dims.length > 0) {
    message(w, 1, (inner) => {
      for (const dim of tensor.dims) inner.int64(dim);
    });
  }
  w.tag(2, VARINT).int64(tensor.dataType);
  string(w, 8, tensor.name);
  if (tensor.rawData) w.tag(9, LENGTH).bytes(tensor.rawData);
  if (tensor.externalData) {
    for (const entry of tensor.externalData) pair(w, 13, entry);
    w.tag(14, VARINT).int64(1);
  }
}

const attributeTypes = { float: 1, int: 2, string: 3, tensor: 4, floats: 6, ints: 7 } as const;

function writeAttribute(w: Writer, attribute: AttributeMessage): void {
  string(w, 1, attribute.name);
  switch (attribute.kind) {
    case 'float':
      w.tag(2, FIXED32).float(attribute.value);
      break;
    case 'int':
      w.tag(3, VARINT).int64(attribute.value);
      break;
    case 'string':
      w.tag(4, LENGTH).string(attribute.value);
      break;
    case 'tensor':
      message(w, 5, (inner) => writeTensor(inner, attribute.value));
      break;
    case 'floats':
      for (const value of attribute.value) w.tag(7, FIXED32).float(value);
      break;
    case 'ints':
      for (const value of attribute.value) w.tag(8, VARINT).int64(value);
      break;
  }
  w.tag(20, VARINT).int64(attributeTypes[attribute.kind]);
}

function writeNode(w: Writer, node: NodeMessage): void {
  for (const input of node.inputs) w.tag(1, LENGTH).string(input);
  for (const output of node.outputs) w.tag(2, LENGTH).string(output);
  string(w, 3, node.name);
  string(w, 4, node.opType);
  for (const attribute of node.attributes) message(w, 5, (inner) => writeAttribute(inner, attribute));
  string(w, 7, node.domain);
  for (const entry of node.metadata) pair(w, 9, entry);
}

function writeValueInfo(w: Writer, info: ValueInfoMessage): void {
  string(w, 1, info.name);
  message(w, 2, (type) =>
    message(type, 1, (tensor) => {
      tensor.tag(1, VARINT).int64(info.elemType);
      message(tensor, 2, (shape) => {
        for (const size of info.shape) {
          message(shape, 1, (dim) => {
            if (typeof size === 'number') dim.tag(1, VARINT).int64(size);
            else dim.tag(2, LENGTH).string(size);
          });
        }
      });
    }),
  );
}

function writeOpset(w: Writer, field: number, [domain, version]: readonly [string, number]): void {
  message(w, field, (inner) => {
    inner.tag(1, LENGTH).string(domain);
    inner.tag(2, VARINT).int64(version);
  });
}

export function encodeTensorMessage(tensor: TensorMessage): Uint8Array {
  const w = new Writer();
  writeTensor(w, tensor);
  return w.finish();
}

export function encodeModelMessage(model: ModelMessage): Uint8Array {
  const w = new Writer();
  w.tag(1, VARINT).int64(model.irVersion);
  string(w, 2, model.producer);
  string(w, 3, model.producerVersion);
  message(w, 7, (graph) => {
    for (const node of model.graph.nodes) message(graph, 1, (inner) => writeNode(inner, node));
    string(graph, 2, model.graph.name);
    for (const tensor of model.graph.initializers) message(graph, 5, (inner) => writeTensor(inner, tensor));
    for (const info of model.graph.inputs) message(graph, 11, (inner) => writeValueInfo(inner, info));
    for (const info of model.graph.outputs) message(graph, 12, (inner) => writeValueInfo(inner, info));
    for (const info of model.graph.valueInfos) message(graph, 13, (inner) => writeValueInfo(inner, info));
  });
  for (const opset of model.opsets) writeOpset(w, 8, opset);
  for (const entry of model.metadata) pair(w, 14, entry);
  for (const fn of model.functions) {
    message(w, 25, (inner) => {
      string(inner, 1, fn.name);
      for (const input of fn.inputs) inner.tag(4, LENGTH).string(input);
      for (const output of fn.outputs) inner.tag(5, LENGTH).string(output);
      for (const node of fn.nodes) message(inner, 7, (body) => writeNode(body, node));
      for (const opset of model.opsets) writeOpset(inner, 9, opset);
      string(inner, 10, fn.domain);
    });
  }
  return w.finish();
}

// -- reading: what our own records hold; unknown fields are passed over ---------------------------------------------

type Fields = { readonly [field: number]: (r: Reader, wire: number) => void };

function readMessage(r: Reader, length: number, fields: Fields): void {
  const end = r.position + length;
  if (end > r.length) throw new RangeError('a message is longer than the file');
  while (r.position < end) {
    const key = r.uint32();
    const read = fields[key >>> 3];
    if (read) read(r, key & 7);
    else r.skipValue(key & 7);
  }
  if (r.position !== end) throw new RangeError('a field reaches beyond its message');
}

/** Repeated scalars come packed or one by one. */
function repeated(r: Reader, wire: number, one: () => void): void {
  if (wire !== LENGTH) one();
  else {
    const end = r.uint32() + r.position;
    while (r.position < end) one();
  }
}

function readPair(r: Reader): [string, string] {
  const out: [string, string] = ['', ''];
  readMessage(r, r.uint32(), {
    1: () => {
      out[0] = r.string();
    },
    2: () => {
      out[1] = r.string();
    },
  });
  return out;
}

function readTensor(r: Reader, length: number): TensorMessage {
  const tensor: TensorMessage = { dims: [], dataType: 0, name: '' };
  readMessage(r, length, {
    1: (_, wire) => repeated(r, wire, () => tensor.dims.push(Number(r.int64()))),
    2: () => {
      tensor.dataType = r.int32();
    },
    8: () => {
      tensor.name = r.string();
    },
    9: () => {
      tensor.rawData = r.bytes();
    },
    13: () => {
      (tensor.externalData ??= []).push(readPair(r));
    },
  });
  return tensor;
}

function readNode(r: Reader, length: number): NodeMessage {
  const node: NodeMessage = { inputs: [], outputs: [], name: '', opType: '', domain: '', attributes: [], metadata: [] };
  readMessage(r, length, {
    1: () => node.inputs.push(r.string()),
    2: () => node.outputs.push(r.string()),
    3: () => {
      node.name = r.string();
    },
    4: () => {
      node.opType = r.string();
    },
    7: () => {
      node.domain = r.string();
    },
    9: () => node.metadata.push(readPair(r)),
  });
  return node;
}

function readValueInfo(r: Reader, length: number): ValueInfoMessage {
  const info: ValueInfoMessage = { name: '', elemType: 0, shape: [] };
  const readDim = (): void => {
    readMessage(r, r.uint32(), {
      1: () => info.shape.push(Number(r.int64())),
      2: () => info.shape.push(r.string()),
    });
  };
  readMessage(r, length, {
    1: () => {
      info.name = r.string();
    },
    2: () =>
      readMessage(r, r.uint32(), {
        1: () =>
          readMessage(r, r.uint32(), {
            1: () => {
              info.elemType = r.int32();
            },
            2: () => readMessage(r, r.uint32(), { 1: readDim }),
          }),
      }),
  });
  return info;
}

export function decodeTensorMessage(bytes: Uint8Array): TensorMessage {
  return readTensor(new Reader(bytes), bytes.length);
}

/** Throws (RangeError and the like) for bytes that are no message. Attributes and functions are not read: records keep our own beside them. */
export function decodeModelMessage(bytes: Uint8Array): ModelMessage {
  const r = new Reader(bytes);
  const graph: ModelMessage['graph'] = {
    name: '',
    nodes: [],
    initializers: [],
    inputs: [],
    outputs: [],
    valueInfos: [],
  };
  const model: ModelMessage = {
    irVersion: 0,
    producer: '',
    producerVersion: '',
    opsets: [],
    metadata: [],
    functions: [],
    graph,
  };
  readMessage(r, bytes.length, {
    1: () => {
      model.irVersion = Number(r.int64());
    },
    2: () => {
      model.producer = r.string();
    },
    3: () => {
      model.producerVersion = r.string();
    },
    7: () =>
      readMessage(r, r.uint32(), {
        1: () => graph.nodes.push(readNode(r, r.uint32())),
        2: () => {
          graph.name = r.string();
        },
        5: () => graph.initializers.push(readTensor(r, r.uint32())),
        11: () => graph.inputs.push(readValueInfo(r, r.uint32())),
        12: () => graph.outputs.push(readValueInfo(r, r.uint32())),
        13: () => graph.valueInfos.push(readValueInfo(r, r.uint32())),
      }),
    14: () => model.metadata.push(readPair(r)),
  });
  return model;
}
