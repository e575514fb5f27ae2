/** @file Assets on Node: folders and single files, named from the source or at run time, and what is wrong with them. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TnError } from '../../core/errors.ts';
import { tensor } from '../functions/creation.ts';
import { asset, openAsset } from '../io/asset.ts';
import { host, setHost } from '../io/host.ts';
import { nodeHost } from '../io/nodeHost.ts';
import { saveSafetensors } from '../io/safetensors.ts';

const root = mkdtempSync(join(tmpdir(), 'tn-asset-'));
const here = pathToFileURL(join(root, 'src', 'main.ts')).href;

beforeAll(() => {
  setHost(nodeHost);
  mkdirSync(join(root, 'src/model/more'), { recursive: true });
  writeFileSync(join(root, 'package.json'), '{}');
  writeFileSync(join(root, 'src/model/config.json'), '{ "width": 3 }');
  writeFileSync(join(root, 'src/model/more/words.txt'), 'häuser\n');
  writeFileSync(join(root, 'src/model/broken.json'), '{');
  saveSafetensors(join(root, 'src/model/model.safetensors'), { a: tensor([1, 2, 3]) });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('a folder gives its files', () => {
  const model = asset('./model', here);
  expect(model.name).toBe('src/model');
  expect(model.list()).toEqual(['broken.json', 'config.json', 'model.safetensors', 'more/words.txt']);
  expect(model.json('config.json')).toEqual({ width: 3 });
  expect(model.text('more/words.txt')).toBe('häuser\n');
  expect(model.bytes('more/words.txt')).toHaveLength(8);
  expect(model.fileName('config.json')).toBe('src/model/config.json');
  expect(model.tensors().a.tolist()).toEqual([1, 2, 3]);
  expect(model.tensors('model.safetensors').a.tolist()).toEqual([1, 2, 3]);
});

test('one file is an asset too', () => {
  const words = asset('./model/more/words.txt', here);
  expect(words.name).toBe('src/model/more/words.txt');
  expect(words.list()).toEqual(['words.txt']);
  expect(words.text()).toBe('häuser\n');
  expect(words.text('words.txt')).toBe('häuser\n');
  expect(words.fileName()).toBe('src/model/more/words.txt');
  expect(asset('./model/model.safetensors', here).tensors().a.tolist()).toEqual([1, 2, 3]);
});

test('a folder named at run time keeps the name it was given', () => {
  const model = openAsset(join(root, 'src/model'));
  expect(model.name).toBe(join(root, 'src/model'));
  expect(model.text('more/words.txt')).toBe('häuser\n');
});

test('what is wrong is said in one shape', () => {
  const model = asset('./model', here);
  const cases: [() => unknown, RegExp][] = [
    [
      () => asset('./nothing', here),
      /^asset: src\/nothing does not exist\n {2}looked for .*\n {2}at asset\.test\.ts:\d+:\d+\n {2}fix /,
    ],
    [() => openAsset(join(root, 'nothing')), /does not exist/],
    [
      () => model.bytes('none.json'),
      /^asset: src\/model holds no file "none.json"\n.*config\.json.*\n {2}at asset\.test\.ts:\d+:\d+\n {2}fix /,
    ],
    [() => model.text('more'), /holds no file "more"/],
    [() => model.text('../main.ts'), /holds no file "\.\.\/main\.ts"/],
    [() => model.text('/etc/passwd'), /holds no file/],
    [() => model.tensors('../x'), /leads out of src\/model/],
    [() => model.bytes(), /holds 4 files\n {2}at asset\.test\.ts:\d+:\d+\n {2}fix /],
    [() => model.json('broken.json'), /^asset: src\/model\/broken\.json is not JSON\n/],
    [() => model.tensors('none.safetensors'), /^safetensors: .*none\.safetensors does not exist/],
  ];
  for (const [call, message] of cases) {
    expect(call).toThrow(TnError);
    expect(call).toThrow(message);
  }
});

test('a packaged program answers before the machine is asked', () => {
  const files = { list: () => ['a'], bytes: () => new Uint8Array([104, 105]), tensors: () => ({}) };
  const before = host();
  setHost({ embeddedAsset: (url) => (url === 'file:///app/src/model' ? { name: 'src/model', files } : null) });
  try {
    expect(asset('./model', 'file:///app/src/main.ts').text('a')).toBe('hi');
    expect(() => asset('./other', 'file:///app/src/main.ts')).toThrow(/does not exist/);
  } finally {
    setHost(before);
  }
});
