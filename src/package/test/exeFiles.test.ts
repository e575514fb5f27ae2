/** @file Files that executables read, whole and mangled, under the address and undefined-behaviour sanitizers. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { saveSafetensors, tensor } from '../../index.ts';
import { writeNpy } from './exeProject.ts';

const core = fileURLToPath(new URL('../c/', import.meta.url));
const runtime = fileURLToPath(new URL('../../runtime/c/', import.meta.url));
const own = fileURLToPath(new URL('./', import.meta.url));

let folder: string;
let program: string;

beforeAll(() => {
  folder = mkdtempSync(join(os.tmpdir(), 'tn-exe-files-'));
  program = join(folder, 'files');
  const sources = [
    ...['tn_exe_array.c', 'tn_exe_files.c', 'tn_exe_npy.c', 'tn_exe_safetensors.c'],
    ...['tn_self.c', 'tn_self_describe.c', 'tn_self_json.c'],
  ].map((name) => join(core, name));
  const checks = ['-fsanitize=address,undefined', '-fno-sanitize-recover=all', '-fno-pie', '-no-pie'];
  const flags = ['-std=gnu11', '-O1', '-g', '-Wall', '-Wextra', '-Werror', ...checks, `-I${core}`, `-I${runtime}`];
  const built = spawnSync('gcc', [
    ...flags,
    join(own, 'exeFiles.c'),
    ...sources,
    join(runtime, 'tn_hash.c'),
    '-lm',
    '-o',
    program,
  ]);
  expect(String(built.stderr)).toBe('');
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Read {
  readonly status: number | null;
  readonly text: string;
  readonly stderr: string;
}

/** What the process holds at its end is the system's to take back. */
function read(...files: string[]): Read {
  const env = { ...process.env, ASAN_OPTIONS: 'detect_leaks=0' };
  const run = spawnSync(program, files, { cwd: folder, encoding: 'utf8', env, timeout: 30_000 });
  return { status: run.status, text: run.stdout, stderr: run.stderr };
}

/** Read, or refused with a line: nothing else. */
function expectTame(bytes: Uint8Array): void {
  writeFileSync(join(folder, 'some'), bytes);
  const { status, stderr } = read('some');
  expect({ stderr, known: status === 0 || status === 1 || status === 2 }).toEqual({ stderr: '', known: true });
}

const headed = (json: string, data = 8): Buffer => {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(json)));
  return Buffer.concat([length, Buffer.from(json), Buffer.alloc(data)]);
};

test('whole files of every type', async () => {
  writeNpy(join(folder, 'a.npy'), Float32Array.from([1, 2, 3, 4, 5, 6]), [2, 3]);
  writeNpy(join(folder, 'b.npy'), BigInt64Array.from([1n, -2n]), [2], 'F');
  writeNpy(join(folder, 'c.npy'), Float64Array.from([0.5]), []);
  saveSafetensors(join(folder, 'd.safetensors'), {
    h: tensor([0.5, 2, -1]).to('float16'),
    b: tensor([0.5, 2, -1]).to('bfloat16'),
    t: tensor([true, false, true]),
    i: tensor([3, -7], { dtype: 'int32' }),
  });
  const { status, text, stderr } = read('a.npy', 'b.npy', 'c.npy', 'd.safetensors');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  expect(text.split('\n').slice(0, 3)).toEqual(['float32 [2, 3] 21; ', 'int64 [2] -1; ', 'float64 [] 0.5; ']);
  for (const part of ['float16 [3] 1.5; ', 'bfloat16 [3] 1.5; ', 'bool [3] 2; ', 'int32 [2] -4; ']) {
    expect(text).toContain(part);
  }
});

test.each([
  ['{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}', 0],
  ['{"\\u0078":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"__metadata__":{"a":"\\ud83d\\ude00"}}', 0],
  ['{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,16]}}', 2],
  ['{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}', 2],
  ['{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}', 2],
  ['{"x":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}}', 2],
  ['{"x":{"dtype":"F99","shape":[2],"data_offsets":[0,8]}}', 2],
  ['{"x":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}', 2],
  ['{"x":{"dtype":"F32","shape":"2","data_offsets":[0,8]}}', 2],
  ['{"x":{"dtype":"F32","shape":[2]}}', 2],
  ['{"x":5}', 2],
  ['[]', 2],
  ['{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}', 2],
  ['"\\ud83d', 2],
  ['"\\u12', 2],
  ['{"x":1}}', 2],
  ['-', 2],
  ['1e', 2],
  [`${'['.repeat(100)}${']'.repeat(100)}`, 2],
  ['[1,2', 2],
  ['', 2],
])('a header that says %s', (json, status) => {
  writeFileSync(join(folder, 'some'), headed(json));
  expect(read('some')).toMatchObject({ status, stderr: '' });
});

test('random bytes, and good files with random changes', () => {
  writeNpy(join(folder, 'good.npy'), Float32Array.from([1, 2, 3, 4, 5, 6]), [2, 3], 'F');
  const npy = Buffer.from(
    "\x93NUMPY\x01\x00\x46\x00{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }".padEnd(79) + '\n',
    'latin1',
  );
  const good = [
    Buffer.concat([npy, Buffer.alloc(24)]),
    headed('{"x":{"dtype":"BF16","shape":[2,2],"data_offsets":[0,8]},"__metadata__":{"é":"\\u00e9"}}'),
  ];
  const change = fc.record({
    base: fc.constantFrom(...good),
    edits: fc.array(fc.tuple(fc.nat(130), fc.nat(255)), { minLength: 1, maxLength: 4 }),
    length: fc.option(fc.nat(130), { freq: 4 }),
  });
  fc.assert(
    fc.property(change, ({ base, edits, length }) => {
      const bytes = Uint8Array.from(base);
      for (const [at, value] of edits) bytes[at % bytes.length] = value;
      expectTame(length === null ? bytes : bytes.subarray(0, length));
    }),
    { numRuns: 150, seed: 5 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), fc.constantFrom('', '\x93NUMPY\x01\x00'), (bytes, start) => {
      expectTame(Buffer.concat([Buffer.from(start, 'latin1'), bytes]));
    }),
    { numRuns: 80, seed: 5 },
  );
}, 120_000);
