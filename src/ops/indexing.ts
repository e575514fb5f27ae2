/** @file Ops that read at positions held in tensors, and those that depend on positions: triangles and flips. */

import { computeDType, type DType, isInteger } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { elementPositions, emptyView, StridedView } from '../core/view.ts';
import { add, int, sub } from '../symbolic/expr.ts';
import type { Size } from '../symbolic/symInt.ts';
import { copyView, readElements } from './kernels.ts';
import { castScalar, onnxCast } from './pointwise.ts';
import { onnxComputeDType } from './promotion.ts';
import type { OnnxBuilder, OnnxValue, OpRecord } from './record.ts';
import { sameSize, shapeText } from './shapes.ts';

export type AxisAttrs = { readonly axis: number };
type NoAttrs = Record<never, never>;

function requireIndices(op: string, dtype: DType): void {
  if (!isInteger(dtype))
    throw new TnError({ what: `${op}: indices must be integers, found ${dtype}`, fix: "convert with .to('int64')" });
}

/** Positions read from a tensor: negative ones count from the end; throws for those outside. */
function readPositions(op: string, view: StridedView, limit: number): Int32Array {
  const values = readElements(view);
  const out = new Int32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const at = Number(values[i]);
    if (at < -limit || at >= limit) throw new TnError({ what: `${op}: index ${at} is out of range for size ${limit}` });
    out[i] = at < 0 ? at + limit : at;
  }
  return out;
}

/** Rows of `x` along `axis` at `positions`, as a contiguous result of `shape`. */
function takeRows(x: StridedView, axis: number, positions: Int32Array, shape: readonly number[]): StridedView {
  const out = emptyView(x.dtype, shape);
  const to = out.storage.typed(x.dtype) as Float32Array;
  const from = x.storage.typed(x.dtype) as Float32Array;
  const outer = elementPositions(x.sizes.slice(0, axis), x.strides.slice(0, axis), x.offset);
  const inner = elementPositions(x.sizes.slice(axis + 1), x.strides.slice(axis + 1), 0);
  const dense = inner.every((position, i) => position === i);
  let at = 0;
  for (const base of outer) {
    for (const position of positions) {
      const start = base + position * x.strides[axis];
      if (dense) to.set(from.subarray(start, start + inner.length), at);
      else for (let i = 0; i < inner.length; i++) to[at + i] = from[start + inner[i]];
      at += inner.length;
    }
  }
  return out;
}

function onnxIndices(b: OnnxBuilder, indices: OnnxValue): string {
  return onnxCast(b, indices.name, indices.dtype, 'int64');
}

/** The lower (j - i <= diagonal) or upper (j - i >= diagonal) triangle of the last two axes, zero elsewhere. */
function defineTriangle(name: 'tril' | 'triu', upper: boolean): OpRecord<{ readonly diagonal: Size }> {
  return {
    name,
    family: 'indexing',
    doc: `torch.${name}`,
    effects: 'none',
    infer: ([x]) => {
      if (x.shape.length < 2)
        throw new TnError({ what: `${name}: needs at least 2 dims, found ${shapeText(x.shape)}` });
      return [x];
    },
    eager: ([x], { diagonal }) => {
      const out = copyView(x);
      const data = out.storage.typed(x.dtype) as Float32Array;
      const zero = (data as unknown) instanceof BigInt64Array ? (0n as unknown as number) : 0;
      const [rows, columns] = x.sizes.slice(-2);
      for (let start = 0; start < data.length; start += rows * columns) {
        for (let i = 0; i < rows; i++) {
          const row = start + i * columns;
          const edge = upper ? i + diagonal : i + diagonal + 1;
          const at = Math.max(0, Math.min(columns, edge));
          if (upper) data.fill(zero, row, row + at);
          else data.fill(zero, row + at, row + columns);
        }
      }
      return [out];
    },
    lower: (b, [x], { diagonal }, [out]) => [
      b.pointwise(out, (index) => {
        const [i, j] = index.slice(-2);
        const edge = add(i, b.size(diagonal));
        const below = b.indexLess(j, upper ? edge : add(edge, int(1)));
        const zero = castScalar(b, b.constant(0, computeDType(x.dtype)), x.dtype);
        const value = b.load(x, index);
        return upper ? b.select(below, zero, value) : b.select(below, value, zero);
      }),
    ],
    onnx: (b, [x], { diagonal }) => {
      const compute = onnxComputeDType(x.dtype === 'bool' ? 'uint8' : x.dtype);
      const offset = b.node('Squeeze', [b.sizes([diagonal])])[0];
      const made = b.node('Trilu', [onnxCast(b, x.name, x.dtype, compute), offset], { upper: upper ? 1 : 0 })[0];
      return [onnxCast(b, made, compute, x.dtype)];
    },
  };
}

export const indexingOps = {
  /** Inputs: weight [V, …], indices of any shape. */
  embedding: {
    name: 'embedding',
    family: 'indexing',
    doc: 'torch.nn.functional.embedding (negative indices count from the end)',
    effects: 'none',
    infer: ([weight, indices]) => {
      requireIndices('embedding', indices.dtype);
      if (weight.shape.length < 1) throw new TnError({ what: 'embedding: the weight needs at least 1 dim' });
      return [{ dtype: weight.dtype, shape: [...indices.shape, ...weight.shape.slice(1)] }];
    },
    eager: ([weight, indices], _attrs, [out]) => [
      takeRows(weight, 0, readPositions('embedding', indices, weight.sizes[0]), out.shape),
    ],
    lower: (b, [weight, indices], _attrs, [out]) => {
      const rank = indices.shape.length;
      return [
        b.pointwise(out, (index) => {
          const row = b.indirect(b.load(indices, index.slice(0, rank)), weight.shape[0], 'embedding');
          return b.load(weight, [row, ...index.slice(rank)]);
        }),
      ];
    },
    onnx: (b, [weight, indices]) => b.node('Gather', [weight.name, onnxIndices(b, indices)], { axis: 0 }),
  } satisfies OpRecord<NoAttrs>,
  /** Inputs: x, a 1-d tensor of positions along `axis`. */
  indexSelect: {
    name: 'indexSelect',
    family: 'indexing',
    doc: 'torch.index_select (negative indices count from the end)',
    effects: 'none',
    infer: ([x, indices], { axis }) => {
      requireIndices('indexSelect', indices.dtype);
      if (indices.shape.length !== 1)
        throw new TnError({ what: `indexSelect: indices must have 1 dim, found ${shapeText(indices.shape)}` });
      return [{ dtype: x.dtype, shape: x.shape.map((size, i) => (i === axis ? indices.shape[0] : size)) }];
    },
    eager: ([x, indices], { axis }, [out]) => [
      takeRows(x, axis, readPositions('indexSelect', indices, x.sizes[axis]), out.shape),
    ],
    lower: (b, [x, indices], { axis }, [out]) => [
      b.pointwise(out, (index) => {
        const at = b.indirect(b.load(indices, [index[axis]]), x.shape[axis], 'indexSelect');
        return b.load(
          x,
          index.map((own, i) => (i === axis ? at : own)),
        );
      }),
    ],
    onnx: (b, [x, indices], { axis }) => b.node('Gather', [x.name, onnxIndices(b, indices)], { axis }),
  } satisfies OpRecord<AxisAttrs>,
  /** Inputs: x, indices of the same rank, no larger than x outside `axis`. */
  gather: {
    name: 'gather',
    family: 'indexing',
    doc: 'torch.gather (negative indices count from the end)',
    effects: 'none',
    infer: ([x, indices], { axis }) => {
      requireIndices('gather', indices.dtype);
      const fits =
        indices.shape.length === x.shape.length &&
        indices.shape.every((size, i) => {
          const own = x.shape[i];
          if (i === axis) return true;
          return typeof size === 'number' && typeof own === 'number' ? size <= own : sameSize(size, own, 'gather');
        });
      if (!fits)
        throw new TnError({
          what: `gather: indices ${shapeText(indices.shape)} do not fit ${shapeText(x.shape)} along dim ${axis}`,
        });
      return [{ dtype: x.dtype, shape: indices.shape }];
    },
    eager: ([x, indices], { axis }, [out]) => {
      const positions = readPositions('gather', indices, x.sizes[axis]);
      const strides = x.strides.map((stride, i) => (i === axis ? 0 : stride));
      const bases = elementPositions(out.shape, strides, x.offset);
      const made = emptyView(x.dtype, out.shape);
      const to = made.storage.typed(x.dtype) as Float32Array;
      const from = x.storage.typed(x.dtype) as Float32Array;
      for (let i = 0; i < bases.length; i++) to[i] = from[bases[i] + positions[i] * x.strides[axis]];
      return [made];
    },
    lower: (b, [x, indices], { axis }, [out]) => [
      b.pointwise(out, (index) => {
        const at = b.indirect(b.load(indices, index), x.shape[axis], 'gather');
        return b.load(
          x,
          index.map((own, i) => (i === axis ? at : own)),
        );
      }),
    ],
    onnx: (b, [x, indices], { axis }) => b.node('GatherElements', [x.name, onnxIndices(b, indices)], { axis }),
  } satisfies OpRecord<AxisAttrs>,
  flip: {
    name: 'flip',
    family: 'indexing',
    doc: 'torch.flip',
    effects: 'none',
    infer: ([x]) => [x],
    eager: ([x], { axes }) => {
      const sign = (axis: number): number => (axes.includes(axis) ? -1 : 1);
      const strides = x.strides.map((stride, axis) => stride * sign(axis));
      const offset = axes.reduce((at, axis) => at + (x.sizes[axis] - 1) * x.strides[axis], x.offset);
      return [x.count === 0 ? copyView(x) : copyView(new StridedView(x.storage, x.dtype, x.sizes, strides, offset))];
    },
    lower: (b, [x], { axes }, [out]) => [
      b.pointwise(out, (index) =>
        b.load(
          x,
          index.map((at, axis) => (axes.includes(axis) ? sub(sub(x.shape[axis], int(1)), at) : at)),
        ),
      ),
    ],
    onnx: (b, [x], { axes }) => {
      const list = (value: number): string =>
        b.constant(
          axes.map(() => value),
          'int64',
        );
      const lowest = b.constant(
        axes.map(() => -(2n ** 63n) + 1n),
        'int64',
      );
      return b.node('Slice', [x.name, list(-1), lowest, b.constant([...axes], 'int64'), list(-1)]);
    },
  } satisfies OpRecord<{ readonly axes: readonly number[] }>,
  tril: defineTriangle('tril', false),
  triu: defineTriangle('triu', true),
};
