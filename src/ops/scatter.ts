/** @file Functional forms of writing through a view: a copy of the base with one region replaced. */

import { TnError } from '../core/errors.ts';
import { StridedView } from '../core/view.ts';
import { add, int, mul } from '../symbolic/expr.ts';
import { type Size, sizeAdd } from '../symbolic/symInt.ts';
import { copyView, writeView } from './kernels.ts';
import type { OnnxBuilder, OnnxValue, OpRecord, TensorMeta } from './record.ts';
import { sameShape, shapeText } from './shapes.ts';
import { onnxSlice, type SliceAttrs, sliceSize } from './views.ts';

function checkRegion(op: string, base: TensorMeta, src: TensorMeta, region: readonly Size[]): TensorMeta[] {
  if (base.dtype !== src.dtype || !sameShape(src.shape, region, op)) {
    throw new TnError({
      what: `${op}: the source is ${src.dtype} ${shapeText(src.shape)}`,
      found: [`the region is ${base.dtype} ${shapeText(region)}`],
    });
  }
  return [base];
}

/** Base before the region, source, base behind it; a stepped region is scattered by index. */
function onnxReplace(b: OnnxBuilder, base: OnnxValue, src: string, { axis, start, end, step }: SliceAttrs): string[] {
  const size = base.shape[axis];
  if (step === 1) {
    const head = onnxSlice(b, base.name, { axis, start: 0, end: start, step: 1 });
    const tail = onnxSlice(b, base.name, { axis, start: end, end: size, step: 1 });
    return b.node('Concat', [head, src, tail], { axis });
  }
  const scalar = (value: Size): string => b.node('Squeeze', [b.sizes([value])])[0];
  const positions = b.node('Range', [scalar(start), scalar(end), b.constant(step, 'int64')])[0];
  // ScatterND replaces along the first axis: bring `axis` there and back.
  const rank = base.shape.length;
  const order = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
  const back = Array.from({ length: rank }, (_, i) => order.indexOf(i));
  const moved = b.node('Transpose', [base.name], { perm: order })[0];
  const rows = b.node('Transpose', [src], { perm: order })[0];
  const column = b.node('Unsqueeze', [positions, b.constant([1], 'int64')])[0];
  return b.node('Transpose', b.node('ScatterND', [moved, column, rows]), { perm: back });
}

export const scatterOps = {
  sliceScatter: {
    name: 'sliceScatter',
    family: 'indexing',
    doc: 'torch.slice_scatter; what a write into a slice becomes in a graph',
    effects: 'none',
    infer: ([base, src], { axis, start, end, step }) =>
      checkRegion(
        'sliceScatter',
        base,
        src,
        base.shape.map((size, i) => (i === axis ? sliceSize(start, end, step) : size)),
      ),
    eager: ([base, src], { axis, start, step }) => {
      const out = copyView(base);
      const strides = out.strides.map((stride, i) => (i === axis ? stride * step : stride));
      writeView(new StridedView(out.storage, out.dtype, src.sizes, strides, start * out.strides[axis]), src);
      return [out];
    },
    lower: (b, [base, src], { axis, start, step }) => [
      b.scatter(base, src, (index) => index.map((at, i) => (i === axis ? add(mul(at, int(step)), b.size(start)) : at))),
    ],
    onnx: (b, [base, src], attrs) => onnxReplace(b, base, src.name, attrs),
  } satisfies OpRecord<SliceAttrs>,
  selectScatter: {
    name: 'selectScatter',
    family: 'indexing',
    doc: 'torch.select_scatter; what a write into x[index] becomes in a graph',
    effects: 'none',
    infer: ([base, src], { axis }) =>
      checkRegion(
        'selectScatter',
        base,
        src,
        base.shape.filter((_, i) => i !== axis),
      ),
    eager: ([base, src], { axis, index }) => {
      const out = copyView(base);
      const strides = out.strides.filter((_, i) => i !== axis);
      writeView(new StridedView(out.storage, out.dtype, src.sizes, strides, index * out.strides[axis]), src);
      return [out];
    },
    lower: (b, [base, src], { axis, index }) => [
      b.scatter(base, src, (at) => [...at.slice(0, axis), b.size(index), ...at.slice(axis)]),
    ],
    onnx: (b, [base, src], { axis, index }) => {
      const row = b.node('Unsqueeze', [src.name, b.constant([axis], 'int64')])[0];
      return onnxReplace(b, base, row, { axis, start: index, end: sizeAdd(index, 1), step: 1 });
    },
  } satisfies OpRecord<{ readonly axis: number; readonly index: Size }>,
};
