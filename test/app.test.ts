/** @file Whole programs as one executable, made by the real command: what they say, and where they run. */

import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project, repository } from './project.ts';
import { shareObjects } from './sharedObjects.ts';

/** Writes the model that the program reads as an asset. */
const makeModel = `import { manualSeed, nn, saveSafetensors } from 'torchnative';
manualSeed(11);
const [up, down] = [new nn.Linear(16, 32), new nn.Linear(32, 4)];
saveSafetensors(new URL('./model/model.safetensors', import.meta.url).pathname, {
  'up.weight': up.weight, 'up.bias': up.bias!, 'down.weight': down.weight, 'down.bias': down.bias!,
});
`;

/** Rows of 16 numbers from files (or the asset) to JSON; a file that is not there is exit code 1, no file exit code 2. */
const program = `import { readFileSync } from 'node:fs';
import { asset, compileCache, Dim, nn, partReports, type Tensor, tensor } from 'torchnative';

class Net extends nn.Module {
  readonly up = new nn.Linear(16, 32);
  readonly down = new nn.Linear(32, 4);
  @compileCache('net', { inputMatchers: { x: { 0: Dim('n', { max: 64 }) } } })
  forward(x: Tensor): Tensor {
    return this.down.forward(nn.functional.gelu(this.up.forward(x)));
  }
}

const files = asset('./model', import.meta.url);
const net = new Net();
net.loadStateDict(files.tensors());

function rows(text: string): number[][] {
  return text.trim().split('\\n').map((line) => line.split(' ').map(Number));
}

const [, , ...names] = process.argv;
if (names[0] === '--weights') {
  console.log(JSON.stringify(net.up.weight.sum().item()));
} else if (names.length === 0) {
  process.stderr.write('name a file\\n');
  process.exitCode = 2;
} else {
  for (const name of names) {
    try {
      const text = name === 'inside' ? files.text('rows.txt') : readFileSync(name, 'utf8');
      const out = net.forward(tensor(rows(text)));
      console.log(JSON.stringify({ name, out: out.tolist(), native: partReports().get('net')?.native }));
    } catch (error) {
      process.stderr.write(\`\${(error as Error).message.split('\\n')[0]}\\n\`);
      process.exitCode = 1;
    }
  }
}
`;

const sixteen = (seed: number): string => Array.from({ length: 16 }, (_, i) => Math.sin(i * seed).toFixed(3)).join(' ');
const rowsText = `${sixteen(1)}\n${sixteen(2)}\n`;

let project: Project;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(line: string, cwd = project.root): Ran {
  const { status, stdout, stderr } = spawnSync('/bin/bash', ['--norc', '-c', line], {
    cwd,
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C' },
    timeout: 60_000,
  });
  return { status, stdout, stderr };
}

async function packageApp(folder: string, args: readonly string[], cache = project.cache): Promise<Ran> {
  return project.exec(
    process.execPath,
    [join(repository, 'bin/tn.mjs'), 'cache', 'package', '--app', join(folder, 'main.ts'), ...args],
    { env: { INIT_CWD: folder, TN_CACHE_DIR: cache } },
  );
}

beforeAll(async () => {
  project = createProject({
    'make.ts': makeModel,
    'main.ts': program,
    'model/rows.txt': rowsText,
    'rows.txt': rowsText,
  });
  shareObjects(project.cache);
  const made = await project.tn('make.ts');
  expect(made.stderr + made.stdout).toBe('');
  const first = await project.exec(process.execPath, [join(repository, 'bin/tn.mjs'), 'run', 'main.ts', 'rows.txt']);
  expect(first.status, first.stderr).toBe(0);
  const packaged = await packageApp(project.root, ['-o', join(project.root, 'app')]);
  expect(packaged.status, packaged.stderr).toBe(0);
}, 400_000);
afterAll(() => project?.remove());

describe('a packaged program', () => {
  test('says what it says under Node, and runs its part natively', async () => {
    const node = [join(repository, 'bin/tn.mjs'), 'run', 'main.ts', 'inside', 'missing.txt', 'rows.txt'];
    const wanted = await project.exec(process.execPath, node);
    const found = run('./app inside missing.txt rows.txt');
    expect(found).toEqual({ status: wanted.status, stdout: wanted.stdout, stderr: wanted.stderr });
    expect(found.status).toBe(1);
    expect(JSON.parse(found.stdout.split('\n')[0])).toMatchObject({ name: 'inside', native: 1 });
    expect(run('./app')).toEqual({ status: 2, stdout: '', stderr: 'name a file\n' });
  });

  test('reads weights that its parts have packed', async () => {
    const wanted = await project.exec(process.execPath, [
      join(repository, 'bin/tn.mjs'),
      'run',
      'main.ts',
      '--weights',
    ]);
    expect(run('./app --weights').stdout).toBe(wanted.stdout);
  });

  test('is static, and runs in an empty root', (context) => {
    expect(run('ldd app').stdout + run('ldd app').stderr).toMatch(/not a dynamic executable/);
    mkdirSync(join(project.root, 'root'));
    copyFileSync(join(project.root, 'app'), join(project.root, 'root/app'));
    copyFileSync(join(project.root, 'rows.txt'), join(project.root, 'root/rows.txt'));
    const enter = process.getuid?.() === 0 ? 'chroot root' : 'unshare -r chroot root';
    if (run(`${enter} /app --inspect`).status !== 0) return context.skip('a root of its own needs rights: not tested');
    expect(run(`${enter} /app rows.txt`)).toEqual(run('./app rows.txt'));
  });

  test('opens nothing but itself and its input', (context) => {
    if (spawnSync('strace', ['-V']).error) return context.skip('strace is not installed: not tested');
    run('strace -f -e trace=open,openat,openat2,creat -o trace ./app rows.txt');
    const opened = [
      ...readFileSync(join(project.root, 'trace'), 'utf8').matchAll(/open\w*\((?:AT_FDCWD, )?"([^"]*)"/g),
    ];
    expect(opened.map((match) => match[1])).toEqual(['./app', 'rows.txt']);
  });

  test('tells what is inside', () => {
    const { status, stdout } = run('./app --inspect');
    expect(status).toBe(0);
    for (const text of [
      'net',
      'app.bytecode',
      'app.lines',
      'asset/model/rows.txt',
      'QuickJS',
      'licence: torchnative',
      'x86_64-linux',
    ])
      expect(stdout).toContain(text);
    // No source, and no path of the machine that made it.
    expect(readFileSync(join(project.root, 'app')).includes(project.root)).toBe(false);
  });

  test('a bit flipped at 60 places: the right result, or none', () => {
    const good = readFileSync(join(project.root, 'app'));
    const wanted = run('./app rows.txt').stdout;
    let state = 5;
    let refused = 0;
    for (let i = 0; i < 60; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      const at = Math.floor((state / 2 ** 32) * good.length);
      const bytes = Uint8Array.from(good);
      bytes[at] ^= 1 << (state & 7);
      rmSync(join(project.root, 'flipped'), { force: true });
      writeFileSync(join(project.root, 'flipped'), bytes, { mode: 0o755 });
      const { status, stdout } = run('exec ./flipped rows.txt');
      if (status === 0) expect({ at, stdout }).toEqual({ at, stdout: wanted });
      else refused++;
    }
    expect(refused).toBeGreaterThan(20);
  });

  test('output that goes nowhere is a clean end', () => {
    // console.log passes over what it cannot write, as Node's does; a write of the program's own is an error.
    expect(run('./app rows.txt > /dev/full').status).toBe(0);
    expect(run('./app > /dev/full 2>&1').status).not.toBe(0);
    expect(run('./app rows.txt <&- | true').stderr).not.toMatch(/at <|Segmentation/);
    expect(run('ulimit -n 3; ./app rows.txt').stderr).not.toMatch(/Segmentation/);
  });
});

describe('packaging', () => {
  test('gives the same bytes in another folder with another cache', async () => {
    const other = createProject({});
    shareObjects(other.cache);
    try {
      for (const name of ['main.ts', 'make.ts', 'rows.txt', 'model']) {
        cpSync(join(project.root, name), join(other.root, name), { recursive: true });
      }
      const first = await other.exec(process.execPath, [join(repository, 'bin/tn.mjs'), 'run', 'main.ts', 'rows.txt']);
      expect(first.status, first.stderr).toBe(0);
      cpSync(join(project.cache, 'engine'), join(other.cache, 'engine'), { recursive: true });
      const packaged = await packageApp(other.root, ['-o', join(other.root, 'app')], other.cache);
      expect(packaged.status, packaged.stderr).toBe(0);
      expect(readFileSync(join(other.root, 'app')).equals(readFileSync(join(project.root, 'app')))).toBe(true);
    } finally {
      other.remove();
    }
  });

  test('leaves weights in a file beside the program', async () => {
    const folder = join(project.root, 'beside');
    mkdirSync(folder);
    const packaged = await packageApp(project.root, ['--weights', 'external', '-o', join(folder, 'app')]);
    expect(packaged.status, packaged.stderr).toBe(0);
    expect(run('beside/app rows.txt')).toEqual(run('./app rows.txt'));
    symlinkSync('beside/app', join(project.root, 'link'));
    expect(run('./link rows.txt')).toEqual(run('./app rows.txt'));
    truncateSync(join(folder, 'app.weights'), 6000);
    const cut = run('beside/app rows.txt');
    expect(cut.status).toBe(1);
    expect(cut.stderr).toMatch(/^app: .*app\.weights.*\n$/);
  });

  test('refuses what cannot work, with the place, and keeps what was there', async () => {
    const before = readFileSync(join(project.root, 'app'));
    project.write('server.ts', "import { createServer } from 'node:http';\ncreateServer();\n");
    const { status, stderr } = await project.exec(process.execPath, [
      join(repository, 'bin/tn.mjs'),
      'cache',
      'package',
      '--app',
      'server.ts',
      '-o',
      'app',
    ]);
    expect(status).toBe(2);
    expect(stderr).toMatch(/^tn cache package: .*server\.ts:1:\d+.*\n$/);
    project.edit('main.ts', 'functional.gelu', 'functional.relu');
    const stale = await packageApp(project.root, ['-o', join(project.root, 'app')]);
    project.edit('main.ts', 'functional.relu', 'functional.gelu');
    expect(stale.status).toBe(1);
    expect(stale.stderr).toMatch(/part "net" is stale: Net \(main\.ts\) changed.*tn run/);
    expect(readFileSync(join(project.root, 'app')).equals(before)).toBe(true);
    chmodSync(join(project.root, 'app'), 0o755);
  });
});
