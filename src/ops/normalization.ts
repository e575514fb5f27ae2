/** @file softmax, logSoftmax and layerNorm: one node each, so that the compiler can use its row templates. */

import { computeDType, type DType, isFloat, promoteTypes } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { product, StridedView } from '../core/view.ts';
import { copyView, makeOutput, readElements } from './kernels.ts';
import { onnxCast } from './pointwise.ts';
import type { OpRecord } from './record.ts';
import { sameShape, shapeText } from './shapes.ts';

export type SoftmaxAttrs = { readonly axis: number };
/** The last `axes` axes are normalised together. */
export type LayerNormAttrs = { readonly axes: number; readonly eps: number };

function softmaxRows(
  x: ArrayLike<number>,
  out: { [i: number]: number },
  columns: number,
  total: number,
  log: boolean,
): void {
  for (let start = 0; start < total; start += columns) {
    const end = start + columns;
    let max = Number.NEGATIVE_INFINITY;
    for (let i = start; i < end; i++) max = Math.max(max, x[i]);
    let sum = 0;
    if (log) {
      for (let i = start; i < end; i++) sum += Math.exp(x[i] - max);
      const shift = max + Math.log(sum);
      for (let i = start; i < end; i++) out[i] = x[i] - shift;
    } else {
      for (let i = start; i < end; i++) sum += out[i] = Math.exp(x[i] - max);
      for (let i = start; i < end; i++) out[i] /= sum;
    }
  }
}

/** `axis` swapped with the last one. */
function swapLast(x: StridedView, axis: number): StridedView {
  const order = x.sizes.map((_, i) => i);
  order[axis] = order.length - 1;
  order[order.length - 1] = axis;
  return new StridedView(
    x.storage,
    x.dtype,
    order.map((i) => x.sizes[i]),
    order.map((i) => x.strides[i]),
    x.offset,
  );
}

function requireFloat(op: string, dtype: DType): void {
  if (!isFloat(dtype))
    throw new TnError({ what: `${op}: needs floats, found ${dtype}`, fix: "convert with .to('float32') first" });
}

function defineSoftmax(name: 'softmax' | 'logSoftmax', onnxOp: string): OpRecord<SoftmaxAttrs> {
  const log = name === 'logSoftmax';
  return {
    name,
    family: 'normalization',
    doc: log ? 'torch.log_softmax' : 'torch.softmax (a row of -inf alone gives NaN)',
    effects: 'none',
    infer: ([x]) => {
      requireFloat(name, x.dtype);
      return [x];
    },
    eager: ([x], { axis }, [out]) => {
      const total = x.count;
      if (x.sizes.length === 0 || axis === x.sizes.length - 1) {
        const { values, finish } = makeOutput(out);
        softmaxRows(readElements(x) as Float32Array, values as Float32Array, x.sizes.at(-1) ?? 1, total, log);
        return [finish()];
      }
      const moved = swapLast(x, axis);
      const made = makeOutput({ dtype: out.dtype, shape: moved.sizes });
      softmaxRows(readElements(moved) as Float32Array, made.values as Float32Array, x.sizes[axis], total, log);
      return [copyView(swapLast(made.finish(), axis))];
    },
    lower: (b, [x], { axis }, [out]) => [b.softmax(out, x, axis, log)],
    onnx: (b, [x], { axis }) => {
      const compute = computeDType(x.dtype);
      if (x.shape.length === 0) {
        const row = b.node('Unsqueeze', [onnxCast(b, x.name, x.dtype, compute), b.constant([0], 'int64')])[0];
        const made = b.node('Squeeze', [b.node(onnxOp, [row], { axis: 0 })[0], b.constant([0], 'int64')])[0];
        return [onnxCast(b, made, compute, x.dtype)];
      }
      return [onnxCast(b, b.node(onnxOp, [onnxCast(b, x.name, x.dtype, compute)], { axis })[0], compute, x.dtype)];
    },
  };
}

export const normalizationOps = {
  softmax: defineSoftmax('softmax', 'Softmax'),
  logSoftmax: defineSoftmax('logSoftmax', 'LogSoftmax'),
  /** Inputs: x, then weight, then bias, the last two optional. */
  layerNorm: {
    name: 'layerNorm',
    family: 'normalization',
    doc: 'torch.nn.functional.layer_norm; mixed float dtypes are computed in float32 and give the promoted one',
    effects: 'none',
    infer: (inputs, { axes }) => {
      const [x, ...affine] = inputs;
      let { dtype } = x;
      requireFloat('layerNorm', dtype);
      const tail = x.shape.slice(x.shape.length - axes);
      for (const [i, part] of affine.entries()) {
        requireFloat('layerNorm', part.dtype);
        if (!sameShape(part.shape, tail, 'layerNorm')) {
          throw new TnError({
            what: `layerNorm: ${i === 0 ? 'weight' : 'bias'} has ${shapeText(part.shape)}, the normalised axes ${shapeText(tail)}`,
          });
        }
        dtype = promoteTypes(dtype, part.dtype);
      }
      return [{ dtype, shape: x.shape }];
    },
    eager: (inputs, { axes, eps }, [out]) => {
      const [x, weight, bias] = inputs;
      const columns = product(x.sizes.slice(x.sizes.length - axes));
      const from = readElements(x, out.dtype) as Float32Array;
      const scale = weight ? (readElements(weight, out.dtype) as Float32Array) : null;
      const shift = bias ? (readElements(bias, out.dtype) as Float32Array) : null;
      const { values, finish } = makeOutput(out);
      for (let start = 0; start < from.length; start += columns) {
        let sum = 0;
        for (let i = 0; i < columns; i++) sum += from[start + i];
        const mean = sum / columns;
        let squares = 0;
        for (let i = 0; i < columns; i++) {
          const d = from[start + i] - mean;
          squares += d * d;
        }
        const factor = 1 / Math.sqrt(squares / columns + eps);
        for (let i = 0; i < columns; i++) {
          const normal = (from[start + i] - mean) * factor;
          values[start + i] = normal * (scale ? scale[i] : 1) + (shift ? shift[i] : 0);
        }
      }
      return [finish()];
    },
    lower: (b, [x, weight, bias], { axes, eps }, [out]) => [
      b.layerNorm(out, x, axes, weight ?? null, bias ?? null, eps),
    ],
    onnx: (b, [x, weight, bias], { axes, eps }, [out]) => {
      const compute = computeDType(out.dtype);
      const ones = (): string => b.node('Expand', [b.constant(1, compute), b.sizes(x.shape.slice(-axes))])[0];
      const inputs = [
        onnxCast(b, x.name, x.dtype, compute),
        weight ? onnxCast(b, weight.name, weight.dtype, compute) : ones(),
      ];
      if (bias) inputs.push(onnxCast(b, bias.name, bias.dtype, compute));
      const made = b.node('LayerNormalization', inputs, { axis: -axes, epsilon: { float: eps } })[0];
      return [onnxCast(b, made, compute, out.dtype)];
    },
  } satisfies OpRecord<LayerNormAttrs>,
};
