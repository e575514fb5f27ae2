/** @file Runs ONNX models in onnxruntime on strided views: the judge of what `writer.ts` writes. */

import { InferenceSession, Tensor } from 'onnxruntime-node';
import { type DType, dtypeInfo, isDType, isFloat } from '../../core/dtype.ts';
import { Storage } from '../../core/storage.ts';
import { contiguousStrides, copyElements, StridedView, toNumbers } from '../../core/view.ts';
import { int64Scalar } from '../tensorProto.ts';

/** Runs one model any number of times. */
export class OnnxSession {
  private readonly session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.session = session;
  }

  /** `model`: the bytes, or a path (needed for external data). Rejects what onnxruntime refuses. */
  static async load(model: Uint8Array | string): Promise<OnnxSession> {
    const options: InferenceSession.SessionOptions = { logSeverityLevel: 3, intraOpNumThreads: 1 };
    const session =
      typeof model === 'string'
        ? await InferenceSession.create(model, options)
        : await InferenceSession.create(model, options);
    return new OnnxSession(session);
  }

  get outputNames(): readonly string[] {
    return this.session.outputNames;
  }

  /** Inputs in the model's order, numbers as int64 scalars; outputs in the model's order. */
  async run(inputs: readonly (StridedView | number)[]): Promise<StridedView[]> {
    const feeds: Record<string, Tensor> = {};
    this.session.inputNames.forEach((name, i) => {
      const value = inputs[i];
      feeds[name] = toTensor(typeof value === 'number' ? int64Scalar(value) : value);
    });
    const results = await this.session.run(feeds);
    return this.session.outputNames.map((name) => toView(results[name]));
  }

  async release(): Promise<void> {
    await this.session.release();
  }
}

function toTensor(view: StridedView): Tensor {
  const { storage } = copyElements(view);
  if (view.dtype === 'bfloat16') throw new Error('onnxruntime-node takes no bfloat16 tensors: cast in the graph');
  return new Tensor(view.dtype, storage.typed(view.dtype) as Float32Array, view.sizes);
}

function toView(tensor: Tensor): StridedView {
  if (!isDType(tensor.type)) throw new Error(`onnxruntime gave a tensor of ${tensor.type}`);
  const data = tensor.data as Float32Array;
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.length * dtypeInfo[tensor.type].bytes);
  const storage = new Storage(new Uint8Array(bytes).buffer);
  return new StridedView(storage, tensor.type, [...tensor.dims], contiguousStrides(tensor.dims), 0);
}

/** Relative rms that a form may be away from the eager kernel: a rounding of the output's dtype here and there. */
const bounds: { readonly [D in DType]?: number } = { float64: 1e-5, float32: 1e-5, float16: 5e-4, bfloat16: 4e-3 };

/** null when `actual` agrees with `expected`, else what differs. Integers and bools must be equal, NaNs in the same places. */
export function difference(actual: StridedView, expected: StridedView, bound = bounds[expected.dtype] ?? 0) {
  if (actual.dtype !== expected.dtype) return `${actual.dtype}, not ${expected.dtype}`;
  if (actual.sizes.join() !== expected.sizes.join()) return `sizes [${actual.sizes}], not [${expected.sizes}]`;
  const [a, b] = [toNumbers(actual), toNumbers(expected)];
  let squares = 0;
  let total = 0;
  for (let i = 0; i < b.length; i++) {
    const finite = Number.isFinite(a[i]) && Number.isFinite(b[i]);
    const same = a[i] === b[i] || (Number.isNaN(a[i]) && Number.isNaN(b[i]));
    if (!same && !(finite && isFloat(expected.dtype))) return `element ${i} is ${a[i]}, not ${b[i]}`;
    if (!finite) continue;
    squares += (a[i] - b[i]) ** 2;
    total += b[i] ** 2;
  }
  const rms = squares === 0 ? 0 : Math.sqrt(squares / total);
  return rms <= bound ? null : `relative rms ${rms.toExponential(2)} > ${bound}`;
}
