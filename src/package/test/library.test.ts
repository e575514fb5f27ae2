/** @file `tn cache package --format static|shared` on a real project: what is made, what it takes, what is refused. */

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProject, type Project, type RunResult, repository } from '../../../test/project.ts';
import { shareObjects } from '../../../test/sharedObjects.ts';
import { filesOf } from '../publish.ts';

const model = `
import { compileCache, Dim, nn, tensor, zeros, type Tensor } from 'torchnative';

const matrix = (rows: number, columns: number, seed: number): Tensor =>
  tensor(Array.from({ length: rows }, (_, i) =>
    Array.from({ length: columns }, (_, j) => Math.sin(seed + i * columns + j) / 4)));

class Mlp extends nn.Module {
  hidden = matrix(48, 32, 1);
  last = matrix(10, 48, 2);
  @compileCache('classify', { inputMatchers: { x: { 0: Dim('n') } } })
  forward(x: Tensor): Tensor {
    return x.matmul(this.hidden.transpose(0, 1)).relu().matmul(this.last.transpose(0, 1));
  }
}

class Counter extends nn.Module {
  total = zeros([4]);
  @compileCache('count')
  add(x: Tensor): Tensor {
    this.total.copy_(this.total.add(x));
    return this.total.mul(2);
  }
  @compileCache('peek')
  peek(x: Tensor): Tensor {
    return this.total.add(x);
  }
}

class Scale extends nn.Module {
  constructor(readonly by: Tensor) {
    super();
  }
  @compileCache('scale')
  forward(x: Tensor): Tensor {
    return x.mul(this.by);
  }
}

const step = compileCache(
  'step',
  { inputMatchers: { x: { 0: Dim('t', { max: 16 }) }, pos: Dim('pos', { min: 0, max: 63 }) } },
  (x: Tensor, pos: number, cache: Tensor) => {
    cache.slice(0, pos, pos + x.shape[0]).copy_(x);
    return cache.slice(0, 0, pos + x.shape[0]).sum(0);
  },
);
const double = compileCache('double', (x: Tensor) => x.mul(2));
const odd = compileCache('pkg_odd', (pkg_x: Tensor) => pkg_x.mul(2));
const branch = compileCache('branch', (x: Tensor) => (x.sum().item() > 0 ? x.mul(2) : x));

new Mlp().forward(matrix(3, 32, 5));
const counter = new Counter();
counter.add(tensor([1, 2, 3, 4]));
counter.peek(tensor([1, 1, 1, 1]));
for (const seed of [1, 2]) {
  const scale = new Scale(matrix(2, 2, seed));
  scale.forward(matrix(2, 2, 3));
  scale.forward(matrix(2, 2, 4));
}
step(matrix(2, 8, 1), 3, zeros([64, 8]));
double(tensor([1.5, 2]));
double(tensor([1, 2], { dtype: 'int64' }));
branch(tensor([1, 2]));
odd(tensor([1, 2]));
`;

const home = realpathSync(mkdtempSync(join(tmpdir(), 'tn-library-')));
let project: Project;

beforeAll(async () => {
  project = createProject({ 'model.ts': model });
  shareObjects(project.cache);
  const run = await project.tn('model.ts');
  if (run.status !== 0) throw new Error(run.stderr);
}, 120_000);
afterAll(() => {
  project.remove();
  rmSync(home, { recursive: true, force: true });
});

const tn = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> =>
  project.node([join(repository, 'bin/tn.mjs'), 'cache', 'package', ...args], {
    env: { INIT_CWD: project.root, ...env },
  });

async function made(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> {
  const run = await tn(args, env);
  if (run.status !== 0) throw new Error(`exit ${run.status}: ${run.stderr}`);
  return run;
}

const hash = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const hashes = (folder: string) => filesOf(folder).map(({ path }) => `${path} ${hash(join(folder, path))}`);

function sh(command: string, cwd: string): string {
  const run = spawnSync('sh', ['-c', command], { cwd, encoding: 'utf8', env: { ...process.env, TN_ISA: '' } });
  if (run.status !== 0) throw new Error(`${command}: ${run.stdout}${run.stderr}`);
  return run.stdout;
}

/** Lines on stderr but for those of progress, which a slow machine shows. */
const complaints = ({ stderr }: RunResult): string[] =>
  stderr.split('\n').filter((line) => line !== '' && !line.startsWith('torchnative: '));

const parts = ['classify', 'step', 'count', 'peek'];

describe('static', () => {
  const folder = join(home, 'static');

  test('everything that a C program needs', async () => {
    const run = await made([...parts, '--name', 'demo', '--format', 'static', '-o', folder]);
    expect(run.stdout).toMatch(/^\/.*\/static: [\d.]+ [KM]B, classify, step, count, peek for plain, v3, v4, v4x, in /);
    const names = ['demo.h', 'demo.pc', 'demo.weights', 'demoConfig.cmake', 'libdemo.a', 'main.c', 'samples'];
    expect(readdirSync(folder).filter((name) => !name.startsWith('.'))).toEqual(names);
  }, 240_000);

  test('main.c runs the samples, without a warning', () => {
    sh(`cc -std=c11 -pedantic -Wall -Wextra -Werror main.c -I. -L. -ldemo -lm -pthread -o ${home}/main`, folder);
    const out = sh(`${home}/main .`, folder);
    expect(out).toMatch(/^classify: out agrees/m);
    expect(out).toMatch(/^step: out agrees/m);
    expect(out).toMatch(/^step: cache agrees/m);
    expect(out).toMatch(/^count: out agrees/m);
    // Recorded after `count` had written what it reads; here it starts from a new context.
    expect(out).toMatch(/^peek: out agrees/m);
  });

  test('results that differ are noticed', () => {
    const broken = join(home, 'broken');
    cpSync(folder, broken, { recursive: true });
    const sample = join(broken, 'samples/classify_output_0.bin');
    const bytes = readFileSync(sample);
    bytes.writeFloatLE(bytes.readFloatLE(0) * 1.01 + 0.01, 0);
    writeFileSync(sample, bytes);
    expect(spawnSync(`${home}/main`, [broken], { encoding: 'utf8' })).toMatchObject({
      status: 1,
      stdout: expect.stringMatching(/^classify: out DIFFERS/m),
    });
  });

  test('the header is C and C++, and says what each part takes', () => {
    const header = readFileSync(join(folder, 'demo.h'), 'utf8');
    expect(header).not.toMatch(/\bpkg_|\bPKG_|@parts/);
    expect(header).toContain('int demo_classify(demo_context *context, const DLTensor *x, DLTensor *out);');
    expect(header).toMatch(
      /int demo_step\(demo_context \*context, const DLTensor \*x, int64_t pos, DLTensor \*cache,\s+DLTensor \*out\);/,
    );
    expect(header).toMatch(/ \* {3}cache +float32 \[64, 8\], read and written in place/);
    expect(header).toContain(' *   t: 1 to 16\n');
    expect(header).toContain(' *   pos + t <= 64\n');
    sh('echo \'#include "demo.h"\' | cc -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I. -x c -', folder);
    sh(
      'echo \'#include "demo.h"\' | c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I. -x c++ -',
      folder,
    );
  });

  test('state is the context’s own, and shared by the parts that name it', () => {
    writeFileSync(
      join(home, 'state.c'),
      `#include "demo.h"
      #include <stdio.h>
      static float run(demo_context *c, int part, float value) {
        float x[4] = {value, value, value, value}, y[4];
        int64_t shape[1] = {4};
        DLTensor in = {.data = x, .device = {1, 0}, .ndim = 1, .dtype = {2, 32, 1}, .shape = shape}, out = in;
        out.data = y;
        if (part ? demo_peek(c, &in, &out) : demo_count(c, &in, &out)) puts(demo_last_error());
        return y[0];
      }
      int main(void) {
        demo_runtime *r; demo_weights *w; demo_context *a, *b;
        if (demo_runtime_create(DEMO_ABI_VERSION, 1, &r) || demo_weights_open(r, "demo.weights", &w)
            || demo_context_create(w, &a) || demo_context_create(w, &b)) { puts(demo_last_error()); return 1; }
        float first = run(a, 0, 3), second = run(a, 0, 4), seen = run(a, 1, 1), other = run(b, 1, 1);
        demo_context_reset(a);
        printf("%g %g %g %g %g\\n", first, second, seen, other, run(a, 1, 1));
        demo_context_destroy(a); demo_context_destroy(b); demo_weights_close(w); demo_runtime_destroy(r);
        return 0;
      }`,
    );
    sh(`cc -std=gnu11 -Wall -Wextra -Werror ${home}/state.c -I. -L. -ldemo -lm -pthread -o ${home}/state`, folder);
    expect(sh(`${home}/state`, folder)).toBe('6 14 8 1 1\n');
  });

  test('every global symbol starts with the prefix', () => {
    const symbols = sh('nm -g --defined-only libdemo.a', folder)
      .split('\n')
      .filter((line) => / [A-Za-z] /.test(line));
    expect(symbols.length).toBeGreaterThan(50);
    expect(symbols.filter((line) => !/ demo_\w+$/.test(line))).toEqual([]);
  });

  test('the same bytes from another folder and another cache; nothing is compiled twice', async () => {
    const again = join(home, 'again');
    await made([...parts, '--name', 'demo', '--format', 'static', '-o', again]);
    expect(hashes(again)).toEqual(hashes(folder));
    // Objects are made anew there, and weights packed anew: only the records are the same.
    const cache = join(home, 'cache');
    cpSync(project.cache, cache, { recursive: true });
    for (const name of ['objects', 'packed']) rmSync(join(cache, name), { recursive: true, force: true });
    const elsewhere = join(home, 'elsewhere');
    const env = { TN_CACHE_DIR: cache, INIT_CWD: project.root };
    const compiled = await project.node([join(repository, 'bin/tn.mjs'), 'cache', 'compile', ...parts], { env });
    expect(compiled).toMatchObject({ status: 0 });
    await made([...parts, '--name', 'demo', '--format', 'static', '-o', elsewhere], env);
    expect(hashes(elsewhere)).toEqual(hashes(folder));
    const objects = (): number =>
      Math.max(...readdirSync(join(cache, 'objects')).map((name) => statSync(join(cache, 'objects', name)).mtimeMs));
    const before = objects();
    await made([...parts, '--name', 'demo', '--format', 'static', '-o', elsewhere], env);
    expect(objects()).toBe(before);
  }, 240_000);

  test('a failed packaging leaves the old output as it was', async () => {
    const before = hashes(folder);
    const refused = await tn([...parts, '--name', 'demo', '--format', 'static', '-o', folder], {
      TN_CC: '/bin/false',
      TN_CC_X86_64: '/bin/false',
    });
    expect(refused).toMatchObject({ status: 1, stdout: '' });
    expect(complaints(refused)).toHaveLength(1);
    expect(hashes(folder)).toEqual(before);
  });
});

describe('shared', () => {
  const folder = join(home, 'shared');

  test('a library with its public symbols alone', async () => {
    const run = await made([
      'classify',
      'step',
      '--name',
      'demo',
      '--format',
      'shared',
      '--isa',
      'v3,plain',
      '-o',
      folder,
      '--json',
    ]);
    const { output, bytes, parts: names, levels, seconds, files } = JSON.parse(run.stdout) as Record<string, unknown>;
    expect({ output, names, levels }).toEqual({ output: folder, names: ['classify', 'step'], levels: ['plain', 'v3'] });
    expect(files).toEqual(filesOf(folder));
    expect(bytes).toBe(filesOf(folder).reduce((sum, file) => sum + file.bytes, 0));
    expect(seconds).toBeGreaterThan(0);
    const exported = sh('nm -D --defined-only libdemo.so', folder)
      .trim()
      .split('\n')
      .map((line) => line.split(' ')[2]);
    expect(
      exported.filter(
        (name) =>
          !readFileSync(join(folder, 'demo.h'), 'utf8').includes(` ${name}(`) &&
          !readFileSync(join(folder, 'demo.h'), 'utf8').includes(`*${name}(`),
      ),
    ).toEqual([]);
    expect(exported).toContain('demo_classify');
    expect(exported.filter((name) => name.includes('core_') || name.includes('_rt_') || name.includes('_v3_'))).toEqual(
      [],
    );
  }, 240_000);

  test('it is the same from another folder', async () => {
    const again = join(home, 'shared2');
    await made(['classify', 'step', '--name', 'demo', '--format', 'shared', '--isa', 'plain,v3', '-o', again]);
    expect(hashes(again)).toEqual(hashes(folder));
  }, 120_000);
});

test('names that look like those of the templates stay as they are', async () => {
  const folder = join(home, 'odd');
  await made(['pkg_odd', '--name', 'demo', '--format', 'shared', '--isa', 'plain', '-o', folder]);
  const header = readFileSync(join(folder, 'demo.h'), 'utf8');
  expect(header).toContain('int demo_pkg_odd(demo_context *context, const DLTensor *pkg_x, DLTensor *out);');
}, 120_000);

describe('what is refused', () => {
  const out = join(home, 'refused');
  const refused = async (args: readonly string[], status: number, says: RegExp): Promise<void> => {
    const run = await tn([...args, '--format', 'static', '-o', out]);
    expect(run.stderr).toMatch(says);
    expect(run).toMatchObject({ status, stdout: '' });
    expect(complaints(run)).toHaveLength(1);
    expect(existsSync(out)).toBe(false);
  };

  test('an ambiguous name, with what tells the entries apart', async () => {
    await refused(
      ['double'],
      2,
      /part "double" is ambiguous: it has 2 entries; double@\w{12} \(x: (float32|int64) \[2\]\); double@\w{12} \(x: /,
    );
    const [, entry] = /double@(\w{12})/.exec((await tn(['double', '--format', 'static', '-o', out])).stderr)!;
    const picked = await made([`double@${entry}`, '--format', 'static', '--isa', 'plain', '-o', join(home, 'double')]);
    expect(picked.stdout).toContain('double for plain');
  }, 120_000);

  test('a missing part, with what there is and what to do', () =>
    refused(['nope'], 2, /no part "nope" in the cache of user; there are branch, classify, .*tn run/));

  test('a part that stays eager, with the reason', () =>
    refused(['branch'], 1, /part "branch" was never native: .*model\.ts:\d+.*tn run/));

  test('weights of several instances have to be chosen', async () => {
    await refused(
      ['scale'],
      2,
      /part "scale" ran with the weights of 2 instances; captured: .*; binding 2: .*--weights-of NAME/,
    );
    await refused(['scale', '--weights-of', 'other'], 2, /no weights called "other"/);
    const run = await made([
      'scale',
      '--weights-of',
      'binding 2',
      '--format',
      'static',
      '--isa',
      'plain',
      '-o',
      join(home, 'scale'),
    ]);
    expect(run.stdout).toMatch(/^\/.*scale for plain/);
  }, 120_000);

  test('a part whose sources changed', async () => {
    project.edit('model.ts', '.relu().matmul', '.exp().matmul');
    try {
      await refused(
        ['classify'],
        1,
        /part "classify" is stale: Mlp \(model\.ts\) changed since it was captured; run the program that uses model\.ts again/,
      );
    } finally {
      project.edit('model.ts', '.exp().matmul', '.relu().matmul');
    }
  });
});
