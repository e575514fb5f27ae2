/** @file Ops that combine the elements along axes: sums, extremes, truth, positions of extremes. */

import { computeDType, type DType, isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { product, StridedView } from '../core/view.ts';
import { type Expr, int, mul } from '../symbolic/expr.ts';
import { sizeEq } from '../symbolic/symInt.ts';
import { type Elements, makeOutput, readElements } from './kernels.ts';
import { bigMax, bigMin } from './math.ts';
import { castScalar, onnxCast } from './pointwise.ts';
import { onnxComputeDType } from './promotion.ts';
import type { Combine, LoopBuilder, LoopMeta, LoopTensor, OnnxBuilder, OpRecord, TensorMeta } from './record.ts';
import { reducedShape } from './shapes.ts';

/** `axes` distinct, ascending, from the front; all of them to reduce everything. */
export type ReduceAttrs = { readonly axes: readonly number[]; readonly keepdim: boolean };

/** Elements with the reduced axes last: row r holds what result r is made of. */
export function reductionRows(
  x: StridedView,
  axes: readonly number[],
  dtype: DType,
): { values: Elements; columns: number } {
  const kept = x.sizes.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  const order = [...kept, ...axes];
  const moved = new StridedView(
    x.storage,
    x.dtype,
    order.map((axis) => x.sizes[axis]),
    order.map((axis) => x.strides[axis]),
    x.offset,
  );
  return { values: readElements(moved, dtype), columns: product(axes.map((axis) => x.sizes[axis])) };
}

interface ReduceSpec {
  readonly doc: string;
  readonly combine: Combine;
  readonly result: (dtype: DType) => DType;
  /** The dtype elements are combined in. */
  readonly compute: (dtype: DType) => DType;
  readonly numbers: (values: ArrayLike<number>, start: number, end: number) => number;
  readonly bigs: (values: BigInt64Array, start: number, end: number) => bigint | number;
  readonly onnx: (b: OnnxBuilder, x: string, attrs: ReduceAttrs, dtype: DType) => string;
  readonly needsElements?: true;
  readonly floatOnly?: true;
}

const sumType = (dtype: DType): DType => (isFloat(dtype) ? dtype : 'int64');
const same = (dtype: DType): DType => dtype;
const toBool = (): DType => 'bool';

/** The full index of the input from the kept part and the reduced part. */
function joinIndex(
  index: readonly Expr[],
  reduced: readonly Expr[],
  rank: number,
  { axes, keepdim }: ReduceAttrs,
): Expr[] {
  const out: Expr[] = [];
  let next = 0;
  for (let axis = 0; axis < rank; axis++) {
    const at = axes.indexOf(axis);
    if (at >= 0) {
      out.push(reduced[at]);
      if (keepdim) next++;
    } else out.push(index[next++]);
  }
  return out;
}

/** Combines in `compute` and rounds once to the output's dtype. */
export function lowerReduce(
  b: LoopBuilder,
  x: LoopTensor,
  attrs: ReduceAttrs,
  out: LoopMeta,
  combine: Combine,
  compute: DType,
  madeOf: DType = compute,
): LoopTensor {
  const extents = attrs.axes.map((axis) => x.shape[axis]);
  const reduced = b.reduce({ dtype: madeOf, shape: out.shape }, combine, extents, (index, inner) =>
    castScalar(b, b.load(x, joinIndex(index, inner, x.shape.length, attrs)), compute),
  );
  if (madeOf === out.dtype) return reduced;
  return b.pointwise(out, (index) => b.cast(b.load(reduced, index), out.dtype));
}

function defineReduction(name: string, spec: ReduceSpec): OpRecord<ReduceAttrs> {
  return {
    name,
    family: 'reduction',
    doc: spec.doc,
    effects: 'none',
    infer: ([x], { axes, keepdim }) => {
      if (spec.floatOnly && !isFloat(x.dtype)) {
        throw new TnError({
          what: `${name}: needs floats, found ${x.dtype}`,
          fix: "convert with .to('float32') first",
        });
      }
      if (spec.needsElements) requireElements(name, x, axes);
      return [{ dtype: spec.result(x.dtype), shape: reducedShape(x.shape, axes, keepdim) }];
    },
    eager: ([x], { axes }, [out]) => {
      const { values, columns } = reductionRows(x, axes, spec.compute(x.dtype));
      const { values: to, finish } = makeOutput(out);
      const target = to as unknown as (number | bigint)[];
      const big = to instanceof BigInt64Array;
      for (let row = 0; row < target.length; row++) {
        const start = row * columns;
        const end = start + columns;
        const made = values instanceof BigInt64Array ? spec.bigs(values, start, end) : spec.numbers(values, start, end);
        target[row] = big && typeof made === 'number' ? BigInt(made) : made;
      }
      return [finish()];
    },
    lower: (b, [x], attrs, [out]) => {
      const compute = computeDType(spec.compute(x.dtype));
      if (name === 'mean') return [lowerMean(b, x, attrs, out, compute)];
      return [lowerReduce(b, x, attrs, out, spec.combine, compute, spec.result(x.dtype) === 'bool' ? 'bool' : compute)];
    },
    onnx: (b, [x], attrs, [out]) => {
      const compute = onnxComputeDType(spec.compute(x.dtype));
      const at = compute === 'bool' ? 'int32' : compute;
      const from = onnxCast(b, onnxCast(b, x.name, x.dtype, compute), compute, at);
      return [onnxCast(b, spec.onnx(b, from, attrs, at), at, out.dtype)];
    },
  };
}

function lowerMean(b: LoopBuilder, x: LoopTensor, attrs: ReduceAttrs, out: LoopMeta, compute: DType): LoopTensor {
  const sum = lowerReduce(b, x, attrs, { dtype: compute, shape: out.shape }, 'sum', compute);
  let count = int(1);
  for (const axis of attrs.axes) count = mul(count, x.shape[axis]);
  return b.pointwise(out, (index) =>
    castScalar(b, b.op('div', b.load(sum, index), b.indexValue(count, compute)), out.dtype),
  );
}

function requireElements(name: string, x: TensorMeta, axes: readonly number[]): void {
  const emptyAxis = axes.find((axis) => x.shape[axis] === 0 || sizeEq(x.shape[axis], 0, name));
  if (emptyAxis !== undefined) throw new TnError({ what: `${name}: no elements along dim ${emptyAxis}` });
}

const onnxReduce =
  (op: string) =>
  (b: OnnxBuilder, x: string, { axes, keepdim }: ReduceAttrs): string =>
    axes.length === 0 ? x : b.node(op, [x, b.constant([...axes], 'int64')], { keepdims: keepdim ? 1 : 0 })[0];

function sumNumbers(values: ArrayLike<number>, start: number, end: number): number {
  let total = 0;
  for (let i = start; i < end; i++) total += values[i];
  return total;
}

function fold(pick: (a: number, b: number) => number, first: number) {
  return (values: ArrayLike<number>, start: number, end: number): number => {
    let out = first;
    for (let i = start; i < end; i++) out = pick(out, values[i]);
    return out;
  };
}

function foldBig(pick: (a: bigint, b: bigint) => bigint, first: bigint | null) {
  return (values: BigInt64Array, start: number, end: number): bigint => {
    let out = first ?? values[start];
    for (let i = first === null ? start + 1 : start; i < end; i++) out = pick(out, values[i]);
    return out;
  };
}

/** Position of the first extreme in [start, end); the first NaN wins. */
function extremeIndex<T extends number | bigint>(better: (a: T, b: T) => boolean) {
  return (values: ArrayLike<T>, start: number, end: number): number => {
    let best = start;
    for (let i = start; i < end; i++) {
      const value = values[i];
      if (Number.isNaN(value)) return i - start;
      if (better(value, values[best])) best = i;
    }
    return best - start;
  };
}

const greater = (a: number | bigint, b: number | bigint): boolean => a > b;
const less = (a: number | bigint, b: number | bigint): boolean => a < b;

const someTrue = (values: ArrayLike<number>, start: number, end: number): number => {
  for (let i = start; i < end; i++) if (values[i]) return 1;
  return 0;
};
const allTrue = (values: ArrayLike<number>, start: number, end: number): number => {
  for (let i = start; i < end; i++) if (!values[i]) return 0;
  return 1;
};
const neverBig = (): never => {
  throw new TypeError('truth values are no bigints');
};

function defineExtremeIndex(name: 'argmax' | 'argmin', better: typeof greater, onnxOp: string): OpRecord<ReduceAttrs> {
  const numbers = extremeIndex<number>(better);
  const bigs = extremeIndex<bigint>(better);
  return {
    name,
    family: 'reduction',
    doc: `torch.${name} over one axis or all (first of equals, NaN wins)`,
    effects: 'none',
    infer: ([x], { axes, keepdim }) => {
      requireElements(name, x, axes);
      return [{ dtype: 'int64', shape: reducedShape(x.shape, axes, keepdim) }];
    },
    eager: ([x], { axes }, [out]) => {
      const { values, columns } = reductionRows(x, axes, x.dtype);
      const { values: to, finish } = makeOutput(out);
      const target = to as BigInt64Array;
      for (let row = 0; row < target.length; row++) {
        const start = row * columns;
        const at =
          values instanceof BigInt64Array
            ? bigs(values, start, start + columns)
            : numbers(values as Float32Array, start, start + columns);
        target[row] = BigInt(at);
      }
      return [finish()];
    },
    lower: (b, [x], attrs, [out]) => {
      const compute = x.dtype === 'bool' ? 'int32' : computeDType(x.dtype);
      return [lowerReduce(b, x, attrs, out, name, compute, 'int64')];
    },
    onnx: (b, [x], { axes, keepdim }, [out]) => {
      // onnxruntime has no int64 kernel; float64 keeps the order of everything below 2^53.
      const compute = x.dtype === 'int64' ? 'float64' : x.dtype === 'bool' ? 'int32' : onnxComputeDType(x.dtype);
      const from = onnxCast(b, x.name, x.dtype, compute);
      if (axes.length === 1) return b.node(onnxOp, [from], { axis: axes[0], keepdims: keepdim ? 1 : 0 });
      const flat = b.node('Reshape', [from, b.constant([-1], 'int64')])[0];
      const index = b.node(onnxOp, [flat], { axis: 0, keepdims: 0 })[0];
      return b.node('Reshape', [index, b.sizes(out.shape)]);
    },
  };
}

export const reductionOps = {
  sum: defineReduction('sum', {
    doc: 'torch.sum (integers and bools give int64)',
    combine: 'sum',
    result: sumType,
    compute: sumType,
    numbers: sumNumbers,
    bigs: foldBig((a, b) => BigInt.asIntN(64, a + b), 0n),
    onnx: onnxReduce('ReduceSum'),
  }),
  prod: defineReduction('prod', {
    doc: 'torch.prod (integers and bools give int64)',
    combine: 'prod',
    result: sumType,
    compute: sumType,
    numbers: fold((a, b) => a * b, 1),
    bigs: foldBig((a, b) => BigInt.asIntN(64, a * b), 1n),
    onnx: onnxReduce('ReduceProd'),
  }),
  mean: defineReduction('mean', {
    doc: 'torch.mean (floats only)',
    combine: 'sum',
    result: same,
    compute: same,
    floatOnly: true,
    numbers: (values, start, end) => sumNumbers(values, start, end) / (end - start),
    bigs: neverBig,
    onnx: onnxReduce('ReduceMean'),
  }),
  amax: defineReduction('amax', {
    doc: 'torch.amax, values of torch.max (NaN wins)',
    combine: 'max',
    result: same,
    compute: same,
    needsElements: true,
    numbers: fold(Math.max, Number.NEGATIVE_INFINITY),
    bigs: foldBig(bigMax, null),
    onnx: onnxReduce('ReduceMax'),
  }),
  amin: defineReduction('amin', {
    doc: 'torch.amin, values of torch.min (NaN wins)',
    combine: 'min',
    result: same,
    compute: same,
    needsElements: true,
    numbers: fold(Math.min, Number.POSITIVE_INFINITY),
    bigs: foldBig(bigMin, null),
    onnx: onnxReduce('ReduceMin'),
  }),
  any: defineReduction('any', {
    doc: 'torch.any; always bool',
    combine: 'any',
    result: toBool,
    compute: toBool,
    numbers: someTrue,
    bigs: neverBig,
    // The greatest of nothing would be the least integer, which is true.
    onnx: onnxReduce('ReduceSum'),
  }),
  all: defineReduction('all', {
    doc: 'torch.all; always bool',
    combine: 'all',
    result: toBool,
    compute: toBool,
    numbers: allTrue,
    bigs: neverBig,
    onnx: onnxReduce('ReduceMin'),
  }),
  argmax: defineExtremeIndex('argmax', greater, 'ArgMax'),
  argmin: defineExtremeIndex('argmin', less, 'ArgMin'),
};
