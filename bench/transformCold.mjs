/**
 * @file One measurement in a process of its own, where nothing is warm: `transformCold.mjs file|seen FILE`, `… folder
 * FOLDER` (ms for 1,000 lines), `… bundle ENTRY [plain]`. It is JavaScript, and measures what is
 * published: a loader of TypeScript would be measured along. A bundler's first time is with the loading of the transformer.
 */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { torchnative } from 'torchnative/esbuild';

const [what, path, plain] = process.argv.slice(2);

async function measure() {
  if (what === 'file') {
    const { transform } = await import('../dist/transformers/core.js');
    const code = readFileSync(path, 'utf8');
    const start = performance.now();
    if (!transform(code, path)) throw new Error('the file was not transformed');
    return performance.now() - start;
  }
  if (what === 'folder') {
    const { transform } = await import('../dist/transformers/core.js');
    const files = readdirSync(path).filter((name) => name.endsWith('.ts'));
    const sources = files.map((name) => [readFileSync(join(path, name), 'utf8'), join(path, name)]);
    const lines = sources.reduce((sum, [code]) => sum + code.split('\n').length, 0);
    const start = performance.now();
    for (const [code, file] of sources) transform(code, file);
    return ((performance.now() - start) / lines) * 1000;
  }
  if (what === 'seen') {
    const { transformForBundler } = await import('../dist/transformers/forBundlers.js');
    const code = readFileSync(path, 'utf8');
    const start = performance.now();
    if (!(await transformForBundler(code, path, {}))) throw new Error('the file was not transformed');
    return performance.now() - start;
  }
  // The service of esbuild starts with the first call: not what is compared.
  await build({ stdin: { contents: '' }, write: false });
  const start = performance.now();
  await build({
    entryPoints: [path],
    bundle: true,
    write: false,
    format: 'esm',
    sourcemap: true,
    external: ['torchnative'],
    logLevel: 'error',
    plugins: plain ? [] : [torchnative()],
  });
  return performance.now() - start;
}

process.stdout.write(String(await measure()));
