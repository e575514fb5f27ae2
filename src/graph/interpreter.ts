/** @file Runs a graph op by op with the eager kernels: the oracle for everything after it. */

import { invariant, TnError } from '../core/errors.ts';
import { formatLocation } from '../core/location.ts';
import type { StridedView } from '../core/view.ts';
import { opByName } from '../ops/index.ts';
import type { ConcreteMeta } from '../ops/record.ts';
import { evaluate, exprToString } from '../symbolic/expr.ts';
import { evaluatePredicate, predicateToString } from '../symbolic/predicate.ts';
import { attrsAt, type DimValues } from './attrs.ts';
import { type Graph, symbolSources, type Value } from './graph.ts';

export interface Interpretation {
  readonly outputs: readonly StridedView[];
  /** Final contents of what the code wrote into, in the order of `graph.mutations`; the inputs themselves are untouched. */
  readonly mutations: readonly StridedView[];
  readonly dims: DimValues;
}

export interface InterpretOptions {
  /** Called with every value as it is made. */
  readonly onValue?: (value: Value, view: StridedView) => void;
}

/** One value per graph input: a view for a tensor, a number for a dim. */
export type GraphArguments = readonly (StridedView | number)[];

/** Throws TnError when an argument does not fit the graph (dtype, rank, size, range, guard). */
export function interpret(
  graph: Graph,
  args: GraphArguments,
  parameters: readonly StridedView[],
  options: InterpretOptions = {},
): Interpretation {
  const dims = bindDims(graph, args);
  const values = new Map<Value, StridedView>();
  const put = (value: Value, view: StridedView): void => {
    values.set(value, view);
    options.onValue?.(value, view);
  };
  const get = (value: Value): StridedView => {
    const view = values.get(value);
    invariant(view, () => `value ${value.name} is used before it is made`);
    return view;
  };
  graph.inputs.forEach((input, i) => {
    if (input.kind === 'tensor') put(input.value, args[i] as StridedView);
  });
  graph.parameters.forEach((parameter, i) => {
    put(parameter.value, parameters[i]);
  });
  for (const constant of graph.constants) put(constant.value, constant.data);
  for (const node of graph.nodes) {
    const metas: ConcreteMeta[] = node.outputs.map((output) => ({
      dtype: output.dtype,
      shape: output.shape.map((size) => evaluate(size, dims)),
    }));
    const results = opByName(node.op).eager(node.inputs.map(get), attrsAt(node.attrs, dims), metas);
    node.outputs.forEach((output, i) => {
      const found = results[i].sizes;
      invariant(
        found.length === metas[i].shape.length && found.every((size, axis) => size === metas[i].shape[axis]),
        () => `${node.op} at ${formatLocation(node.location)} made [${found}], the graph says [${metas[i].shape}]`,
      );
      put(output, results[i]);
    });
  }
  return {
    outputs: graph.outputs.map(get),
    mutations: graph.mutations.map((mutation) => get(mutation.value)),
    dims,
  };
}

/** Reads each dim from the arguments and checks everything the graph says of them. */
export function bindDims(graph: Graph, args: GraphArguments): DimValues {
  const dims = new Map<string, number>();
  const fail = (what: string): never => {
    throw new TnError({ what: `graph ${graph.name}: ${what}` });
  };
  for (const [symbol, { input, axis }] of symbolSources(graph)) {
    const arg = args[input];
    dims.set(symbol, typeof arg === 'number' ? arg : arg.sizes[axis]);
  }
  graph.inputs.forEach((input, i) => {
    const arg = args[i];
    if (input.kind === 'dim') {
      if (typeof arg !== 'number' || arg !== dims.get(input.symbol))
        fail(`${input.path} = ${String(arg)} does not fit`);
      return;
    }
    if (typeof arg === 'number') fail(`${input.path} must be a tensor`);
    const view = arg as StridedView;
    const { dtype, shape } = input.value;
    if (view.dtype !== dtype) fail(`${input.path} is ${view.dtype}, not ${dtype}`);
    const fits =
      view.sizes.length === shape.length && view.sizes.every((size, axis) => size === evaluate(shape[axis], dims));
    if (!fits) fail(`${input.path} has sizes [${view.sizes}], not [${shape.map(exprToString).join(', ')}]`);
  });
  for (const [symbol, range] of graph.env.ranges) {
    const value = dims.get(symbol);
    if (value === undefined) continue;
    if (value < range.min || value > range.max || value % range.multipleOf !== 0)
      fail(`${symbol} = ${value} is out of range`);
  }
  for (const guard of graph.env.guards) {
    if (!evaluatePredicate(guard.predicate, dims)) fail(`needs ${predicateToString(guard.predicate)}`);
  }
  return dims;
}
