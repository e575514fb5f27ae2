/** @file A record's ONNX model back to the graph that it was written from. */

import { isDType } from '../core/dtype.ts';
import { invariant, TnError } from '../core/errors.ts';
import type { SourceLocation } from '../core/location.ts';
import type { Graph, GraphInput, Node, Value } from '../graph/graph.ts';
import { attrsFromJson, type Json, resultFromJson } from '../graph/serialize.ts';
import { Dim } from '../symbolic/dim.ts';
import { parseExpr } from '../symbolic/expr.ts';
import { parsePredicate } from '../symbolic/predicate.ts';
import { type Guard, ShapeEnv } from '../symbolic/shapeEnv.ts';
import { decodeModelMessage, type ModelMessage } from './messages.ts';
import { viewOfMessage } from './tensorProto.ts';
import { METADATA_SCHEMA } from './writer.ts';

/** Throws TnError for bytes that are no model, or a model that this package did not write. */
export function decodeModel(bytes: Uint8Array): Graph {
  let model: ModelMessage;
  try {
    model = decodeModelMessage(bytes);
  } catch (error) {
    throw new TnError({ what: `not an ONNX model: ${(error as Error).message}` });
  }
  const metadata = new Map(model.metadata);
  if (metadata.get('tn.schema') !== METADATA_SCHEMA) {
    throw new TnError({
      what: 'an ONNX model that this version of torchnative did not write',
      found: [`metadata schema ${metadata.get('tn.schema') ?? 'none'}, this version reads ${METADATA_SCHEMA}`],
    });
  }
  try {
    return rebuild(model, (key) => JSON.parse(metadata.get(key) ?? 'null') as Json);
  } catch (error) {
    if (error instanceof TnError) throw error;
    throw new TnError({ what: `a damaged ONNX record: ${(error as Error).message}` });
  }
}

function rebuild(model: ModelMessage, meta: (key: string) => Json): Graph {
  const env = readEnv(meta('tn.dims') as readonly DimJson[], meta('tn.guards') as readonly GuardJson[]);
  const values = new Map<string, Value>();
  (meta('tn.values') as unknown as readonly [string, string, string, string[]][]).forEach(
    ([key, name, dtype, shape], id) => {
      invariant(isDType(dtype), () => `dtype ${dtype}`);
      values.set(key, { id, name, dtype, shape: shape.map(parseExpr) });
    },
  );
  const value = (name: string): Value => {
    const found = values.get(name);
    if (!found) throw new TnError({ what: `the record names no value "${name}"` });
    return found;
  };

  const inputs = (meta('tn.inputs') as unknown as readonly { path: string; symbol?: string; value?: string }[]).map(
    (input): GraphInput =>
      input.symbol === undefined
        ? { kind: 'tensor', path: input.path, value: value(input.value as string) }
        : { kind: 'dim', path: input.path, symbol: input.symbol },
  );
  const initializers = new Map(model.graph.initializers.map((tensor) => [tensor.name, tensor]));
  const constants = (meta('tn.constants') as readonly string[]).map((name) => {
    const tensor = initializers.get(name);
    if (!tensor) throw new TnError({ what: `the record misses constant "${name}"` });
    return { value: value(name), data: viewOfMessage(tensor) };
  });
  const nodes: Node[] = [];
  for (const message of model.graph.nodes) {
    const own = new Map(message.metadata);
    const op = own.get('tn.op');
    if (op === undefined) continue;
    const list = (key: string): Value[] => (JSON.parse(own.get(key) ?? '[]') as string[]).map(value);
    nodes.push({
      op,
      inputs: list('tn.inputs'),
      attrs: attrsFromJson(JSON.parse(own.get('tn.attrs') ?? '{}') as { [key: string]: Json }, env),
      outputs: list('tn.outputs'),
      location: readLocation(own.get('tn.location')),
    });
  }
  return {
    name: model.graph.name,
    env,
    inputs,
    parameters: (meta('tn.parameters') as unknown as readonly { path: string; value: string }[]).map((parameter) => ({
      path: parameter.path,
      value: value(parameter.value),
    })),
    constants,
    nodes,
    outputs: (meta('tn.outputs') as readonly string[]).map(value),
    mutations: (
      meta('tn.mutations') as unknown as readonly { kind: 'input' | 'parameter'; index: number; value: string }[]
    ).map((mutation) => ({ target: { kind: mutation.kind, index: mutation.index }, value: value(mutation.value) })),
    result: resultFromJson(meta('tn.result'), env),
  };
}

type DimJson = {
  readonly name: string;
  readonly min: number;
  readonly max: number | null;
  readonly multipleOf: number;
  readonly sample: number;
};
type GuardJson = {
  readonly predicate: string;
  readonly kind: string;
  readonly because?: string;
  readonly location?: string;
};

function readEnv(dims: readonly DimJson[], guards: readonly GuardJson[]): ShapeEnv {
  const env = new ShapeEnv();
  for (const { name, min, max, multipleOf, sample } of dims) {
    env.declare(Dim(name, { min, max: max ?? Number.POSITIVE_INFINITY, multipleOf }), sample);
  }
  for (const { predicate, kind, because, location } of guards) {
    const guard: Guard = {
      predicate: parsePredicate(predicate),
      kind: kind === 'narrow' ? 'narrow' : 'call',
      location: readLocation(location),
      ...(because === undefined ? {} : { because }),
    };
    env.guards.push(guard);
  }
  return env;
}

function readLocation(text: string | undefined): SourceLocation | null {
  if (text === undefined) return null;
  const [file, line, column, fn] = JSON.parse(text) as [string, number, number, string | null];
  return { file, line, column, ...(fn === null ? {} : { fn }) };
}
