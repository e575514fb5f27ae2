/** @file What a decorator refuses: matchers that name nothing, or that no argument can meet. */

import { Dim } from 'torchnative';
import { describe, expect, test } from 'vitest';
import { TnError } from '../../core/errors.ts';
import { declaredMatchers } from '../declared.ts';
import type { InputMatchers, Parameter } from '../matchers.ts';

const n = Dim('n');

function declared(matchers: InputMatchers | undefined, ...parameters: Parameter[]): unknown {
  return declaredMatchers({ name: 'decode', place: '/app/model.ts:4:2', parameters }, matchers);
}

function refused(matchers: InputMatchers, ...parameters: Parameter[]): string {
  try {
    declared(matchers, ...parameters);
  } catch (error) {
    expect(error).toBeInstanceOf(TnError);
    return (error as TnError).message;
  }
  throw new Error('nothing was refused');
}

const tokens: Parameter = { name: 'tokens', type: 'Tensor<2>' };
const pos: Parameter = { name: 'pos', type: 'number', optional: true };

describe('by name and by position', () => {
  test('in parameter order', () => {
    const parameters: Parameter[] = [{ name: 'tokens' }, { name: null }, { name: 'rest', rest: true }];
    expect(declared({ tokens: n }, ...parameters)).toEqual([n, null, null]);
    expect(declared([null, 3], ...parameters)).toEqual([null, 3]);
    expect(declared([null, 3, 4, 5], ...parameters)).toEqual([null, 3, 4, 5]);
    expect(declared(undefined, ...parameters)).toEqual([]);
    expect(declared({}, { name: 'constructor' })).toEqual([null]);
  });

  test('names that are none, with the real ones', () => {
    expect(refused({ token: n, at: 1 }, tokens, pos, { name: null }, { name: 'rest', rest: true })).toBe(
      [
        'compileCache "decode": inputMatchers names `token`, `at`, which is no parameter.',
        '  parameters: tokens: Tensor<2>, pos?: number, (destructured), ...rest',
        '  at /app/model.ts:4:2',
        '  fix   use the parameter names, or an array in parameter order',
      ].join('\n'),
    );
    expect(refused({ x: n })).toContain('parameters: (none)');
  });

  test('one destructured parameter is named by its fields', () => {
    const both: Parameter = { name: null, fields: ['x', 'k'], type: '{ x: Tensor; k: number }' };
    expect(declared({ x: { 0: n }, k: n }, both)).toEqual([{ x: { 0: n }, k: n }]);
    expect(declared({ '*': { 0: n } }, both)).toEqual([{ '*': { 0: n } }]);
    expect(declared([{ x: { 0: n } }], both)).toEqual([{ x: { 0: n } }]);
    expect(refused({ y: n }, both)).toBe(
      [
        'compileCache "decode": inputMatchers names `y`, which is no field.',
        '  fields: x, k',
        '  at /app/model.ts:4:2',
        '  fix   use the field names, or an array in parameter order',
      ].join('\n'),
    );
    expect(refused({ other: n }, { name: null })).toContain('parameters: (destructured)');
    expect(refused({ x: n }, both, pos)).toContain('parameters: { x, k }: { x: Tensor; k: number }, pos?: number');
  });

  test('too many', () => {
    expect(refused([{ 0: n }, 1, 2], tokens)).toBe(
      [
        'compileCache "decode": inputMatchers has 3 items, the function takes 1 parameter.',
        '  parameters: tokens: Tensor<2>',
        '  at /app/model.ts:4:2',
        '  fix   one matcher a parameter, null where nothing is declared',
      ].join('\n'),
    );
  });
});

describe('declared types', () => {
  test('an axis beyond the rank', () => {
    expect(refused({ tokens: { 2: n } }, tokens)).toBe(
      [
        'compileCache "decode": inputMatchers names axis 2 of `tokens`, which is declared Tensor<2>.',
        '  parameters: tokens: Tensor<2>',
        '  at /app/model.ts:4:2',
        '  fix   it has -2 to 1',
      ].join('\n'),
    );
    expect(refused([{ [-3]: n }], tokens)).toContain('axis -3 of `tokens`');
    expect(refused([{ rows: n }], { name: 'x', type: 'Tensor' })).toContain('axis rows of `x`');
    expect(refused([{ 0: n }], { name: 'x', type: 'Tensor<0> | null' })).toContain('fix   it has none');
    for (const axis of ['0', '1', '-1', '-2']) expect(declared({ tokens: { [axis]: n } }, tokens)).toHaveLength(1);
    expect(declared([{ 2: n }], { name: 'x', type: 'Tensor<2> | Tensor<3>' })).toHaveLength(1);
  });

  test('a Dim where no number comes', () => {
    expect(refused({ s: n }, tokens, { name: 's', type: 'string' })).toBe(
      [
        'compileCache "decode": inputMatchers gives Dim("n") to `s`, which is declared string.',
        '  parameters: tokens: Tensor<2>, s: string',
        '  at /app/model.ts:4:2',
        '  fix   a Dim declares a number, or an axis of a tensor',
      ].join('\n'),
    );
    expect(refused({ tokens: n }, tokens)).toContain('fix   say which axis: tokens: { 0: Dim("n") }');
    for (const type of ['boolean', 'Tensor', "'a' | 'b'", 'nn.Parameter | null', 'true', '(Tensor | undefined)'])
      expect(refused([n], { name: 'x', type })).toContain(`which is declared ${type}.`);
    for (const type of [
      'number',
      'Size',
      '1 | 2',
      'number | Tensor',
      'TensorLike',
      'Alias',
      'number[]',
      '() => string',
    ])
      expect(declared([n], { name: 'x', type })).toEqual([n]);
  });

  test('literals and axes of the wrong kind', () => {
    expect(refused(['a'], pos)).toContain('inputMatchers gives "a" to `pos`, which is declared number.');
    expect(refused([true], tokens)).toContain('inputMatchers gives true to `tokens`');
    expect(refused([{ 0: n }], pos)).toContain('inputMatchers gives axes to `pos`, which is declared number.');
    expect(declared([0], pos)).toEqual([0]);
    expect(declared(['a'], { name: 's', type: "'a' | 'b'" })).toEqual(['a']);
    expect(declared([true], { name: 's', type: 'boolean' })).toEqual([true]);
    expect(declared([{ x: { 0: n } }], { name: 's', type: 'KvCache' })).toHaveLength(1);
    expect(declared([null], tokens)).toEqual([null]);
  });

  test('texts of types with brackets, quotes and bars', () => {
    for (const type of [
      "Record<'a | b', Tensor>",
      '{ a: string | Tensor }',
      '(x: string | number) => void',
      "'|' | number",
    ])
      expect(declared([n], { name: 'x', type })).toEqual([n]);
    expect(refused([n], { name: 'x', type: "'(' | '|'" })).toContain('Dim("n")');
  });
});
