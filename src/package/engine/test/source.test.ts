/** @file Where the engine's sources come from, and what is refused. */

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { extract } from '../fetch.ts';
import { findEngine, readEngine } from '../index.ts';
import { readTar } from '../tar.ts';
import { pinnedSource } from './support.ts';

const folder = mkdtempSync(join(os.tmpdir(), 'tn-engine-source-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function made(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

/** A tar archive of plain files. */
function tar(files: Readonly<Record<string, string>>, prefix = ''): Buffer {
  const blocks: Buffer[] = [];
  for (const [name, text] of Object.entries(files)) {
    const header = Buffer.alloc(512);
    header.write(name);
    header.write(Buffer.byteLength(text).toString(8).padStart(11, '0'), 124);
    header.write('        ', 148);
    header.write('0', 156);
    header.write('ustar', 257);
    header.write(prefix, 345);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(Buffer.byteLength(text) / 512) * 512);
    body.write(text);
    blocks.push(header, body);
  }
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

const old = {
  'quickjs.c': '/*\n * Copyright somebody\n *\n * Free.\n */\n#include "quickjs.h"\n#include <stdio.h>\n',
  'quickjs.h': '#include "list.h"\n',
  'list.h': '',
  'unused.h': '',
  'libregexp.c': '',
  VERSION: '2021-03-27\n',
};

describe('archives', () => {
  it('are read file by file', () => {
    const files = readTar(tar({ 'a.txt': 'hello', 'b/c': 'x'.repeat(1000), empty: '' }, 'package'));
    expect([...files.keys()]).toEqual(['package/a.txt', 'package/b/c', 'package/empty']);
    expect(Buffer.from(files.get('package/a.txt')!).toString()).toBe('hello');
    expect(files.get('package/b/c')).toHaveLength(1000);
  });

  it('are refused when they are damaged', () => {
    const archive = tar({ 'a.txt': 'hello' });
    expect(() => readTar(archive.subarray(0, 515))).toThrow('inside a file');
    expect(() => readTar(archive.subarray(0, 1024))).toThrow('end is missing');
    archive[3] ^= 1;
    expect(() => readTar(archive)).toThrow('wrong checksum');
  });

  it('of another content than the pinned one are refused', () => {
    expect(() => extract(gzipSync(tar({ 'package/LICENSE': '' })), join(folder, 'no'))).toThrow(/not the package/);
  });
});

describe("the engine's sources", () => {
  const search = { projectRoot: folder, engineFolder: () => folder };

  it('come from a named folder, with the headers that are included', () => {
    const engine = findEngine({ ...search, engine: made('old', old), env: {} });
    expect(engine).toMatchObject({ name: 'QuickJS', version: '2021-03-27', licence: 'Copyright somebody\n\nFree.\n' });
    expect(engine.files.map(({ name }) => name)).toEqual(['libregexp.c', 'quickjs.c']);
    expect(Object.keys(engine.headers)).toEqual(['list.h', 'quickjs.h']);
    expect(findEngine({ ...search, env: { TN_QUICKJS: join(folder, 'old') } }).version).toBe('2021-03-27');
  });

  it("come from the project's node_modules", () => {
    made('project/node_modules/qjsc/deps/quickjs_2021_03_27', { ...old, LICENSE: 'MIT\n' });
    const engine = findEngine({ ...search, projectRoot: made('project/src/deep', {}), env: {} });
    expect(engine.licence).toBe('MIT\n');
  });

  it('of other releases are refused', () => {
    expect(() => findEngine({ ...search, engine: folder, env: {} })).toThrow(/there is no quickjs\.c/);
    expect(() => readEngine(made('newer', { ...old, VERSION: '2024-01-13\n' }))).toThrow(/cannot be embedded/);
    const version = ['MAJOR 0', 'MINOR 9', 'PATCH 1'].map((line) => `#define QJS_VERSION_${line}\n`).join('');
    expect(() => readEngine(made('ng', { ...old, 'quickjs.h': version }))).toThrow(/quickjs-ng 0\.9\.1/);
  });

  it('cannot be fetched without npm, and the message says what to do', () => {
    const { PATH } = process.env;
    process.env['PATH'] = '/nowhere';
    try {
      expect(() => findEngine({ ...search, env: {} })).toThrow(/npm i -D qjsc --ignore-scripts/);
    } finally {
      process.env['PATH'] = PATH;
    }
  });

  it.skipIf(!pinnedSource())('are the pinned release by default', () => {
    expect(pinnedSource()).toMatchObject({ name: 'QuickJS', version: '2021-03-27' });
    expect(pinnedSource()!.licence).toContain('Fabrice Bellard');
  });
});
