/** @file cat and pad. */

import { computeDType, type DType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { emptyView, StridedView } from '../core/view.ts';
import { add, constValue, type Expr, int, max, min, mod, neg, sub } from '../symbolic/expr.ts';
import { type Size, sizeAdd, sizeEq, sizeLe, sizeSub } from '../symbolic/symInt.ts';
import { fromElements, readElements, writeView } from './kernels.ts';
import { attrScalar, castScalar, onnxCast, onnxScalar, scalarElements } from './pointwise.ts';
import { onnxComputeDType, resultType, type ScalarOperand } from './promotion.ts';
import type { LoopBuilder, LoopTensor, OpRecord, Scalar } from './record.ts';
import { sameSize, shapeText } from './shapes.ts';

export const padModes = ['constant', 'reflect', 'replicate', 'circular'] as const;
export type PadMode = (typeof padModes)[number];

/** `before[i]` and `after[i]` elements are added on axis i. */
export type PadAttrs = {
  readonly before: readonly Size[];
  readonly after: readonly Size[];
  readonly mode: PadMode;
  readonly value: ScalarOperand;
};

/** `view` as `dtype`, itself where nothing changes. */
function converted(view: StridedView, dtype: DType): StridedView {
  return view.dtype === dtype ? view : fromElements({ dtype, shape: view.sizes }, readElements(view, dtype));
}

/** The input whose stretch of the joined axis `at` falls into. */
function chooseInput(
  b: LoopBuilder,
  inputs: readonly LoopTensor[],
  axis: number,
  index: readonly Expr[],
  dtype: DType,
): Scalar {
  const pick = (i: number, start: Expr): Scalar => {
    const x = inputs[i];
    const end = add(start, x.shape[axis]);
    const own = index.map((at, k) => (k === axis ? sub(at, start) : at));
    const value = castScalar(b, b.load(x, own), dtype);
    return i === inputs.length - 1 ? value : b.select(b.indexLess(index[axis], end), value, pick(i + 1, end));
  };
  return pick(0, int(0));
}

/** Where a padded position comes from; only for the modes that repeat elements. */
function sourceIndex(mode: PadMode, at: Expr, size: Expr): Expr {
  const last = sub(size, int(1));
  const abs = (e: Expr): Expr => max(e, neg(e));
  if (mode === 'reflect') return sub(last, abs(sub(last, abs(at))));
  if (mode === 'replicate') return max(int(0), min(at, last));
  return mod(at, size);
}

function sourcePosition(mode: PadMode, at: number, size: number): number {
  if (mode === 'reflect') return size - 1 - Math.abs(size - 1 - Math.abs(at));
  if (mode === 'replicate') return Math.max(0, Math.min(at, size - 1));
  return ((at % size) + size) % size;
}

/** Throws unless `count` elements can be repeated from an axis of `size`. */
function requireSource(mode: PadMode, count: Size, size: Size, axis: number): void {
  if (mode === 'constant' || count === 0) return;
  const limit = mode === 'reflect' ? sizeSub(size, 1) : mode === 'circular' ? size : null;
  const fits = limit === null ? !sizeEq(size, 0, 'pad') : sizeLe(count, limit, 'pad');
  if (fits) return;
  throw new TnError({
    what: `pad: ${String(count)} elements by ${mode} on dim ${axis} of size ${String(size)}`,
    fix: mode === 'reflect' ? 'at most size - 1, as reflection leaves the edge out' : 'at most the size',
  });
}

/** Padded by repeating: one axis after another, each by a table of source positions. */
function repeatPad(x: StridedView, { before, mode }: PadAttrs, shape: readonly number[]): StridedView {
  const out = emptyView(x.dtype, shape);
  const to = out.storage.typed(x.dtype) as Float32Array;
  const from = x.storage.typed(x.dtype) as Float32Array;
  const offsets = shape.map((size, axis) =>
    Int32Array.from(
      { length: size },
      (_, i) => sourcePosition(mode, i - before[axis], x.sizes[axis]) * x.strides[axis],
    ),
  );
  const rank = shape.length;
  const inner = offsets[rank - 1];
  const index = new Array<number>(rank).fill(0);
  for (let at = 0; at < to.length; at += inner.length) {
    let base = x.offset;
    for (let axis = 0; axis < rank - 1; axis++) base += offsets[axis][index[axis]];
    for (let i = 0; i < inner.length; i++) to[at + i] = from[base + inner[i]];
    for (let axis = rank - 2; axis >= 0 && ++index[axis] === shape[axis]; axis--) index[axis] = 0;
  }
  return out;
}

function constantPad(x: StridedView, { before, value }: PadAttrs, shape: readonly number[]): StridedView {
  const out = emptyView(x.dtype, shape);
  const [item] = scalarElements(value, x.dtype);
  const filler = fromElements({ dtype: x.dtype, shape: [1] }, scalarElements(value, x.dtype));
  if (item !== 0 && item !== 0n) {
    const data = out.storage.typed(x.dtype) as Float32Array;
    data.fill((filler.storage.typed(x.dtype) as Float32Array)[0]);
  }
  const start = before.reduce((at: number, count, axis) => at + count * out.strides[axis], 0);
  writeView(new StridedView(out.storage, x.dtype, x.sizes, out.strides, start), x);
  return out;
}

export const joiningOps = {
  cat: {
    name: 'cat',
    family: 'joining',
    doc: 'torch.cat, and stack after unsqueeze',
    effects: 'none',
    infer: (inputs, { axis }) => {
      const [first, ...rest] = inputs;
      let total: Size = first.shape[axis];
      for (const x of rest) {
        const fits =
          x.shape.length === first.shape.length &&
          x.shape.every((size, i) => i === axis || sameSize(first.shape[i], size, 'cat'));
        if (!fits) {
          throw new TnError({
            what: `cat: ${shapeText(first.shape)} and ${shapeText(x.shape)} differ outside dim ${axis}`,
          });
        }
        total = sizeAdd(total, x.shape[axis]);
      }
      return [{ dtype: resultType(inputs), shape: first.shape.map((size, i) => (i === axis ? total : size)) }];
    },
    eager: (inputs, { axis }, [meta]) => {
      const out = emptyView(meta.dtype, meta.shape);
      let at = 0;
      for (const x of inputs) {
        writeView(
          new StridedView(out.storage, out.dtype, x.sizes, out.strides, at * out.strides[axis]),
          converted(x, out.dtype),
        );
        at += x.sizes[axis];
      }
      return [out];
    },
    lower: (b, inputs, { axis }, [out]) => {
      const filled = inputs.filter((x) => constValue(x.shape[axis]) !== 0);
      if (filled.length === 0)
        return [b.pointwise(out, () => castScalar(b, b.constant(0, computeDType(out.dtype)), out.dtype))];
      return [b.pointwise(out, (index) => chooseInput(b, filled, axis, index, out.dtype))];
    },
    onnx: (b, inputs, { axis }, [out]) =>
      b.node(
        'Concat',
        inputs.map((x) => onnxCast(b, x.name, x.dtype, out.dtype)),
        { axis },
      ),
  } satisfies OpRecord<{ readonly axis: number }>,
  pad: {
    name: 'pad',
    family: 'joining',
    doc: 'torch.nn.functional.pad (constant, reflect, replicate, circular)',
    effects: 'none',
    infer: ([x], { before, after, mode }) => {
      x.shape.forEach((size, axis) => {
        for (const count of [before[axis], after[axis]]) requireSource(mode, count, size, axis);
      });
      return [{ dtype: x.dtype, shape: x.shape.map((size, i) => sizeAdd(sizeAdd(size, before[i]), after[i])) }];
    },
    eager: ([x], attrs, [{ shape }]) => [
      attrs.mode === 'constant' ? constantPad(x, attrs, shape) : repeatPad(x, attrs, shape),
    ],
    lower: (b, [x], { before, mode, value }, [out]) => [
      b.pointwise(out, (index) => {
        const own = index.map((at, i) => sub(at, b.size(before[i])));
        if (mode !== 'constant') {
          const moved = own.map((at, i) =>
            out.shape[i].key === x.shape[i].key ? at : sourceIndex(mode, at, x.shape[i]),
          );
          return b.load(x, moved);
        }
        const filler = castScalar(b, attrScalar(b, value, computeDType(x.dtype)), x.dtype);
        return own.reduce(
          (inside: Scalar, at, i) => {
            if (out.shape[i].key === x.shape[i].key) return inside;
            const upTo = b.select(b.indexLess(at, x.shape[i]), inside, filler);
            return before[i] === 0 ? upTo : b.select(b.indexLess(at, int(0)), filler, upTo);
          },
          b.load(x, own),
        );
      }),
    ],
    onnx: (b, [x], { before, after, mode, value }) => {
      const compute = onnxComputeDType(x.dtype === 'bool' ? 'uint8' : x.dtype);
      const onnxMode = { constant: 'constant', reflect: 'reflect', replicate: 'edge', circular: 'wrap' }[mode];
      const inputs = [onnxCast(b, x.name, x.dtype, compute), b.sizes([...before, ...after])];
      if (mode === 'constant') inputs.push(onnxScalar(b, value, compute));
      return [onnxCast(b, b.node('Pad', inputs, { mode: onnxMode })[0], compute, x.dtype)];
    },
  } satisfies OpRecord<PadAttrs>,
};
