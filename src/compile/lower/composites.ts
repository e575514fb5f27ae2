/** @file Template ops written with the loop primitives: for float64 and integers, groups, and other cases no template takes. */

import type { DType } from '../../core/dtype.ts';
import type { LoopMeta, LoopTensor, Scalar } from '../../ops/record.ts';
import { add, type Expr, floorDiv, int, mod, mul, sub } from '../../symbolic/expr.ts';
import { broadcastAt } from './batch.ts';
import { arithmeticDType, type Lowering } from './builder.ts';
import type { LoopNode } from './ir.ts';

type Index = readonly Expr[];

/** Sum over K of a[..., m, k] * b[..., k, n], plus bias[n]; see torch.matmul. */
export function matmul(b: Lowering, output: LoopMeta, x: LoopNode, y: LoopNode, bias: LoopNode | null): LoopNode {
  const dtype = wider(x.dtype, y.dtype, output.dtype);
  const product = b.reduce({ dtype, shape: output.shape }, 'sum', [x.shape.at(-1)!], (index, [k]) => {
    const [batch, m, n] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    return b.op('mul', read(b, x, [...batch, m, k], dtype), read(b, y, [...batch, k, n], dtype));
  });
  return finish(b, output, product, (index) => (bias ? read(b, bias, [index.at(-1)!], dtype) : null));
}

/** torch.nn.functional.conv1d with groups; zero padding. */
export function conv1d(
  b: Lowering,
  output: LoopMeta,
  x: LoopNode,
  weight: LoopNode,
  bias: LoopNode | null,
  options: { readonly stride: number; readonly padding: number; readonly dilation: number; readonly groups: number },
): LoopNode {
  const dtype = wider(x.dtype, weight.dtype, output.dtype);
  const [, perGroup, width] = weight.shape;
  const length = x.shape[2];
  const groupOut = floorDiv(weight.shape[0], int(options.groups));
  const product = b.reduce({ dtype, shape: output.shape }, 'sum', [perGroup, width], ([n, co, t], [ci, k]) => {
    const at = add(sub(mul(t, int(options.stride)), int(options.padding)), mul(k, int(options.dilation)));
    const channel = options.groups === 1 ? ci : add(mul(floorDiv(co, groupOut), perGroup), ci);
    const inside = b.op('and', b.indexLess(int(-1), at), b.indexLess(at, length));
    const value = b.select(inside, read(b, x, [n, channel, at], dtype), b.constant(0, dtype));
    return b.op('mul', value, read(b, weight, [co, ci, k], dtype));
  });
  return finish(b, output, product, (index) => (bias ? read(b, bias, [index[1]], dtype) : null));
}

/** softmax(q kᵀ scale + mask) v with the scores in memory; see torch.nn.functional.scaled_dot_product_attention. */
export function attention(
  b: Lowering,
  output: LoopMeta,
  operands: {
    readonly q: LoopNode;
    readonly k: LoopNode;
    readonly v: LoopNode;
    readonly mask: LoopNode | null;
    readonly causalOffset: Expr | null;
    readonly scale: number;
  },
): LoopNode {
  const { q, k, v, mask, causalOffset, scale } = operands;
  const dtype = wider(q.dtype, k.dtype, v.dtype);
  const shape = [...q.shape.slice(0, -1), k.shape.at(-2)!];
  const dots = b.reduce({ dtype, shape }, 'sum', [q.shape.at(-1)!], (index, [e]) => {
    const [batch, i, j] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    return b.op('mul', read(b, q, [...batch, i, e], dtype), read(b, k, [...batch, j, e], dtype));
  });
  const never = b.constant(Number.NEGATIVE_INFINITY, dtype);
  const scores = b.pointwise({ dtype, shape }, (index) => {
    let score = b.op('mul', b.load(dots, index), b.number(scale, dtype));
    if (mask) {
      const at = broadcastAt(mask, index);
      score =
        mask.dtype === 'bool'
          ? b.select(b.load(mask, at), score, never)
          : b.op('add', score, b.cast(b.load(mask, at), dtype));
    }
    if (causalOffset) {
      const limit = add(add(index.at(-2)!, causalOffset), int(1));
      score = b.select(b.indexLess(index.at(-1)!, limit), score, never);
    }
    return score;
  });
  const weights = softmax(b, { dtype, shape }, scores, shape.length - 1, false);
  const mixed = b.reduce({ dtype, shape: output.shape }, 'sum', [k.shape.at(-2)!], (index, [j]) => {
    const [batch, i, e] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    return b.op('mul', b.load(weights, [...batch, i, j]), read(b, v, [...batch, j, e], dtype));
  });
  return finish(b, output, mixed, () => null);
}

/** torch.nn.functional.layer_norm: biased variance over the last `axes` axes. */
export function layerNorm(
  b: Lowering,
  output: LoopMeta,
  operands: {
    readonly x: LoopNode;
    readonly axes: number;
    readonly weight: LoopNode | null;
    readonly bias: LoopNode | null;
    readonly eps: number;
  },
): LoopNode {
  const { x, axes, weight, bias, eps } = operands;
  const dtype = arithmeticDType(x.dtype);
  const kept = x.shape.length - axes;
  const outer = x.shape.slice(0, kept);
  const inner = x.shape.slice(kept);
  const count = b.cast(
    b.indexValue(
      inner.reduce((product, size) => mul(product, size), int(1)),
      'int64',
    ),
    dtype,
  );
  const value = (index: Index): Scalar => read(b, x, index, dtype);
  const total = b.reduce({ dtype, shape: outer }, 'sum', inner, (i, r) => value([...i, ...r]));
  const mean = b.pointwise(total, (i) => b.op('div', b.load(total, i), count));
  const squares = b.reduce({ dtype, shape: outer }, 'sum', inner, (i, r) => {
    const d = b.op('sub', value([...i, ...r]), b.load(mean, i));
    return b.op('mul', d, d);
  });
  const inverse = b.pointwise(squares, (i) =>
    b.op('rsqrt', b.op('add', b.op('div', b.load(squares, i), count), b.constant(eps, dtype))),
  );
  return b.pointwise(output, (index) => {
    const [i, r] = [index.slice(0, kept), index.slice(kept)];
    let y = b.op('mul', b.op('sub', value(index), b.load(mean, i)), b.load(inverse, i));
    if (weight) y = b.op('mul', y, read(b, weight, r, dtype));
    if (bias) y = b.op('add', y, read(b, bias, r, dtype));
    return b.cast(y, output.dtype);
  });
}

/** torch.softmax or torch.log_softmax over any axis. */
export function softmax(b: Lowering, output: LoopMeta, x: LoopNode, axis: number, log: boolean): LoopNode {
  const dtype = arithmeticDType(x.dtype);
  const outer = x.shape.filter((_, i) => i !== axis);
  const at = (i: Index, r: Expr): Expr[] => [...i.slice(0, axis), r, ...i.slice(axis)];
  const drop = (index: Index): Expr[] => index.filter((_, i) => i !== axis);
  const meta = { dtype, shape: outer };
  const value = (index: Index): Scalar => read(b, x, index, dtype);
  const top = b.reduce(meta, 'max', [x.shape[axis]], (i, [r]) => value(at(i, r)));
  const total = b.reduce(meta, 'sum', [x.shape[axis]], (i, [r]) =>
    b.op('exp', b.op('sub', value(at(i, r)), b.load(top, i))),
  );
  return b.pointwise(output, (index) => {
    const shifted = b.op('sub', value(index), b.load(top, drop(index)));
    const sum = b.load(total, drop(index));
    const y = log ? b.op('sub', shifted, b.op('log', sum)) : b.op('div', b.op('exp', shifted), sum);
    return b.cast(y, output.dtype);
  });
}

/** torch.fft.rfft as view_as_real, by the definition: O(n²), angles reduced exactly before the cosine. */
export function rfft(b: Lowering, output: LoopMeta, x: LoopNode, n: number): LoopNode {
  const dtype = 'float64';
  const sum = b.reduce({ dtype, shape: output.shape }, 'sum', [int(n)], (index, [j]) => {
    const [outer, bin, part] = [index.slice(0, -2), index.at(-2)!, index.at(-1)!];
    const turn = b.indexValue(mod(mul(bin, j), int(n)), dtype);
    const angle = b.op('mul', turn, b.constant((2 * Math.PI) / n, dtype));
    const wave = b.select(b.indexLess(part, int(1)), b.op('cos', angle), b.op('neg', b.op('sin', angle)));
    return b.op('mul', read(b, x, [...outer, j], dtype), wave);
  });
  return finish(b, output, sum, () => null);
}

function read(b: Lowering, x: LoopTensor, index: Index, dtype: DType): Scalar {
  return b.cast(b.load(x, index), dtype);
}

function finish(b: Lowering, output: LoopMeta, sum: LoopNode, bias: (index: Index) => Scalar | null): LoopNode {
  return b.pointwise(output, (index) => {
    const value = b.load(sum, index);
    const extra = bias(index);
    return b.cast(extra ? b.op('add', value, extra) : value, output.dtype);
  });
}

/** float64 if any is, else float32 if any is floating, else the result's integer dtype. */
function wider(...all: DType[]): DType {
  if (all.includes('float64')) return 'float64';
  return arithmeticDType(all.find((dtype) => arithmeticDType(dtype) === 'float32') ?? all.at(-1)!);
}
