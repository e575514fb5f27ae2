/** @file Ops along an axis whose elements depend on each other's order: sort and running sums. Not compiled: a graph that holds one stays eager. */

import { type DType, isFloat } from '../core/dtype.ts';
import { product, StridedView } from '../core/view.ts';
import { copyView, type Elements, makeOutput } from './kernels.ts';
import { onnxCast } from './pointwise.ts';
import { onnxComputeDType } from './promotion.ts';
import type { ConcreteMeta, OpRecord } from './record.ts';
import { reductionRows } from './reduction.ts';

export type AxisAttrs = { readonly axis: number };

/** An output to be filled with `axis` last, and put back in its place. */
function rowsOf(out: ConcreteMeta, axis: number): { rows: Elements; finish(): StridedView } {
  const kept = out.shape.map((_, i) => i).filter((i) => i !== axis);
  const order = [...kept, ...(out.shape.length > 0 ? [axis] : [])];
  const made = makeOutput({ dtype: out.dtype, shape: order.map((i) => out.shape[i]) });
  const finish = (): StridedView => {
    const view = made.finish();
    const back = out.shape.map((_, i) => order.indexOf(i));
    const strides = back.map((i) => view.strides[i]);
    return copyView(new StridedView(view.storage, view.dtype, out.shape, strides, 0));
  };
  return { rows: made.values, finish };
}

const axesOf = (rank: number, axis: number): number[] => (rank === 0 ? [] : [axis]);

/** Order of PyTorch: NaN is larger than everything. */
function compareValues(a: number | bigint, b: number | bigint): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function sortRows(x: StridedView, axis: number, descending: boolean): StridedView[] {
  const { values, columns } = reductionRows(x, axesOf(x.sizes.length, axis), x.dtype);
  const sorted = rowsOf({ dtype: x.dtype, shape: x.sizes }, axis);
  const indices = rowsOf({ dtype: 'int64', shape: x.sizes }, axis);
  const target = sorted.rows as unknown as (number | bigint)[];
  const positions = indices.rows as BigInt64Array;
  for (let start = 0; start < product(x.sizes); start += columns) {
    const order = Array.from({ length: columns }, (_, i) => i);
    const at = (i: number): number | bigint => values[start + i];
    order.sort((i, j) => (descending ? compareValues(at(j), at(i)) : compareValues(at(i), at(j))));
    order.forEach((from, i) => {
      target[start + i] = at(from);
      positions[start + i] = BigInt(from);
    });
  }
  return [sorted.finish(), indices.finish()];
}

const sumType = (dtype: DType): DType => (isFloat(dtype) ? dtype : 'int64');

export const orderingOps = {
  /** Two outputs: values and int64 indices, stable, NaN last when ascending. */
  sort: {
    name: 'sort',
    family: 'indexing',
    doc: 'torch.sort (stable), argsort, topk',
    effects: 'none',
    infer: ([x]) => [x, { dtype: 'int64', shape: x.shape }],
    eager: ([x], { axis, descending }) => sortRows(x, axis, descending),
    lower: 'eager',
    onnx: (b, [x], { axis, descending }) => {
      if (x.shape.length === 0) return [x.name, b.constant(0, 'int64')];
      const limit = b.sizes([x.shape[axis]]);
      const compute = onnxComputeDType(x.dtype === 'bool' ? 'uint8' : x.dtype);
      const from = onnxCast(b, x.name, x.dtype, compute);
      const [values, indices] = b.node('TopK', [from, limit], { axis, largest: descending ? 1 : 0, sorted: 1 }, 2);
      return [onnxCast(b, values, compute, x.dtype), indices];
    },
  } satisfies OpRecord<{ readonly axis: number; readonly descending: boolean }>,
  cumsum: {
    name: 'cumsum',
    family: 'reduction',
    doc: 'torch.cumsum (integers and bools give int64)',
    effects: 'none',
    infer: ([x]) => [{ dtype: sumType(x.dtype), shape: x.shape }],
    eager: ([x], { axis }, [out]) => {
      const { values, columns } = reductionRows(x, axesOf(x.sizes.length, axis), out.dtype);
      const moved = rowsOf(out, axis);
      const target = moved.rows as unknown as (number | bigint)[];
      for (let start = 0; start < values.length; start += columns) {
        if (values instanceof BigInt64Array) {
          let sum = 0n;
          for (let i = start; i < start + columns; i++) target[i] = sum = BigInt.asIntN(64, sum + values[i]);
        } else {
          let sum = 0;
          for (let i = start; i < start + columns; i++) target[i] = sum += values[i];
        }
      }
      return [moved.finish()];
    },
    lower: 'eager',
    onnx: (b, [x], { axis }, [out]) => {
      if (x.shape.length === 0) return [onnxCast(b, x.name, x.dtype, out.dtype)];
      const compute = onnxComputeDType(out.dtype);
      const made = b.node('CumSum', [onnxCast(b, x.name, x.dtype, compute), b.constant(axis, 'int64')])[0];
      return [onnxCast(b, made, compute, out.dtype)];
    },
  } satisfies OpRecord<AxisAttrs>,
};
