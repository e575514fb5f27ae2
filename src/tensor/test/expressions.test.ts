/** @file Expressions of tensors where tensors are wanted: `t`, and what functions say of numbers. */

import { cat, nn, t, tensor, where } from 'torchnative';
import { describe, expect, test } from 'vitest';

describe('t', () => {
  test('is the tensor itself, or makes one of a number', () => {
    const x = tensor([1, 2, 3]);
    expect(t(x)).toBe(x);
    expect(t(x + x * 2).tolist()).toEqual([3, 6, 9]);
    expect(t(x > 1).tolist()).toEqual([false, true, true]);
    expect([t(3).shape, t(3).dtype, t(3).item()]).toEqual([[], 'float32', 3]);
    expect([t(true).dtype, t(true).item()]).toEqual(['bool', true]);
  });

  test('what takes tensors takes expressions, and says so of numbers', () => {
    const x = tensor([-1, 2]);
    expect(nn.functional.relu(x * 2).tolist()).toEqual([0, 4]);
    expect(cat([x + 1, x]).tolist()).toEqual([0, 3, -1, 2]);
    expect(where(x > 0, x, 0).tolist()).toEqual([0, 2]);
    expect(new nn.Parameter(x * 2).tolist()).toEqual([-2, 4]);
    for (const wrong of [
      () => nn.functional.relu(3),
      () => cat([3]),
      () => x.matmul(3),
      () => new nn.Parameter(3),
      () => x.gather(0, 1),
      () => new nn.Linear(2, 2).forward(3),
      () => nn.functional.layerNorm(x, [2], 1),
    ])
      expect(wrong).toThrow(/tensor/);
  });

  test('messages name classes as users do', () => {
    expect(tensor([1]).constructor.name).toBe('Tensor');
    expect(new nn.Linear(1, 1).weight.constructor.name).toBe('Parameter');
  });
});
