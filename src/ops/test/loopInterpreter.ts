/** @file A LoopBuilder that computes instead of compiling: the judge of the ops' lowerings, element by element. */

import { computeDType, type DType, dtypeInfo, isFloat } from '../../core/dtype.ts';
import { invariant, TnError } from '../../core/errors.ts';
import { Storage } from '../../core/storage.ts';
import { contiguousStrides, product, type StridedView } from '../../core/view.ts';
import { constValue, type Expr, int } from '../../symbolic/expr.ts';
import { RealFourier } from '../fft.ts';
import { readElements, toBigInt } from '../kernels.ts';
import * as m from '../math.ts';
import type { Combine, LoopBuilder, LoopMeta, LoopTensor, Scalar, ScalarOp } from '../record.ts';

type Value = number | bigint;

interface Known extends Scalar {
  get(): Value;
}

interface Computed extends LoopTensor {
  at(index: readonly number[]): Value;
}

const rounders = new Map<DType, (value: number) => number>();

/** The nearest value of the dtype, by way of its own storage. */
function round(value: Value, dtype: DType): Value {
  if (dtype === 'int64') return BigInt.asIntN(64, typeof value === 'bigint' ? value : toBigInt(value));
  let rounder = rounders.get(dtype);
  if (!rounder) {
    const view = {
      storage: Storage.allocate(dtype, 1),
      dtype,
      sizes: [1],
      strides: [1],
      offset: 0,
      count: 1,
    } as unknown as StridedView;
    const data = view.storage.typed(dtype) as Float32Array;
    rounder = (x) => {
      const source = Storage.allocate('float64', 1);
      (source.typed('float64') as Float64Array)[0] = x;
      const from = { ...view, storage: source, dtype: 'float64', count: 1 } as unknown as StridedView;
      if (dtype === 'float16' || dtype === 'bfloat16') return halfRound(x, dtype);
      data[0] = readElements(from, dtype)[0] as number;
      return data[0];
    };
    rounders.set(dtype, rounder);
  }
  const plain =
    typeof value === 'bigint' && dtypeInfo[dtype].category === 'int' ? Number(BigInt.asIntN(32, value)) : Number(value);
  return rounder(plain);
}

function halfRound(x: number, dtype: 'float16' | 'bfloat16'): number {
  const single = Math.fround(x);
  if (!Number.isFinite(single) || single === 0) return single;
  const bits = dtype === 'float16' ? 10 : 7;
  const lowest = dtype === 'float16' ? -14 : -126;
  const exponent = Math.max(Math.floor(Math.log2(Math.abs(single))), lowest);
  const step = 2 ** (exponent - bits);
  const rounded = m.roundHalfEven(single / step) * step;
  const largest = dtype === 'float16' ? 65504 : 3.3895313892515355e38;
  return Math.abs(rounded) > largest ? Math.sign(rounded) * Number.POSITIVE_INFINITY : rounded;
}

const number2 = (f: (a: number, b: number) => number) => f as (a: Value, b: Value) => Value;
const same = (a: Value, b: Value): boolean => a === b;

/** On values of one dtype: `big` for int64, `int` for the narrower integers. */
function applyOp(name: ScalarOp, dtype: DType, args: readonly Value[]): Value {
  const [a, b] = args as [number, number];
  const [x, y] = args as [bigint, bigint];
  const big = dtype === 'int64';
  const whole = !isFloat(dtype);
  switch (name) {
    case 'add':
      return big ? x + y : a + b;
    case 'sub':
      return big ? x - y : a - b;
    case 'mul':
      return big ? x * y : whole ? Math.imul(a, b) : a * b;
    case 'div':
      return big ? m.bigFloorDivide(x, y) : a / b;
    case 'floorDivide':
      return big ? m.bigFloorDivide(x, y) : m.floorDivide(a, b);
    case 'remainder':
      return big ? m.bigFloorRemainder(x, y) : m.floorRemainder(a, b);
    case 'fmod':
      return big ? x % y : a % b;
    case 'pow':
      return big
        ? m.bigPow(x, y)
        : whole
          ? m.intPow(a, b)
          : a === 1 || (a === -1 && !Number.isFinite(b) && !Number.isNaN(b))
            ? 1
            : a ** b;
    case 'minimum':
      return big ? m.bigMin(x, y) : Math.min(a, b);
    case 'maximum':
      return big ? m.bigMax(x, y) : Math.max(a, b);
    case 'atan2':
      return number2(Math.atan2)(a, b);
    case 'neg':
      return big ? -x : -a;
    case 'abs':
      return big ? (x < 0n ? -x : x) : Math.abs(a);
    case 'sign':
      return big ? (x > 0n ? 1n : x < 0n ? -1n : 0n) : a > 0 ? 1 : a < 0 ? -1 : 0;
    case 'sqrt':
      return Math.sqrt(a);
    case 'rsqrt':
      return 1 / Math.sqrt(a);
    case 'reciprocal':
      return 1 / a;
    case 'sigmoid':
      return m.sigmoid(a);
    case 'erf':
      return m.erf(a);
    case 'round':
      return m.roundHalfEven(a);
    case 'geluErf':
      return m.geluErf(a);
    case 'geluTanh':
      return m.geluTanh(a);
    case 'silu':
      return m.silu(a);
    case 'eq':
      return same(a, b) ? 1 : 0;
    case 'ne':
      return same(a, b) ? 0 : 1;
    case 'lt':
      return a < b ? 1 : 0;
    case 'le':
      return a <= b ? 1 : 0;
    case 'gt':
      return a > b ? 1 : 0;
    case 'ge':
      return a >= b ? 1 : 0;
    case 'and':
      return big ? x & y : a & b;
    case 'or':
      return big ? x | y : a | b;
    case 'xor':
      return big ? x ^ y : a ^ b;
    case 'not':
      return a === 0 ? 1 : 0;
    case 'isNan':
      return Number.isNaN(a) ? 1 : 0;
    case 'isInf':
      return Math.abs(a) === Number.POSITIVE_INFINITY ? 1 : 0;
    default:
      return Math[name](a);
  }
}

const truthOps: ReadonlySet<ScalarOp> = new Set(['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'not', 'isNan', 'isInf']);

function combineOp(combine: Combine): ScalarOp {
  const table = { sum: 'add', prod: 'mul', max: 'maximum', min: 'minimum', any: 'or', all: 'and' } as const;
  invariant(combine in table, () => `no fold for ${combine}`);
  return table[combine as keyof typeof table];
}

function sizesOf(shape: readonly Expr[]): number[] {
  return shape.map(known);
}

function known(e: Expr): number {
  const value = constValue(e);
  invariant(value !== null, () => 'the interpreter runs at concrete sizes');
  return value;
}

function makeTensor(meta: LoopMeta, at: (index: readonly number[]) => Value): Computed {
  const sizes = sizesOf(meta.shape);
  const strides = contiguousStrides(sizes);
  const memo = new Map<number, Value>();
  return {
    loopTensor: true,
    dtype: meta.dtype,
    shape: meta.shape,
    at(index) {
      invariant(
        index.length === sizes.length && index.every((i, axis) => i >= 0 && i < sizes[axis]),
        () => `index [${index}] outside [${sizes}]`,
      );
      const flat = index.reduce((sum, i, axis) => sum + i * strides[axis], 0);
      let value = memo.get(flat);
      if (value === undefined) memo.set(flat, (value = at(index)));
      return value;
    },
  };
}

/** A tensor as the loop IR sees it. */
export function loopTensor(view: StridedView): LoopTensor {
  const values = readElements(view);
  const strides = contiguousStrides(view.sizes);
  return makeTensor(
    { dtype: view.dtype, shape: view.sizes.map(int) },
    (index) => values[index.reduce((sum, i, axis) => sum + i * strides[axis], 0)],
  );
}

/** All elements in order, as numbers (int64 as bigints). */
export function loopValues(x: LoopTensor): Value[] {
  const sizes = sizesOf(x.shape);
  return allIndices(sizes).map((index) => (x as Computed).at(index));
}

function allIndices(sizes: readonly number[]): number[][] {
  const strides = contiguousStrides(sizes);
  return Array.from({ length: product(sizes) }, (_, flat) =>
    sizes.map((size, axis) => Math.floor(flat / strides[axis]) % size),
  );
}

const scalar = (dtype: DType, get: () => Value): Known => ({ scalar: true, dtype, get: () => round(get(), dtype) });
const elementOf = (x: Scalar): Value => (x as Known).get();
const exprs = (index: readonly number[]): Expr[] => index.map(int);
const at = (x: LoopTensor, ...index: readonly number[]): number => Number((x as Computed).at(index));

export const loopInterpreter: LoopBuilder = {
  size: (value) => int(value),
  constant: (value, dtype) => scalar(dtype, () => (typeof value === 'boolean' ? Number(value) : value)),
  number: (value, dtype) => scalar(dtype, () => value),
  indexValue: (index, dtype) => scalar(dtype, () => known(index)),
  load: (x, index) => ({ scalar: true, dtype: x.dtype, get: () => (x as Computed).at(index.map(known)) }) as Known,
  op(name, ...args) {
    const { dtype } = args[0];
    invariant(
      args.every((arg) => arg.dtype === dtype),
      () => `${name} of ${args.map((arg) => arg.dtype)}`,
    );
    invariant(computeDType(dtype) === dtype, () => `${name} in ${dtype}`);
    return scalar(truthOps.has(name) ? 'bool' : dtype, () => applyOp(name, dtype, args.map(elementOf)));
  },
  cast: (x, dtype) => scalar(dtype, () => elementOf(x)),
  select: (condition, a, b) => {
    invariant(a.dtype === b.dtype && condition.dtype === 'bool', () => `select of ${a.dtype} and ${b.dtype}`);
    return scalar(a.dtype, () => (elementOf(condition) ? elementOf(a) : elementOf(b)));
  },
  indexLess: (a, b) => scalar('bool', () => Number(known(a) < known(b))),
  indirect: (x, limit, what) => {
    const i = Number(elementOf(x));
    const size = known(limit);
    if (i < -size || i >= size) throw new TnError(`${what}: index ${i} is out of range`);
    return int(i < 0 ? i + size : i);
  },
  pointwise: (output, body) =>
    makeTensor(output, (index) => {
      const value = body(exprs(index));
      invariant(value.dtype === output.dtype, () => `a ${value.dtype} body for ${output.dtype}`);
      return elementOf(value);
    }),
  view: (x, shape, map) =>
    makeTensor({ dtype: x.dtype, shape }, (index) => (x as Computed).at(map(exprs(index)).map(known))),
  reduce(output, combine, extents, body) {
    const inner = allIndices(sizesOf(extents));
    return makeTensor(output, (index) => {
      const values = inner.map((reduced) => body(exprs(index), exprs(reduced)));
      if (combine === 'argmax' || combine === 'argmin')
        return BigInt(extremeOf(values.map(elementOf), combine === 'argmax'));
      const first = values[0];
      const wanted = combine === 'any' || combine === 'all' ? 'bool' : (first?.dtype ?? output.dtype);
      invariant(wanted === output.dtype, () => `${combine} of ${wanted} for ${output.dtype}`);
      if (values.length === 0)
        return combine === 'prod' || combine === 'all' ? round(1, output.dtype) : round(0, output.dtype);
      const op = combineOp(combine);
      // Sums as the eager kernels form them: float64, rounded once.
      const total = values
        .map(elementOf)
        .reduce((a, b) =>
          isFloat(wanted) ? applyOp(op, 'float64', [a, b]) : round(applyOp(op, wanted, [a, b]), wanted),
        );
      return round(total, output.dtype);
    });
  },
  scatter(base, src, map) {
    const replaced = new Map<string, Value>();
    for (const index of allIndices(sizesOf(src.shape)))
      replaced.set(String(map(exprs(index)).map(known)), (src as Computed).at(index));
    return makeTensor(base, (index) => replaced.get(String(index)) ?? (base as Computed).at(index));
  },
  matmul: (output, a, b, bias) =>
    makeTensor(output, (index) => {
      const [i, j] = index.slice(-2);
      const batch = index.slice(0, -2);
      let sum = bias ? at(bias, j) : 0;
      for (let k = 0; k < known(a.shape[a.shape.length - 1]); k++) sum += at(a, ...batch, i, k) * at(b, ...batch, k, j);
      return round(sum, output.dtype);
    }),
  conv1d: (output, x, weight, bias, { stride, padding, dilation, groups }) =>
    makeTensor(output, ([item, channel, t]) => {
      const [outputs, perGroup, kernel] = sizesOf(weight.shape);
      const first = Math.floor(channel / (outputs / groups)) * perGroup;
      let sum = bias ? at(bias, channel) : 0;
      for (let c = 0; c < perGroup; c++) {
        for (let k = 0; k < kernel; k++) {
          const from = t * stride - padding + k * dilation;
          if (from >= 0 && from < known(x.shape[2])) sum += at(x, item, first + c, from) * at(weight, channel, c, k);
        }
      }
      return round(sum, output.dtype);
    }),
  attention: (output, q, k, v, { mask, causalOffset, scale }) =>
    makeTensor(output, (index) => {
      const batch = index.slice(0, -2);
      const [row, column] = index.slice(-2);
      const [keys, depth] = sizesOf(k.shape).slice(-2);
      const scores = Array.from({ length: keys }, (_, j) => {
        let sum = 0;
        for (let e = 0; e < depth; e++) sum += at(q, ...batch, row, e) * at(k, ...batch, j, e);
        const hidden = causalOffset !== null && j > row + known(causalOffset);
        return hidden ? Number.NEGATIVE_INFINITY : sum * scale + (mask ? maskValue(mask, [...batch, row, j]) : 0);
      });
      const top = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - top));
      const total = weights.reduce((a, b) => a + b, 0);
      return round(
        weights.reduce((sum, w, j) => sum + (w / total) * at(v, ...batch, j, column), 0),
        output.dtype,
      );
    }),
  layerNorm: (output, x, axes, weight, bias, eps) =>
    makeTensor(output, (index) => {
      const head = index.slice(0, index.length - axes);
      const own = index.slice(index.length - axes);
      const values = allIndices(sizesOf(x.shape.slice(x.shape.length - axes))).map((tail) => at(x, ...head, ...tail));
      const mean = values.reduce((a, b) => a + b, 0) / values.length;
      const variance = values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length;
      const normal = (at(x, ...index) - mean) / Math.sqrt(variance + eps);
      return round(normal * (weight ? at(weight, ...own) : 1) + (bias ? at(bias, ...own) : 0), output.dtype);
    }),
  softmax: (output, x, axis, log) =>
    makeTensor(output, (index) => {
      const size = x.shape.length === 0 ? 1 : known(x.shape[axis]);
      const values = Array.from({ length: size }, (_, i) => at(x, ...index.map((own, a) => (a === axis ? i : own))));
      const top = Math.max(...values);
      const total = values.reduce((sum, value) => sum + Math.exp(value - top), 0);
      const own = at(x, ...index) - top;
      return round(log ? own - Math.log(total) : Math.exp(own) / total, output.dtype);
    }),
  rfft: (output, x, n) => {
    const fourier = new RealFourier(n);
    return makeTensor(output, (index) => {
      const head = index.slice(0, -2);
      const [bin, part] = index.slice(-2);
      fourier.run(
        Array.from({ length: n }, (_, i) => at(x, ...head, i)),
        0,
        null,
      );
      return round(part === 0 ? fourier.re[bin] : fourier.im[bin], output.dtype);
    });
  },
};

/** A broadcast mask's term: bool masks hide, float ones add. */
function maskValue(mask: LoopTensor, index: readonly number[]): number {
  const sizes = sizesOf(mask.shape);
  const own = index.slice(index.length - sizes.length).map((i, axis) => (sizes[axis] === 1 ? 0 : i));
  const value = at(mask, ...own);
  if (mask.dtype !== 'bool') return value;
  return value ? 0 : Number.NEGATIVE_INFINITY;
}

function extremeOf(values: readonly Value[], largest: boolean): number {
  let best = 0;
  for (const [i, value] of values.entries()) {
    if (Number.isNaN(value)) return i;
    if (largest ? value > values[best] : value < values[best]) best = i;
  }
  return best;
}
