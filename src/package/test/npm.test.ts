/** @file npm packages of a model with everything that arguments, results and state can be: results, errors, threads. */

import { cpSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, repository } from '../../../test/project.ts';
import { shareObjects } from '../../../test/sharedObjects.ts';

const program = `import { compileCache, Dim, nn, tensor, zeros, type Tensor } from 'torchnative';

const n = (max: number) => Dim('n', { max });

/** Nested arguments, one of them fixed; views of one result, a size, a literal, the caller's own tensor. */
const all = compileCache(
  'all',
  { inputMatchers: { x: { 0: n(16) } } },
  (x: Tensor, pair: [Tensor, number], named: { scale: Tensor; mode: string }) => {
    const y = x.add(pair[0]).mul(named.scale);
    const rows = y.mul(2);
    return { head: rows.slice(1, 0, 2), turned: rows.permute([1, 0]), n: x.size(0), list: [named.mode, y], same: x };
  },
);
all(tensor([[1, 2, 3], [4, 5, 6]]), [tensor([10, 20, 30]), 7], { scale: tensor(2), mode: 'plain' });

class Counter extends nn.Module {
  readonly total = new nn.Parameter(zeros([3]));

  @compileCache('count', {})
  forward(x: Tensor): Tensor {
    this.total.copy_(this.total.add(x));
    return this.total.mul(1);
  }
}
new Counter().forward(tensor([1, 2, 3]));

const half = compileCache('half', { inputMatchers: { x: { 0: n(8) } } }, (x: Tensor, take: Tensor) => ({
  doubled: x.mul(2),
  any: take.logicalNot(),
}));
half(tensor([1, 0.5], { dtype: 'float16' }), tensor([true, false]));
`;

const project = createProject({ 'main.ts': program });
shareObjects(project.cache);
const app = join(project.root, 'app');

beforeAll(async () => {
  const ran = await project.tn('main.ts');
  expect(ran.stderr.replace(/^torchnative: compiling.*\n/gm, '')).toBe('');
  const args = ['cache', 'package', 'all', 'count', 'half', '--name', 'mixed', '--format', 'npm', '-o', 'made'];
  const env = { INIT_CWD: project.root };
  const made = await project.node([join(repository, 'bin/tn.mjs'), ...args], { env });
  expect(made.status, made.stderr).toBe(0);
  mkdirSync(join(app, 'node_modules'), { recursive: true });
  cpSync(join(project.root, 'made'), join(app, 'node_modules/mixed'), { recursive: true });
  for (const name of ['koffi', '@koromix']) {
    symlinkSync(join(repository, 'node_modules', name), join(app, 'node_modules', name));
  }
});
afterAll(() => project.remove());

/** What a program that uses the package prints, as JSON. */
async function run(body: string, name = 'use'): Promise<unknown> {
  project.write(
    `app/${name}.mjs`,
    `import * as made from 'mixed';\nconst show = (x) => console.log(JSON.stringify(x, (_, v) =>
    ArrayBuffer.isView(v) ? Array.from(v, Number) : v));\n${body}`,
  );
  const { stdout, stderr, status } = await project.node([`app/${name}.mjs`]);
  expect(status, stderr).toBe(0);
  return JSON.parse(stdout);
}

test('arguments and results have the structure of the captured call', async () => {
  const result = await run(`
    const x = { shape: [1, 3], data: Float32Array.of(1, 2, 3) };
    const given = made.all(x, [Float32Array.of(1, 1, 1), 7], { scale: { shape: [], data: Float32Array.of(10) } });
    show({ ...given, same: given.same === x });`);
  expect(result).toEqual({
    head: { dtype: 'float32', shape: [1, 2], data: [40, 60] },
    turned: { dtype: 'float32', shape: [3, 1], data: [40, 60, 80] },
    n: 1,
    list: ['plain', { dtype: 'float32', shape: [1, 3], data: [20, 30, 40] }],
    same: true,
  });
});

test('state belongs to an instance; asynchronous calls on it follow one another', async () => {
  const result = await run(`
    const { count, close } = made.newInstance();
    const one = Float32Array.of(1, 2, 3);
    const first = await Promise.all([count.async(one), count.async(one), count.async(one)]);
    const other = made.newInstance().count(one);
    const last = count(one);
    close();
    let closed = '';
    try { count(one); } catch (error) { closed = error.message; }
    show({ first: first.map((t) => t.data), last: last.data, apart: other.data[0] - last.data[0], closed });`);
  expect(result).toEqual({
    first: [
      [1, 2, 3],
      [2, 4, 6],
      [3, 6, 9],
    ],
    last: [4, 8, 12],
    apart: -3,
    closed: 'this instance is closed',
  });
});

test('half floats and bools, and results written into given memory', async () => {
  const result = await run(`
    const x = { dtype: 'float16', shape: [2], data: Uint16Array.of(0x3c00, 0x3800) };
    const take = { dtype: 'bool', shape: [2], data: Uint8Array.of(1, 0) };
    const doubled = { dtype: 'float16', shape: [2], data: new Uint16Array(new SharedArrayBuffer(4)) };
    const given = made.half(x, take, { out: { doubled } });
    show({ doubled: doubled.data, shared: given.doubled.data === doubled.data, any: given.any });`);
  expect(result).toEqual({
    doubled: [0x4000, 0x3c00],
    shared: true,
    any: { dtype: 'bool', shape: [2], data: [0, 1] },
  });
});

test('what is wrong is said, and nothing crashes', async () => {
  const messages = (await run(`
    const f = (...data) => Float32Array.of(...data);
    const x = { shape: [1, 3], data: f(1, 2, 3) };
    const pair = [f(1, 1, 1), 7];
    const named = { scale: { shape: [], data: f(1) } };
    const half = { dtype: 'float16', shape: [1], data: new Uint16Array(1) };
    const bools = { dtype: 'bool', shape: [2], data: new Uint8Array(2) };
    const calls = [
      () => made.all(),
      () => made.all(null, pair, named),
      () => made.all([1, 2, 3], pair, named),
      () => made.all({ shape: [3], data: [1, 2, 3] }, pair, named),
      () => made.all({ shape: [2, 3], data: f(1, 2, 3) }, pair, named),
      () => made.all({ shape: [-1, -3], data: f(1, 2, 3) }, pair, named),
      () => made.all({ shape: '33', data: f(1, 2, 3) }, pair, named),
      () => made.all({ dtype: 'float64', shape: [1, 3], data: f(1, 2, 3) }, pair, named),
      () => made.all({ dtype: 'complex', shape: [1, 3], data: f(1, 2, 3) }, pair, named),
      () => made.all({ shape: [1, 3], data: Float64Array.of(1, 2, 3) }, pair, named),
      () => made.all({ shape: [3], data: f(1, 2, 3) }, pair, named),
      () => made.all({ shape: [17, 3], data: new Float32Array(51) }, pair, named),
      () => made.all({ shape: new Array(40).fill(1), data: f(1) }, pair, named),
      () => made.all(x, [f(1, 1, 1)], named),
      () => made.all(x, pair, undefined),
      () => made.all(x, pair, {}),
      () => made.half({ shape: [1], data: new Uint16Array(1) }, bools),
      () => made.half(half, { shape: [2], data: new Uint8Array(2) }),
      () => made.half(half, bools, { out: { doubled: { dtype: 'float16', shape: [3], data: new Uint16Array(3) } } }),
      () => made.half(half, bools, { out: 5 }),
      () => made.count({ shape: [3], data: new Float32Array(new ArrayBuffer(12, { maxByteLength: 64 })) }),
      () => made.setThreads(-1),
    ];
    show(calls.map((call) => { try { call(); return 'no error'; } catch (error) { return error.message; } }));`)) as string[];
  expect(messages.filter((message) => message === 'no error' || message.includes('\n'))).toEqual([]);
  expect(messages.slice(0, 12)).toEqual([
    'all: x is undefined, wants { shape, data } or a typed array',
    'all: x is null, wants { shape, data } or a typed array',
    'all: x is [1, 2, 3], wants { shape, data } or a typed array',
    'all: x.data is [1, 2, 3], wants a typed array',
    'all: x has 3 elements, its shape [2, 3] wants 6',
    'all: x.shape is [-1, -3], wants a list of whole numbers',
    'all: x.shape is "33", wants a list of whole numbers',
    'all: x is float64 in a Float32Array, wants a Float64Array',
    'all: x.dtype is "complex", which is none of float32, float16, bfloat16, float64, int64, int32, uint8, int8, bool',
    'all: x has dtype float64, wants float32',
    expect.stringMatching(/^all: x has (rank )?1 .*wants 2/),
    expect.stringMatching(/17/),
  ]);
});

test('worker threads share one mapping of the weights; many calls at once agree', async () => {
  project.write(
    'app/worker.mjs',
    `import { parentPort } from 'node:worker_threads';
import { all } from 'mixed';
const named = { scale: { shape: [], data: Float32Array.of(3) } };
const results = await Promise.all(Array.from({ length: 50 }, (_, i) =>
  all.async({ shape: [2, 3], data: new Float32Array(6).fill(i) }, [Float32Array.of(1, 2, 3), 7], named)));
const right = results.every(({ list }, i) => list[1].data.every((v, j) => v === (i + 1 + (j % 3)) * 3));
parentPort.postMessage(right);
`,
  );
  const result = await run(
    `import { readFileSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    const answers = await Promise.all(Array.from({ length: 4 }, () => new Promise((resolve, reject) => {
      const worker = new Worker(new URL('./worker.mjs', import.meta.url));
      let answer;
      worker.on('message', (right) => { answer = right; });
      worker.on('error', reject);
      worker.on('exit', (code) => resolve([answer, code]));
    })));
    const maps = readFileSync('/proc/self/maps', 'utf8').split('\\n').filter((line) => line.endsWith('mixed.weights'));
    show({ answers, maps: maps.length });`,
    'threads',
  );
  expect(result).toEqual({ answers: new Array(4).fill([true, 0]), maps: 1 });
});

test('what is in the folder', () => {
  const manifest = JSON.parse(readFileSync(join(project.root, 'made/package.json'), 'utf8')) as Record<string, unknown>;
  expect(manifest).toMatchObject({ name: 'mixed', type: 'module', dependencies: { koffi: expect.any(String) } });
  expect(Object.keys(manifest.dependencies as object)).toEqual(['koffi']);
  const made = ['index.js', 'index.d.ts', 'native.js'].map((name) =>
    readFileSync(join(project.root, 'made', name), 'utf8'),
  );
  expect(made.join('\n')).not.toContain(project.root);
  expect(made.join('\n')).not.toContain(repository);
  expect(made[1]).toContain("pair: readonly [TensorInput<'float32', readonly [3]>, unknown]");
  expect(made[1]).toContain("turned: Tensor<'float32', readonly [3, number]>");
});
