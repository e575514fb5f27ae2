/** @file Ops that make tensors of no input: full, arange, and tensors of JavaScript values. */

import { computeDType, type DType, isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { emptyView, product } from '../core/view.ts';
import { add, type Expr, int, mul } from '../symbolic/expr.ts';
import { isSymInt, type Size, sizeAdd, sizeFloorDiv, sizeSub } from '../symbolic/symInt.ts';
import { makeOutput, toBigInt } from './kernels.ts';
import { attrScalar, castScalar, onnxCast, onnxScalar, scalarElements } from './pointwise.ts';
import { onnxComputeDType, type ScalarOperand } from './promotion.ts';
import type { ConcreteMeta, LoopBuilder, OpRecord, Scalar } from './record.ts';
import { elementCount, shapeText } from './shapes.ts';
import { onnxExpand } from './views.ts';

export type FullAttrs = { readonly shape: readonly Size[]; readonly value: ScalarOperand; readonly dtype: DType };
export type ArangeAttrs = {
  readonly start: number;
  readonly end: number;
  readonly step: number;
  readonly dtype: DType;
};
export type ConstantAttrs = {
  readonly data: readonly ScalarOperand[];
  readonly shape: readonly number[];
  readonly dtype: DType;
};

/** ceil((end - start) / step), 0 when empty; over symbols only for whole steps. */
function arangeSize({ start, end, step }: ArangeAttrs): Size {
  if (isSymInt(start) || isSymInt(end)) {
    if (!Number.isInteger(step))
      throw new TnError({ what: `arange: step ${step} with a symbolic bound`, fix: 'a whole step' });
    const span = step > 0 ? sizeSub(end, start) : sizeSub(start, end);
    const width = Math.abs(step);
    return width === 1 ? span : sizeFloorDiv(sizeAdd(span, width - 1), width);
  }
  return Math.max(0, Math.ceil((end - start) / step));
}

/** One of `items` by the row-major index: a balanced tree of comparisons, for the few elements that code spells out. */
function chooseItem(b: LoopBuilder, flat: Expr, items: readonly Scalar[], first = 0): Scalar {
  if (items.length === 1) return items[0];
  const half = items.length >> 1;
  return b.select(
    b.indexLess(flat, int(first + half)),
    chooseItem(b, flat, items.slice(0, half), first),
    chooseItem(b, flat, items.slice(half), first + half),
  );
}

export const creationOps = {
  full: {
    name: 'full',
    family: 'creation',
    doc: 'torch.full, zeros, ones, full_like; a new storage each time',
    effects: 'none',
    infer: (_inputs, { shape, dtype }) => [{ dtype, shape }],
    eager: (_inputs, { value }, [out]) => {
      const [item] = scalarElements(value, out.dtype);
      // New memory is zero already, whatever the dtype: a large buffer stays untouched until it is used.
      if (Object.is(item, 0) || item === 0n) return [emptyView(out.dtype, out.shape)];
      const { values, finish } = makeOutput(out);
      if (item !== 0) (values as Float32Array).fill(item as number);
      else if (Object.is(item, -0)) (values as Float32Array).fill(-0);
      return [finish()];
    },
    lower: (b, _inputs, { value }, [out]) => [
      b.pointwise(out, () => castScalar(b, attrScalar(b, value, computeDType(out.dtype)), out.dtype)),
    ],
    onnx: (b, _inputs, { shape, value, dtype }) => {
      const compute = onnxComputeDType(dtype);
      return [onnxExpand(b, onnxCast(b, onnxScalar(b, value, compute), compute, dtype), dtype, shape)];
    },
  } satisfies OpRecord<FullAttrs>,
  arange: {
    name: 'arange',
    family: 'creation',
    doc: 'torch.arange: start + i * step, computed in float64 and rounded once',
    effects: 'none',
    infer: (_inputs, attrs) => [{ dtype: attrs.dtype, shape: [arangeSize(attrs)] }],
    eager: (_inputs, { start, step, dtype }, [out]) => {
      const { values, finish } = makeOutput(out);
      const total = product(out.shape);
      if (values instanceof BigInt64Array) for (let i = 0; i < total; i++) values[i] = toBigInt(start + i * step);
      else
        for (let i = 0; i < total; i++)
          values[i] = dtype === 'bool' ? Number(start + i * step !== 0) : start + i * step;
      return [finish()];
    },
    lower: (b, _inputs, { start, step, dtype }, [out]) => {
      const whole = Number.isInteger(step) && (isSymInt(start) || Number.isInteger(start));
      return [
        b.pointwise(out, ([i]) => {
          if (whole) return b.indexValue(add(b.size(start), mul(i, int(step))), dtype);
          const at = b.op('mul', b.indexValue(i, 'float64'), b.number(step, 'float64'));
          return castScalar(b, b.op('add', b.number(start, 'float64'), at), dtype);
        }),
      ];
    },
    onnx: (b, _inputs, attrs) => {
      const { start, step, dtype } = attrs;
      const compute = isFloat(dtype) ? 'float64' : 'int64';
      const count = b.node('Squeeze', [b.sizes([arangeSize(attrs)])])[0];
      const index = b.node('Range', [b.constant(0, 'int64'), count, b.constant(1, 'int64')])[0];
      const scaled = b.node('Mul', [onnxCast(b, index, 'int64', compute), b.number(step, compute)])[0];
      const made = b.node('Add', [scaled, b.number(start, compute)])[0];
      return [onnxCast(b, made, compute, dtype)];
    },
  } satisfies OpRecord<ArangeAttrs>,
  constant: {
    name: 'constant',
    family: 'creation',
    doc: 'torch.tensor of JavaScript values (sizes among them stay symbolic)',
    effects: 'none',
    infer: (_inputs, { data, shape, dtype }) => {
      if (data.length !== elementCount(shape)) {
        throw new TnError({ what: `tensor: ${data.length} values for the shape ${shapeText(shape)}` });
      }
      return [{ dtype, shape }];
    },
    eager: (_inputs, { data }, [out]) => [constantView(data, out)],
    lower: (b, _inputs, { data, shape }, [out]) => [
      b.pointwise(out, (index) => {
        if (data.length === 0) return b.constant(0, out.dtype);
        let flat = int(0);
        shape.forEach((size, axis) => {
          flat = add(mul(flat, int(size)), index[axis]);
        });
        const items = data.map((item) => castScalar(b, attrScalar(b, item, computeDType(out.dtype)), out.dtype));
        return chooseItem(b, flat, items);
      }),
    ],
    onnx: (b, _inputs, { data, shape, dtype }) => {
      const compute = onnxComputeDType(dtype);
      if (data.length === 0) return [onnxExpand(b, b.constant(0, dtype), dtype, shape)];
      const items = data.map(
        (item) => b.node('Unsqueeze', [onnxScalar(b, item, compute), b.constant([0], 'int64')])[0],
      );
      const flat = items.length === 1 ? items[0] : b.node('Concat', items, { axis: 0 })[0];
      return b.node('Reshape', [onnxCast(b, flat, compute, dtype), b.sizes(shape)]);
    },
  } satisfies OpRecord<ConstantAttrs>,
};

function constantView(data: readonly ScalarOperand[], out: ConcreteMeta) {
  const { values, finish } = makeOutput(out);
  const target = values as unknown as { [i: number]: number | bigint };
  for (let i = 0; i < data.length; i++) target[i] = scalarElements(data[i], out.dtype)[0];
  return finish();
}
