/** @file Asynchronous calls under a collector that runs all the time, in worker threads, and in processes that end meanwhile. */

import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProject, type Project, type RunResult } from '../../../test/project.ts';

/** `slow` runs some 50 ms on `large`; `append` writes into its first argument; `rows` copies strided arguments. */
const parts = `import { compileCache, Dim, tensor, type Tensor } from 'torchnative';

const n = Dim('n', { max: 100_000 });
export const numbers = (length: number, seed: number): Tensor =>
  tensor(Array.from({ length }, (_, i) => Math.sin(i * 0.7 + seed)));
export const slow = compileCache('slow', { inputMatchers: { x: { 0: n, 1: n } } }, (x: Tensor) => {
  let y = x;
  for (let i = 0; i < 4; i++) y = y.matmul(x).mul(0.01);
  return y;
});
export const append = compileCache('append', { inputMatchers: { x: { 0: n } } }, (x: Tensor, y: Tensor) => {
  x.add_(y);
  return x.mul(2);
});
export const rows = compileCache('rows', { inputMatchers: { x: { 0: n, 1: Dim('m') } } }, (x: Tensor) => x.sum(0));
export const small = numbers(16, 1).reshape([4, 4]);
export const large = numbers(256 * 256, 1).reshape([256, 256]);
/** Captures what is not in the cache yet. */
export function prepare(): void {
  slow(small);
  append(tensor([1, 2]), tensor([1]));
  rows(small);
}
`;

const collected = `import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { tensor } from 'torchnative';
import { append, numbers, prepare, rows } from './parts.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
prepare();
let over = false;
const collector = (): void => {
  collect();
  if (!over) setImmediate(collector);
};
collector();
const calls: Promise<void>[] = [];
for (let i = 0; i < 150; i++) {
  const size = 1 + ((i * 37) % 90);
  // Nothing but the call holds these: large and small storages, and a copy of a strided one.
  const row = (x: number): number => numbers(size * (size + 1), x).reshape([size, size + 1]).sum(1).tolist()[0] as number;
  calls.push(rows.async(numbers(size * (size + 1), i).reshape([size, size + 1]).permute([1, 0])).then((found) => {
    const first = found.tolist()[0] as number;
    if (Math.abs(first - row(i)) > 1e-4) throw new Error(\`rows \${i}: \${first}, not \${row(i)}\`);
  }));
  calls.push(append.async(numbers(size * 50, i), tensor([i])).then((found) => {
    const last = found.tolist().at(-1) as number;
    const wanted = 2 * (Math.sin((size * 50 - 1) * 0.7 + i) + i);
    if (Math.abs(last - wanted) > 1e-2) throw new Error(\`append \${i}: \${last}, not \${wanted}\`);
  }));
  if (i % 20 === 0) {
    collect();
    await calls[i];
  }
}
await Promise.all(calls);
over = true;
console.log('right', calls.length);
`;

const ending = `import { large, prepare, slow } from './parts.ts';
prepare();
const how = process.argv[2] ?? process.env.HOW;
for (let i = 0; i < 5; i++) {
  void slow.async(large).then((x) => console.log('done', x.sizes.length));
}
if (how === 'exit') process.exit(7);
if (how === 'later') setTimeout(() => process.exit(7), 20);
if (how === 'throw') throw new Error('thrown meanwhile');
`;

const worker = `import { parentPort, workerData } from 'node:worker_threads';
import { append, large, numbers, prepare, slow } from './parts.ts';
prepare();
const { how, seed } = workerData as { how: string; seed: number };
if (how === 'work') {
  const x = numbers(5000, seed);
  const one = numbers(1, seed);
  for (let i = 0; i < 50; i++) void append.async(x, one);
  await slow.async(large);
  const sum = await append.async(x, one);
  const plain = numbers(5000, seed);
  for (let i = 0; i < 50; i++) append(plain, one);
  const wanted = append(plain, one);
  parentPort?.postMessage(Buffer.from(sum.storage.bytes()).equals(Buffer.from(wanted.storage.bytes())) ? 'right' : 'wrong');
} else {
  for (let i = 0; i < 5; i++) void slow.async(large);
  parentPort?.postMessage('running');
  if (how === 'exit') process.exit(3);
}
`;

const workers = `import { Worker } from 'node:worker_threads';
import { large, prepare, slow } from './parts.ts';
prepare();
const start = (how: string, seed: number): Promise<unknown> =>
  new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: { how, seed },
      execArgv: ['--import', 'torchnative/register'],
    });
    worker.on('error', reject);
    worker.on('message', (message) => {
      if (how === 'work') resolve(message);
      if (how === 'terminate') void worker.terminate();
    });
    worker.on('exit', (code) => resolve(code));
  });
const mine = Promise.all([slow.async(large), slow.async(large), slow.async(large)]);
const said = await Promise.all([start('work', 1), start('work', 2), start('exit', 3), start('terminate', 4)]);
for (let i = 0; i < 4; i++) said.push(await start(i % 2 ? 'exit' : 'terminate', i));
const [a, b, c] = (await mine).map((x) => Buffer.from(x.storage.bytes()));
console.log(JSON.stringify(said), a.equals(b) && b.equals(c));
`;

let project: Project;
beforeAll(async () => {
  project = createProject({
    'parts.ts': parts,
    'collected.ts': collected,
    'ending.ts': ending,
    'worker.ts': worker,
    'workers.ts': workers,
    'first.ts': `import { prepare } from './parts.ts';\nprepare();\n`,
  });
  expect(told(await project.tn('first.ts'))).toMatchObject({ status: 0 });
});
afterAll(() => project.remove());

const told = ({ status, signal, stdout, stderr }: RunResult): object => ({ status, signal, stdout, stderr });

test('collections at all times', async () => {
  const run = await project.tn('collected.ts', { env: { TN_MODE: 'require' } });
  expect(told(run)).toEqual({ status: 0, signal: null, stdout: 'right 300\n', stderr: '' });
});

test.each([
  ['end', 0],
  ['exit', 7],
  ['later', 7],
])('a process that ends while calls run: %s', async (how, status) => {
  const run = await project.tn('ending.ts', { env: { HOW: how } });
  expect(told(run)).toMatchObject({ status, signal: null, stderr: '' });
  if (how === 'end') expect(run.stdout).toBe('done 2\n'.repeat(5));
});

test('a process that throws while calls run', async () => {
  const run = await project.tn('ending.ts', { env: { HOW: 'throw' } });
  expect(told(run)).toMatchObject({ status: 1, signal: null });
  expect(run.stderr).toContain('thrown meanwhile');
});

test('worker threads: at work, ending and terminated while their calls run', async () => {
  const run = await project.tn('workers.ts');
  expect(told(run)).toEqual({
    status: 0,
    signal: null,
    stdout: `${JSON.stringify(['right', 'right', 3, 1, 1, 3, 1, 3])} true\n`,
    stderr: '',
  });
});
