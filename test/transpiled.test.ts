/** @file In a clone: `dist/` follows the sources, whatever is done to either. */

import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const repository = fileURLToPath(new URL('..', import.meta.url));
const clone = mkdtempSync(join(tmpdir(), 'tn-clone-'));
const inClone = (path: string): string => join(clone, path);

beforeAll(() => {
  for (const name of ['bin', 'src', 'cache', 'transformers', 'package.json']) {
    cpSync(join(repository, name), inClone(name), { recursive: true });
  }
  symlinkSync(join(repository, 'node_modules'), inClone('node_modules'));
  start();
}, 60_000);

afterAll(() => rmSync(clone, { recursive: true, force: true }));

/** What `tn --version` says, in the clone. */
function start(): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [inClone('bin/tn.mjs'), '--version'], {
    encoding: 'utf8',
    cwd: clone,
  });
  expect(`${status} ${stderr}`).toBe('0 ');
  return stdout;
}

const text = (path: string): string => readFileSync(inClone(path), 'utf8');

/** The hashes that keys are made of. */
const layers = (): Record<string, string> => JSON.parse(text('dist/layers.json')) as Record<string, string>;

function edit(path: string, change: (code: string) => string): void {
  writeFileSync(inClone(path), change(text(path)));
}

test('nothing is written when nothing has changed', () => {
  const times = () =>
    ['torchnative.js', 'stamp.json', 'src/core/errors.js'].map((name) => statSync(inClone(`dist/${name}`)).mtimeMs);
  const before = times();
  start();
  expect(times()).toEqual(before);
});

test('a source that is edited: its file, the bundle, the hash of its layer and of no other', () => {
  const before = layers();
  edit('src/core/errors.ts', (code) => `${code}\nexport const editedHere = 'once';\n`);
  start();
  expect(text('dist/src/core/errors.js')).toContain('editedHere');
  const { core, ...others } = layers();
  expect(core).not.toBe(before['core']);
  expect({ core: before['core'], ...others }).toEqual(before);
});

test('a source that gets older contents, with an older time', () => {
  const before = layers();
  edit('src/core/errors.ts', (code) => code.replace("editedHere = 'once'", "editedHere = 'twice'"));
  utimesSync(inClone('src/core/errors.ts'), 1_000_000_000, 1_000_000_000);
  start();
  expect(text('dist/src/core/errors.js')).toContain('twice');
  expect(layers()['core']).not.toBe(before['core']);
});

test('a source that comes, and one that goes', () => {
  const before = layers();
  writeFileSync(inClone('src/ops/brandNew.ts'), 'export const brandNew = 1;\n');
  start();
  expect(existsSync(inClone('dist/src/ops/brandNew.js'))).toBe(true);
  expect(layers()['ops']).not.toBe(before['ops']);
  // Not the latest of all: no time tells of its going.
  utimesSync(inClone('src/ops/brandNew.ts'), 1_000_000_000, 1_000_000_000);
  start();
  rmSync(inClone('src/ops/brandNew.ts'));
  start();
  expect(layers()).toEqual(before);
});

test('what is missing or damaged in dist/ is made again', () => {
  const before = layers();
  for (const name of ['src/core/errors.js', 'torchnative.js', 'layers.json', 'stamp.json']) {
    rmSync(inClone(`dist/${name}`));
    start();
    expect(existsSync(inClone(`dist/${name}`))).toBe(true);
  }
  writeFileSync(inClone('dist/stamp.json'), '{');
  start();
  expect(layers()).toEqual(before);
});
