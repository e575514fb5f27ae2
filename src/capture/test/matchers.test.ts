/** @file `inputMatchers`: every form, what it admits, and what is wrong with it. */

import { Dim, tensor, zeros } from 'torchnative';
import { describe, expect, test } from 'vitest';
import { admitValue, type Matcher, matchersOfCall, type Parameter } from '../matchers.ts';

const admit = (matcher: Matcher, value: unknown): string | null => admitValue(matcher, value, 'x', new Map());

describe('admission', () => {
  test('literals are equal by Object.is', () => {
    expect(admit(0, 0)).toBeNull();
    expect(admit(0, -0)).toBe('x is 0, not 0');
    expect(admit(Number.NaN, Number.NaN)).toBeNull();
    expect(admit('a', 'b')).toBe('x is "b", not "a"');
    expect(admit(true, 1)).toBe('x is 1, not true');
    expect(admit(3, undefined)).toBe('x is undefined, not 3');
    expect(admit(0, tensor([0]))).toMatch(/^x is .*Tensor.*, not 0$/);
  });

  test('null and omission say nothing', () => {
    for (const value of [null, undefined, 3, tensor([1])]) {
      expect(admit(null, value)).toBeNull();
      expect(admit(undefined, value)).toBeNull();
    }
    expect(admit({ 0: null }, tensor([1]))).toBeNull();
  });

  test('a Dim takes whole numbers in its range', () => {
    const pos = Dim('pos', { min: 0, max: 12, multipleOf: 4 });
    for (const value of [0, 4, 12]) expect(admit(pos, value)).toBeNull();
    expect(admit(pos, 16)).toBe('x is 16, outside Dim("pos") 0..12, multiple of 4');
    expect(admit(pos, 5)).toContain('multiple of 4');
    expect(admit(pos, 4.5)).toBe('x is 4.5, not an integer');
    expect(admit(pos, '4')).toBe('x is no number');
    expect(admit(pos, Number.NaN)).toContain('not an integer');
    expect(admit(pos, tensor([4]))).toBe('x is no number');
  });

  test('axes of a tensor, also from the end', () => {
    const n = Dim('n', { max: 8 });
    expect(admit({ 0: n, 1: 3 }, zeros([5, 3]))).toBeNull();
    expect(admit({ [-1]: 3 }, zeros([5, 3]))).toBeNull();
    expect(admit({ [-1]: 4 }, zeros([5, 3]))).toBe('axis 1 of x is 3, not 4');
    expect(admit({ 0: n }, zeros([9, 3]))).toBe('axis 0 of x is 9, outside Dim("n") 1..8');
    expect(admit({ 0: n }, zeros([0, 3]))).toContain('outside');
    expect(admit({ 2: n }, zeros([5, 3]))).toBe('x has 2 axes, inputMatchers names axis 2');
    expect(admit({ 0: n }, zeros([]))).toContain('0 axes');
    expect(admit({ 0: n, 1: n }, zeros([5, 5]))).toBeNull();
    expect(admit({ 0: n, 1: n }, zeros([5, 3]))).toBe('axis 1 of x is 3, but Dim("n") is 5 elsewhere');
  });

  test('fields, indices and the rest', () => {
    const n = Dim('n');
    const layers = { '*': { k: { 0: n }, v: { 0: n } } };
    const layer = (size: number) => ({ k: zeros([size, 2]), v: zeros([size, 2]) });
    expect(admit(layers, [layer(3), layer(3)])).toBeNull();
    expect(admit(layers, [layer(3), layer(4)])).toContain('axis 0 of x.1.k is 4, but Dim("n") is 3 elsewhere');
    expect(admit({ 1: { k: { 0: 4 } }, '*': null }, [layer(3), layer(4)])).toBeNull();
    expect(admit({ 1: { k: { 0: 4 } } }, [layer(3)])).toBe('x.1 does not exist');
    expect(admit({ a: 1, '*': 2 }, { a: 1, b: 2, c: 2 })).toBeNull();
    expect(admit({ a: 1, '*': 2 }, { a: 1, b: 3 })).toBe('x.b is 3, not 2');
    expect(admit({ a: 1 }, 3)).toBe('x is 3, not a container');
    expect(admit({ a: 1 }, null)).toBe('x is null, not a container');
    class State {
      readonly pos = 3;
    }
    expect(admit({ pos: Dim('pos') }, new State())).toBeNull();
  });

  test('one name with two ranges is an error, not a miss', () => {
    const both = { 0: Dim('n'), 1: Dim('n', { max: 4 }) };
    expect(() => admit(both, zeros([2, 2]))).toThrow(/Dim\("n"\) is declared with different ranges/);
  });
});

test("a rest parameter's map is over the arguments that it takes", () => {
  const n = Dim('n');
  const parameters: Parameter[] = [{ name: 'tokens' }, { name: 'rest', rest: true }];
  const matchers: Matcher[] = [null, { '*': { 0: n }, 1: null }];
  expect(matchersOfCall(matchers, parameters, 4)).toEqual([null, { 0: n }, null, { 0: n }]);
  expect(matchersOfCall(matchers, parameters, 1)).toEqual([null]);
});
