/** @file Native matrix products for eager ops: the package's own compiler, on a graph of one product with all sizes symbolic. */

import { sha256Hex } from '../../cache/layout.ts';
import { capture } from '../capture/capture.ts';
import type { DType } from '../core/dtype.ts';
import { oneLine, TnError } from '../core/errors.ts';
import { type NativeProvider, setNativeProvider } from '../core/provider.ts';
import { Storage } from '../core/storage.ts';
import { StridedView } from '../core/view.ts';
import { canonicalText } from '../graph/canonical.ts';
import type { Graph } from '../graph/graph.ts';
import { loadProgram } from '../runtime/program.ts';
import { Dim } from '../symbolic/dim.ts';
import { ones } from '../tensor/functions/creation.ts';
import { matmul } from '../tensor/index.ts';
import { type Tensor, TensorObject } from '../tensor/tensor.ts';
import { compareTensors } from './compare.ts';
import { type ArtifactDetails, artifactKey, buildGraph, nativeTarget } from './compileEntry.ts';
import { debug } from './mode.ts';
import { NativePart } from './nativePart.ts';
import { processRuntime } from './processRuntime.ts';
import { processStore } from './processStore.ts';
import { storeWeights } from './storeWeights.ts';

const symbols = ['m', 'n', 'k'];

/** Products by dtype of b and whether it is transposed; null: it cannot be had in this process. */
const products = new Map<string, NativePart | null>();

const provider: NativeProvider = {
  matmul(m, n, k, a, b, bDType, transposed) {
    const key = `${bDType} ${transposed}`;
    let product = products.get(key);
    if (product === undefined) {
      products.set(key, null);
      product = prepare(bDType, transposed);
      products.set(key, product);
    }
    if (!product) return null;
    const left = over(a, 'float32', [m, k]);
    const right = over(b, bDType, transposed ? [n, k] : [k, n]);
    return product.run([left, right], [m, n, k], [])[0].storage.typed('float32') as Float32Array;
  },
};

/** From now on heavy eager ops ask for native code; without a compiler they go on in JavaScript. */
export function enableEagerMatmul(): void {
  setNativeProvider(provider);
}

function over(data: Float32Array | Uint16Array, dtype: DType, sizes: readonly [number, number]): Tensor {
  const storage = new Storage(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);
  return TensorObject.of(new StridedView(storage, dtype, sizes, [sizes[1], 1], 0));
}

function prepare(bDType: DType, transposed: boolean): NativePart | null {
  try {
    return compileProduct(bDType, transposed);
  } catch (error) {
    debug(1, () => `eager products stay in JavaScript: ${oneLine(error)}`);
    return null;
  }
}

function compileProduct(bDType: DType, transposed: boolean): NativePart {
  const a = ones([5, 6]);
  const b = ones(transposed ? [7, 6] : [6, 7], { dtype: bDType });
  const { graph, expected } = captureProduct(a, b, transposed);
  const store = processStore();
  if (store.problem) throw new TnError(store.problem.message);
  // Eager results are what every precision is compared with.
  const target = nativeTarget({ precision: 'float32' });
  const key = artifactKey({ graphHash: sha256Hex(canonicalText(graph)) }, target);
  const title = `matmul-${bDType}${transposed ? '-t' : ''}`;
  const artifact = store.withLock(`compile-${key.slice(0, 24)}`, () => {
    const found = store.findArtifact(key);
    return 'miss' in found ? buildGraph(store, title, graph, key, target) : found;
  });
  const runtime = processRuntime();
  const part = new NativePart({
    part: title,
    abi: (artifact.info.details as ArtifactDetails).abi,
    program: loadProgram(artifact.files['program.so'], runtime),
    weights: storeWeights(store, runtime, () => []),
    symbols,
    writtenInputs: [],
    writtenParameters: [],
  });
  const [actual] = part.run([a, b], [5, 7, 6], []);
  if (!compareTensors(actual, expected).ok) throw new TnError(`${title} differs from JavaScript`);
  return part;
}

function captureProduct(a: Tensor, b: Tensor, transposed: boolean): { graph: Graph; expected: Tensor } {
  const [m, n, k] = symbols.map((name) => Dim(name));
  const outcome = capture({
    part: 'matmul',
    self: undefined,
    args: [a, b],
    names: ['a', 'b'],
    matchers: [
      { 0: m, 1: k },
      { 0: transposed ? n : k, 1: transposed ? k : n },
    ],
    classId: () => null,
    run: (_, args) => {
      const [x, y] = args as [Tensor, Tensor];
      return matmul(x, transposed ? y.transpose(0, 1) : y).float();
    },
  });
  if (outcome.kind !== 'captured') throw new TnError('a product of two matrices was not captured');
  return { graph: outcome.captured.graph, expected: outcome.result as Tensor };
}
