/** @file The generated code under the sanitizers, in a process that has them preloaded. */

import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const library = (name: string): string =>
  execFileSync('gcc', [`-print-file-name=${name}`], { encoding: 'utf8' }).trim();
const preload = ['libasan.so', 'libubsan.so'].map(library);

it.skipIf(!preload.every((path) => existsSync(path)))(
  'finds nothing',
  () => {
    const script = fileURLToPath(new URL('sanitized.ts', import.meta.url));
    const run = spawnSync(process.execPath, ['-C', 'torchnative-source', '--import', 'tsx', script], {
      encoding: 'utf8',
      env: { ...process.env, LD_PRELOAD: preload.join(' '), ASAN_OPTIONS: 'detect_leaks=0' },
    });
    expect(run.stderr + run.stdout).toContain('clean');
    expect(run.status).toBe(0);
  },
  300_000,
);
