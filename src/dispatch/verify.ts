/** @file Native code on a record's samples before its first use: outputs and writes beside what eager gave. */

import type { Store } from '../../cache/index.ts';
import { isHalf } from '../core/dtype.ts';
import { oneLine, TnError } from '../core/errors.ts';
import { formatLocation } from '../core/location.ts';
import { copyElements, type StridedView } from '../core/view.ts';
import type { Graph } from '../graph/graph.ts';
import { decodeTensor } from '../onnx/tensorProto.ts';
import { isTensor } from '../tensor/functions/operands.ts';
import { type Tensor, TensorObject } from '../tensor/tensor.ts';
import { CacheFailure } from './cacheFailure.ts';
import { compareTensors } from './compare.ts';
import type { Entry } from './entry.ts';
import { firstDifference, type RunNative } from './firstDifference.ts';
import type { Precision } from './mode.ts';
import type { NativePart } from './nativePart.ts';
import { blobView } from './storeWeights.ts';

export interface VerifyOutcome {
  readonly ok: boolean;
  /** The largest error, or what differs. */
  readonly detail: string;
}

/** Compiles a graph without writes and runs it; null where that cannot be done. */
export type NativeRunner = () => { readonly graph: Graph; readonly run: RunNative };

/** Runs with the record's own weights, from its blobs. A mismatch is traced to its operation with `runner`. */
export function verifyNative(store: Store, entry: Entry, native: NativePart, runner: NativeRunner): VerifyOutcome {
  const { record, call } = entry;
  const { manifest } = record;
  const { precision } = native;
  const samples = store.readSamples(record);
  if (!samples.ok) throw new CacheFailure(samples.problem);
  const inputs = manifest.inputs.map((input, i): Tensor | number => {
    const { view } = decodeTensor(samples.value.inputs[i]);
    return input.kind === 'dim' ? Number(view.storage.typed('int64')[0]) : TensorObject.of(view);
  });
  const parameters = call.parameterPaths.map((path) => {
    const { blob, dtype, shape } = manifest.weights[0].params[path];
    return blobView(store, record.root, blob, dtype as StridedView['dtype'], shape);
  });
  const expected = samples.value.outputs.map((bytes) => decodeTensor(bytes).view);
  const written: StridedView[] = [
    ...call.pattern.writtenInputs.map((index) => inputs[index] as Tensor),
    ...call.writtenParameters.map((index) => parameters[index]),
  ];
  const before = written.map(copyElements);
  const originals = inputs.map((input) => (typeof input === 'number' ? input : copyElements(input)));
  const halfState = manifest.inputs.some((input, i) => input.kind === 'tensor' && isHalf((inputs[i] as Tensor).dtype));
  let outputs: Tensor[];
  try {
    outputs = native.run(inputs, sampleDims(entry, inputs), parameters);
  } catch (error) {
    return { ok: false, detail: oneLine(error) };
  }
  let worst = 0;
  const names = [
    ...manifest.outputs.map((output) => output.path),
    ...call.pattern.writtenInputs.map((i) => manifest.inputs[i].path),
  ];
  const pairs = [...outputs, ...written];
  for (let i = 0; i < pairs.length; i++) {
    const isWrite = i >= outputs.length;
    const comparison = compareTensors(pairs[i], expected[i], {
      halfState,
      precision,
      ...(isWrite ? { before: before[i - outputs.length] } : {}),
    });
    if (!comparison.ok) {
      const { error, bound } = comparison;
      const what = `${names[i] ?? `output ${i}`}: relative rms ${error.toExponential(1)}, bound ${bound.toExponential(1)}`;
      const weights = call.parameterPaths.map((path) => {
        const { blob, dtype, shape } = manifest.weights[0].params[path];
        return blobView(store, record.root, blob, dtype as StridedView['dtype'], shape);
      });
      return { ok: false, detail: `${what}; ${culprit(runner, originals, weights, precision)}` };
    }
    worst = Math.max(worst, comparison.error);
  }
  return { ok: true, detail: `relative rms at most ${worst.toExponential(1)}` };
}

/** Names the first operation that differs. Never throws: the mismatch itself is what counts. */
function culprit(
  runner: NativeRunner,
  inputs: readonly (StridedView | number)[],
  parameters: readonly StridedView[],
  precision: Precision,
): string {
  try {
    const { graph, run } = runner();
    const first = firstDifference(graph, inputs, parameters, run, precision);
    if (!first) return 'each operation by itself agrees: the samples, or how results are written back';
    const { node, comparison } = first;
    return `first in ${node.op} at ${formatLocation(node.location)} (relative rms ${comparison.error.toExponential(1)})`;
  } catch (error) {
    return `the operation could not be found (${oneLine(error)})`;
  }
}

/** The dims of the sample call, in the order of the pattern's symbols. */
function sampleDims(entry: Entry, inputs: readonly (Tensor | number)[]): number[] {
  const { manifest } = entry.record;
  return entry.call.pattern.symbols.map((symbol) => {
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i];
      if (!isTensor(input)) {
        if (entry.dimInputs.get(i) === symbol) return input;
        continue;
      }
      const axis = manifest.inputs[i].shape.indexOf(symbol);
      if (axis >= 0) return input.sizes[axis];
    }
    throw new TnError({ what: `no sample input has dim \`${symbol}\`` });
  });
}
