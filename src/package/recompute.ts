/**
 * @file What a part gives from a new context where the record does not say: with other weights than those it was
 * captured with, or when calls before the recorded one had changed the state that it uses.
 */

import type { Store } from '../../cache/index.ts';
import type { StridedView } from '../core/view.ts';
import type { CallJson } from '../dispatch/loadedCall.ts';
import { blobView } from '../dispatch/storeWeights.ts';
import type { Graph } from '../graph/graph.ts';
import { interpret } from '../graph/interpreter.ts';
import type { PartSamples } from './model.ts';
import type { StoredWeight } from './weights.ts';

export interface Recomputation {
  readonly store: Store;
  readonly graph: Graph;
  readonly call: CallJson;
  readonly samples: PartSamples;
  /** The graph's parameters as a new context holds them. */
  readonly parameters: readonly StoredWeight[];
}

/** The same inputs with the results of the eager kernels, the oracle of every record. */
export function recomputeSamples({ store, graph, call, samples, parameters }: Recomputation): PartSamples {
  const views = parameters.map(({ record, blob, dtype, sizes }) => blobView(store, record.root, blob, dtype, sizes));
  const inputs = samples.inputs.map((view, i) =>
    graph.inputs[i].kind === 'dim' ? Number(view.storage.typed(view.dtype)[view.offset]) : view,
  );
  const { outputs, mutations } = interpret(graph, inputs, views);
  const left = (kind: 'input' | 'parameter', index: number): StridedView =>
    mutations[graph.mutations.findIndex(({ target }) => target.kind === kind && target.index === index)];
  return {
    inputs: samples.inputs,
    outputs,
    inputWrites: call.writtenInputs.map((index) => left('input', index)),
    writes: call.writtenParameters.map((index) => left('parameter', index)),
  };
}
