/** @file `tn … | head -1`: commands whose output nobody reads any more end without a word. */

import { execFileSync, spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const TN = fileURLToPath(new URL('../../../bin/tn.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'tn-pipe-'));
let pipe: number;

beforeAll(() => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDWR);
  pipe = openSync(path, constants.O_WRONLY);
  closeSync(reader);
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(
    join(folder, 'part.ts'),
    "import { compileCache, type Tensor } from 'torchnative';\nexport const f = compileCache('f', (x: Tensor) => x + 1);\n",
  );
  writeFileSync(join(folder, 'prints.ts'), "console.log('a'); setTimeout(() => console.log('b'), 60_000);\n");
  writeFileSync(
    join(folder, 'listens.ts'),
    "process.stdout.on('error', (e) => { console.error((e as { code?: string }).code); process.exitCode = 5; });\nconsole.log('a');\n",
  );
});
afterAll(() => {
  closeSync(pipe);
  rmSync(folder, { recursive: true, force: true });
});

function tn(args: readonly string[], stdio: ('ignore' | 'pipe' | number)[]) {
  const { INIT_CWD: _, ...env } = process.env;
  const run = spawnSync(process.execPath, [TN, ...args], {
    encoding: 'utf8',
    cwd: folder,
    env: { ...env, TN_CACHE_DIR: join(folder, 'cache') },
    stdio,
  });
  return { code: run.status, out: run.stdout, err: run.stderr };
}

test.each([
  [['--help']],
  [['cache', 'ls', '--json']],
  [['cache', 'path']],
  [['doctor']],
  [['transform', 'part.ts']],
  [['run', 'prints.ts']],
])('tn %j', (args) => {
  expect(tn(args, ['ignore', pipe, 'pipe'])).toEqual({ code: 141, out: null, err: '' });
});

test('the work goes on when it is only standard error that nobody reads', () => {
  const { code, out } = tn(['check', 'part.ts', '--json'], ['ignore', 'pipe', pipe]);
  expect({ code, out }).toEqual({ code: 0, out: '[]\n' });
});

test('a program that looks after its streams does so', () => {
  expect(tn(['run', 'listens.ts'], ['ignore', pipe, 'pipe'])).toEqual({ code: 5, out: null, err: 'EPIPE\n' });
});
