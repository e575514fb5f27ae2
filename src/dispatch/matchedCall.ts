/** @file One captured form of a part: what calls must look like, and the matched one's run on native code. */

import type { InputTree } from '../capture/inputTree.ts';
import { buildResult } from '../capture/result.ts';
import type { ClosureValues } from '../capture/sources.ts';
import { keepLocation } from '../core/location.ts';
import type { Storage } from '../core/storage.ts';
import type { StridedView } from '../core/view.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Access, asyncCallsPending, type Started } from './asyncOrder.ts';
import type { LoadedCall } from './loadedCall.ts';
import { CallMatch, dimValues } from './match.ts';
import type { NativePart } from './nativePart.ts';

export interface TakenCall {
  readonly access: Access;
  readonly start: () => Started<unknown>;
}

export class MatchedCall {
  readonly call: LoadedCall;
  readonly match = new CallMatch();
  /** Inputs that are number arguments: index → symbol. */
  readonly dimInputs: ReadonlyMap<number, string>;

  constructor(call: LoadedCall) {
    this.call = call;
    const { self, args } = call.pattern;
    const dims = new Map<number, string>();
    for (const tree of [self, ...args]) collectDims(tree, dims);
    this.dimInputs = dims;
  }

  /** Why the closure values are others, or null. */
  closureDifference(values: ClosureValues): string | null {
    const { closure } = this.call;
    for (const [name, text] of closure) {
      const now = values.get(name);
      if (now !== text) return `${name} is ${now ?? 'gone'}, the entry has ${text}`;
    }
    return values.size === closure.size ? null : 'other values are closed over';
  }

  /** Runs the matched call natively. */
  run(native: NativePart): unknown {
    const { match } = this;
    const parameters = this.parametersOf(match);
    if (asyncCallsPending()) this.assertFree(match.inputs, parameters);
    return this.resultOf(native.run(match.inputs, match.dims, parameters), match.inputs, match.dims, parameters);
  }

  /** Takes the matched call out of the match, which is the next call's: to be run off this thread when its turn has come. */
  take(part: string, native: NativePart, done: (start: number) => void): TakenCall {
    const inputs = [...this.match.inputs];
    const dims = [...this.match.dims];
    const parameters = this.parametersOf(this.match);
    const calledAt = keepLocation();
    const run = async (): Promise<unknown> => {
      const start = performance.now();
      const outputs = await native.runAsync(inputs, dims, parameters, calledAt);
      done(start);
      return this.resultOf(outputs, inputs, dims, parameters);
    };
    return {
      access: { part, storages: this.storagesOf(inputs, parameters) },
      start: () => {
        const result = run();
        return { result, until: result };
      },
    };
  }

  private parametersOf(match: CallMatch): Tensor[] {
    return this.call.parameterIndices.map((index) => match.parameters[index]);
  }

  private resultOf(
    outputs: readonly Tensor[],
    inputs: readonly (Tensor | number)[],
    dims: readonly number[],
    parameters: readonly Tensor[],
  ): unknown {
    const { result, pattern } = this.call;
    // The common case needs no tree walk.
    if (result.kind === 'output' && result.views.length === 0) return outputs[result.index];
    return buildResult(result, { outputs, inputs, parameters, dims: dimValues(pattern.symbols, dims) });
  }

  /** What the call touches, and whether it writes it. */
  private storagesOf(inputs: readonly (Tensor | number)[], parameters: readonly Tensor[]): Map<Storage, boolean> {
    const { pattern, writtenParameters } = this.call;
    const storages = new Map<Storage, boolean>();
    for (const view of [...inputs, ...parameters]) if (isTensor(view)) storages.set(view.storage, false);
    for (const index of pattern.writtenInputs) storages.set((inputs[index] as Tensor).storage, true);
    for (const index of writtenParameters) storages.set(parameters[index].storage, true);
    return storages;
  }

  private assertFree(inputs: readonly (Tensor | number)[], parameters: readonly Tensor[]): void {
    for (const [storage, writes] of this.storagesOf(inputs, parameters)) storage.assertFree(writes);
  }

  /** Inputs and parameters that the call writes, as matched. */
  written(): StridedView[] {
    const { match, call } = this;
    return [
      ...call.pattern.writtenInputs.map((index) => match.inputs[index] as Tensor),
      ...call.writtenParameters.map((index) => match.parameters[call.parameterIndices[index]]),
    ];
  }
}

function collectDims(tree: InputTree, into: Map<number, string>): void {
  if (tree.kind === 'dim') into.set(tree.input, tree.symbol);
  else if (tree.kind === 'array') for (const item of tree.items) collectDims(item, into);
  else if (tree.kind === 'object') for (const [, item] of tree.fields) collectDims(item, into);
}
