import { expect, test } from 'vitest';
import { dimText, inputText } from '../cacheList.ts';
import { nodeVersion } from '../doctor.ts';
import { agoText, bytesText, table } from '../table.ts';

test('columns are as wide as their widest cell, colours and wide letters not counted as bytes', () => {
  const rows = [
    { name: 'a', size: '1 B' },
    { name: '\u001b[32mgrün\u001b[39m', size: '1000 B' },
  ];
  const text = table(
    [
      { title: 'name', cell: (row) => row.name },
      { title: 'size', cell: (row) => row.size, right: true },
    ],
    rows,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
  expect(text.replace(/\u001b\[\d+m/g, '').split('\n')).toEqual(['name    size', 'a        1 B', 'grün  1000 B']);
});

test('bytes and ages are short', () => {
  expect([0, 812, 1000, 1536, 10_240, 97 * 2 ** 20, 8 * 2 ** 30, 2 ** 41].map(bytesText)).toEqual([
    '0 B',
    '812 B',
    '1.0 KB',
    '1.5 KB',
    '10 KB',
    '97 MB',
    '8.0 GB',
    '2.0 TB',
  ]);
  const now = Date.parse('2025-06-01T00:00:00Z');
  const before = (minutes: number): string => agoText(now - minutes * 60_000, now);
  expect([0.5, 5, 125, 60 * 24 * 3, 60 * 24 * 31].map(before)).toEqual([
    'now',
    '5 min ago',
    '2 h ago',
    '3 days ago',
    '2025-05-01',
  ]);
  expect(agoText(null)).toBe('-');
});

test('inputs and dims read as one word each', () => {
  expect(inputText({ name: 'kv.k.0', dtype: 'bfloat16', shape: [1, 'n + 1'] })).toBe('kv.k.0:bf16[1,n + 1]');
  expect(inputText({ name: 'pos', dtype: 'int64', shape: [] })).toBe('pos:i64');
  expect(inputText({ name: 'm', dtype: 'bool', shape: [2] })).toBe('m:bool[2]');
  expect(dimText(['n', { min: 1, max: null, multipleOf: 1 }])).toBe('n=1..');
  expect(dimText(['n', { min: 8, max: 64, multipleOf: 8 }])).toBe('n=8..64 step 8');
});

test('an old node is named with the remedy', () => {
  expect(nodeVersion('20.20.2').ok && nodeVersion('22.1.0').ok).toBe(true);
  expect(nodeVersion('20.19.9')).toMatchObject({ ok: false, fix: 'install Node 20.20 or later' });
});
