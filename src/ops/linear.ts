/** @file matmul and linear: mixed float dtypes are computed in float32 and give the promoted dtype. */

import { computeDType, type DType, isFloat, promoteTypes } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { elementPositions, product, StridedView } from '../core/view.ts';
import { type Expr, int } from '../symbolic/expr.ts';
import type { Size } from '../symbolic/symInt.ts';
import { dotRows } from './dot.ts';
import { type Elements, expandView, makeOutput, readElements } from './kernels.ts';
import { onnxCast } from './pointwise.ts';
import { onnxComputeDType } from './promotion.ts';
import type { LoopBuilder, LoopMeta, LoopTensor, OpRecord, TensorMeta } from './record.ts';
import { broadcastIndex, broadcastShapes, sameSize, shapeText } from './shapes.ts';

type NoAttrs = Record<never, never>;

/** The dtype of a product: any two float dtypes, or two equal integer ones. */
export function productType(op: string, ...dtypes: readonly DType[]): DType {
  const [first] = dtypes;
  if (dtypes.every(isFloat)) return dtypes.reduce(promoteTypes);
  if (first === 'bool' || dtypes.some((dtype) => dtype !== first)) {
    throw new TnError({
      what: `${op}: not defined for ${[...new Set(dtypes)].join(' with ')}`,
      fix: 'convert both to one dtype with .to(...); float dtypes may be mixed',
    });
  }
  return first;
}

/** `x` with its batch axes (all but the last `inner`) broadcast to `batch`. */
export function expandBatch(x: StridedView, batch: readonly number[], inner: number): StridedView {
  return expandView(x, [...batch, ...x.sizes.slice(x.sizes.length - inner)]);
}

/** As `expandBatch` in a lowering: the tensor itself where nothing repeats. */
export function viewBatch(b: LoopBuilder, x: LoopTensor, batch: readonly Expr[], inner: number): LoopTensor {
  const shape = [...batch, ...x.shape.slice(x.shape.length - inner)];
  if (shape.length === x.shape.length && shape.every((size, i) => size.key === x.shape[i].key)) return x;
  return b.view(x, shape, (index) => broadcastIndex(index, index.length, x.shape));
}

export function transposeLast(x: StridedView): StridedView {
  const rank = x.sizes.length;
  const swap = (list: readonly number[]): number[] => [...list.slice(0, rank - 2), list[rank - 1], list[rank - 2]];
  return new StridedView(x.storage, x.dtype, swap(x.sizes), swap(x.strides), x.offset);
}

/** Start of each batch item in the densely read operand: repeated items are read once. */
function batchStarts(x: StridedView, batch: readonly number[]): Int32Array {
  const own = x.sizes.slice(0, -2);
  const item = x.sizes[x.sizes.length - 2] * x.sizes[x.sizes.length - 1];
  const dense = own.map((_, axis) => item * product(own.slice(axis + 1)));
  const shift = batch.length - own.length;
  const strides = batch.map((size, i) => (i < shift || (own[i - shift] === 1 && size !== 1) ? 0 : dense[i - shift]));
  return elementPositions(batch, strides, 0);
}

/** Integer dot products, wrapping as the dtype does; `b` has its rows along the summed axis. */
function integerProduct(a: Elements, a0: number, b: Elements, b0: number, depth: number): number | bigint {
  if (a instanceof BigInt64Array) {
    let sum = 0n;
    for (let k = 0; k < depth; k++) sum += a[a0 + k] * (b as BigInt64Array)[b0 + k];
    return sum;
  }
  let sum = 0;
  for (let k = 0; k < depth; k++) sum = (sum + Math.imul(a[a0 + k] as number, b[b0 + k] as number)) | 0;
  return sum;
}

/** Sum of products as a plain reduction: what the template (floats only) does not take. */
function lowerIntegerMatmul(b: LoopBuilder, out: LoopMeta, x: LoopTensor, y: LoopTensor): LoopTensor {
  const rank = out.shape.length;
  const depth = x.shape[x.shape.length - 1];
  return b.reduce(out, 'sum', [depth], (index, [k]) => {
    const batch = index.slice(0, rank - 2);
    return b.op('mul', b.load(x, [...batch, index[rank - 2], k]), b.load(y, [...batch, k, index[rank - 1]]));
  });
}

function matmulInfer(a: TensorMeta, b: TensorMeta): TensorMeta[] {
  const dtype = productType('matmul', a.dtype, b.dtype);
  const [rankA, rankB] = [a.shape.length, b.shape.length];
  const depth = a.shape[rankA - 1];
  if (!sameSize(depth, b.shape[rankB - 2], 'matmul')) {
    throw new TnError({
      what: `matmul: ${shapeText(a.shape)} and ${shapeText(b.shape)} do not fit`,
      found: [`${String(depth)} columns against ${String(b.shape[rankB - 2])} rows`],
    });
  }
  const batch = broadcastShapes('matmul', [a.shape.slice(0, -2), b.shape.slice(0, -2)]);
  return [{ dtype, shape: [...batch, a.shape[rankA - 2], b.shape[rankB - 1]] }];
}

export const linearOps = {
  /** Two tensors of at least 2 dims; the function of the same name adds and removes axes for vectors. */
  matmul: {
    name: 'matmul',
    family: 'linear',
    doc: 'torch.matmul, mm, bmm, mv, dot; mixed float dtypes are computed in float32 and give the promoted one',
    effects: 'none',
    infer: ([a, b]) => matmulInfer(a, b),
    eager: ([a, b], _attrs, [out]) => {
      const { values, finish } = makeOutput(out);
      const batch = out.shape.slice(0, -2);
      const [rows, columns] = out.shape.slice(-2);
      const depth = a.sizes[a.sizes.length - 1];
      const left = readElements(a, out.dtype);
      const turned = transposeLast(b);
      const right = readElements(turned, out.dtype);
      const leftAt = batchStarts(a, batch);
      const rightAt = batchStarts(turned, batch);
      for (let i = 0; i < leftAt.length; i++) {
        const start = i * rows * columns;
        if (isFloat(out.dtype)) {
          dotRows(
            left as Float32Array,
            leftAt[i],
            right as Float32Array,
            rightAt[i],
            values as Float32Array,
            start,
            rows,
            columns,
            depth,
          );
          continue;
        }
        const target = values as unknown as (number | bigint)[];
        for (let r = 0; r < rows; r++) {
          for (let c = 0; c < columns; c++) {
            target[start + r * columns + c] = integerProduct(
              left,
              leftAt[i] + r * depth,
              right,
              rightAt[i] + c * depth,
              depth,
            );
          }
        }
      }
      return [finish()];
    },
    lower: (b, [x, y], _attrs, [out]) => {
      const batch = out.shape.slice(0, -2);
      const left = viewBatch(b, x, batch, 2);
      const right = viewBatch(b, y, batch, 2);
      if (!isFloat(out.dtype)) return [lowerIntegerMatmul(b, out, left, right)];
      return [b.matmul(out, left, right, null)];
    },
    onnx: (b, [x, y], _attrs, [out]) => {
      const compute = isFloat(out.dtype) ? computeDType(out.dtype) : onnxComputeDType(out.dtype);
      const made = b.node('MatMul', [onnxCast(b, x.name, x.dtype, compute), onnxCast(b, y.name, y.dtype, compute)])[0];
      return [onnxCast(b, made, compute, out.dtype)];
    },
  } satisfies OpRecord<NoAttrs>,
  /** Inputs: x [..., K], weight [N, K], then bias [N] if there is one. */
  linear: {
    name: 'linear',
    family: 'linear',
    doc: 'torch.nn.functional.linear; mixed float dtypes are computed in float32 and give the promoted one',
    effects: 'none',
    infer: ([x, weight, bias]) => {
      const dtype = productType('linear', x.dtype, weight.dtype, ...(bias ? [bias.dtype] : []));
      const depth = x.shape.at(-1);
      if (weight.shape.length !== 2 || depth === undefined || !sameSize(depth, weight.shape[1], 'linear')) {
        throw new TnError({
          what: `linear: x ${shapeText(x.shape)} and weight ${shapeText(weight.shape)} do not fit`,
          fix: 'x [..., K] and weight [N, K]',
        });
      }
      const width: Size = weight.shape[0];
      if (bias && (bias.shape.length !== 1 || !sameSize(bias.shape[0], width, 'linear'))) {
        throw new TnError({ what: `linear: bias ${shapeText(bias.shape)} for ${String(width)} outputs` });
      }
      return [{ dtype, shape: [...x.shape.slice(0, -1), width] }];
    },
    eager: ([x, weight, bias], _attrs, [out]) => {
      const { values, finish } = makeOutput(out);
      const [columns, depth] = weight.sizes;
      const rows = product(x.sizes.slice(0, -1));
      const left = readElements(x, out.dtype);
      const right = readElements(weight, out.dtype);
      const shift = bias ? readElements(bias, out.dtype) : null;
      if (isFloat(out.dtype)) {
        dotRows(
          left as Float32Array,
          0,
          right as Float32Array,
          0,
          values as Float32Array,
          0,
          rows,
          columns,
          depth,
          shift as Float32Array | null,
        );
        return [finish()];
      }
      const target = values as unknown as (number | bigint)[];
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const sum = integerProduct(left, r * depth, right, c * depth, depth) as number;
          target[r * columns + c] = shift ? sum + (shift[c] as number) : sum;
        }
      }
      return [finish()];
    },
    lower: (b, [x, weight, bias], _attrs, [out]) => {
      const turned = b.view(weight, [weight.shape[1], weight.shape[0]], ([k, n]) => [n, k]);
      if (isFloat(out.dtype)) {
        const matrix = x.shape.length >= 2 ? x : b.view(x, [int(1), ...x.shape], (index) => index.slice(1));
        const batch = matrix.shape.slice(0, -2);
        const shape = x.shape.length >= 2 ? out.shape : [int(1), ...out.shape];
        const made = b.matmul({ dtype: out.dtype, shape }, matrix, viewBatch(b, turned, batch, 2), bias ?? null);
        return [x.shape.length >= 2 ? made : b.view(made, out.shape, (index) => [int(0), ...index])];
      }
      const sums = b.reduce({ dtype: out.dtype, shape: out.shape }, 'sum', [weight.shape[1]], (at, [k]) =>
        b.op('mul', b.load(x, [...at.slice(0, -1), k]), b.load(weight, [at[at.length - 1], k])),
      );
      if (!bias) return [sums];
      return [b.pointwise(out, (at) => b.op('add', b.load(sums, at), b.load(bias, [at[at.length - 1]])))];
    },
    onnx: (b, [x, weight, bias], _attrs, [out]) => {
      const compute = isFloat(out.dtype) ? computeDType(out.dtype) : onnxComputeDType(out.dtype);
      const turned = b.node('Transpose', [onnxCast(b, weight.name, weight.dtype, compute)], { perm: [1, 0] })[0];
      let made = b.node('MatMul', [onnxCast(b, x.name, x.dtype, compute), turned])[0];
      if (bias) made = b.node('Add', [made, onnxCast(b, bias.name, bias.dtype, compute)])[0];
      return [onnxCast(b, made, compute, out.dtype)];
    },
  } satisfies OpRecord<NoAttrs>,
};
