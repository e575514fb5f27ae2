/** @file Which entries of its parts go into a program. */

import { expect, it } from 'vitest';
import { chosenEntries } from '../leaveOut.ts';

const records = ['mel@aa11', 'decode@bb22', 'decode@bb33', 'decode@cc44', 'a@b@dd55'].map((name) => {
  const at = name.lastIndexOf('@');
  return { part: name.slice(0, at), entry: name.slice(at + 1) };
});
const chosen = (only?: string, without?: string): string[] =>
  chosenEntries(records, { only, without }).map(({ part, entry }) => `${part}@${entry}`);

it.each<[string | undefined, string | undefined, readonly string[]]>([
  [undefined, undefined, ['mel@aa11', 'decode@bb22', 'decode@bb33', 'decode@cc44', 'a@b@dd55']],
  ['decode@bb22', undefined, ['mel@aa11', 'decode@bb22', 'a@b@dd55']],
  ['decode@bb, mel', undefined, ['mel@aa11', 'decode@bb22', 'decode@bb33', 'a@b@dd55']],
  [undefined, 'decode@bb', ['mel@aa11', 'decode@cc44', 'a@b@dd55']],
  ['decode@bb,a@b', 'decode@bb33', ['mel@aa11', 'decode@bb22', 'a@b@dd55']],
])('--only %s --without %s', (only, without, entries) => {
  expect(chosen(only, without)).toEqual(entries);
});

it.each<[string | undefined, string | undefined, RegExp]>([
  ['encode', undefined, /--only encode: the program has no such part/],
  ['', undefined, /--only : the program has no such part/],
  [undefined, 'decode@ff', /--without decode@ff: the program has no such entry/],
  [undefined, 'decode', /nothing is left of part "decode", which the program calls/],
  ['decode@bb', 'decode@bb', /nothing is left of part "decode"/],
])('--only %s --without %s is refused', (only, without, says) => {
  expect(() => chosen(only, without)).toThrow(says);
});
