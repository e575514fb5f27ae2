/**
 * @file A graph as an ONNX model that any tool reads (opset 20, IR 10): standard nodes, symbolic dims as `dim_param`,
 * weights as external data. What ONNX cannot say stands in metadata, and `reader.ts` rebuilds the graph from that.
 */

import type { DType } from '../core/dtype.ts';
import { invariant, TnError } from '../core/errors.ts';
import { formatLocation, type SourceLocation } from '../core/location.ts';
import { type Graph, liveOutValues, type Node, type Value } from '../graph/graph.ts';
import { attrsToJson, resultToJson } from '../graph/serialize.ts';
import { opByName } from '../ops/index.ts';
import type { TensorMeta } from '../ops/record.ts';
import { constValue, type Expr, exprToString } from '../symbolic/expr.ts';
import { predicateToString } from '../symbolic/predicate.ts';
import { sizeFromExpr } from '../symbolic/symInt.ts';
import { functionDomain, ModelBuilder, uniqueName } from './builder.ts';
import { dataTypes, encodeModelMessage, type NodeMessage, type ValueInfoMessage } from './messages.ts';
import { tensorMessage } from './tensorProto.ts';

export const OPSET = 20;
export const IR_VERSION = 10;
/** Raised when the meaning of the metadata changes. */
export const METADATA_SCHEMA = '1';

export interface EncodeOptions {
  /** One a parameter, in order: external data from offset 0 of the file `location`, relative to the model. */
  readonly blobs: readonly { readonly location: string; readonly length: number }[];
  /** Source files below this folder are named relative to it; others by their last component. */
  readonly relativeTo?: string;
}

/** Throws TnError for an op that has no ONNX form. */
export function encodeModel(graph: Graph, options: EncodeOptions): Uint8Array {
  const { names, outgoing, taken } = nameValues(graph);
  const nameOf = (value: Value): string => {
    const name = names.get(value);
    invariant(name !== undefined, () => `value ${value.name} is used but never made`);
    return name;
  };
  const builder = new ModelBuilder(graph, taken);
  const parameters = graph.parameters.map(({ value }, i) => ({
    dims: value.shape.map(staticSize),
    dataType: dataTypes[value.dtype],
    name: nameOf(value),
    externalData: [
      ['location', options.blobs[i].location],
      ['offset', '0'],
      ['length', String(options.blobs[i].length)],
    ] as [string, string][],
  }));
  const constants = graph.constants.map(({ value, data }) => tensorMessage(data, nameOf(value)));
  graph.nodes.forEach((node, index) => {
    addNode(builder, graph, node, index, nameOf, options.relativeTo);
  });
  const outputs = addOutputs(builder, graph, nameOf, outgoing);

  return encodeModelMessage({
    irVersion: IR_VERSION,
    producer: 'torchnative',
    producerVersion: '',
    opsets: [
      ['', OPSET],
      [functionDomain, 1],
    ],
    metadata: modelMetadata(graph, nameOf, options.relativeTo),
    functions: builder.functions,
    graph: {
      name: graph.name,
      nodes: builder.nodes,
      initializers: [...parameters, ...constants, ...builder.initializers],
      inputs: graph.inputs.map((input) =>
        input.kind === 'dim'
          ? { name: input.path, elemType: dataTypes.int64, shape: [] }
          : valueInfo(input.path, input.value),
      ),
      outputs,
      valueInfos: graph.nodes
        .flatMap((node) => node.outputs)
        .filter((value) => !outgoing.includes(nameOf(value)))
        .map((value) => valueInfo(nameOf(value), value)),
    },
  });
}

/** The names of the model's outputs in order: the graph's outputs, then what mutations leave (`kv.k.0.updated`). */
export function outputNames(graph: Graph): readonly string[] {
  return nameValues(graph).outgoing;
}

interface ValueNames {
  readonly names: ReadonlyMap<Value, string>;
  /** Of what leaves the model: a value's own name, or that of its copy. */
  readonly outgoing: readonly string[];
  readonly taken: Set<string>;
}

/** One name for each value: the user's path for inputs, parameters' paths as far as they are free, then the values' own. */
function nameValues(graph: Graph): ValueNames {
  const names = new Map<Value, string>();
  const taken = new Set(graph.inputs.map((input) => input.path));
  for (const input of graph.inputs) if (input.kind === 'tensor') names.set(input.value, input.path);
  for (const { path, value } of graph.parameters) names.set(value, uniqueName(path, taken));
  for (const { value } of graph.constants) names.set(value, uniqueName(value.name, taken));
  const made = new Set<Value>();
  for (const node of graph.nodes) {
    for (const value of node.outputs) {
      made.add(value);
      names.set(value, uniqueName(value.name, taken));
    }
  }
  // What no node made (an input) cannot leave by its own name, and nothing can leave twice.
  const outgoing = graph.outputs.map((value) => {
    const name = names.get(value) as string;
    return made.delete(value) ? name : uniqueName(`${name}.out`, taken);
  });
  for (const { target, value } of graph.mutations) {
    const { path } = target.kind === 'input' ? graph.inputs[target.index] : graph.parameters[target.index];
    const name = uniqueName(`${path}.updated`, taken);
    if (made.delete(value)) names.set(value, name);
    outgoing.push(name);
  }
  return { names, outgoing, taken };
}

/** A node of the graph as a group of ONNX nodes, the first of which holds what the reader rebuilds it from. */
function addNode(
  builder: ModelBuilder,
  graph: Graph,
  node: Node,
  index: number,
  nameOf: (value: Value) => string,
  relativeTo?: string,
): void {
  const record = opByName(node.op);
  if (record.onnx === 'none') {
    throw new TnError({
      what: `${node.op} has no ONNX form, so the graph cannot be recorded`,
      where: node.location && formatLocation(node.location),
    });
  }
  const first = builder.nodes.length;
  builder.metadata = [['tn.node', String(index)]];
  const metaOf = ({ dtype, shape }: Value): TensorMeta => ({
    dtype,
    shape: shape.map((size) => sizeFromExpr(size, graph.env)),
  });
  const inputs = node.inputs.map((value) => ({ name: nameOf(value), ...metaOf(value) }));
  const results = record.onnx(builder, inputs, node.attrs, node.outputs.map(metaOf));
  node.outputs.forEach((value, i) => {
    nameResult(builder, first, results[i], nameOf(value));
  });
  const head = builder.nodes.slice(first).find((added) => added.metadata.some(([key]) => key === 'tn.node'));
  invariant(head, () => `${node.op} added no ONNX node`);
  head.metadata.push(
    ['tn.op', node.op],
    ['tn.attrs', JSON.stringify(attrsToJson(node.attrs))],
    ['tn.inputs', JSON.stringify(node.inputs.map(nameOf))],
    ['tn.outputs', JSON.stringify(node.outputs.map(nameOf))],
  );
  if (node.location) head.metadata.push(['tn.location', locationText(node.location, relativeTo)]);
}

/** What leaves the model: the graph's outputs, then what mutations leave; by a copy where `outgoing` says another name. */
function addOutputs(
  builder: ModelBuilder,
  graph: Graph,
  nameOf: (value: Value) => string,
  outgoing: readonly string[],
): ValueInfoMessage[] {
  builder.metadata = [['tn.copy', '1']];
  return liveOutValues(graph).map((value, i) => {
    if (outgoing[i] !== nameOf(value)) copyAs(builder, nameOf(value), outgoing[i]);
    return valueInfo(outgoing[i], value);
  });
}

/** What the graph holds beside nodes and tensors. */
function modelMetadata(graph: Graph, nameOf: (value: Value) => string, relativeTo?: string): [string, string][] {
  const typed = (value: Value): [string, string, DType, string[]] => [
    nameOf(value),
    value.name,
    value.dtype,
    value.shape.map(exprToString),
  ];
  const values = [
    ...graph.inputs.flatMap((input) => (input.kind === 'tensor' ? [input.value] : [])),
    ...graph.parameters.map(({ value }) => value),
    ...graph.constants.map(({ value }) => value),
    ...graph.nodes.flatMap((node) => node.outputs),
  ];
  const dims = [...graph.env.ranges].map(([name, { min, max, multipleOf }]) => ({
    name,
    min,
    max: Number.isFinite(max) ? max : null,
    multipleOf,
    sample: graph.env.samples.get(name),
  }));
  const guards = graph.env.guards.map(({ predicate, kind, because, location }) => ({
    predicate: predicateToString(predicate),
    kind,
    because,
    location: location ? locationText(location, relativeTo) : undefined,
  }));
  return [
    ['tn.schema', METADATA_SCHEMA],
    ['tn.dims', JSON.stringify(dims)],
    ['tn.guards', JSON.stringify(guards)],
    ['tn.values', JSON.stringify(values.map(typed))],
    [
      'tn.inputs',
      JSON.stringify(
        graph.inputs.map((input) =>
          input.kind === 'dim'
            ? { path: input.path, symbol: input.symbol }
            : { path: input.path, value: nameOf(input.value) },
        ),
      ),
    ],
    ['tn.parameters', JSON.stringify(graph.parameters.map(({ path, value }) => ({ path, value: nameOf(value) })))],
    ['tn.constants', JSON.stringify(graph.constants.map(({ value }) => nameOf(value)))],
    ['tn.outputs', JSON.stringify(graph.outputs.map(nameOf))],
    ['tn.mutations', JSON.stringify(graph.mutations.map(({ target, value }) => ({ ...target, value: nameOf(value) })))],
    ['tn.result', JSON.stringify(resultToJson(graph.result))],
  ];
}

/** Gives the tensor `made` its value's name: by renaming it where this group made it, else by an Identity. */
function nameResult(builder: ModelBuilder, first: number, made: string, name: string): void {
  for (let i = first; i < builder.nodes.length; i++) {
    const own = builder.nodes[i].metadata.some(([key]) => key === 'tn.node');
    if (own && builder.nodes[i].outputs.includes(made)) {
      rename(builder.nodes, i, made, name);
      return;
    }
  }
  copyAs(builder, made, name);
}

function copyAs(builder: ModelBuilder, from: string, name: string): void {
  const [copied] = builder.node('Identity', [from]);
  rename(builder.nodes, builder.nodes.length - 1, copied, name);
}

function rename(nodes: readonly NodeMessage[], from: number, old: string, name: string): void {
  for (let i = from; i < nodes.length; i++) {
    const { inputs, outputs } = nodes[i];
    for (let k = 0; k < inputs.length; k++) if (inputs[k] === old) inputs[k] = name;
    for (let k = 0; k < outputs.length; k++) if (outputs[k] === old) outputs[k] = name;
  }
}

function staticSize(size: Expr): number {
  const value = constValue(size);
  invariant(value !== null, () => `a parameter of size ${exprToString(size)}`);
  return value;
}

function valueInfo(name: string, value: Value): ValueInfoMessage {
  const shape = value.shape.map((size) => constValue(size) ?? exprToString(size));
  return { name, elemType: dataTypes[value.dtype], shape };
}

/** JSON `[file, line, column, function]`. */
function locationText({ file, line, column, fn }: SourceLocation, relativeTo?: string): string {
  const name =
    relativeTo && file.startsWith(`${relativeTo}/`)
      ? file.slice(relativeTo.length + 1)
      : (file.split('/').at(-1) ?? file);
  return JSON.stringify([relativeTo ? name : file, line, column, fn ?? null]);
}
