/** @file What all elementwise records share: eager loops, lowering of operands, ONNX operands. */

import { computeDType, type DType } from '../core/dtype.ts';
import type { StridedView } from '../core/view.ts';
import type { Expr } from '../symbolic/expr.ts';
import { type Elements, makeOutput, readElements, toBigInt, type Walk, walkOf } from './kernels.ts';
import { onnxComputeDType, type ScalarOperand } from './promotion.ts';
import type {
  Attrs,
  ConcreteMeta,
  LoopBuilder,
  LoopMeta,
  LoopTensor,
  OnnxBuilder,
  OnnxValue,
  Scalar,
} from './record.ts';
import { broadcastIndex } from './shapes.ts';

export type NumberFn1 = (a: number) => number;
export type NumberFn2 = (a: number, b: number) => number;
export type BigFn2 = (a: bigint, b: bigint) => bigint | number;

/** out[i] = f(x[i]), int64 through `big` when given. */
export function mapElements(
  x: StridedView,
  compute: DType,
  out: ConcreteMeta,
  f: NumberFn1,
  big?: (a: bigint) => bigint | number,
): StridedView {
  const result = makeOutput(out);
  const from = readElements(x, compute);
  const to = result.values;
  if (from instanceof BigInt64Array && big) {
    const target = to as unknown as { [i: number]: bigint | number };
    for (let i = 0; i < from.length; i++) target[i] = big(from[i]);
  } else {
    const source = from as Float32Array;
    for (let i = 0; i < source.length; i++) to[i] = f(source[i]);
  }
  return result.finish();
}

/** One operand of an eager binary op: its elements in the compute dtype and how the loop walks them. */
interface Operand {
  readonly values: Elements;
  readonly walk: Walk;
}

function tensorOperand(view: StridedView, compute: DType, shape: readonly number[]): Operand {
  return { values: readElements(view, compute), walk: walkOf(view.sizes, shape) };
}

/** A number as a one-element array of the compute dtype, rounded to it once. */
export function scalarElements(value: ScalarOperand, compute: DType): Elements {
  switch (computeDType(compute)) {
    case 'int64':
      return BigInt64Array.of(typeof value === 'bigint' ? value : toBigInt(Number(value)));
    case 'float64':
      return Float64Array.of(Number(value));
    case 'int32':
      return Int32Array.of(Number(value));
    case 'int8':
      return Int8Array.of(Number(value));
    case 'uint8':
      return Uint8Array.of(Number(value));
    case 'bool':
      return Uint8Array.of(Number(value) !== 0 ? 1 : 0);
    default:
      return Float32Array.of(Number(value));
  }
}

const scalarWalk: Walk = { period: 1, positions: null };

/** Attributes of an op that takes a number in place of its left or right tensor. */
export type ScalarSideAttrs = { readonly left?: ScalarOperand; readonly right?: ScalarOperand };

/** The two operands of a binary op in order; exactly one may be a number, held in the attrs. */
export function binaryOperands(
  inputs: readonly StridedView[],
  attrs: ScalarSideAttrs,
  compute: DType,
  shape: readonly number[],
): [Operand, Operand] {
  if (attrs.left !== undefined) {
    const left = { values: scalarElements(attrs.left, compute), walk: scalarWalk };
    return [left, tensorOperand(inputs[0], compute, shape)];
  }
  const left = tensorOperand(inputs[0], compute, shape);
  if (attrs.right !== undefined) return [left, { values: scalarElements(attrs.right, compute), walk: scalarWalk }];
  return [left, tensorOperand(inputs[1], compute, shape)];
}

/** out[i] = f(a[i], b[i]) with broadcasting. */
export function zipElements(a: Operand, b: Operand, out: ConcreteMeta, f: NumberFn2, big: BigFn2): StridedView {
  const result = makeOutput(out);
  if (a.values instanceof BigInt64Array) {
    zipLoop(a.values, a.walk, b.values as BigInt64Array, b.walk, result.values as unknown as (bigint | number)[], big);
  } else {
    zipLoop(
      a.values as Float32Array,
      a.walk,
      b.values as Float32Array,
      b.walk,
      result.values as unknown as number[],
      f,
    );
  }
  return result.finish();
}

function zipLoop<T, R>(
  a: ArrayLike<T>,
  walkA: Walk,
  b: ArrayLike<T>,
  walkB: Walk,
  out: { length: number; [i: number]: R },
  f: (x: T, y: T) => R,
): void {
  const total = out.length;
  const plainA = !walkA.positions && walkA.period === total;
  const plainB = !walkB.positions && walkB.period === total;
  if (plainA && plainB) for (let i = 0; i < total; i++) out[i] = f(a[i], b[i]);
  else if (plainA && walkB.period === 1) {
    const y = b[0];
    for (let i = 0; i < total; i++) out[i] = f(a[i], y);
  } else if (plainB && walkA.period === 1) {
    const x = a[0];
    for (let i = 0; i < total; i++) out[i] = f(x, b[i]);
  } else if (plainA && walkB.period > 1) {
    for (let i = 0; i < total; ) for (let j = 0; j < walkB.period; j++, i++) out[i] = f(a[i], b[j]);
  } else if (plainB && walkA.period > 1) {
    for (let i = 0; i < total; ) for (let j = 0; j < walkA.period; j++, i++) out[i] = f(a[j], b[i]);
  } else {
    const atA = indexer(walkA);
    const atB = indexer(walkB);
    for (let i = 0; i < total; i++) out[i] = f(a[atA(i)], b[atB(i)]);
  }
}

export function indexer(walk: Walk): (i: number) => number {
  const { positions, period } = walk;
  if (positions) return (i) => positions[i];
  return period === 1 ? () => 0 : (i) => i % period;
}

/** An operand's value at the output's index, cast to the dtype that is computed in. */
export function loadBroadcast(b: LoopBuilder, x: LoopTensor, index: readonly Expr[], compute: DType): Scalar {
  const value = b.load(x, broadcastIndex(index, index.length, x.shape));
  return x.dtype === compute ? value : b.cast(value, compute);
}

export function castScalar(b: LoopBuilder, value: Scalar, dtype: DType): Scalar {
  return value.dtype === dtype ? value : b.cast(value, dtype);
}

/** The number in an attr as a value of the dtype that is computed in. */
export function attrScalar(b: LoopBuilder, value: ScalarOperand, compute: DType): Scalar {
  return typeof value === 'number' || typeof value === 'object'
    ? b.number(value as number, compute)
    : b.constant(value, compute);
}

/** Elementwise lowering of one result over broadcast inputs. */
export function lowerPointwise(
  b: LoopBuilder,
  inputs: readonly LoopTensor[],
  output: LoopMeta,
  compute: DType,
  body: (values: readonly Scalar[]) => Scalar,
): LoopTensor[] {
  return [
    b.pointwise(output, (index) =>
      castScalar(b, body(inputs.map((x) => loadBroadcast(b, x, index, compute))), output.dtype),
    ),
  ];
}

/** Left and right operand of a binary op inside a lowering. */
export function lowerBinary(
  b: LoopBuilder,
  inputs: readonly LoopTensor[],
  attrs: ScalarSideAttrs,
  output: LoopMeta,
  compute: DType,
  body: (left: Scalar, right: Scalar) => Scalar,
): LoopTensor[] {
  return lowerPointwise(b, inputs, output, compute, (values) => {
    if (attrs.left !== undefined) return body(attrScalar(b, attrs.left, compute), values[0]);
    if (attrs.right !== undefined) return body(values[0], attrScalar(b, attrs.right, compute));
    return body(values[0], values[1]);
  });
}

export function onnxCast(b: OnnxBuilder, name: string, from: DType, to: DType): string {
  return from === to ? name : b.cast(name, from, to);
}

export function onnxScalar(b: OnnxBuilder, value: ScalarOperand, dtype: DType): string {
  return typeof value === 'number' || typeof value === 'object'
    ? b.number(value as number, dtype)
    : b.constant(value, dtype);
}

/** Names of the two operands of a binary op, cast to the ONNX dtype for `compute`. */
export function onnxOperands(
  b: OnnxBuilder,
  inputs: readonly OnnxValue[],
  attrs: ScalarSideAttrs & Attrs,
  compute: DType,
): [string, string] {
  const target = onnxComputeDType(compute);
  // Through the operation's own dtype first: what it rounds or wraps must happen in ONNX too.
  const tensor = (x: OnnxValue): string => onnxCast(b, onnxCast(b, x.name, x.dtype, compute), compute, target);
  if (attrs.left !== undefined) return [onnxScalar(b, attrs.left, target), tensor(inputs[0])];
  if (attrs.right !== undefined) return [tensor(inputs[0]), onnxScalar(b, attrs.right, target)];
  return [tensor(inputs[0]), tensor(inputs[1])];
}
