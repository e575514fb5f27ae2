/** @file Scaled dot-product attention as one node. */

import { TnError } from '../core/errors.ts';
import { nativeProvider } from '../core/provider.ts';
import { product, type StridedView } from '../core/view.ts';
import type { Size } from '../symbolic/symInt.ts';
import { dotRows, type Floats } from './dot.ts';
import { expandView, makeOutput, readElements } from './kernels.ts';
import { expandBatch, productType, transposeLast, viewBatch } from './linear.ts';
import { onnxCast } from './pointwise.ts';
import type { OnnxFunctionBody, OpRecord } from './record.ts';
import { broadcastShapes, sameSize, shapeText } from './shapes.ts';

/** Query rows whose scores are held at a time. */
const rowBlock = 64;

/** Query i sees keys j <= i + causalOffset; null: all keys. */
export type AttentionAttrs = { readonly causalOffset: Size | null; readonly scale: number };

function causalKeys(row: number, offset: number | null, keys: number): number {
  return offset === null ? keys : Math.max(0, Math.min(keys, row + offset + 1));
}

/** Adds the mask to a row of scores, or -inf where it is false. */
function applyMask(scores: Floats, mask: ArrayLike<number>, start: number, isBool: boolean): void {
  for (let j = 0; j < scores.length; j++) {
    if (!isBool) scores[j] += mask[start + j];
    else if (!mask[start + j]) scores[j] = Number.NEGATIVE_INFINITY;
  }
}

function softmaxInPlace(scores: Floats, visible: number): void {
  let max = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < visible; j++) max = Math.max(max, scores[j]);
  let sum = 0;
  for (let j = 0; j < visible; j++) sum += scores[j] = Math.exp(scores[j] - max);
  for (let j = 0; j < visible; j++) scores[j] /= sum;
  scores.fill(visible === 0 ? Number.NaN : 0, visible);
}

/** scores = q kᵀ scale, masked; softmax over the keys; times v. Written on [..., L, E] of any rank. */
function attentionFunction(rank: number, causal: boolean, masked: boolean, boolMask: boolean) {
  const name = [
    'attention',
    `${rank}d`,
    ...(causal ? ['causal'] : []),
    ...(masked ? [boolMask ? 'boolmask' : 'mask'] : []),
  ].join('_');
  const define = (body: OnnxFunctionBody): string[] => {
    const [q, k, v, scale, ...rest] = body.inputs;
    const perm = Array.from({ length: rank }, (_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2));
    const turned = body.node('Transpose', [k], { perm })[0];
    let scores = body.node('MatMul', [body.node('Mul', [q, scale])[0], turned])[0];
    const hidden = (): string => body.constant(Number.NEGATIVE_INFINITY, 'float32');
    if (causal) {
      const offset = rest[0];
      const range = (shape: string): string => {
        const size = body.node('Squeeze', [shape])[0];
        return body.node('Range', [body.constant(0, 'int64'), size, body.constant(1, 'int64')])[0];
      };
      const rows = range(body.node('Shape', [q], { start: rank - 2, end: rank - 1 })[0]);
      const keys = range(body.node('Shape', [k], { start: rank - 2, end: rank - 1 })[0]);
      const last = body.node('Unsqueeze', [body.node('Add', [rows, offset])[0], body.constant([1], 'int64')])[0];
      scores = body.node('Where', [body.node('LessOrEqual', [keys, last])[0], scores, hidden()])[0];
    }
    if (masked) {
      const mask = rest[rest.length - 1];
      scores = boolMask ? body.node('Where', [mask, scores, hidden()])[0] : body.node('Add', [scores, mask])[0];
    }
    return body.node('MatMul', [body.node('Softmax', [scores], { axis: -1 })[0], v]);
  };
  return { name, define };
}

export const attentionOps = {
  /** Inputs: q [..., L, E], k [..., S, E], v [..., S, Ev], then a mask broadcastable to [..., L, S]. */
  scaledDotProductAttention: {
    name: 'scaledDotProductAttention',
    family: 'attention',
    doc: 'torch.nn.functional.scaled_dot_product_attention; mixed float dtypes as in matmul; a row that sees no key gives NaN',
    effects: 'none',
    infer: ([q, k, v, mask]) => {
      const op = 'scaledDotProductAttention';
      const dtype = productType(op, q.dtype, k.dtype, v.dtype);
      const short = [q, k, v].some((x) => x.shape.length < 2);
      const fits =
        !short &&
        sameSize(q.shape[q.shape.length - 1], k.shape[k.shape.length - 1], op) &&
        sameSize(k.shape[k.shape.length - 2], v.shape[v.shape.length - 2], op);
      if (!fits) {
        throw new TnError({
          what: `${op}: q ${shapeText(q.shape)}, k ${shapeText(k.shape)}, v ${shapeText(v.shape)} do not fit`,
          fix: 'q [..., L, E], k [..., S, E], v [..., S, Ev]',
        });
      }
      const batch = broadcastShapes(
        op,
        [q, k, v].map((x) => x.shape.slice(0, -2)),
      );
      const [rows, keys] = [q.shape[q.shape.length - 2], k.shape[k.shape.length - 2]];
      if (mask) {
        const full = broadcastShapes(op, [mask.shape, [...batch, rows, keys]]);
        if (full.length !== batch.length + 2)
          throw new TnError({ what: `${op}: the mask ${shapeText(mask.shape)} has too many dims` });
      }
      return [{ dtype, shape: [...batch, rows, v.shape[v.shape.length - 1]] }];
    },
    eager: ([q, k, v, mask], { causalOffset, scale }, [out]) => {
      const { values, finish } = makeOutput(out);
      const batch = out.shape.slice(0, -2);
      const [rows, width] = out.shape.slice(-2);
      const [keys, depth] = k.sizes.slice(-2);
      const read = (x: StridedView): Float32Array => readElements(x, out.dtype) as Float32Array;
      const queries = read(expandBatch(q, batch, 2));
      const keyRows = read(expandBatch(k, batch, 2));
      const valueColumns = read(transposeLast(expandBatch(v, batch, 2)));
      const masks = mask ? (readElements(expandView(mask, [...batch, rows, keys]), mask.dtype) as Float32Array) : null;
      // float32 where native code does the products, as everywhere; float64 costs nothing in JavaScript.
      const scores =
        nativeProvider && out.dtype !== 'float64'
          ? new Float32Array(rowBlock * keys)
          : new Float64Array(rowBlock * keys);
      for (let item = 0; item < product(batch); item++) {
        for (let first = 0; first < rows; first += rowBlock) {
          const count = Math.min(rowBlock, rows - first);
          const start = item * rows + first;
          const seen = causalKeys(first + count - 1, causalOffset, keys);
          dotRows(queries, start * depth, keyRows, item * keys * depth, scores, 0, count, seen, depth, null, keys);
          for (let i = 0; i < count; i++) {
            const visible = causalKeys(first + i, causalOffset, keys);
            const line = scores.subarray(i * keys, (i + 1) * keys);
            for (let j = 0; j < visible; j++) line[j] *= scale;
            if (masks) applyMask(line.subarray(0, visible), masks, (start + i) * keys, mask.dtype === 'bool');
            softmaxInPlace(line, visible);
          }
          dotRows(
            scores,
            0,
            valueColumns,
            item * width * keys,
            values as Float32Array,
            start * width,
            count,
            width,
            keys,
          );
        }
      }
      return [finish()];
    },
    lower: (b, [q, k, v, mask], { causalOffset, scale }, [out]) => {
      const batch = out.shape.slice(0, -2);
      return [
        b.attention(out, viewBatch(b, q, batch, 2), viewBatch(b, k, batch, 2), viewBatch(b, v, batch, 2), {
          mask: mask ?? null,
          causalOffset: causalOffset === null ? null : b.size(causalOffset),
          scale,
        }),
      ];
    },
    onnx: (b, [q, k, v, mask], { causalOffset, scale }, [out]) => {
      // onnxruntime has Softmax and MatMul in float32 and float64; the function is written once, in float32.
      const operand = (x: typeof q): string => {
        const cast = onnxCast(b, x.name, x.dtype, 'float32');
        const missing = out.shape.length - x.shape.length;
        if (missing === 0) return cast;
        return b.node('Unsqueeze', [
          cast,
          b.constant(
            Array.from({ length: missing }, (_, i) => i),
            'int64',
          ),
        ])[0];
      };
      const isBool = mask?.dtype === 'bool';
      const inputs = [operand(q), operand(k), operand(v), b.number(scale, 'float32')];
      if (causalOffset !== null) inputs.push(b.number(causalOffset, 'int64'));
      if (mask) inputs.push(isBool ? mask.name : onnxCast(b, mask.name, mask.dtype, 'float32'));
      const { name, define } = attentionFunction(out.shape.length, causalOffset !== null, mask !== undefined, isBool);
      return [onnxCast(b, b.call(name, inputs, define)[0], 'float32', out.dtype)];
    },
  } satisfies OpRecord<AttentionAttrs>,
};
