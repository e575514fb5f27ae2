/** @file One capture: the user's function runs once, eagerly, while a tracer writes the graph down. */

import type { TnError } from '../core/errors.ts';
import { formatLocation } from '../core/location.ts';
import { withTracer } from '../core/tracer.ts';
import type { StridedView } from '../core/view.ts';
import type { Graph, GraphInput, GraphParameter, Mutation } from '../graph/graph.ts';
import { simplifyGraph } from '../graph/passes/index.ts';
import { symbol } from '../symbolic/expr.ts';
import { ShapeEnv } from '../symbolic/shapeEnv.ts';
import { type Size, sizeFromExpr } from '../symbolic/symInt.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type CaptureRefusal, GraphTracer } from './graphTracer.ts';
import { CannotFlatten, type ClassId, type FlatCall, flattenCall, type InputTree } from './inputTree.ts';
import type { Matcher } from './matchers.ts';
import { CannotReturn, describeResult } from './result.ts';
import { concrete } from './settle.ts';

export interface CaptureRequest {
  readonly part: string;
  readonly self: unknown;
  readonly args: readonly unknown[];
  readonly names: readonly string[];
  readonly matchers: readonly Matcher[];
  /** Identity of a class by its source; null for one whose file was not transformed. */
  readonly classId: ClassId;
  readonly run: (self: unknown, args: unknown[]) => unknown;
}

/** A graph, and the tensors that went in and came out of the run that made it. */
export interface Captured {
  readonly graph: Graph;
  readonly flat: FlatCall;
  /** Equal numbers: inputs that were the same memory. */
  readonly aliasing: readonly number[];
  /** Sources that were one and the same tensor: later calls must have the same view in both places. */
  readonly identical: readonly IdenticalSources[];
  /** Inputs as they were before any write. */
  readonly sampleInputs: readonly (StridedView | number)[];
  /** For each of the graph's parameters: its index in `flat.parameters`. */
  readonly parameterIndices: readonly number[];
  readonly sampleParameters: readonly StridedView[];
  readonly sampleOutputs: readonly StridedView[];
  readonly sampleMutations: readonly StridedView[];
}

/** Input `input` is the same tensor as another input, or as a parameter (an index in `flat.parameters`). */
export interface IdenticalSources {
  readonly input: number;
  readonly as: 'input' | 'parameter';
  readonly index: number;
}

export type CaptureOutcome =
  | { readonly kind: 'captured'; readonly result: unknown; readonly captured: Captured }
  | { readonly kind: 'refused'; readonly result: unknown; readonly refusal: CaptureRefusal }
  /** A declared dim cannot stay symbolic. The run went on; `error` lists every such dim. */
  | {
      readonly kind: 'narrowed';
      readonly result: unknown;
      readonly error: TnError;
      /** The first of them in one line, for lists. */
      readonly refusal: CaptureRefusal;
    };

/** Flattens a call for matching or capture; a refusal when it holds something that cannot be an input. */
export function flattenOrRefuse(
  request: Omit<CaptureRequest, 'run' | 'part'>,
  args: unknown[],
): FlatCall | CaptureRefusal {
  try {
    return flattenCall(request.self, args, request.names, request.matchers, request.classId);
  } catch (error) {
    if (!(error instanceof CannotFlatten)) throw error;
    return { reason: error.message, fix: error.fix, location: null };
  }
}

/** Runs the function exactly once. Errors that the user's code throws pass through. */
export function capture(request: CaptureRequest): CaptureOutcome {
  const args = [...request.args];
  const flat = flattenOrRefuse(request, args);
  if ('reason' in flat) return { kind: 'refused', result: request.run(request.self, [...request.args]), refusal: flat };

  const env = new ShapeEnv();
  const tracer = new GraphTracer(env);
  const inputs = declareInputs(flat, env, tracer);
  const parameters: GraphParameter[] = flat.parameters.map(({ path, tensor }, index) => ({
    path,
    value: tracer.addSource(tensor, tensor.sizes, 'parameter', index, path.replace(/^this\./, '')),
  }));

  const restoreDims = replaceDims(flat, env);
  let raw: unknown;
  try {
    raw = withTracer(tracer, () => request.run(request.self, args));
  } catch (error) {
    restoreDims();
    concrete(request.self);
    concrete(request.args);
    throw error;
  }
  const changedDim = restoreDims();
  if (raw instanceof Promise) {
    tracer.abort('the function is asynchronous', 'make the part a synchronous function and await outside');
  }
  const { mention } = env;
  if (mention) tracer.abort(mention.what, 'throw it out of this part, or keep sizes out of its text', mention.location);
  const changed = changedField(request, flat, changedDim);
  if (changed) tracer.abort(changed.reason, changed.fix);
  if (tracer.refusal) return { kind: 'refused', result: concrete(raw).value, refusal: tracer.refusal };

  try {
    const described = describeResult(tracer, raw);
    if (tracer.refusal) return { kind: 'refused', result: concrete(raw).value, refusal: tracer.refusal };
    const written = tracer.writtenSources();
    const mutations: Mutation[] = written.map((owner) => ({
      target: { kind: owner.origin as 'input' | 'parameter', index: owner.index },
      value: owner.base,
    }));
    const graph = simplifyGraph({
      name: request.part,
      env,
      inputs,
      parameters,
      constants: tracer.constants,
      nodes: tracer.nodes,
      outputs: described.outputs,
      mutations,
      result: described.tree,
    });
    if (env.narrowings().length > 0) {
      const [first] = env.narrowings();
      const reason = `dim \`${first.dim}\` cannot stay symbolic: needs ${first.predicate}, fails for ${first.dim} = ${first.counterexample}`;
      const refusal = { reason, fix: first.fix, location: first.location };
      return { kind: 'narrowed', result: concrete(raw).value, error: env.narrowError(request.part), refusal };
    }
    const indexOfPath = new Map(flat.parameters.map(({ path }, index) => [path, index]));
    const parameterIndices = graph.parameters.map(({ path }) => indexOfPath.get(path) as number);
    return {
      kind: 'captured',
      result: concrete(raw).value,
      captured: {
        graph,
        flat,
        aliasing: aliasPattern(flat),
        identical: identicalSources(flat),
        sampleInputs: flat.inputs.map((input) => (input.kind === 'dim' ? input.value : tracer.sampleOf(input.tensor))),
        parameterIndices,
        sampleParameters: parameterIndices.map((index) => tracer.sampleOf(flat.parameters[index].tensor)),
        sampleOutputs: described.outputViews,
        sampleMutations: written.map((owner) => owner.baseView),
      },
    };
  } catch (error) {
    if (!(error instanceof CannotReturn)) throw error;
    return {
      kind: 'refused',
      result: concrete(raw).value,
      refusal: tracer.refusal ?? {
        reason: error.message,
        fix: 'return tensors, numbers, arrays and plain records',
        location: null,
      },
    };
  }
}

function declareInputs(flat: FlatCall, env: ShapeEnv, tracer: GraphTracer): GraphInput[] {
  return flat.inputs.map((input, index): GraphInput => {
    if (input.kind === 'dim') {
      env.declare(input.dim, input.value);
      return { kind: 'dim', path: input.path, symbol: input.dim.name };
    }
    const shape = input.tensor.sizes.map((size, axis): Size => {
      const dim = input.dims[axis];
      if (!dim) return size;
      env.declare(dim, size);
      return sizeFromExpr(symbol(dim.name), env);
    });
    return {
      kind: 'tensor',
      path: input.path,
      value: tracer.addSource(input.tensor, shape, 'input', index, input.path),
    };
  });
}

/**
 * Puts symbolic numbers in the place of number arguments. The function it gives puts the numbers back, except where the
 * code has stored something else meanwhile: it names that place.
 */
function replaceDims(flat: FlatCall, env: ShapeEnv): () => string | null {
  const replaced = flat.inputs.flatMap((input) => {
    if (input.kind !== 'dim') return [];
    const { owner, key } = input;
    const symbolic = sizeFromExpr(symbol(input.dim.name), env);
    owner[key] = symbolic;
    return [{ input, owner, key, symbolic }];
  });
  return () => {
    let changed: string | null = null;
    for (const { input, owner, key, symbolic } of replaced) {
      if (Object.is(owner[key], symbolic)) owner[key] = input.value;
      else changed = input.path;
    }
    return changed;
  };
}

/** Index of the first input with the same memory, for each tensor input (-1 for numbers). */
export function aliasPattern(flat: Pick<FlatCall, 'inputs'>): number[] {
  return flat.inputs.map((input) => {
    if (input.kind === 'dim') return -1;
    return flat.inputs.findIndex((other) => other.kind === 'tensor' && other.tensor.storage === input.tensor.storage);
  });
}

/** Inputs that were met twice: the graph reads them in one place, whichever the code meant. */
function identicalSources(flat: FlatCall): IdenticalSources[] {
  return flat.inputs.flatMap((input, i): IdenticalSources[] => {
    if (input.kind === 'dim') return [];
    const twin = flat.inputs.findIndex((other) => other.kind === 'tensor' && other.tensor === input.tensor);
    const parameter = flat.parameters.findIndex(({ tensor }) => tensor === input.tensor);
    return [
      ...(twin < i ? [{ input: i, as: 'input', index: twin } as const] : []),
      ...(parameter >= 0 ? [{ input: i, as: 'parameter', index: parameter } as const] : []),
    ];
  });
}

/** Flattens again after the run: a rebound tensor or a changed plain field is an effect that native code would not have. */
function changedField(
  request: CaptureRequest,
  before: FlatCall,
  changedDim: string | null,
): { reason: string; fix: string } | null {
  const stored = [request.self, ...request.args].map((value) => concrete(value).changed).includes(true);
  const fix =
    'copy_ into the tensor instead of rebinding it; pass what changes from call to call (a position, say) as an argument';
  if (changedDim !== null) return { reason: `${changedDim} was changed by the call`, fix };
  if (stored) return { reason: 'a number that depends on a dim was stored in `this` or an argument', fix };
  const after = flattenOrRefuse(request, [...request.args]);
  if ('reason' in after) return { reason: `the call left ${after.reason}`, fix };
  const rebound =
    before.inputs.length !== after.inputs.length ||
    before.inputs.some(
      (input, i) => input.kind === 'tensor' && input.tensor !== (after.inputs[i] as { tensor?: Tensor }).tensor,
    ) ||
    before.parameters.length !== after.parameters.length ||
    before.parameters.some(({ tensor }, i) => tensor !== after.parameters[i].tensor);
  const difference =
    firstDifference(before.self, after.self, 'this') ?? firstDifferenceOfArgs(before, after, request.names);
  if (!rebound && !difference) return null;
  return { reason: difference ?? 'a tensor in `this` or an argument was rebound', fix };
}

function firstDifferenceOfArgs(before: FlatCall, after: FlatCall, names: readonly string[]): string | null {
  for (let i = 0; i < before.args.length; i++) {
    const difference = firstDifference(before.args[i], after.args[i], names[i] ?? `argument ${i}`);
    if (difference) return difference;
  }
  return null;
}

function firstDifference(before: InputTree, after: InputTree, path: string): string | null {
  if (before.kind === 'array' && after.kind === 'array' && before.items.length === after.items.length) {
    return first(before.items.map((item, i) => firstDifference(item, after.items[i], `${path}.${i}`)));
  }
  if (before.kind === 'object' && after.kind === 'object' && before.fields.length === after.fields.length) {
    return first(
      before.fields.map(([key, item], i) => {
        const [otherKey, other] = after.fields[i];
        return key === otherKey
          ? firstDifference(item, other, `${path}.${key}`)
          : `${path}.${key} was changed by the call`;
      }),
    );
  }
  return JSON.stringify(before) === JSON.stringify(after) ? null : `${path} was changed by the call`;
}

function first(items: readonly (string | null)[]): string | null {
  return items.find((item) => item !== null) ?? null;
}

/** `reason (at …)`: a refusal on one line. */
export function refusalText(refusal: CaptureRefusal): string {
  return refusal.location ? `${refusal.reason}, at ${formatLocation(refusal.location)}` : refusal.reason;
}
