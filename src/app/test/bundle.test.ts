/** @file What a program carries of this package: the whole public API, nothing of the cache and the compiler, and little of it. */

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import * as node from 'torchnative';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { engineFeatures, engineTarget } from '../../package/bundle/target.ts';
import { testHost } from './testHost.ts';

let files: string[];
let bytes: number;

beforeAll(async () => {
  const result = await build({
    entryPoints: [fileURLToPath(new URL('../index.ts', import.meta.url))],
    absWorkingDir: fileURLToPath(new URL('../../..', import.meta.url)),
    bundle: true,
    write: false,
    metafile: true,
    format: 'iife',
    platform: 'neutral',
    target: engineTarget,
    supported: engineFeatures,
    define: { 'import.meta.url': '"file:///app/"' },
    minify: true,
  });
  files = Object.keys(result.metafile.inputs);
  bytes = result.outputFiles[0].contents.length;
});

afterAll(() => vi.unstubAllGlobals());

test('nothing of Node, the cache, the compiler, capturing or the record', () => {
  // Types come from everywhere; these are the files whose code is there.
  const allowed = /^src\/(core|symbolic|ops|tensor|nn|graph|capture|runtime|dispatch|app)\//;
  expect(files.filter((file) => !allowed.test(file))).toEqual([]);
  const foreign = /koffi|capture\/(capture|graphTracer|functionalise)|graph\/(passes|interpreter)|nodeHost|mapping\.ts/;
  expect(files.filter((file) => foreign.test(file))).toEqual([]);
});

test('is small', () => {
  expect(bytes).toBeLessThan(240_000);
});

test('has the names of the library on Node', async () => {
  vi.stubGlobal('__tn', testHost({ blocks: [], codes: [], library: '' }).host);
  const app = (await import('../index.ts')) as Record<string, unknown>;
  expect(Object.keys(app).sort()).toEqual(Object.keys(node).sort());
  for (const [name, item] of Object.entries(node)) expect([name, typeof app[name]]).toEqual([name, typeof item]);
});
