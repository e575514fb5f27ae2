/** @file Creation, reading, printing, casts, errors of tensors. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TnError } from '../../core/errors.ts';
import { bfloat16ToNumber, halfToNumber, numberToBfloat16, numberToHalf } from '../../core/half.ts';
import { operators } from '../../symbolic/operators.ts';
import * as tn from '../index.ts';

describe('creation and reading', () => {
  test('dtypes follow the data', () => {
    expect(tn.tensor([1, 2]).dtype).toBe('float32');
    expect(tn.tensor([true]).dtype).toBe('bool');
    expect(tn.tensor([1n]).dtype).toBe('int64');
    expect(tn.tensor(new Int32Array([1])).dtype).toBe('int32');
    expect(tn.tensor([1, 2], { dtype: 'int64' }).tolist()).toEqual([1, 2]);
  });

  test('int64 comes back as numbers while exact', () => {
    expect(tn.tensor([5n, 2n ** 60n + 1n]).tolist()).toEqual([5, 2n ** 60n + 1n]);
    expect(tn.tensor(2n ** 53n).item()).toBe(2n ** 53n);
    expect(tn.tensor([true, false]).tolist()).toEqual([true, false]);
  });

  test('empty and nested shapes', () => {
    expect(tn.tensor([]).sizes).toEqual([0]);
    expect(tn.tensor([[], []]).sizes).toEqual([2, 0]);
    expect(tn.tensor([[[1], [2]]]).sizes).toEqual([1, 2, 1]);
    for (const ragged of [
      [[1], [2, 3]],
      [[1], 2],
      [1, [2]],
      [[], [1]],
    ]) {
      expect(() => tn.tensor(ragged)).toThrow('different lengths');
    }
  });

  test('toFloat32Array of a contiguous float32 tensor is its memory', () => {
    const x = tn.zeros([2, 2]);
    x.toFloat32Array()[3] = 7;
    expect(x.tolist()).toEqual([
      [0, 0],
      [0, 7],
    ]);
    expect(Array.from(x.half().toFloat32Array())).toEqual([0, 0, 0, 7]);
  });

  test('random numbers repeat with their seed and do not depend on the number drawn before in another generator', () => {
    const a = tn.randn([5], { generator: new tn.Generator(7) }).tolist();
    tn.rand([3]);
    expect(tn.randn([5], { generator: new tn.Generator(7) }).tolist()).toEqual(a);
    expect(tn.randn([5], { generator: new tn.Generator(8) }).tolist()).not.toEqual(a);
    const many = tn.randn([20000], { generator: new tn.Generator(1) });
    expect(Math.abs(many.mean().item())).toBeLessThan(0.03);
    expect(Math.abs(many.std().item() - 1)).toBeLessThan(0.03);
    const uniform = tn.rand([20000], { generator: new tn.Generator(2) });
    expect(uniform.amin().item()).toBeGreaterThanOrEqual(0);
    expect(uniform.amax().item()).toBeLessThan(1);
    expect(Math.abs(uniform.mean().item() - 0.5)).toBeLessThan(0.01);
    const dice = tn.randint(1, 7, [6000], { generator: new tn.Generator(3) });
    for (let face = 1; face <= 6; face++) expect(Math.abs(dice.eq(face).sum().item() - 1000)).toBeLessThan(150);
    expect(tn.randperm(10).sort().values.tolist()).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });
});

describe('half types', () => {
  test('every float16 and bfloat16 survives the way through numbers', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const half = halfToNumber(bits);
      if (!Number.isNaN(half)) expect(numberToHalf(half)).toBe(bits);
      const brain = bfloat16ToNumber(bits);
      if (!Number.isNaN(brain)) expect(numberToBfloat16(brain)).toBe(bits);
    }
  });

  test('rounding is to the nearest, ties to even', () => {
    const neighbours = (bits: number, decode: (b: number) => number): [number, number] => [
      decode(bits),
      decode(bits + 1),
    ];
    fc.assert(
      fc.property(fc.nat(0x7bfe), fc.double({ min: 0, max: 1, noNaN: true }), (bits, t) => {
        const [low, high] = neighbours(bits, halfToNumber);
        const value = Math.fround(low + (high - low) * t);
        const middle = (low + high) / 2;
        const wanted = value < middle ? bits : value > middle ? bits + 1 : bits + (bits % 2);
        expect(numberToHalf(value)).toBe(wanted);
      }),
    );
  });
});

describe('printing', () => {
  test('as PyTorch prints', () => {
    const text = (x: { toString(): string }): string => x.toString();
    expect(text(tn.tensor([1, 2.5, -3]))).toBe('tensor([ 1.0000,  2.5000, -3.0000])');
    expect(text(tn.tensor([1, 2, -3]))).toBe('tensor([ 1.,  2., -3.])');
    expect(text(tn.tensor(3.5))).toBe('tensor(3.5000)');
    expect(text(tn.arange(3))).toBe('tensor([0, 1, 2])');
    expect(text(tn.tensor([true, false]))).toBe('tensor([ True, False])');
    expect(text(tn.tensor([1e-6, 1]))).toBe('tensor([1.0000e-06, 1.0000e+00])');
    expect(text(tn.tensor([Number.NaN, Number.POSITIVE_INFINITY, 1]))).toBe('tensor([nan, inf, 1.])');
    expect(text(tn.zeros([2, 2], { dtype: 'float16' }))).toBe('tensor([[0., 0.],\n        [0., 0.]], dtype=float16)');
    expect(text(tn.zeros([0]))).toBe('tensor([])');
    expect(text(tn.zeros([2, 0]))).toBe('tensor([], size=[2, 0])');
    expect(text(tn.tensor([1, 2000, -0]))).toBe('tensor([1.0000e+00, 2.0000e+03, -0.0000e+00])');
    expect(
      text(
        tn.tensor([
          [1, 20],
          [300, 4],
        ]),
      ),
    ).toBe('tensor([[  1.,  20.],\n        [300.,   4.]])');
    expect(text(tn.arange(2000))).toBe('tensor([   0,    1,    2,  ..., 1997, 1998, 1999])');
  });
});

describe('operators', () => {
  test('transformed operators call the functions', () => {
    const x = tn.tensor([1, 2]);
    expect((operators.add(2, operators.mul(x, x)) as typeof x).tolist()).toEqual([3, 6]);
    expect((operators.sub(1, x) as typeof x).tolist()).toEqual([0, -1]);
    expect((operators.neg(x) as typeof x).tolist()).toEqual([-1, -2]);
    expect((operators.lt(x, 2) as unknown as typeof x).tolist()).toEqual([true, false]);
  });
});

describe('errors name what failed and the remedy', () => {
  const x = tn.zeros([2, 3]);
  test.each<[string, () => unknown, string]>([
    ['broadcast', () => x.add(tn.zeros([2])), 'add: shapes [2, 3] and [2] do not broadcast'],
    ['reshape', () => x.reshape(4, 2), 'reshape: [2, 3] cannot become [4, 2]'],
    ['view', () => x.t().view(6), 'use reshape'],
    ['matmul', () => x.matmul(x), 'matmul: [2, 3] and [2, 3] do not fit'],
    ['dim', () => x.sum(2), 'dim 2 is out of range for a tensor of 2 dims'],
    ['index', () => x.select(0, 5), 'index 5 is out of range for size 2'],
    ['indexSelect', () => x.indexSelect(0, tn.tensor([9n])), 'index 9 is out of range for size 2'],
    ['item', () => x.item(), 'exactly one element, found 6'],
    ['mean of ints', () => tn.arange(3).mean(), 'needs floats, found int64'],
    ['in-place cast', () => tn.arange(3).add_(0.5), 'cannot be written into a int64 tensor'],
    ['division', () => tn.arange(3).floorDivide(0), 'integer division by zero'],
  ])('%s', (_name, body, message) => {
    expect(body).toThrow(TnError);
    expect(body).toThrow(message);
  });
});
