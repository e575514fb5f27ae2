/** @file Captures of small functions, and their graphs run by the interpreter beside the functions themselves. */

import { copyElements, type StridedView, toNumbers } from '../../core/view.ts';
import { interpret } from '../../graph/interpreter.ts';
import { printGraph } from '../../graph/printer.ts';
import { isTensor } from '../../tensor/functions/operands.ts';
import { type Tensor, TensorObject } from '../../tensor/tensor.ts';
import { type Captured, type CaptureOutcome, capture } from '../capture.ts';
import { declaredMatchers } from '../declared.ts';
import { flattenCall } from '../inputTree.ts';
import type { InputMatchers, Matcher } from '../matchers.ts';
import { buildResult } from '../result.ts';
import { classIdentity } from '../sources.ts';

// biome-ignore lint/suspicious/noExplicitAny: tests hand in functions of any type.
export type AnyFunction = (...args: any[]) => unknown;

export interface Setup {
  readonly fn: AnyFunction;
  readonly names: readonly string[];
  readonly matchers: readonly Matcher[];
  readonly self: unknown;
}

/** `parameters` are the names, as the transformer would give them. */
export function setup(fn: AnyFunction, parameters: string, inputMatchers?: InputMatchers, self?: unknown): Setup {
  const names = parameters.split(' ').filter((name) => name !== '');
  return {
    fn,
    names,
    matchers: declaredMatchers(
      { name: 'part', place: null, parameters: names.map((name) => ({ name })) },
      inputMatchers,
    ),
    self,
  };
}

export function run({ fn, names, matchers, self }: Setup, args: readonly unknown[]): CaptureOutcome {
  return capture({
    part: 'part',
    self,
    args,
    names,
    matchers,
    classId: classIdentity,
    run: (target, values) => fn.apply(target, values),
  });
}

export function mustCapture(part: Setup, args: readonly unknown[]): CaptureOutcome & { kind: 'captured' } {
  const outcome = run(part, args);
  if (outcome.kind === 'refused') throw new Error(`refused: ${outcome.refusal.reason}`);
  if (outcome.kind === 'narrowed') throw outcome.error;
  return outcome;
}

/** What compiled code would do with a call, done by the interpreter: outputs, writes and the built result. */
export function replay({ graph }: Captured, part: Setup, args: readonly unknown[]): unknown {
  const flat = flattenCall(part.self, [...args], part.names, part.matchers, classIdentity);
  const inputs = flat.inputs.map((input) => (input.kind === 'dim' ? input.value : input.tensor));
  const parameters = graph.parameters.map(({ path }) => {
    const found = flat.parameters.find((parameter) => parameter.path === path);
    if (!found) throw new Error(`no parameter ${path}`);
    return found.tensor;
  });
  const copied = inputs.map((input) => (typeof input === 'number' ? input : copyElements(input)));
  const { outputs, mutations, dims } = interpret(graph, copied, parameters.map(copyElements));
  const fresh = outputs.map(copyElements);
  const written = mutations.map(copyElements);
  graph.mutations.forEach(({ target }, i) => {
    const to = (target.kind === 'input' ? inputs : parameters)[target.index] as Tensor;
    to.copy_(TensorObject.of(written[i]));
  });
  return buildResult(graph.result, { outputs: fresh, inputs, parameters, dims });
}

/** Captures on `sample`; then compares function and graph on every call, results and arguments alike. */
export function expectSame(part: Setup, sample: () => unknown[], ...calls: (() => unknown[])[]): Captured {
  const first = mustCapture(part, sample());
  const eagerFirst = sample();
  const wanted = part.fn.apply(part.self, eagerFirst);
  expectEqual(first.result, wanted, 'result of the first call');
  for (const [i, make] of [sample, ...calls].entries()) {
    const native = make();
    const eager = make();
    const actual = replay(first.captured, part, native);
    const expected = part.fn.apply(part.self, eager);
    expectEqual(actual, expected, `result ${i}`);
    expectEqual(native, eager, `arguments ${i}`);
  }
  return first.captured;
}

export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const a = plain(actual);
  const b = plain(expected);
  if (JSON.stringify(a) !== JSON.stringify(b)) {
    throw new Error(`${what}: ${JSON.stringify(a)} instead of ${JSON.stringify(b)}`);
  }
}

/** Tensors as dtype, sizes and elements, whatever holds them. */
export function plain(value: unknown): unknown {
  if (isTensor(value)) return { dtype: value.dtype, sizes: value.sizes, data: numbers(value) };
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}

function numbers(view: StridedView): (number | string)[] {
  return [...toNumbers(view)].map((x) => (Number.isFinite(x) ? Math.round(x * 1e5) / 1e5 : String(x)));
}

export function graphText({ graph }: Captured): string {
  return printGraph(graph, { locations: false });
}
