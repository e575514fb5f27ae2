/** @file Judged cases of the elementwise ops, reductions and orderings: each in every dtype that it is defined for. */

import { type DType, dtypes } from '../../core/dtype.ts';
import { binaryOps } from '../../ops/binary.ts';
import { opByName } from '../../ops/index.ts';
import type { Attrs } from '../../ops/record.ts';
import { reductionOps } from '../../ops/reduction.ts';
import { unaryOps } from '../../ops/unary.ts';
import { type Fill, input, type OpCase } from './opCase.ts';

const keysOf = <T extends object>(table: T): (keyof T & string)[] => Object.keys(table) as (keyof T & string)[];

/** Whether the op's record takes these dtypes. */
function isDefined(op: string, operands: readonly DType[], attrs: Attrs = {}): boolean {
  try {
    opByName(op).infer(
      operands.map((dtype) => ({ dtype, shape: [2, 3] })),
      attrs,
    );
    return true;
  } catch {
    return false;
  }
}

const positive: Fill = { from: 0.1, to: 5 };
const special: Fill = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1.5, -2.5];
const logarithms = new Set(['log', 'log2', 'log10', 'log1p', 'sqrt', 'rsqrt', 'reciprocal']);
/** Ops whose edge values (NaN, infinities) must come out alike. */
const withSpecials = new Set(['isNan', 'isInf', 'sign', 'relu', 'trunc', 'floor', 'round', 'abs', 'neg', 'logicalNot']);

const unary: OpCase[] = keysOf(unaryOps)
  .filter((op) => op !== 'cast')
  .flatMap((op): OpCase[] => {
    const fill = logarithms.has(op) ? positive : undefined;
    // sign(NaN) is left to the implementation by ONNX.
    const edges = op === 'sign' ? special.slice(1) : special;
    return [
      ...dtypes
        .filter((dtype) => isDefined(op, [dtype]))
        .map((dtype): OpCase => {
          const own: Fill | undefined = logarithms.has(op) && dtype !== 'bool' ? positive : fill;
          return { op, title: dtype, make: (n) => ({ inputs: [input(dtype, [2, n], own)] }) };
        }),
      ...(withSpecials.has(op)
        ? [{ op, title: 'NaN and infinities', make: (n) => ({ inputs: [input('float32', [n, 3], edges)] }) } as OpCase]
        : []),
    ];
  });

const casts: OpCase[] = dtypes.flatMap((from) =>
  dtypes.map(
    (to): OpCase => ({
      op: 'cast',
      title: `${from} to ${to}`,
      // Floats beyond an integer's range have no defined value in C or ONNX.
      make: (n) => ({ inputs: [input(from, [n, 2], { from: 0, to: 9 })], attrs: { dtype: to } }),
    }),
  ),
);

const divisions = new Set(['div', 'floorDivide', 'remainder', 'fmod']);
const mixed: readonly (readonly [DType, DType])[] = [
  ['float32', 'float16'],
  ['float32', 'bfloat16'],
  ['float16', 'bfloat16'],
  ['int64', 'int32'],
  ['uint8', 'int8'],
  ['bool', 'int32'],
  ['int32', 'float16'],
  ['float64', 'float32'],
];

function binaryFills(op: string, dtype: DType): [Fill | undefined, Fill | undefined] {
  // Neither zero divisors nor negative bases and exponents, which integers refuse.
  if (op === 'pow')
    return [
      { from: 0.5, to: 4 },
      { from: 0, to: 3 },
    ];
  if (!divisions.has(op)) return [undefined, undefined];
  return dtype === 'uint8' || dtype === 'bool'
    ? [undefined, { from: 1, to: 5 }]
    : [{ from: -9, to: 9 }, [-3, 2, 5, -1, 4]];
}

const binary: OpCase[] = keysOf(binaryOps).flatMap((op): OpCase[] => {
  const pairs = [...dtypes.map((dtype) => [dtype, dtype] as const), ...mixed].filter((pair) => isDefined(op, pair));
  const truthDivisor = (pair: readonly DType[]): boolean => divisions.has(op) && pair[1] === 'bool';
  return [
    ...pairs
      .filter((pair) => !truthDivisor(pair))
      .map((pair): OpCase => {
        const [left, right] = binaryFills(op, pair[1]);
        const two = input(pair[1], [3, 1], right);
        return {
          op,
          title: `${pair.join(' and ')}, broadcast`,
          make: (n) => ({ inputs: [input(pair[0], [1, n], pair[0] === 'uint8' ? undefined : left), two] }),
        };
      }),
    {
      op,
      title: 'a number on the right',
      make: (n) => ({ inputs: [input('float32', [n], binaryFills(op, 'float32')[0])], attrs: { right: 2 } }),
    },
    {
      op,
      title: 'a fraction on the right of float16',
      make: (n) => ({ inputs: [input('float16', [n], binaryFills(op, 'float16')[0])], attrs: { right: 0.75 } }),
    },
    {
      op,
      title: 'a dim on the right',
      make: (n) => ({ inputs: [input('float32', [n], binaryFills(op, 'float32')[0])], attrs: { right: n as number } }),
    },
    {
      op,
      title: 'a number on the left of int64',
      make: (n) => ({ inputs: [input('int64', [n], binaryFills(op, 'int64')[1])], attrs: { left: 3 } }),
    },
  ];
});

const binarySpecial: OpCase[] = [
  ...(['minimum', 'maximum', 'eq', 'ne', 'lt', 'ge', 'add', 'mul'] as const).map(
    (op): OpCase => ({
      op,
      title: 'NaN and infinities',
      make: (n) => ({ inputs: [input('float32', [n, 1], special), input('float32', [7], special)] }),
    }),
  ),
  {
    op: 'floorDivide',
    title: 'floats by zero',
    make: (n) => ({ inputs: [input('float32', [n], [1, -1, 2, -3, 5]), input('float32', [n], [0, -0, 2, 2, 0])] }),
  },
  {
    op: 'atan2',
    title: 'quadrants and axes',
    make: (n) => ({
      inputs: [input('float32', [n, 1], [1, -1, 0, 2, -0.5]), input('float32', [5], [1, -1, 0, -2, 0.25])],
    }),
  },
  {
    op: 'mul',
    title: 'int8 wraps',
    make: (n) => ({ inputs: [input('int8', [n], [100, -100, 77]), input('int8', [n], [3, 5, 7])] }),
  },
  {
    op: 'add',
    title: '0-d float64 with float16',
    make: (n) => ({ inputs: [input('float16', [n]), input('float64', [])] }),
  },
];

const ternary: OpCase[] = [
  ...dtypes.flatMap((dtype): OpCase[] => [
    {
      op: 'where',
      title: dtype,
      make: (n) => ({ inputs: [input('bool', [n, 1]), input(dtype, [3]), input(dtype, [n, 3])] }),
    },
    ...(dtype === 'bool'
      ? []
      : [
          {
            op: 'clamp',
            title: dtype,
            make: (n) => ({ inputs: [input(dtype, [n, 2])], attrs: { min: 1, max: 3 } }),
          } as OpCase,
        ]),
  ]),
  {
    op: 'where',
    title: 'a number where true',
    make: (n) => ({ inputs: [input('bool', [n]), input('float16', [n])], attrs: { left: Number.NEGATIVE_INFINITY } }),
  },
  {
    op: 'where',
    title: 'a number where false',
    make: (n) => ({ inputs: [input('bool', [n]), input('int32', [n])], attrs: { right: 7 } }),
  },
  {
    op: 'where',
    title: 'two numbers',
    make: (n) => ({ inputs: [input('bool', [n])], attrs: { left: 1.5, right: n as number } }),
  },
  {
    op: 'where',
    title: 'float16 and float32',
    make: (n) => ({ inputs: [input('bool', [n]), input('float16', [n]), input('float32', [n])] }),
  },
  {
    op: 'clamp',
    title: 'below only, by a dim, NaN stays',
    make: (n) => ({ inputs: [input('float32', [n], [1, Number.NaN, 20])], attrs: { min: n as number, max: null } }),
  },
  {
    op: 'clamp',
    title: 'integers by a fraction',
    make: (n) => ({ inputs: [input('int32', [n])], attrs: { min: null, max: 0.5 } }),
  },
];

const extremePositions = new Set(['argmax', 'argmin']);

const reductions: OpCase[] = keysOf(reductionOps).flatMap((op): OpCase[] => {
  const fill: Fill | undefined = op === 'prod' ? { from: 0.5, to: 2.9 } : undefined;
  const attrs = { axes: [1], keepdim: false };
  const defined = dtypes.filter((dtype) => isDefined(op, [dtype], attrs));
  const floats = (title: string, axes: number[], keepdim: boolean): OpCase => ({
    op,
    title,
    make: (n) => ({ inputs: [input('float32', [3, n, 2], fill)], attrs: { axes, keepdim } }),
  });
  return [
    ...defined.map(
      (dtype): OpCase => ({ op, title: dtype, make: (n) => ({ inputs: [input(dtype, [3, n], fill)], attrs }) }),
    ),
    floats('the first axis, kept', [0], true),
    floats('all axes', [0, 1, 2], false),
    floats('all axes, kept', [0, 1, 2], true),
    ...(extremePositions.has(op) ? [] : [floats('two axes', [1, 2], false), floats('no axis', [], false)]),
    { op, title: '0-d', make: () => ({ inputs: [input('float32', [], fill)], attrs: { axes: [], keepdim: false } }) },
  ];
});

const reductionSpecial: OpCase[] = [
  ...(['amax', 'amin', 'sum', 'any', 'all'] as const).map(
    (op): OpCase => ({
      op,
      title: 'infinities',
      make: (n) => ({
        inputs: [input('float32', [n, 3], [0, Number.POSITIVE_INFINITY, 1, 2])],
        attrs: { axes: [1], keepdim: false },
      }),
    }),
  ),
  ...(['any', 'all', 'sum', 'prod'] as const).map(
    (op): OpCase => ({
      op,
      title: 'no elements',
      make: (n) => ({ inputs: [input('float32', [n, 0])], attrs: { axes: [1], keepdim: false } }),
    }),
  ),
  ...(['argmax', 'argmin'] as const).map(
    (op): OpCase => ({
      op,
      title: 'first of equals',
      make: (n) => ({
        inputs: [input('int64', [n, 4], [3, 1, 3, 1])],
        attrs: { axes: [1], keepdim: true },
      }),
    }),
  ),
];

const orderings: OpCase[] = [
  ...dtypes.flatMap((dtype): OpCase[] =>
    [false, true].map((descending) => ({
      op: 'sort',
      title: `${dtype}${descending ? ', descending' : ''}`,
      make: (n) => ({ inputs: [input(dtype, [n, 3])], attrs: { axis: 0, descending } }),
    })),
  ),
  ...dtypes.map(
    (dtype): OpCase => ({
      op: 'cumsum',
      title: dtype,
      make: (n) => ({ inputs: [input(dtype, [2, n])], attrs: { axis: 1 } }),
    }),
  ),
  { op: 'sort', title: '0-d', make: () => ({ inputs: [input('float32', [])], attrs: { axis: 0, descending: false } }) },
  { op: 'cumsum', title: '0-d', make: () => ({ inputs: [input('float32', [])], attrs: { axis: 0 } }) },
];

export const elementwiseCases: readonly OpCase[] = [
  ...unary,
  ...casts,
  ...binary,
  ...binarySpecial,
  ...ternary,
  ...reductions,
  ...reductionSpecial,
  ...orderings,
];
