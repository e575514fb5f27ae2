/** @file Source maps as tools write them, and as they lie about when something went wrong. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { noteTransformed, sourcePosition } from '../../core/sourceLines.ts';
import { installSourceMaps } from '../sourceMaps.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'tn-maps (of tools) ü-')));
beforeAll(() => {
  installSourceMaps();
  write('package.json', '{}');
});
afterAll(() => rmSync(root, { recursive: true }));

let count = 0;
const fresh = (): string => `dist/out${++count}.js`;

function write(name: string, text: string): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** Line 1, column 5 of what is generated is line 3, column 2 of the source; column 9 is nobody's. */
const map = (source: string, more: object = {}): string =>
  JSON.stringify({ version: 3, sources: [source], names: [], mappings: 'IAEC,I', ...more });

function read(file: string, column = 5, script = join(root, file)): string {
  const found = sourcePosition({ script, line: 1, column, mapped: 'no' });
  return typeof found === 'string' ? found : `${found.file.replace(`${root}/`, '')}:${found.line}:${found.column}`;
}

const dataUrl = (text: string): string => `data:application/json;base64,${Buffer.from(text).toString('base64')}`;
const comment = (address: string): string => `//# source${'MappingURL'}=${address}\n`;

test('maps that a file carries or names', () => {
  const source = write('src/a.ts', '');
  const plain = map('../src/a.ts');
  const cases: [string, (file: string) => string][] = [
    ['inside, base64', () => comment(dataUrl(plain))],
    ['inside, percent-encoded', () => comment(`data:application/json,${encodeURIComponent(plain)}`)],
    ['beside', (file) => comment(basename(write(`${file}.map`, plain)))],
    ['in another folder', (file) => comment(`../maps/${basename(write(`maps/${basename(file)}.map`, plain))}`)],
    ['by a file URL', (file) => comment(pathToFileURL(write(`${file}.x`, plain)).href)],
    ['with a source root', () => comment(dataUrl(map('a.ts', { sourceRoot: '../src' })))],
    ['with an absolute source', () => comment(dataUrl(map(pathToFileURL(source).href)))],
    ['guarded', (file) => comment(basename(write(`${file}.map`, `)]}'\n${plain}`)))],
    ['named by nobody', (file) => write(`${file}.map`, plain).slice(0, 0)],
  ];
  for (const [name, make] of cases) {
    const file = fresh();
    write(file, `code();\n${make(file)}`);
    expect([name, read(file)]).toEqual([name, 'src/a.ts:3:2']);
    expect([name, read(file, 5, `${pathToFileURL(join(root, file)).href}?v=1`)]).toEqual([name, 'src/a.ts:3:2']);
  }
});

test('code that a tool inserted has no line', () => {
  const file = fresh();
  write(file, `helper();\n${comment(dataUrl(map('../src/a.ts')))}`);
  expect([read(file, 1), read(file, 9)]).toEqual(['inserted', 'inserted']);
});

test('what is no map leaves a position as it is', () => {
  const texts = [
    comment('nowhere.map'),
    comment('https://example.com/a.map'),
    comment('data:application/json;base64,%%%'),
    comment(dataUrl('{"version":3}')),
    comment(dataUrl('null')),
    comment(dataUrl(map('../src/a.ts', { mappings: '!!' }))),
    `const text = 'source${'MappingURL'}=x.map';\n`,
    '',
  ];
  for (const text of texts) {
    const file = fresh();
    write(file, `code();\n${text}`);
    expect(read(file)).toBe(`${file}:1:5`);
  }
});

test('a map of an earlier build is not taken', () => {
  const file = fresh();
  write(file, 'code();\n');
  const path = write(`${file}.map`, map('../src/a.ts'));
  const before = Date.now() / 1000 - 60;
  utimesSync(path, before, before);
  expect(read(file)).toBe(`${file}:1:5`);
});

test('maps are followed through files that were generated in turn, and never in a circle', () => {
  const [outer, inner] = [fresh(), fresh()];
  const through = { mappings: 'IAAI' };
  write(outer, `code();\n${comment(dataUrl(map(`../${inner}`, through)))}`);
  write(inner, `code();\n${comment(dataUrl(map('../src/a.ts')))}`);
  expect(read(outer)).toBe('src/a.ts:3:2');
  const self = fresh();
  write(self, `code();\n${comment(dataUrl(map(`../${self}`)))}`);
  expect(read(self)).toBe(`${self}:3:2`);
});

test('the names of a bundler are found among the files that were loaded', () => {
  const file = fresh();
  write(file, `code();\n${comment(dataUrl(map('webpack://user/./lib/model.ts')))}`);
  expect(read(file)).toBe('lib/model.ts:3:2');
  const elsewhere = fresh();
  write(elsewhere, `code();\n${comment(dataUrl(map('webpack:///./deep/model.ts')))}`);
  noteTransformed(pathToFileURL(join(root, elsewhere)).href, `${root}/packages/app/deep/model.ts`);
  expect(read(elsewhere)).toBe('packages/app/deep/model.ts:3:2');
});

test('generated code without a map is told from plain code', () => {
  const file = fresh();
  write(file, 'code();\n');
  expect(read(file)).toBe(`${file}:1:5`);
  noteTransformed(pathToFileURL(join(root, file)).href, join(root, 'src/a.ts'));
  expect(read(file)).toBe('lost');
  expect(read('src/stripped.ts')).toBe('lost');
});
