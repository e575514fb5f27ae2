/** @file Ops that rearrange indices and share their input's storage: reshape, permute, expand, slice, select, unfold. */

import type { DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { contiguousStrides, product, StridedView } from '../core/view.ts';
import { add, constValue, type Expr, floorDiv, int, mod, mul } from '../symbolic/expr.ts';
import { type Size, sizeAdd, sizeFloorDiv, sizeLe, sizeSub } from '../symbolic/symInt.ts';
import { copyView, expandView } from './kernels.ts';
import type { OnnxBuilder, OpRecord } from './record.ts';
import { broadcastIndex, elementCount, sameSize, shapeText } from './shapes.ts';

/** Strides that show `view` as `shape` without copying, or null (as torch.Tensor.view). */
export function viewStrides(view: StridedView, shape: readonly number[]): number[] | null {
  if (product(shape) === 0) return contiguousStrides(shape);
  const { sizes, strides } = view;
  const out = new Array<number>(shape.length).fill(0);
  let target = shape.length - 1;
  // Runs of the old axes, from the last, that are laid out without gaps; each run must be used up by whole new axes.
  for (let axis = sizes.length - 1; axis >= 0; ) {
    if (sizes[axis] === 1) {
      axis--;
      continue;
    }
    let run = sizes[axis];
    const unit = strides[axis];
    let outer = axis - 1;
    while (outer >= 0 && (sizes[outer] === 1 || strides[outer] === unit * run)) run *= sizes[outer--];
    let used = 1;
    while (target >= 0 && (used < run || shape[target] === 1)) {
      out[target] = unit * used;
      used *= shape[target--];
    }
    if (used !== run) return null;
    axis = outer;
  }
  for (; target >= 0; target--) {
    if (shape[target] !== 1) return null;
    out[target] = target + 1 < shape.length ? out[target + 1] * shape[target + 1] : 1;
  }
  return out;
}

/** Row-major number of an element. */
function flatIndex(index: readonly Expr[], shape: readonly Expr[]): Expr {
  let flat = int(0);
  shape.forEach((size, axis) => {
    flat = add(mul(flat, size), index[axis]);
  });
  return flat;
}

function unflatten(flat: Expr, shape: readonly Expr[]): Expr[] {
  const out = new Array<Expr>(shape.length);
  let rest = flat;
  let outermost = 0;
  while (outermost < shape.length && constValue(shape[outermost]) === 1) outermost++;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (constValue(shape[axis]) === 1) out[axis] = int(0);
    else if (axis === outermost) out[axis] = rest;
    else {
      out[axis] = mod(rest, shape[axis]);
      rest = floorDiv(rest, shape[axis]);
    }
  }
  return out;
}

/** Splits and merges axes apart, so that an index stays simple where a run of axes is unchanged. */
function reshapeIndex(index: readonly Expr[], from: readonly Expr[], to: readonly Expr[]): Expr[] {
  const out: Expr[] = [];
  let a = 0;
  let b = 0;
  while (a < from.length || b < to.length) {
    const startA = a;
    const startB = b;
    let countA = a < from.length ? from[a++] : int(1);
    let countB = b < to.length ? to[b++] : int(1);
    while (countA.key !== countB.key && (a < from.length || b < to.length)) {
      const sizeA = constValue(countA);
      const sizeB = constValue(countB);
      const growA =
        a < from.length &&
        (b >= to.length ||
          (sizeA !== null && sizeB !== null ? sizeA < sizeB : sizeA !== null || b - startB > a - startA));
      if (growA) countA = mul(countA, from[a++]);
      else countB = mul(countB, to[b++]);
    }
    if (countA.key !== countB.key) return unflatten(flatIndex(index, to), from);
    out.push(...unflatten(flatIndex(index.slice(startB, b), to.slice(startB, b)), from.slice(startA, a)));
  }
  return out;
}

export function sliceSize(start: Size, end: Size, step: number): Size {
  const length = sizeSub(end, start);
  return step === 1 ? length : sizeFloorDiv(sizeAdd(length, step - 1), step);
}

export type SliceAttrs = { readonly axis: number; readonly start: Size; readonly end: Size; readonly step: number };

/** ONNX Expand: onnxruntime has it for every dtype but bfloat16, which float32 holds exactly. */
export function onnxExpand(b: OnnxBuilder, name: string, dtype: DType, shape: readonly Size[]): string {
  const at = dtype === 'bfloat16' ? 'float32' : dtype;
  return b.cast(b.node('Expand', [b.cast(name, dtype, at), b.sizes(shape)])[0], at, dtype);
}

/** ONNX Slice of one axis. */
export function onnxSlice(b: OnnxBuilder, name: string, { axis, start, end, step }: SliceAttrs): string {
  return b.node('Slice', [
    name,
    b.sizes([start]),
    b.sizes([end]),
    b.constant([axis], 'int64'),
    b.constant([step], 'int64'),
  ])[0];
}

export const viewOps = {
  reshape: {
    name: 'reshape',
    family: 'view',
    doc: 'torch.Tensor.view, and the view part of reshape, flatten, squeeze, unsqueeze',
    effects: 'view',
    infer: ([x], { shape }) => {
      if (!sameSize(elementCount(x.shape), elementCount(shape), `reshape(${shapeText(shape)})`)) {
        throw new TnError({
          what: `reshape: ${shapeText(x.shape)} cannot become ${shapeText(shape)}`,
          found: [`${elementCount(x.shape)} elements, not ${elementCount(shape)}`],
        });
      }
      return [{ dtype: x.dtype, shape }];
    },
    eager: ([x], _attrs, [{ shape }]) => {
      const strides = viewStrides(x, shape);
      if (strides) return [new StridedView(x.storage, x.dtype, shape, strides, x.offset)];
      const copy = copyView(x);
      return [new StridedView(copy.storage, x.dtype, shape, contiguousStrides(shape), 0)];
    },
    lower: (b, [x], _attrs, [out]) => [b.view(x, out.shape, (index) => reshapeIndex(index, x.shape, out.shape))],
    onnx: (b, [x], { shape }) => b.node('Reshape', [x.name, b.sizes(shape)], { allowzero: 1 }),
  } satisfies OpRecord<{ readonly shape: readonly Size[] }>,
  permute: {
    name: 'permute',
    family: 'view',
    doc: 'torch.permute, transpose, movedim, t',
    effects: 'view',
    infer: ([x], { axes }) => [{ dtype: x.dtype, shape: axes.map((axis) => x.shape[axis]) }],
    eager: ([x], { axes }, [{ shape }]) => [
      new StridedView(
        x.storage,
        x.dtype,
        shape,
        axes.map((axis) => x.strides[axis]),
        x.offset,
      ),
    ],
    lower: (b, [x], { axes }, [out]) => [
      b.view(x, out.shape, (index) => {
        const from = new Array<Expr>(axes.length);
        axes.forEach((axis, i) => {
          from[axis] = index[i];
        });
        return from;
      }),
    ],
    onnx: (b, [x], { axes }) => b.node('Transpose', [x.name], { perm: axes }),
  } satisfies OpRecord<{ readonly axes: readonly number[] }>,
  expand: {
    name: 'expand',
    family: 'view',
    doc: 'torch.Tensor.expand, broadcast_to',
    effects: 'view',
    infer: ([x], { shape }) => {
      const shift = shape.length - x.shape.length;
      const because = `expand(${shapeText(shape)})`;
      const fits =
        shift >= 0 && x.shape.every((size, axis) => size === 1 || sameSize(size, shape[shift + axis], because));
      if (!fits) {
        throw new TnError({
          what: `expand: ${shapeText(x.shape)} cannot be expanded to ${shapeText(shape)}`,
          fix: 'only axes of size 1 can grow, and new axes come first',
        });
      }
      return [{ dtype: x.dtype, shape }];
    },
    eager: ([x], _attrs, [{ shape }]) => [expandView(x, shape)],
    lower: (b, [x], _attrs, [out]) => [b.view(x, out.shape, (index) => broadcastIndex(index, index.length, x.shape))],
    onnx: (b, [x], { shape }) => [onnxExpand(b, x.name, x.dtype, shape)],
  } satisfies OpRecord<{ readonly shape: readonly Size[] }>,
  slice: {
    name: 'slice',
    family: 'view',
    doc: 'x[start:end:step] on one axis, torch.narrow; bounds already within the axis, step > 0',
    effects: 'view',
    infer: ([x], { axis, start, end, step }) => [
      { dtype: x.dtype, shape: x.shape.map((size, i) => (i === axis ? sliceSize(start, end, step) : size)) },
    ],
    eager: ([x], { axis, start, step }, [{ shape }]) => {
      const strides = x.strides.map((stride, i) => (i === axis ? stride * step : stride));
      return [new StridedView(x.storage, x.dtype, shape, strides, x.offset + start * x.strides[axis])];
    },
    lower: (b, [x], { axis, start, step }, [out]) => [
      b.view(x, out.shape, (index) => index.map((at, i) => (i === axis ? add(mul(at, int(step)), b.size(start)) : at))),
    ],
    onnx: (b, [x], attrs) => [onnxSlice(b, x.name, attrs)],
  } satisfies OpRecord<SliceAttrs>,
  select: {
    name: 'select',
    family: 'view',
    doc: 'x[index] on one axis (torch.select); index already within the axis',
    effects: 'view',
    infer: ([x], { axis }) => [{ dtype: x.dtype, shape: x.shape.filter((_, i) => i !== axis) }],
    eager: ([x], { axis, index }, [{ shape }]) => [
      new StridedView(
        x.storage,
        x.dtype,
        shape,
        x.strides.filter((_, i) => i !== axis),
        x.offset + index * x.strides[axis],
      ),
    ],
    lower: (b, [x], { axis, index }, [out]) => [
      b.view(x, out.shape, (at) => [...at.slice(0, axis), b.size(index), ...at.slice(axis)]),
    ],
    onnx: (b, [x], { axis, index }) => {
      const sliced = onnxSlice(b, x.name, { axis, start: index, end: sizeAdd(index, 1), step: 1 });
      return b.node('Squeeze', [sliced, b.constant([axis], 'int64')]);
    },
  } satisfies OpRecord<{ readonly axis: number; readonly index: Size }>,
  unfold: {
    name: 'unfold',
    family: 'view',
    doc: 'torch.Tensor.unfold: windows of `size`, `step` apart, as a new last axis',
    effects: 'view',
    infer: ([x], { axis, size, step }) => {
      if (!sizeLe(size, x.shape[axis], 'unfold')) {
        throw new TnError({ what: `unfold: windows of ${size} on an axis of size ${String(x.shape[axis])}` });
      }
      const count = sizeAdd(sizeFloorDiv(sizeSub(x.shape[axis], size), step), 1);
      return [{ dtype: x.dtype, shape: [...x.shape.map((own, i) => (i === axis ? count : own)), size] }];
    },
    eager: ([x], { axis, step }, [{ shape }]) => [
      new StridedView(
        x.storage,
        x.dtype,
        shape,
        [...x.strides.map((stride, i) => (i === axis ? stride * step : stride)), x.strides[axis]],
        x.offset,
      ),
    ],
    lower: (b, [x], { axis, step }, [out]) => [
      b.view(x, out.shape, (index) =>
        index.slice(0, -1).map((at, i) => (i === axis ? add(mul(at, int(step)), index[index.length - 1]) : at)),
      ),
    ],
    onnx: (b, [x], { axis, size, step }, [out]) => {
      const range = (limit: string): string =>
        b.node('Range', [b.constant(0, 'int64'), limit, b.constant(1, 'int64')])[0];
      const count = b.node('Squeeze', [b.sizes([out.shape[axis]])])[0];
      const starts = b.node('Mul', [range(count), b.constant(step, 'int64')])[0];
      const column = b.node('Unsqueeze', [starts, b.constant([1], 'int64')])[0];
      const grid = b.node('Add', [column, range(b.constant(size, 'int64'))])[0];
      const windows = b.node('Gather', [x.name, grid], { axis })[0];
      const rank = x.shape.length + 1;
      const perm = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis + 1);
      return b.node('Transpose', [windows], { perm: [...perm, axis + 1] });
    },
  } satisfies OpRecord<{ readonly axis: number; readonly size: number; readonly step: number }>,
};
