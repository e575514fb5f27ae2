/** @file One captured form of a part: what calls must look like, and the matched one's run on native code. */

import type { InputTree } from '../capture/inputTree.ts';
import { buildResult } from '../capture/result.ts';
import type { ClosureValues } from '../capture/sources.ts';
import type { StridedView } from '../core/view.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { LoadedCall } from './loadedCall.ts';
import { CallMatch, dimValues } from './match.ts';
import type { NativePart } from './nativePart.ts';

export class MatchedCall {
  readonly call: LoadedCall;
  readonly match = new CallMatch();
  /** Inputs that are number arguments: index → symbol. */
  readonly dimInputs: ReadonlyMap<number, string>;
  /** Was found equal: calls in a row read the same map as long as nothing changes. */
  private equalClosure: ClosureValues | null = null;

  constructor(call: LoadedCall) {
    this.call = call;
    const { self, args } = call.pattern;
    const dims = new Map<number, string>();
    for (const tree of [self, ...args]) collectDims(tree, dims);
    this.dimInputs = dims;
  }

  /** Why the closure values are others, or null. */
  closureDifference(values: ClosureValues): string | null {
    if (values === this.equalClosure) return null;
    const { closure } = this.call;
    for (const [name, text] of closure) {
      const now = values.get(name);
      if (now !== text) return `${name} is ${now ?? 'gone'}, the entry has ${text}`;
    }
    if (values.size !== closure.size) return 'other values are closed over';
    this.equalClosure = values;
    return null;
  }

  /** Runs the matched call natively. */
  run(native: NativePart): unknown {
    const { match } = this;
    const parameters = this.parameters();
    return this.resultOf(native.run(match.inputs, match.dims, parameters), match.inputs, match.dims, parameters);
  }

  /** Parameters of the matched call, in the order of the native code. */
  protected parameters(): Tensor[] {
    return this.call.parameterIndices.map((index) => this.match.parameters[index]);
  }

  protected resultOf(
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
