/** @file Judged cases of the ops that move, make and join elements, and of the composite ones. */

import { dtypes, isFloat } from '../../core/dtype.ts';
import {
  type Size,
  sizeAdd,
  sizeFloorDiv,
  sizeMax,
  sizeMin,
  sizeMod,
  sizeMul,
  sizeSub,
} from '../../symbolic/symInt.ts';
import { input, type OpCase } from './opCase.ts';

const views: OpCase[] = dtypes.flatMap((dtype): OpCase[] => [
  {
    op: 'reshape',
    title: dtype,
    make: (n) => ({ inputs: [input(dtype, [n, 4])], attrs: { shape: [2, 2, n] } }),
  },
  { op: 'permute', title: dtype, make: (n) => ({ inputs: [input(dtype, [2, n, 3])], attrs: { axes: [2, 0, 1] } }) },
  { op: 'expand', title: dtype, make: (n) => ({ inputs: [input(dtype, [n, 1])], attrs: { shape: [2, n, 3] } }) },
  {
    op: 'slice',
    title: dtype,
    make: (n, pos) => ({ inputs: [input(dtype, [2, n])], attrs: { axis: 1, start: pos, end: n, step: 1 } }),
  },
  {
    op: 'select',
    title: dtype,
    make: (n) => ({ inputs: [input(dtype, [n, 3])], attrs: { axis: 0, index: sizeSub(n, 1) } }),
  },
  {
    op: 'unfold',
    title: dtype,
    make: (n) => ({ inputs: [input(dtype, [2, n, 2])], attrs: { axis: 1, size: 3, step: 2 } }),
  },
  {
    op: 'sliceScatter',
    title: dtype,
    make: (n, pos) => ({
      inputs: [input(dtype, [2, sizeAdd(n, 4)]), input(dtype, [2, 2])],
      attrs: { axis: 1, start: pos, end: sizeAdd(pos, 2), step: 1 },
    }),
  },
  {
    op: 'sliceScatter',
    title: `${dtype}, every second row`,
    make: (n) => ({
      inputs: [input(dtype, [sizeMul(n, 2), 3]), input(dtype, [n, 3])],
      attrs: { axis: 0, start: 1, end: sizeMul(n, 2), step: 2 },
    }),
  },
  {
    op: 'selectScatter',
    title: dtype,
    make: (n, pos) => ({ inputs: [input(dtype, [2, n]), input(dtype, [2])], attrs: { axis: 1, index: pos } }),
  },
  { op: 'flip', title: dtype, make: (n) => ({ inputs: [input(dtype, [n, 3])], attrs: { axes: [0, 1] } }) },
  { op: 'tril', title: dtype, make: (n) => ({ inputs: [input(dtype, [2, n, 4])], attrs: { diagonal: -1 } }) },
  { op: 'triu', title: dtype, make: (n, pos) => ({ inputs: [input(dtype, [4, n])], attrs: { diagonal: pos } }) },
  {
    op: 'embedding',
    title: dtype,
    make: (n) => ({ inputs: [input(dtype, [4, 3]), input('int64', [2, n], { from: -4, to: 4 })] }),
  },
  {
    op: 'indexSelect',
    title: dtype,
    make: (n) => ({
      inputs: [input(dtype, [n, 4]), input('int32', [n], { from: -4, to: 4 })],
      attrs: { axis: 1 },
    }),
  },
  {
    op: 'gather',
    title: dtype,
    make: (n) => ({
      inputs: [input(dtype, [n, 4]), input('int64', [n, 2], { from: -4, to: 4 })],
      attrs: { axis: 1 },
    }),
  },
  {
    op: 'cat',
    title: dtype,
    make: (n) => ({ inputs: [input(dtype, [2, n]), input(dtype, [2, 3]), input(dtype, [2, n])], attrs: { axis: 1 } }),
  },
  {
    op: 'pad',
    title: dtype,
    make: (n, pos) => ({
      inputs: [input(dtype, [2, n])],
      attrs: { before: [0, pos], after: [1, 2], mode: 'constant', value: 1 },
    }),
  },
  {
    op: 'full',
    title: dtype,
    make: (n) => ({ inputs: [], attrs: { shape: [2, n], value: 3, dtype } }),
  },
  ...(dtype === 'bool'
    ? []
    : [
        {
          op: 'arange',
          title: dtype,
          make: (n, pos) => ({
            inputs: [],
            attrs: { start: pos as number, end: sizeMul(n, 3) as number, step: 2, dtype },
          }),
        } as OpCase,
      ]),
  {
    op: 'constant',
    title: dtype,
    make: () => ({ inputs: [], attrs: { data: [1, 0, 3, 0, 5, 1], shape: [2, 3], dtype } }),
  },
]);

const viewSpecial: OpCase[] = [
  {
    op: 'reshape',
    title: 'no elements, and a quotient of dims',
    make: (n) => ({ inputs: [input('float32', [0, n])], attrs: { shape: [n, 0, sizeFloorDiv(n, 2)] } }),
  },
  {
    op: 'expand',
    title: 'to an expression of dims',
    make: (n, pos) => ({
      inputs: [input('float32', [])],
      attrs: {
        shape: [sizeAdd(n, pos), sizeMod(n, 3), sizeFloorDiv(sizeSub(pos, n), 2) as Size].map((size, i) =>
          // Floor division of a negative size: what truncation would get wrong.
          i === 2 ? sizeAdd(size, 10) : size,
        ),
      },
    }),
  },
  {
    op: 'expand',
    title: 'to the least and greatest of dims',
    make: (n, pos) => ({
      inputs: [input('float32', [1, 1])],
      attrs: { shape: [sizeMin(n, sizeMul(pos, 2)), sizeMax(n, sizeMul(pos, 3))] },
    }),
  },
  {
    op: 'slice',
    title: 'stepped',
    make: (n) => ({ inputs: [input('float32', [n, 2])], attrs: { axis: 0, start: 1, end: n, step: 3 } }),
  },
  {
    op: 'slice',
    title: 'nothing left',
    make: (n) => ({ inputs: [input('float32', [n, 2])], attrs: { axis: 0, start: n, end: n, step: 1 } }),
  },
  { op: 'flip', title: 'no axis', make: (n) => ({ inputs: [input('float32', [n])], attrs: { axes: [] } }) },
  {
    op: 'cat',
    title: 'mixed dtypes',
    make: (n) => ({ inputs: [input('float16', [n]), input('int32', [2]), input('float32', [1])], attrs: { axis: 0 } }),
  },
  ...(['reflect', 'replicate', 'circular'] as const).map(
    (mode): OpCase => ({
      op: 'pad',
      title: mode,
      make: (n) => ({ inputs: [input('float32', [2, n])], attrs: { before: [0, 3], after: [0, 2], mode, value: 0 } }),
    }),
  ),
  {
    op: 'full',
    title: 'a dim, 0-d',
    make: (n) => ({ inputs: [], attrs: { shape: [], value: n as number, dtype: 'float32' } }),
  },
  {
    op: 'full',
    title: '-Infinity in float16',
    make: (n) => ({ inputs: [], attrs: { shape: [n], value: Number.NEGATIVE_INFINITY, dtype: 'float16' } }),
  },
  {
    op: 'arange',
    title: 'fractions',
    make: () => ({ inputs: [], attrs: { start: 0.5, end: 3.2, step: 0.3, dtype: 'float32' } }),
  },
  {
    op: 'arange',
    title: 'downwards',
    make: (n) => ({ inputs: [], attrs: { start: n as number, end: 0, step: -1, dtype: 'int64' } }),
  },
  {
    op: 'constant',
    title: 'sizes among numbers',
    make: (n, pos) => ({
      inputs: [],
      attrs: { data: [n as number, 7, sizeAdd(n, pos) as number], shape: [3], dtype: 'int64' },
    }),
  },
  { op: 'constant', title: 'empty', make: () => ({ inputs: [], attrs: { data: [], shape: [0], dtype: 'bool' } }) },
];

const floats = dtypes.filter(isFloat);

const normalizations: OpCase[] = floats.flatMap((dtype): OpCase[] => [
  ...(['softmax', 'logSoftmax'] as const).flatMap((op): OpCase[] => [
    { op, title: dtype, make: (n) => ({ inputs: [input(dtype, [3, n])], attrs: { axis: 1 } }) },
    { op, title: `${dtype}, first axis`, make: (n) => ({ inputs: [input(dtype, [n, 3])], attrs: { axis: 0 } }) },
    { op, title: `${dtype}, 0-d`, make: () => ({ inputs: [input(dtype, [], [2.5])], attrs: { axis: 0 } }) },
  ]),
  {
    op: 'layerNorm',
    title: dtype,
    make: (n) => ({
      inputs: [input(dtype, [2, n, 6]), input(dtype, [6]), input(dtype, [6])],
      attrs: { axes: 1, eps: 1e-5 },
    }),
  },
  {
    op: 'layerNorm',
    title: `${dtype}, two axes, no weight`,
    make: (n) => ({ inputs: [input(dtype, [n, 2, 6])], attrs: { axes: 2, eps: 1e-5 } }),
  },
]);

const products: OpCase[] = dtypes
  .filter((dtype) => dtype !== 'bool')
  .flatMap((dtype): OpCase[] => [
    {
      op: 'matmul',
      title: `${dtype}, broadcast batch`,
      make: (n) => ({ inputs: [input(dtype, [2, 1, 3, n]), input(dtype, [4, n, 2])] }),
    },
    {
      op: 'linear',
      title: dtype,
      make: (n) => ({ inputs: [input(dtype, [2, n, 4]), input(dtype, [3, 4]), input(dtype, [3])] }),
    },
  ]);

/** Mixed float dtypes: a checkpoint in half precision with float32 activations. */
const mixedProducts: OpCase[] = (['float16', 'bfloat16'] as const).flatMap((half): OpCase[] => [
  {
    op: 'matmul',
    title: `float32 and ${half}`,
    make: (n) => ({ inputs: [input('float32', [n, 3]), input(half, [3, 2])] }),
  },
  {
    op: 'linear',
    title: `float32 and ${half}, one row`,
    make: () => ({ inputs: [input('float32', [4]), input(half, [3, 4]), input(half, [3])] }),
  },
  {
    op: 'layerNorm',
    title: `float32 and ${half}`,
    make: (n) => ({
      inputs: [input('float32', [n, 4]), input(half, [4]), input(half, [4])],
      attrs: { axes: 1, eps: 1e-5 },
    }),
  },
  {
    op: 'conv1d',
    title: `float32 and ${half}`,
    make: (n) => ({
      inputs: [input('float32', [1, 2, n]), input(half, [3, 2, 3]), input(half, [3])],
      attrs: { stride: 1, padding: 1, dilation: 1, groups: 1 },
    }),
  },
  {
    op: 'scaledDotProductAttention',
    title: `float32 and ${half}`,
    make: (n) => ({
      inputs: [input('float32', [1, n, 4]), input(half, [1, n, 4]), input(half, [1, n, 4])],
      attrs: { causalOffset: null, scale: 0.5 },
    }),
  },
]);

const convolutions: OpCase[] = floats.flatMap((dtype): OpCase[] => {
  const conv = (title: string, weight: number[], attrs: OpConv, bias: boolean): OpCase => ({
    op: 'conv1d',
    title: `${dtype}, ${title}`,
    make: (n) => ({
      inputs: [input(dtype, [2, 4, n]), input(dtype, weight), ...(bias ? [input(dtype, [weight[0]])] : [])],
      attrs,
    }),
  });
  return [
    conv('stride, padding, bias', [3, 4, 3], { stride: 2, padding: 1, dilation: 1, groups: 1 }, true),
    conv('groups, dilation', [4, 2, 2], { stride: 1, padding: 2, dilation: 2, groups: 2 }, false),
  ];
});

type OpConv = { readonly stride: number; readonly padding: number; readonly dilation: number; readonly groups: number };

const attention: OpCase[] = floats.flatMap((dtype): OpCase[] => {
  const qkv = (n: Size) => [input(dtype, [2, 3, n, 4]), input(dtype, [2, 3, n, 4]), input(dtype, [2, 3, n, 5])];
  const op = 'scaledDotProductAttention';
  return [
    { op, title: dtype, make: (n) => ({ inputs: qkv(n), attrs: { causalOffset: null, scale: 0.5 } }) },
    { op, title: `${dtype}, causal`, make: (n) => ({ inputs: qkv(n), attrs: { causalOffset: 0, scale: 0.5 } }) },
    {
      op,
      title: `${dtype}, causal behind a cache`,
      make: (n, pos) => ({
        inputs: [input(dtype, [3, 2, 4]), input(dtype, [3, n, 4]), input(dtype, [3, n, 4])],
        attrs: { causalOffset: pos, scale: 0.5 },
      }),
    },
    {
      op,
      title: `${dtype}, truth mask`,
      make: (n) => ({
        inputs: [...qkv(n), input('bool', [n, n], [1, 0, 1, 1, 0, 1, 1])],
        attrs: { causalOffset: null, scale: 0.5 },
      }),
    },
    {
      op,
      title: `${dtype}, added mask, broadcast batch`,
      make: (n) => ({
        inputs: [input(dtype, [n, 4]), input(dtype, [2, n, 4]), input(dtype, [2, n, 4]), input(dtype, [2, 1, n])],
        attrs: { causalOffset: 0, scale: 0.25 },
      }),
    },
  ];
});

const fourier: OpCase[] = floats.flatMap((dtype): OpCase[] => {
  const stft = (nFft: number, hop: number, windowed: boolean): OpCase => ({
    op: 'stft',
    title: `${dtype}, ${nFft} samples${windowed ? ', windowed' : ''}`,
    make: (n) => ({
      inputs: [input(dtype, [2, sizeMul(n, 8)]), ...(windowed ? [input(dtype, [nFft])] : [])],
      attrs: { nFft, hop },
    }),
  });
  return [
    { op: 'rfft', title: `${dtype}, even`, make: (n) => ({ inputs: [input(dtype, [n, 8])], attrs: { n: 8 } }) },
    { op: 'rfft', title: `${dtype}, odd`, make: (n) => ({ inputs: [input(dtype, [2, n, 9])], attrs: { n: 9 } }) },
    stft(16, 5, true),
    stft(12, 4, false),
  ];
});

export const structureCases: readonly OpCase[] = [
  ...views,
  ...viewSpecial,
  ...normalizations,
  ...products,
  ...mixedProducts,
  ...convolutions,
  ...attention,
  ...fourier,
];
