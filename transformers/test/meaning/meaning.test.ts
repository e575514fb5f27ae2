/** @file The hash of a part's meaning changes when the part may do something else, and stays when it cannot. */

import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { partsOfFile } from '../../meaning/parts.ts';
import { importingCases } from './importing.ts';
import { loadingCases } from './loading.ts';
import { reachingCases } from './reaching.ts';
import { writingCases } from './writing.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'tn-meaning-')));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;

/** The hash of part `f` in a folder of its own: no case sees what another left, or depends on where it lies. */
function hashOf(files: Readonly<Record<string, string | null>>): string {
  const folder = join(root, `case${++count}`, 'x'.repeat(count % 3));
  const all: Record<string, string | null> = { 'package.json': '{ "name": "case", "type": "module" }', ...files };
  for (const [name, text] of Object.entries(all)) {
    if (text === null) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    const head = name === 'app.ts' ? "import { compileCache, Dim, nn, tensor, type Tensor } from 'torchnative';\n" : '';
    writeFileSync(join(folder, name), head + text);
  }
  const part = partsOfFile(join(folder, 'app.ts')).find(({ name }) => name === 'f');
  if (!part) throw new Error('there is no part f');
  return part.meaning.hash;
}

const cases = [...writingCases, ...reachingCases, ...importingCases, ...loadingCases];

test.each(cases)('$name: $verdict', ({ files, edit, verdict }) => {
  const before = hashOf(files);
  expect(hashOf(files)).toBe(before);
  const after = hashOf({ ...files, ...edit });
  expect(after === before ? 'hit' : 're-capture').toBe(verdict);
});
