/** @file One measurement in a process of its own, where nothing is warm: `transformCold.ts file|seen FILE`, `… bundle ENTRY [plain]`. */

import { readFileSync } from 'node:fs';
import { build } from 'esbuild';
import { transform } from '../transformers/core.ts';
import { torchnative } from '../transformers/esbuild.ts';
import { transformForBundler } from '../transformers/forBundlers.ts';

const [what, path, plain] = process.argv.slice(2) as [string, string, string?];

async function measure(): Promise<number> {
  if (what === 'file') {
    const code = readFileSync(path, 'utf8');
    const start = performance.now();
    if (!transform(code, path)) throw new Error('the file was not transformed');
    return performance.now() - start;
  }
  if (what === 'seen') {
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
