/** @file Operators, conditions, `Math` and indices on tensors, as transformed files write them. */

import { arange, type Tensor, tensor } from 'torchnative';
import { describe, expect, test } from 'vitest';

const x = tensor([1, 2, 3]);
const table = arange(24).reshape([2, 3, 4]);
// The types of indices and of results of operators are tests of their own.
const t = (value: unknown): Tensor => value as Tensor;
const list = (value: unknown): unknown => t(value).tolist();

describe('operators', () => {
  test('every form', () => {
    expect(list(x + x * 2)).toEqual([3, 6, 9]);
    expect(list(2 - x)).toEqual([1, 0, -1]);
    expect(list(-x)).toEqual([-1, -2, -3]);
    expect(list(+x)).toEqual([1, 2, 3]);
    expect(list(x ** 2)).toEqual([1, 4, 9]);
    expect(list(2 ** x)).toEqual([2, 4, 8]);
    expect(list(-x % 4)).toEqual([3, 2, 1]);
    expect(list(6 / x)).toEqual([6, 3, 2]);
    expect(list(x > 1)).toEqual([false, true, true]);
    expect(list(2 >= x)).toEqual([true, true, false]);
    expect(list(t(x > 1) * t(x < 3))).toEqual([false, true, false]);
    const same = x;
    expect([x === same, x === t(x.clone()), (x as unknown) === 1]).toEqual([true, false, false]);
  });

  test('compound assignments bind a new tensor', () => {
    let y: number = x;
    y += 1;
    y *= 2;
    const before = y++;
    expect([list(x), list(y), list(before)]).toEqual([
      [1, 2, 3],
      [5, 7, 9],
      [4, 6, 8],
    ]);
    const box = { y: x as number };
    box.y **= 2;
    expect(list(box.y)).toEqual([1, 4, 9]);
  });

  test('texts', () => {
    expect(`x is ${tensor(1)}`).toBe('x is tensor(1.)');
    expect('x is ' + tensor(1) + '!').toBe('x is tensor(1.)!');
  });

  test('what has no meaning says so', () => {
    const anything = [1] as unknown as number;
    expect(() => x + anything).toThrow(/`\+` has no meaning for a tensor \[3\] and an? Array/);
    expect(() => (undefined as unknown as number) * x).toThrow(/`\*` has no meaning for undefined and a tensor \[3\]/);
    expect(() => x | 0).toThrow(/operator that tensors do not have/);
    expect(() => Number(x)).toThrow(/used as a plain number[\s\S]*operators\.test\.ts:/);
  });
});

describe('Math', () => {
  test('is element by element', () => {
    expect(list(Math.sqrt(x * x))).toEqual([1, 2, 3]);
    expect(list(Math.max(x, 2))).toEqual([2, 2, 3]);
    expect(list(Math.min(1, x, 2.5, -x))).toEqual([-1, -2, -3]);
    expect(list(x ** 2)).toEqual([1, 4, 9]);
    expect(list(Math.hypot(x * 3, x * 4))).toEqual([5, 10, 15]);
    expect(list(Math.fround(x))).toEqual([1, 2, 3]);
  });

  test('names what there is', () => {
    expect(() => Math.cbrt(x)).toThrow(/Math\.cbrt is not defined for tensors\.\n {2}these are: abs, atan2, ceil/);
    expect(() => Math.max(x, 'a' as unknown as number)).toThrow(/Math\.max has no meaning for a tensor and string a/);
  });
});

describe('conditions', () => {
  const one = tensor([2]);

  test('on comparisons ask for the value', () => {
    expect([one > 1 ? 'a' : 'b', one > 2 ? 'a' : 'b', !(one > 2), one > 1 && one < 3, one > 2 || one < 1]).toEqual([
      'a',
      'b',
      true,
      expect.anything(),
      expect.anything(),
    ]);
    expect(x.gt(0).all() ? 'all' : 'some').toBe('all');
    const done = x.gt(2).all();
    expect(done ? 'done' : 'more').toBe('more');
    let turns = 0;
    for (let y: number = one; y > 0; y -= 1) turns++;
    while (x.eq(turns).all()) turns++;
    expect(turns).toBe(2);
    let chosen = '';
    switch (true) {
      case one > 5:
        chosen = 'big';
        break;
      case one > 1:
        chosen = 'middle';
    }
    expect(chosen).toBe('middle');
  });

  test('on many elements have no answer', () => {
    for (const ask of [() => (x > 1 ? 1 : 2), () => !(x > 1), () => x > 1 && 2, () => Boolean(x.gt(1))]) {
      expect(ask).toThrow(/condition on 3 elements at once has no answer[\s\S]*operators\.test\.ts:\d+[\s\S]*where\(/);
    }
  });

  test('on names ask for presence', () => {
    const shift = (mask: Tensor | null): number => (mask ? x + mask : x);
    expect(list(shift(null))).toEqual([1, 2, 3]);
    expect(list(shift(tensor([0, 0, 0])))).toEqual([1, 2, 3]);
    expect(tensor([false, false]) ? 'there' : 'not there').toBe('there');
    let single = tensor(true);
    expect(() => (single ? 1 : 2)).toThrow(/is its value meant, or that it is there/);
    single = tensor([true]);
    expect(single ? 1 : 2).toBe(1);
  });
});

describe('indices', () => {
  const at = (text: string): Tensor => t((table as unknown as Record<string, unknown>)[text]);

  test('in NumPy’s spelling', () => {
    expect(t(table[0]).shape).toEqual([3, 4]);
    expect(list(t(table[-1])[2])).toEqual([20, 21, 22, 23]);
    expect(list(table['1, 0, 1:3'])).toEqual([13, 14]);
    expect(list(table['..., 0'])).toEqual([
      [0, 4, 8],
      [12, 16, 20],
    ]);
    expect(list(table[':, -1, ::3'])).toEqual([
      [8, 11],
      [20, 23],
    ]);
    expect([at('None, 0, ..., None').shape, at('1:1').shape, at(' 0 , 0:99 ').shape, at('0,').shape]).toEqual([
      [1, 3, 4, 1],
      [0, 3, 4],
      [3, 4],
      [3, 4],
    ]);
    const n = 2;
    expect(list(table[`1, :${n}, ${n + 1}`])).toEqual([15, 19]);
    expect(list(table[`1, -${n}:, ${'0'}`])).toEqual([16, 20]);
    expect(list((x as unknown as Record<string, unknown>)[`${n - 3}`])).toBe(3);
  });

  test('share memory', () => {
    const y = table.clone();
    t(y['0, 0']).copy_(7);
    expect(list(y['0, :2, 0'])).toEqual([7, 4]);
    expect(() => {
      (y as unknown as number[])[0] = 1;
    }).toThrow(/x\[0\]\.copy_\(value\) writes into x/);
  });

  test.each([
    ['2', /x\[2\]: index 2 is out of range for size 2/],
    ['0, 0, 0, 0', /4 indices, the tensor \[2, 3, 4\] has 3 axes/],
    ['::-1', /the step is -1[\s\S]*flip/],
    ['1.5', /no whole number/],
    ['a:', /`'a'` is no whole number/],
    ['1:2:3:4', /more than start:end:step/],
    ['..., ...', /`\.\.\.` twice/],
    [', 0', /one item is empty/],
    ['undefined', /no whole number[\s\S]*indices|no whole number/],
  ])('x[%j]', (text, message) => {
    expect(() => at(text)).toThrow(message);
  });

  test('other names are what they were', () => {
    const all = table as unknown as Record<string | symbol, unknown>;
    expect([all.then, all.length, all.$$typeof, all[Symbol.iterator], 'nothing' in table]).toEqual(
      Array.from({ length: 4 }).concat(false) as unknown[],
    );
    expect(Object.hasOwn(table, 'sizes')).toBe(true);
    expect(Object.keys(table)).not.toContain('0');
    all.note = 'mine';
    expect([all.note, Object.hasOwn(table, 'note')]).toEqual(['mine', true]);
    delete all.note;
  });

  test('of other objects stay keys, whatever they are made of', () => {
    const order: string[] = [];
    const piece = (name: string) => ({
      toString(): string {
        order.push(name);
        return name;
      },
    });
    const words = { 'a-b': 1 } as Record<string, number>;
    expect(words[`${piece('a')}-${piece('b')}`]).toBe(1);
    expect(order).toEqual(['a', 'b']);
    expect(() => (null as unknown as Record<string, number>)[`k${order}`]).toThrow(TypeError);
  });
});
