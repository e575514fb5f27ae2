/** @file safetensors and npy: round trips, shards, and every way a file can lie. */

import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dtypes } from '../../core/dtype.ts';
import { TnError } from '../../core/errors.ts';
import * as tn from '../index.ts';
import { setHost } from '../io/host.ts';
import { nodeHost } from '../io/nodeHost.ts';

let folder = '';
beforeAll(() => {
  setHost(nodeHost);
  folder = mkdtempSync(join(tmpdir(), 'tn-io-'));
  writeFileSync(join(folder, 'empty.safetensors'), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, header: unknown, data = new Uint8Array(0), headerLength?: number): string {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(headerLength ?? text.length));
  const path = join(folder, name);
  writeFileSync(path, Buffer.concat([length, text, data]));
  return path;
}

const entry = (shape: number[], start: number, end: number, dtype = 'F32'): object => ({
  dtype,
  shape,
  data_offsets: [start, end],
});

describe('safetensors', () => {
  test.each(dtypes)('%s survives a round trip', (dtype) => {
    const path = join(folder, `${dtype}.safetensors`);
    const x = tn.randint(0, 2, [3, 5], { dtype: 'int64' }).to(dtype);
    tn.saveSafetensors(
      path,
      { x, turned: x.t(), none: tn.zeros([0, 2], { dtype }), one: tn.ones([], { dtype }) },
      { made: 'here' },
    );
    const back = tn.loadSafetensors(path);
    expect(back.x.dtype).toBe(dtype);
    expect(back.x.tolist()).toEqual(x.tolist());
    expect(back.turned.tolist()).toEqual(x.t().tolist());
    expect(back.none.sizes).toEqual([0, 2]);
    expect(back.one.tolist()).toEqual(dtype === 'bool' ? true : 1);
    expect(back.x.storage.origin).toMatchObject({ path });
    expect(tn.safetensorsMetadata(path)).toEqual({ made: 'here' });
  });

  test('shards through an index; names can be chosen', () => {
    const dir = join(folder, 'sharded');
    mkdirSync(dir);
    tn.saveSafetensors(join(dir, 'a.safetensors'), { one: tn.ones([2]), two: tn.zeros([1]) });
    tn.saveSafetensors(join(dir, 'b.safetensors'), { three: tn.ones([3]) });
    const map = { one: 'a.safetensors', two: 'a.safetensors', three: 'b.safetensors' };
    const write = (weight_map: unknown): void =>
      writeFileSync(join(dir, 'model.safetensors.index.json'), JSON.stringify({ weight_map }));
    write(map);
    expect(Object.keys(tn.loadSafetensors(dir))).toEqual(['one', 'two', 'three']);
    expect(Object.keys(tn.loadSafetensors(dir, { names: ['three'] }))).toEqual(['three']);
    expect(() => tn.loadSafetensors(dir, { names: ['four'] })).toThrow('holds no tensor "four"');
    write({ ...map, four: 'b.safetensors' });
    expect(() => tn.loadSafetensors(dir)).toThrow('holds no tensor "four"');
    write({ ...map, four: '../c.safetensors' });
    expect(() => tn.loadSafetensors(dir)).toThrow('places "four" in "../c.safetensors"');
    write({ ...map, four: 'c.safetensors' });
    expect(() => tn.loadSafetensors(dir)).toThrow('c.safetensors does not exist');
  });

  test('data that is not aligned is copied', () => {
    const header = { x: entry([2], 0, 8) };
    const odd = `${JSON.stringify(header)}${' '.repeat(9 - (JSON.stringify(header).length % 8))}`;
    const path = file('odd.safetensors', odd, new Uint8Array(Float32Array.of(1, 2).buffer));
    expect(tn.loadSafetensors(path).x.tolist()).toEqual([1, 2]);
  });

  test.each<[string, () => string, string]>([
    ['a missing file', () => join(folder, 'nowhere.safetensors'), 'does not exist'],
    ['a folder without a model', () => mkdtempSync(join(folder, 'empty-')), 'no model.safetensors'],
    ['an empty file', () => join(folder, 'empty.safetensors'), '0 bytes long'],
    ['a header that claims too much', () => file('h1', {}, undefined, 1e6), 'header is 1000000 bytes long'],
    ['a header beyond the format', () => file('h2', {}, undefined, 2 ** 40), 'more than the format allows'],
    ['broken JSON', () => file('h3', '{"x": '), 'broken JSON'],
    ['a header that is no object', () => file('h4', '[1]'), 'no object'],
    ['an unknown dtype', () => file('h5', { x: entry([1], 0, 4, 'F8_E4M3') }), 'has dtype "F8_E4M3"'],
    ['a negative size', () => file('h6', { x: entry([-1], 0, 4) }), 'the shape [-1]'],
    ['offsets that do not match the shape', () => file('h7', { x: entry([2], 0, 4) }, new Uint8Array(4)), 'needs 8'],
    [
      'offsets that are no numbers',
      () => file('h8', { x: { dtype: 'F32', shape: [1], data_offsets: ['0', 4] } }),
      'the offsets ["0",4]',
    ],
    [
      'overlapping tensors',
      () => file('h9', { x: entry([2], 0, 8), y: entry([1], 4, 8) }, new Uint8Array(8)),
      'overlap',
    ],
    ['a hole', () => file('h10', { x: entry([1], 4, 8) }, new Uint8Array(8)), 'hole of 4 bytes'],
    ['trailing bytes', () => file('h11', { x: entry([1], 0, 4) }, new Uint8Array(8)), '4 bytes behind its last tensor'],
    [
      'a shape that overflows',
      () => file('h12', { x: entry([2 ** 30, 2 ** 30, 2 ** 30], 0, 8) }, new Uint8Array(8)),
      'needs',
    ],
  ])('%s: one clear error that names the file', (_name, make, message) => {
    const path = make();
    expect(() => tn.loadSafetensors(path)).toThrow(TnError);
    expect(() => tn.loadSafetensors(path)).toThrow(message);
    expect(() => tn.loadSafetensors(path)).toThrow(path);
  });

  test('a truncated file', () => {
    const path = join(folder, 'cut.safetensors');
    tn.saveSafetensors(path, { x: tn.ones([100]) });
    truncateSync(path, 200);
    expect(() => tn.loadSafetensors(path)).toThrow('is truncated');
  });
});

describe('npy', () => {
  test.each(dtypes.filter((dtype) => dtype !== 'bfloat16'))('%s survives a round trip', (dtype) => {
    const path = join(folder, `${dtype}.npy`);
    for (const shape of [[], [3], [2, 3, 2]]) {
      const x = tn.randint(0, 2, shape, { dtype: 'int64' }).to(dtype);
      tn.saveNpy(path, x);
      const back = tn.loadNpy(path);
      expect(back.dtype).toBe(dtype);
      expect(back.tolist()).toEqual(x.tolist());
    }
  });

  test('Fortran order is read as strides', () => {
    const path = join(folder, 'f.npy');
    tn.saveNpy(path, tn.arange(6, { dtype: 'float32' }));
    const text = Buffer.from(nodeHost.readFile(path)).toString('latin1');
    const turned = text.replace("False, 'shape': (6,), }", "True, 'shape': (2,3), }");
    expect(turned.length).toBe(text.length);
    writeFileSync(path, Buffer.from(turned, 'latin1'));
    expect(tn.loadNpy(path).tolist()).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
  });

  test('damage is named', () => {
    const path = join(folder, 'd.npy');
    writeFileSync(path, 'not numpy at all');
    expect(() => tn.loadNpy(path)).toThrow('does not start as an npy file');
    tn.saveNpy(path, tn.ones([4]));
    truncateSync(path, 130);
    expect(() => tn.loadNpy(path)).toThrow('its shape needs 16');
  });
});
