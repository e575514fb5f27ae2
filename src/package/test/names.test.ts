import { expect, test } from 'vitest';
import { identifierOf, packageName, partNames } from '../names.ts';

test('a package is called as asked, or after what it holds', () => {
  expect(packageName('whisper2', 'x')).toBe('whisper2');
  expect(packageName(undefined, '@me/my-app')).toBe('me_my_app');
  expect(packageName(undefined, 'a.b c')).toBe('a_b_c');
});

test.each(['', '3x', 'a-b', 'int', 'tn', 'tn_x', 'a'.repeat(49), 'ü'])('%j is no name', (name) => {
  expect(() => packageName(name, 'x')).toThrow(/--name/);
});

test('a name that C cannot have is asked for', () => {
  expect(() => packageName(undefined, '3d')).toThrow(/say --name/);
  expect(() => packageName(undefined, '漢字')).toThrow(/say --name/);
});

test('parts get names that are unique, valid and none of the package itself', () => {
  const entry = 'abcdefabcdef';
  const name = (part: string): string => partNames([{ part, entry }])[0];
  expect(name('decode')).toBe('decode');
  expect(name('my-part.2')).toBe('my_part_2');
  expect(name('call')).toBe('part_call');
  expect(name('int')).toBe('part_int');
  for (const own of ['dims', 'part_index', 'kernel_time', 'core_table', 'rt_now'])
    expect(name(own)).toBe(`part_${own}`);
  expect(name('v3_x')).toBe('part_v3_x');
  expect(name('2d')).toBe('part_2d');
  const several = [
    { part: 'a', entry: '111111111111' },
    { part: 'a', entry: '222222222222' },
    { part: 'b', entry: '333333333333' },
  ];
  expect(partNames(several)).toEqual(['a_111111111111', 'a_222222222222', 'b']);
  const alike = partNames([
    { part: 'a-b', entry },
    { part: 'a.b', entry },
  ]);
  expect(new Set(alike).size).toBe(2);
  for (const each of alike) expect(each).toMatch(/^[A-Za-z]\w*$/);
});

test('arguments become identifiers', () => {
  expect(identifierOf('kv.layers.0.keys')).toBe('kv_layers_0_keys');
  expect(identifierOf('register')).toBe('register_');
  expect(identifierOf('2')).toMatch(/^[A-Za-z]\w*$/);
});
