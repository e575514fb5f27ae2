/** @file Elementwise choice and clamping. */

import { computeDType } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { type Elements, makeOutput, readElements, walkOf } from './kernels.ts';
import {
  attrScalar,
  castScalar,
  indexer,
  loadBroadcast,
  lowerPointwise,
  onnxCast,
  onnxScalar,
  type ScalarSideAttrs,
  scalarElements,
} from './pointwise.ts';
import { onnxComputeDType, resultType, type ScalarOperand } from './promotion.ts';
import type { OpRecord, Scalar, TensorMeta } from './record.ts';
import { broadcastShapes } from './shapes.ts';

export type ClampAttrs = { readonly min: ScalarOperand | null; readonly max: ScalarOperand | null };

type Typed = Pick<TensorMeta, 'dtype'> & { readonly shape: readonly unknown[] };

function whereType(values: readonly Typed[], { left, right }: ScalarSideAttrs) {
  const scalars = [left, right].filter((value) => value !== undefined);
  return resultType(values, scalars as ScalarOperand[]);
}

/** Which input holds the value for true and for false; -1: the number in the attrs. */
function whereInputs({ left, right }: ScalarSideAttrs): [number, number] {
  const first = left === undefined ? 1 : -1;
  return [first, right === undefined ? (first === 1 ? 2 : 1) : -1];
}

/** Elements at both ends of the order of a dtype are reached by neither clamp bound: NaN stays NaN. */
const clampNumber = (value: number, min: number, max: number): number => Math.min(Math.max(value, min), max);

export const ternaryOps = {
  where: {
    name: 'where',
    family: 'ternary',
    doc: 'torch.where(condition, a, b); a or b may be a number; also masked_fill',
    effects: 'none',
    infer: (inputs, attrs) => {
      if (inputs[0].dtype !== 'bool') {
        throw new TnError({
          what: `where: the condition must be bool, found ${inputs[0].dtype}`,
          fix: 'compare, e.g. x.ne(0)',
        });
      }
      return [
        {
          dtype: whereType(inputs.slice(1), attrs),
          shape: broadcastShapes(
            'where',
            inputs.map((x) => x.shape),
          ),
        },
      ];
    },
    eager: (inputs, attrs, [out]) => {
      const { values, finish } = makeOutput(out);
      const condition = readElements(inputs[0]) as Uint8Array;
      const conditionAt = indexer(walkOf(inputs[0].sizes, out.shape));
      const side = (input: number, scalar: ScalarOperand | undefined): [Elements, (i: number) => number] => {
        if (input < 0) return [scalarElements(scalar as ScalarOperand, out.dtype), () => 0];
        return [readElements(inputs[input], out.dtype), indexer(walkOf(inputs[input].sizes, out.shape))];
      };
      const [first, second] = whereInputs(attrs);
      const [a, atA] = side(first, attrs.left);
      const [b, atB] = side(second, attrs.right);
      const target = values as unknown as (number | bigint)[];
      for (let i = 0; i < target.length; i++) target[i] = condition[conditionAt(i)] ? a[atA(i)] : b[atB(i)];
      return [finish()];
    },
    lower: (b, inputs, attrs, [out]) => {
      const [first, second] = whereInputs(attrs);
      return [
        b.pointwise(out, (index) => {
          const side = (input: number, scalar: ScalarOperand | undefined): Scalar =>
            input < 0
              ? castScalar(b, attrScalar(b, scalar as ScalarOperand, computeDType(out.dtype)), out.dtype)
              : loadBroadcast(b, inputs[input], index, out.dtype);
          return b.select(
            loadBroadcast(b, inputs[0], index, 'bool'),
            side(first, attrs.left),
            side(second, attrs.right),
          );
        }),
      ];
    },
    onnx: (b, inputs, attrs, [out]) => {
      const compute = onnxComputeDType(out.dtype === 'bool' ? 'uint8' : out.dtype);
      const [first, second] = whereInputs(attrs);
      const side = (input: number, scalar: ScalarOperand | undefined): string => {
        if (input < 0) return onnxScalar(b, scalar as ScalarOperand, compute);
        const x = inputs[input];
        return onnxCast(b, onnxCast(b, x.name, x.dtype, out.dtype), out.dtype, compute);
      };
      const made = b.node('Where', [inputs[0].name, side(first, attrs.left), side(second, attrs.right)])[0];
      return [onnxCast(b, made, compute, out.dtype)];
    },
  } satisfies OpRecord<ScalarSideAttrs>,
  clamp: {
    name: 'clamp',
    family: 'ternary',
    doc: 'torch.clamp with number bounds (tensor bounds: minimum and maximum); NaN stays NaN',
    effects: 'none',
    infer: ([x], { min, max }) => {
      if (x.dtype === 'bool')
        throw new TnError({ what: 'clamp: not defined for bool', fix: "convert with .to('int32') first" });
      return [{ dtype: resultType([x], bounds(min, max)), shape: x.shape }];
    },
    eager: ([x], { min, max }, [out]) => {
      const result = makeOutput(out);
      const from = readElements(x, out.dtype);
      const low = min === null ? null : scalarElements(min, out.dtype)[0];
      const high = max === null ? null : scalarElements(max, out.dtype)[0];
      if (from instanceof BigInt64Array) {
        const to = result.values as BigInt64Array;
        for (let i = 0; i < from.length; i++) {
          let value = from[i];
          if (low !== null && value < low) value = low as bigint;
          if (high !== null && value > high) value = high as bigint;
          to[i] = value;
        }
      } else {
        const to = result.values as Float32Array;
        const least = low === null ? Number.NEGATIVE_INFINITY : Number(low);
        const most = high === null ? Number.POSITIVE_INFINITY : Number(high);
        for (let i = 0; i < from.length; i++) to[i] = clampNumber(from[i], least, most);
      }
      return [result.finish()];
    },
    lower: (b, inputs, { min, max }, [out]) => {
      const compute = computeDType(out.dtype);
      return lowerPointwise(b, inputs, out, compute, ([x]) => {
        const raised = min === null ? x : b.op('maximum', x, attrScalar(b, min, compute));
        return max === null ? raised : b.op('minimum', raised, attrScalar(b, max, compute));
      });
    },
    onnx: (b, [x], { min, max }, [out]) => {
      const compute = onnxComputeDType(out.dtype);
      let made = onnxCast(b, x.name, x.dtype, compute);
      if (min !== null) made = b.node('Max', [made, onnxScalar(b, min, compute)])[0];
      if (max !== null) made = b.node('Min', [made, onnxScalar(b, max, compute)])[0];
      return [onnxCast(b, made, compute, out.dtype)];
    },
  } satisfies OpRecord<ClampAttrs>,
};

function bounds(min: ScalarOperand | null, max: ScalarOperand | null): ScalarOperand[] {
  return [min, max].filter((value) => value !== null);
}
