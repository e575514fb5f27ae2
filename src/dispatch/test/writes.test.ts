/** @file Compiled code that writes into what it was given, beside the functions themselves, at sizes that were not captured. */

import { arange, cat, compileCache, Dim, type Tensor, tensor, zeros } from 'torchnative';
import { describe, expect, test } from 'vitest';
import { expectEqual, plain } from '../../capture/test/support.ts';
import { counts, useOwnCache, warningsOf } from './support.ts';

useOwnCache();

const n = Dim('n', { min: 4, max: 64 });
const grid = (rows: number, columns: number, from = 0): Tensor =>
  arange(from, from + rows * columns)
    .reshape([rows, columns])
    .to('float32');

type Fn = (x: Tensor, y: Tensor) => unknown;

const functions: Record<string, Fn> = {
  exchange: (x, y) => {
    const kept = x.clone();
    x.copy_(y);
    y.copy_(kept);
  },
  'each into the other': (x, y) => {
    const sum = x.add(y);
    const difference = x.sub(y);
    x.copy_(difference);
    y.copy_(sum);
    return [sum, difference];
  },
  shifted: (x) => void x.slice(0, 1).copy_(x.slice(0, 0, -1).clone()),
  'shifted back, then read': (x) => {
    const old = x.mul(2);
    x.slice(0, 0, -1).copy_(x.slice(0, 1).clone());
    return old.sub(x);
  },
  transposed: (x) => void x.slice(0, 0, 3).copy_(x.slice(0, 0, 3).permute([1, 0]).clone()),
  'through a permuted view': (x, y) => {
    x.permute([1, 0])
      .select(0, 1)
      .slice(0, 1, 3)
      .add_(y.select(1, 0).slice(0, 0, 2));
    return x.sum(1);
  },
  'a row sum written over the rows': (x) => {
    x.sub_(x.mean(1, true));
    return x;
  },
  'an argument as it was, and made tensors': (x, y) => {
    const made = zeros([3]);
    made.copy_(x.select(0, 0));
    return { made, joined: cat([x, y], 0), constant: tensor([1, 2]), again: made.mul(1), same: y };
  },
  'overlapping writes': (x, y) => {
    x.slice(0, 0, 3).add_(y.slice(0, 0, 3));
    x.slice(0, 1, 4).mul_(2);
    x.select(1, 0).fill_(5);
    return [x.select(0, 1), x.select(0, 2).sum()];
  },
};

describe('compiled writes', () => {
  test.each(Object.entries(functions))('%s', (name, fn) => {
    const part = `w-${Object.keys(functions).indexOf(name)}`;
    const native = compileCache(part, { inputMatchers: [{ 0: n }, { 0: n }] }, (x: Tensor, y: Tensor) => fn(x, y));
    for (const rows of [5, 4, 9, 23]) {
      const mine = [grid(rows, 3), grid(rows, 3, 100)] as const;
      const other = [grid(rows, 3), grid(rows, 3, 100)] as const;
      const found = native(...mine);
      const wanted = fn(...other);
      expectEqual(plain(found), plain(wanted), `result of ${rows} rows`);
      expectEqual(plain(mine), plain(other), `arguments of ${rows} rows`);
    }
    expect(counts(part)).toBe('3 native, 1 captured, 0 eager');
  });

  test('a cache that is shared by calls at many positions, float16 too', () => {
    const append = (k: Tensor, x: Tensor, pos: number): Tensor => {
      k.slice(0, pos, pos + x.size(0)).copy_(x);
      return k
        .slice(0, 0, pos + x.size(0))
        .to('float32')
        .sum(0);
    };
    const matchers = [null, { 0: Dim('n', { max: 32 }) }, Dim('pos', { min: 0, max: 31 })] as const;
    const part = compileCache('w-cache', { inputMatchers: matchers }, append);
    for (const dtype of ['float32', 'float16'] as const) {
      const mine = zeros([32, 4], { dtype });
      const other = zeros([32, 4], { dtype });
      let pos = 0;
      for (const rows of [5, 1, 1, 3, 22]) {
        const x = grid(rows, 4, pos);
        expectEqual(plain(part(mine, x, pos)), plain(append(other, x, pos)), `result at ${pos}`);
        pos += rows;
      }
      expectEqual(plain(mine), plain(other), 'cache');
      expect(() => part(mine, grid(2, 4), 31)).toThrow(/copy_/);
    }
    expect(counts('w-cache')).toMatch(/^8 native, 2 captured/);
  });

  test('arguments that are not contiguous: read by a copy, written eagerly', () => {
    const read = compileCache('w-strided', { inputMatchers: { x: { 0: n } } }, (x: Tensor) => x.mul(2).sum(0));
    read(grid(5, 3));
    expectEqual(plain(read(grid(3, 6).permute([1, 0]))), plain(grid(3, 6).permute([1, 0]).mul(2).sum(0)), 'result');
    expect(counts('w-strided')).toBe('1 native, 1 captured, 0 eager');
    const write = compileCache('w-written', { inputMatchers: { x: { 0: n } } }, (x: Tensor) => x.add_(1));
    write(grid(5, 3));
    const base = grid(3, 6);
    const warnings = warningsOf(() => void write(base.permute([1, 0])));
    expectEqual(plain(base), plain(grid(3, 6, 1)), 'written');
    expect(warnings).toMatch(
      /"w-written" runs eagerly: a tensor that is not contiguous is written.*pass a contiguous tensor/,
    );
    write(grid(5, 3));
    expect(counts('w-written')).toBe('1 native, 1 captured, 1 eager');
  });
});
