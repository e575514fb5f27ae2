/** @file The README's examples are what really happens. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(join(root, 'README.md'), 'utf8');
const cache = mkdtempSync(join(tmpdir(), 'tn-readme-'));

/** The code block that follows a text. */
function blockAfter(marker: string): string {
  const at = readme.indexOf(marker);
  const block = /```\w*\n([\s\S]*?)```/.exec(readme.slice(at));
  if (at < 0 || !block) throw new Error(`no block after ${marker}`);
  return block[1];
}

function tn(...args: string[]): string {
  const env = { ...process.env, TN_CACHE_DIR: cache, TN_ISA: '', NO_COLOR: '1' };
  return execFileSync(process.execPath, [join(root, 'bin/tn.mjs'), ...args], { cwd: root, env, encoding: 'utf8' });
}

let printed: string;
beforeAll(() => {
  printed = tn('run', 'examples/hello.ts');
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

test('the two commands are those of package.json', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  expect(blockAfter('# TorchNative')).toBe('npm ci && npm run -s demo\nnpm ci && npm test\n');
  expect(scripts).toMatchObject({ demo: expect.any(String), test: 'vitest run' });
});

test('the first example is examples/hello.ts', () => {
  const file = readFileSync(join(root, 'examples/hello.ts'), 'utf8');
  expect(file).toContain(blockAfter('<!-- examples/hello.ts -->'));
  expect(file.split('\n').length).toBeLessThan(25);
});

test('what it prints, and what the cache shows', () => {
  const [program, listing] = blockAfter('assumes the size of the sample').split('$ npx tn cache ls\n');
  expect(`$ npx tn run examples/hello.ts\n${printed}`).toBe(program);
  const sizes = (text: string): string => text.replace(/\d+\.\d KB/g, 'N KB');
  expect(sizes(tn('cache', 'ls').replace(/[0-9a-f]{12}/, 'c0ffee123456'))).toBe(sizes(listing));
  // A second process finds the native code.
  const again = execFileSync(process.execPath, [join(root, 'bin/tn.mjs'), 'run', 'examples/hello.ts'], {
    cwd: root,
    env: { ...process.env, TN_CACHE_DIR: cache, TN_MODE: 'require', TN_ISA: '' },
    encoding: 'utf8',
  });
  expect(again).toBe(printed);
});

test('the generated C', () => {
  const code = tn('cache', 'show', 'addMul', '--code').replace(/mul_add_\w+/g, 'mul_add');
  expect(code).toContain(blockAfter('<!-- kernel of addMul -->').trim());
});
