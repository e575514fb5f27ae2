/** @file What the captured function returned, as a tree over the graph's outputs, and back. */

import type { StridedView } from '../core/view.ts';
import { attrsAt, type DimValues } from '../graph/attrs.ts';
import type { ResultTree, Value, ViewStep } from '../graph/graph.ts';
import { opByName } from '../ops/index.ts';
import type { ConcreteMeta } from '../ops/record.ts';
import { evaluate } from '../symbolic/expr.ts';
import { isSymbolic, isSymInt } from '../symbolic/symInt.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import { type Tensor, TensorObject } from '../tensor/tensor.ts';
import type { GraphTracer, TracedStorage } from './graphTracer.ts';

/** Why a result cannot be described: capture is refused. */
export class CannotReturn extends Error {}

export interface DescribedResult {
  readonly tree: ResultTree;
  readonly outputs: readonly Value[];
  /** The eager tensors behind `outputs`, contiguous or not. */
  readonly outputViews: readonly StridedView[];
}

export function describeResult(tracer: GraphTracer, result: unknown): DescribedResult {
  const outputs: Value[] = [];
  const outputViews: StridedView[] = [];
  const shared = storagesReturnedTwice(tracer, result);
  const baseOutput = new Map<TracedStorage, number>();

  const output = (value: Value, view: StridedView): number => {
    outputs.push(value);
    return outputViews.push(view) - 1;
  };

  const tensor = (view: Tensor, path: string): ResultTree => {
    const value = tracer.resolve(view, 'the result');
    const traced = tracer.traced(view);
    if (!value || !traced) throw new CannotReturn(`${path} is a tensor from outside`);
    const { owner, views } = traced;
    if (owner.origin !== 'inside') return { kind: 'alias', of: owner.origin, index: owner.index, views: steps(views) };
    if (!shared.has(owner)) return { kind: 'output', index: output(value, view), views: [] };
    let index = baseOutput.get(owner);
    if (index === undefined) {
      index = output(owner.base, owner.baseView);
      baseOutput.set(owner, index);
    }
    return { kind: 'output', index, views: steps(views) };
  };

  const visit = (value: unknown, path: string, open: readonly unknown[]): ResultTree => {
    if (isTensor(value)) return tensor(value, path);
    if (isSymInt(value)) return { kind: 'size', value: value.expr };
    if (isSymbolic(value)) throw new CannotReturn(`${path} is ${String(value)}, computed from a dim and no integer`);
    switch (typeof value) {
      case 'undefined':
      case 'boolean':
      case 'number':
      case 'string':
        return { kind: 'literal', value };
      case 'object': {
        if (value === null) return { kind: 'literal', value };
        if (open.includes(value)) throw new CannotReturn(`${path} refers back to an object that holds it`);
        const inner = [...open, value];
        if (Array.isArray(value))
          return { kind: 'array', items: value.map((item, i) => visit(item, `${path}[${i}]`, inner)) };
        const prototype = Object.getPrototypeOf(value) as unknown;
        if (prototype === null || prototype === Object.prototype) {
          const fields = Object.entries(value).map(
            ([key, item]) => [key, visit(item, `${path}.${key}`, inner)] as const,
          );
          return { kind: 'record', fields };
        }
        throw new CannotReturn(`${path} is an instance of ${value.constructor?.name ?? 'a class'}`);
      }
      default:
        throw new CannotReturn(`${path} is a ${typeof value}`);
    }
  };

  return { tree: visit(result, 'the result', []), outputs, outputViews };
}

function steps(views: readonly ViewStep[]): ViewStep[] {
  return views.map(({ op, attrs }) => ({ op, attrs }));
}

/** Storages that more than one returned tensor views: those results must share memory again. */
function storagesReturnedTwice(tracer: GraphTracer, result: unknown): Set<TracedStorage> {
  const once = new Set<TracedStorage>();
  const twice = new Set<TracedStorage>();
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (isTensor(value)) {
      const owner = tracer.traced(value)?.owner;
      if (owner) (once.has(owner) ? twice : once).add(owner);
    } else if (typeof value === 'object' && value !== null && !isSymbolic(value) && !seen.has(value)) {
      seen.add(value);
      Object.values(value).forEach(visit);
    }
  };
  visit(result);
  return twice;
}

/** What a compiled call hands back to `buildResult`. */
export interface ResultSources {
  readonly outputs: readonly StridedView[];
  readonly inputs: readonly (StridedView | number)[];
  readonly parameters: readonly StridedView[];
  readonly dims: DimValues;
}

/** The user's result, made of a compiled call's tensors. */
export function buildResult(tree: ResultTree, from: ResultSources): unknown {
  switch (tree.kind) {
    case 'output':
      return viewed(from.outputs[tree.index], tree.views, from.dims);
    case 'alias':
      return viewed(
        (tree.of === 'input' ? from.inputs : from.parameters)[tree.index] as StridedView,
        tree.views,
        from.dims,
      );
    case 'size':
      return evaluate(tree.value, from.dims);
    case 'literal':
      return tree.value;
    case 'array':
      return tree.items.map((item) => buildResult(item, from));
    case 'record':
      return Object.fromEntries(tree.fields.map(([key, item]) => [key, buildResult(item, from)]));
  }
}

function viewed(view: StridedView, views: readonly ViewStep[], dims: DimValues): Tensor {
  let current = view;
  for (const { op, attrs } of views) {
    const record = opByName(op);
    const concrete = attrsAt(attrs, dims);
    const metas = record.infer([{ dtype: current.dtype, shape: current.sizes }], concrete) as ConcreteMeta[];
    [current] = record.eager([current], concrete, metas);
  }
  // A kernel that makes a view of a tensor gives a bare view.
  return current instanceof TensorObject ? (current as Tensor) : TensorObject.of(current);
}
