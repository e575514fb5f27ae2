/** @file Imports run downwards only (DESIGN §3), and the system is reached from the rows that may. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** In processing order: a file imports from its own row and rows above. */
const rows = [
  'src/core',
  'src/symbolic',
  'src/ops',
  'src/tensor',
  'src/nn',
  'src/graph',
  'src/capture',
  'src/onnx',
  'src/compile',
  'src/runtime',
  'cache',
  'src/dispatch',
  'src/app',
  'src/package',
  'src/cli',
];

/** Rows whose files may import `node:*` (src/tensor: its I/O behind the host interface). */
const system = [
  'src/compile/toolchain',
  'src/runtime',
  'cache',
  'src/package',
  'src/cli',
  'src/tensor/io',
  'transformers',
];

const importPattern =
  /(?:^|\n)\s*(?:import|export)\b[^'"\n]*(?:\{[^}]*\})?[^'"\n]*from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;

interface Import {
  readonly file: string;
  readonly target: string;
}

function* files(folder: string): Generator<string> {
  for (const item of readdirSync(join(root, folder), { withFileTypes: true })) {
    const path = `${folder}/${item.name}`;
    if (item.isDirectory()) {
      if (item.name !== 'test' && item.name !== 'fixtures') yield* files(path);
    } else if (item.name.endsWith('.ts')) yield path;
  }
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(importPattern)].map((match) => {
    const specifier = match[1] ?? match[2];
    const target = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
    return { file, target };
  });
}

const rowOf = (path: string): number => rows.findIndex((row) => path === row || path.startsWith(`${row}/`));
const all = ['src', 'cache', 'transformers', 'examples'].flatMap((folder) => [...files(folder)]).flatMap(importsOf);

test('no import runs upward', () => {
  const wrong = all.filter(({ file, target }) => {
    const from = rowOf(file);
    const to = rowOf(target);
    return from >= 0 && to >= 0 && to > from;
  });
  expect(wrong).toEqual([]);
});

test('the transformer imports nothing of the library, examples only the package', () => {
  const wrong = all.filter(({ file, target }) => {
    if (file.startsWith('transformers/')) return rowOf(target) >= 0;
    if (file.startsWith('examples/')) return rowOf(target) >= 0;
    return false;
  });
  expect(wrong).toEqual([]);
});

test('node modules and the FFI are reached only where the layout allows it', () => {
  const wrong = all.filter(({ file, target }) => {
    if (!target.startsWith('node:') && target !== 'koffi') return false;
    return rowOf(file) >= 0 && !system.some((folder) => file.startsWith(`${folder}/`));
  });
  expect(wrong).toEqual([]);
});
