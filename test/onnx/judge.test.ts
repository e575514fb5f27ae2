/** @file The record that the real command leaves of examples/hello.ts, judged by onnxruntime: at its samples and at other sizes. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { StridedView } from '../../src/core/view.ts';
import { interpret } from '../../src/graph/interpreter.ts';
import { decodeModel } from '../../src/onnx/reader.ts';
import { decodeTensor } from '../../src/onnx/tensorProto.ts';
import { difference, OnnxSession } from '../../src/onnx/test/onnxRuntime.ts';
import { arange } from '../../src/tensor/index.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = mkdtempSync(join(tmpdir(), 'tn-judge-'));

interface Listed {
  readonly part: string;
  readonly model: string;
  readonly samples: string;
}

let records: readonly Listed[] = [];

function tn(...args: string[]): string {
  const env = { ...process.env, TN_CACHE_DIR: cache };
  return execFileSync(process.execPath, [join(root, 'bin/tn.mjs'), ...args], { cwd: root, env, encoding: 'utf8' });
}

beforeAll(() => {
  tn('run', 'examples/hello.ts');
  records = JSON.parse(tn('cache', 'ls', '--json')) as Listed[];
});
afterAll(() => rmSync(cache, { recursive: true, force: true }));

function samples(folder: string, kind: 'input' | 'output'): StridedView[] {
  const count = readdirSync(folder).filter((name) => name.startsWith(kind)).length;
  return Array.from({ length: count }, (_, i) => decodeTensor(readFileSync(join(folder, `${kind}_${i}.pb`))).view);
}

test('one part was recorded', () => {
  expect(records.map(({ part }) => part)).toEqual(['addMul']);
});

test('onnxruntime gives the recorded outputs', async () => {
  for (const { model, samples: folder } of records) {
    const session = await OnnxSession.load(model);
    const found = await session.run(samples(folder, 'input'));
    const expected = samples(folder, 'output');
    expect(expected).toHaveLength(1);
    expect(found.map((view, i) => difference(view, expected[i]))).toEqual(expected.map(() => null));
    await session.release();
  }
});

test('dims are not baked in, and the graph reads back', async () => {
  const [{ model }] = records;
  const graph = decodeModel(readFileSync(model));
  expect(graph.nodes.map(({ op, location }) => `${op} ${location?.file}`)).toEqual([
    'mul examples/hello.ts',
    'add examples/hello.ts',
  ]);
  const session = await OnnxSession.load(model);
  for (const n of [1, 2, 17]) {
    const args = [arange(n).to('float32'), arange(n).mul(0.5).sin()];
    const [found] = await session.run(args);
    expect(difference(found, interpret(graph, args, []).outputs[0])).toBeNull();
  }
  await session.release();
});

test('the record names no path of this machine', () => {
  for (const { model } of records) {
    const bytes = readFileSync(model);
    expect(bytes.includes(root)).toBe(false);
    expect(bytes.includes(cache)).toBe(false);
  }
});
