/** @file The graph: SSA values in the order in which the user's code made them, with symbolic shapes, guards and source lines. */

import type { DType } from '../core/dtype.ts';
import type { SourceLocation } from '../core/location.ts';
import type { StridedView } from '../core/view.ts';
import type { Attrs } from '../ops/record.ts';
import type { Expr } from '../symbolic/expr.ts';
import type { ShapeEnv } from '../symbolic/shapeEnv.ts';

/** One tensor, assigned once. */
export interface Value {
  readonly id: number;
  /** Readable and unique in its graph. */
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Expr[];
}

export interface Node {
  /** Name of the op's record. */
  readonly op: string;
  readonly inputs: readonly Value[];
  /** Numbers may be SymInts or SymFloats of the graph's `env`. */
  readonly attrs: Attrs;
  readonly outputs: readonly Value[];
  readonly location: SourceLocation | null;
}

/** A tensor argument. `path` is the user's name for it: `x`, `kv.k.0`, `this.cache` of a class that is no Module. */
export interface TensorInput {
  readonly kind: 'tensor';
  readonly path: string;
  readonly value: Value;
}

/** A number argument with a Dim: an int64 scalar. */
export interface DimInput {
  readonly kind: 'dim';
  readonly path: string;
  readonly symbol: string;
}

export type GraphInput = TensorInput | DimInput;

/** A parameter or buffer of a Module in reach, bound per instance; read (or written) where it lies. */
export interface GraphParameter {
  /** Qualified as the code reaches it: `this.layers.0.weight`, `decoder.norm.bias`. */
  readonly path: string;
  readonly value: Value;
}

/** Data made inside the captured code from JavaScript values, the same for every call. */
export interface GraphConstant {
  readonly value: Value;
  readonly data: StridedView;
}

/** What is left in an input or parameter that the code wrote into. */
export interface Mutation {
  readonly target: { readonly kind: 'input' | 'parameter'; readonly index: number };
  readonly value: Value;
}

/** A view op applied to an already known tensor. */
export interface ViewStep {
  readonly op: string;
  readonly attrs: Attrs;
}

/** How a result of the user's function is made from what the graph gives. */
export type ResultTree =
  | { readonly kind: 'output'; readonly index: number; readonly views: readonly ViewStep[] }
  | {
      readonly kind: 'alias';
      readonly of: 'input' | 'parameter';
      readonly index: number;
      readonly views: readonly ViewStep[];
    }
  | { readonly kind: 'size'; readonly value: Expr }
  | { readonly kind: 'literal'; readonly value: null | boolean | number | string | undefined }
  | { readonly kind: 'array'; readonly items: readonly ResultTree[] }
  | { readonly kind: 'record'; readonly fields: readonly (readonly [string, ResultTree])[] };

export interface Graph {
  readonly name: string;
  readonly env: ShapeEnv;
  readonly inputs: readonly GraphInput[];
  readonly parameters: readonly GraphParameter[];
  readonly constants: readonly GraphConstant[];
  readonly nodes: readonly Node[];
  /** Freshly made tensors, in order; `result` refers to them by index. */
  readonly outputs: readonly Value[];
  readonly mutations: readonly Mutation[];
  readonly result: ResultTree;
}

/** Axis of a tensor input (or a DimInput, axis -1) that a symbol's value is read from at each call. */
export interface SymbolSource {
  readonly input: number;
  readonly axis: number;
}

/** Where each symbol comes from: the first input axis whose size is exactly the symbol, or its number argument. */
export function symbolSources(graph: Pick<Graph, 'inputs'>): Map<string, SymbolSource> {
  const sources = new Map<string, SymbolSource>();
  graph.inputs.forEach((input, index) => {
    if (input.kind === 'dim') {
      if (!sources.has(input.symbol)) sources.set(input.symbol, { input: index, axis: -1 });
      return;
    }
    input.value.shape.forEach((size, axis) => {
      const key = size.key;
      if (/^[A-Za-z_]\w*$/.test(key) && !sources.has(key)) sources.set(key, { input: index, axis });
    });
  });
  return sources;
}

/** Every value that something outside the nodes needs: outputs and what mutations leave. */
export function liveOutValues(graph: Pick<Graph, 'outputs' | 'mutations'>): Value[] {
  return [...graph.outputs, ...graph.mutations.map((mutation) => mutation.value)];
}
