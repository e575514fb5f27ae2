/** @file A hand-written artifact, end to end: build, load, run on any number of threads, fail, run from two JavaScript threads. */

import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { machineIsa } from '../../compile/toolchain/index.ts';
import { TnError } from '../../core/errors.ts';
import * as abi from '../abi.ts';
import '../koffi.ts';
import { addressOf } from '../ffi.ts';
import { NativeRuntime, nativeRuntime } from '../nativeRuntime.ts';
import { KernelProfile, loadProgram, type NativeCall, type NativeProgram, WeightTable } from '../program.ts';
import { Words } from '../words.ts';
import { exampleArtifactPath, exampleRuntimePath, exampleSource } from './exampleArtifact.ts';

const n = 1000;
const weights = new Float32Array([0.1, -2.5, 3.25, 7]);

interface Prepared {
  readonly call: NativeCall;
  readonly x: Float32Array;
  readonly index: Int32Array;
  readonly y: Float32Array;
  readonly total: Float32Array;
}

/** Expected results in the kernel's own order of operations: sums of 64, float32 throughout. */
function reference(x: Float32Array, index: Int32Array): { y: Float32Array; total: number } {
  const y = x.map((value, i) => Math.fround(weights[index[i]] * value));
  let total = 0;
  for (let at = 0; at < y.length; at += 64) {
    total = Math.fround(total + y.subarray(at, at + 64).reduce((sum, value) => Math.fround(sum + value), 0));
  }
  return { y, total };
}

describe('a program', () => {
  let runtime: NativeRuntime;
  let program: NativeProgram;
  let artifact: string;
  /** An address keeps nothing alive: what calls point to stays until its test is over. */
  const held: Prepared[] = [];
  afterEach(() => {
    held.length = 0;
  });

  beforeAll(() => {
    runtime = nativeRuntime(exampleRuntimePath);
    artifact = exampleArtifactPath();
    program = loadProgram(artifact, runtime);
  });

  function prepare(length = n, of = program): Prepared {
    const x = Float32Array.from({ length }, (_, i) => Math.sin(i) * 3);
    const index = Int32Array.from({ length }, (_, i) => (i * 7) % 4);
    const y = new Float32Array(length);
    const total = new Float32Array(1);
    const call = of.newCall();
    call.setWeights(new WeightTable([addressOf(weights)], [weights]));
    call.setDim(0, length);
    call.setDim(1, weights.length);
    call.setInput(0, addressOf(x));
    call.setInput(1, addressOf(index));
    call.setOutput(0, addressOf(y));
    call.setOutput(1, addressOf(total));
    const prepared = { call, x, index, y, total };
    held.push(prepared);
    return prepared;
  }

  it('says what it is', () => {
    expect(program.name).toBe('example');
    expect(program.kernelNames).toEqual(['gather_scale', 'partial_sums', 'total']);
    expect(program.table).toMatchObject({ dims: 2, inputs: 2, outputs: 2, weights: 1, kernels: 3 });
    expect(program.arenaBytes([1000, 4])).toBe(4 * 16 + 64);
    expect(program.scratchBytes([1000, 4])).toBe(256);
    expect(program.work([1000, 4])).toBe(1000);
  });

  it('gives the same bits on any number of threads', () => {
    const { call, x, index, y, total } = prepare();
    const expected = reference(x, index);
    for (const threads of [1, 2, 3, 8]) {
      y.fill(0);
      total.fill(0);
      call.setThreads(threads, true);
      expect(call.run()).toBe(0);
      expect(call.threadsUsed).toBe(threads);
      expect(call.failure()).toBeNull();
      expect(y).toEqual(expected.y);
    }
    // The compiler may reorder within 64: compared with itself bit by bit, with the reference closely.
    expect(Math.abs(total[0] - expected.total)).toBeLessThan(1e-3);
    const first = total[0];
    for (const threads of [1, 2, 3, 8]) {
      call.setThreads(threads, true);
      call.run();
      expect(total[0]).toBe(first);
    }
  });

  it('uses one thread for little work', () => {
    const { call } = prepare();
    call.setThreads(2);
    call.run();
    expect(call.threadsUsed).toBe(1);
  });

  it('reports the first bad index, the same for any number of threads', () => {
    const { call, index } = prepare();
    index[900] = 77;
    index[123] = -3;
    for (const threads of [1, 2, 3]) {
      call.setThreads(threads, true);
      expect(call.run()).toBe(abi.errorCodes.index);
      expect(call.failure()).toMatchObject({
        kind: 'index',
        kernel: 0,
        kernelName: 'gather_scale',
        value: -3,
        limit: 4,
      });
    }
    index[900] = 0;
    index[123] = 0;
    expect(call.run()).toBe(0);
    expect(call.failure()).toBeNull();
  });

  it('grows its context to the largest call and stays there', () => {
    runtime.trim();
    expect(runtime.contextBytes).toBe(0);
    const small = prepare(100);
    small.call.run();
    const before = runtime.contextBytes;
    const large = prepare(200_000);
    large.call.run();
    const after = runtime.contextBytes;
    expect(after).toBeGreaterThan(before);
    for (let i = 0; i < 100; i++) small.call.run();
    large.call.run();
    expect(runtime.contextBytes).toBe(after);
    expect(Buffer.from(large.y.buffer).equals(Buffer.from(reference(large.x, large.index).y.buffer))).toBe(true);
  });

  it.skipIf(!existsSync('/proc/self/status'))('gives pages back that only a long call needs', () => {
    // Calls of more than 5000 elements write all over 64 MB.
    const usingMuch = (work: number): NativeProgram => {
      const source = exampleSource
        .replace(
          /(?<=arena_bytes\(const int64_t \*d\) \{) return (.*?);/,
          ' return ($1) + (d[0] > 5000 ? 64 << 20 : 0);',
        )
        .replace(/(?<=work\(const int64_t \*d\) \{) return d\[0\];/, ` return d[0] > 5000 ? INT64_C(${work}) : d[0];`)
        .replace(
          '  *out = sum;',
          '  *out = sum;\n  for (int64_t i = 4096; d[0] > 5000 && i < 64 << 20; i += 4096) ((volatile char *)b[0])[i] = 1;',
        );
      return loadProgram(exampleArtifactPath(source), runtime);
    };
    const held = (): number => Number(/RssAnon:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]) / 1024;
    for (const { work, freed } of [
      { work: 1e9, freed: 64 },
      { work: 1e6, freed: 0 },
    ]) {
      runtime.trim();
      const longCalls = usingMuch(work);
      const long = prepare(6000, longCalls);
      const short = prepare(1000, longCalls);
      for (let round = 0; round < 3; round++) {
        expect(long.call.run()).toBe(0);
        const most = held();
        const bytes = runtime.contextBytes;
        for (let i = 0; i < 3; i++) expect(short.call.run()).toBe(0);
        expect(Math.abs(most - held() - freed)).toBeLessThan(16);
        expect(runtime.contextBytes).toBe(bytes);
        for (const { x, index, y, total } of [long, short]) {
          const expected = reference(x, index);
          expect(y).toEqual(expected.y);
          expect(total[0]).toBe(expected.total);
        }
      }
    }
    runtime.trim();
  });

  it('measures its kernels', () => {
    const { call } = prepare();
    call.setThreads(2, true);
    const profile = new KernelProfile(program);
    expect(profile.read().map(({ ns }) => ns)).toEqual([[], [], []]);
    call.setProfile(profile);
    for (let i = 0; i < 50; i++) call.run();
    const times = profile.read();
    expect(times.map(({ name }) => name)).toEqual(program.kernelNames);
    for (const { ns } of times) expect(ns.length).toBe(2);
    expect(times[0].ns[0]).toBeGreaterThan(0);
    call.setProfile(null);
    call.run();
    expect(profile.read()).toEqual(times);
  });

  it('runs off the main thread, several at once', async () => {
    const all = Array.from({ length: 6 }, () => prepare(20_000));
    const codes = await Promise.all(all.map(({ call, x, index, y, total }) => call.runAsync([x, index, y, total])));
    expect(codes).toEqual([0, 0, 0, 0, 0, 0]);
    for (const { x, index, y } of all) expect(y).toEqual(reference(x, index).y);
    const { call } = all[0];
    const running = call.runAsync();
    expect(() => call.run()).toThrow(/runs already/);
    expect(await running).toBe(0);
    expect(call.run()).toBe(0);
  });

  it('refuses to run without weights', () => {
    expect(() => program.newCall().run()).toThrow(/no weights/);
  });

  it('is refused when it was made for another version, is no artifact or is damaged', () => {
    const other = exampleArtifactPath(exampleSource.replace('.abi_version = TN_ABI_VERSION', '.abi_version = 99'));
    expect(() => loadProgram(other, runtime)).toThrow(/version 99/);
    expect(() => loadProgram(runtime.libraryPath, runtime)).toThrow(/tn_artifact_v1/);
    expect(() => loadProgram('/nonexistent.so', runtime)).toThrow(TnError);
    expect(() => loadProgram(fileURLToPath(import.meta.url), runtime)).toThrow(/invalid ELF header|cannot load/);
  });

  it('is re-entrant from two JavaScript threads on one pool', async () => {
    // The loader's hooks do not reach into worker threads by themselves.
    const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx/esm/api')).href;
    const script = new URL('./reentrancyWorker.ts', import.meta.url).href;
    const main = `import { register } from '${loader}';\nregister();\nawait import('${script}');`;
    const workers = [1, 2].map(
      (seed) =>
        new Promise<unknown>((resolve, reject) => {
          const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(main)}`), {
            execArgv: ['-C', 'torchnative-source'],
            workerData: { library: runtime.libraryPath, artifact, seed },
          });
          worker.on('message', resolve);
          worker.on('error', reject);
        }),
    );
    const { call, x, index, y } = prepare(20_000);
    const expected = reference(x, index).y;
    for (let i = 0; i < 300; i++) {
      call.setThreads(1 + (i % 3), true);
      y.fill(0);
      expect(call.run()).toBe(0);
    }
    expect(y).toEqual(expected);
    expect(await Promise.all(workers)).toEqual(['ok', 'ok']);
  });
});

describe('the runtime', () => {
  it('knows the machine as the toolchain does', () => {
    const runtime = nativeRuntime(exampleRuntimePath);
    expect(runtime.isa).toBe(machineIsa());
    expect(runtime.cores).toBeGreaterThanOrEqual(1);
  });

  it('takes its threads from TN_THREADS or from code, and refuses nonsense', () => {
    const library = exampleRuntimePath();
    const runtime = nativeRuntime(() => library);
    const before = runtime.threads;
    expect(new NativeRuntime(library, { TN_THREADS: '3' }).threads).toBe(3);
    expect(() => new NativeRuntime(library, { TN_THREADS: 'many' })).toThrow(/TN_THREADS=many/);
    expect(() => new NativeRuntime(library, { TN_THREADS: '0' })).toThrow(TnError);
    expect(() => runtime.setThreads(1.5)).toThrow(TnError);
    runtime.setThreads(before);
    expect(runtime.threads).toBe(before);
  });
});

describe('the interface', () => {
  const header = readFileSync(path.join(path.dirname(fileURLToPath(import.meta.url)), '../c/tn_runtime.h'), 'utf8');
  const number = (name: string): number =>
    Number(new RegExp(`\\b${name}(?: =)? (\\d+)`).exec(header)?.[1] ?? Number.NaN);
  const snake = (name: string): string =>
    name
      .replace(/[A-Z]/g, (c) => `_${c}`)
      .replace(/(?<=K)(?=\d)|(?<=[a-z])(?=\d)/g, '')
      .toUpperCase();

  it('has the numbers of the header', () => {
    expect(number('TN_ABI_VERSION')).toBe(abi.abiVersion);
    expect(number('TN_MAX_THREADS')).toBe(abi.maxThreads);
    expect(number('TN_CALL_ALL_THREADS')).toBe(abi.callFlags.allThreads);
    for (const [name, value] of Object.entries(abi.block))
      expect([name, number(`TN_BLOCK_${snake(name)}`)]).toEqual([name, value]);
    for (const [name, value] of Object.entries(abi.packBlock))
      expect([name, number(`TN_PACK_${snake(name)}`)]).toEqual([name, value]);
    for (const [name, value] of Object.entries(abi.isaCodes))
      expect([name, number(`TN_ISA_${snake(name)}`)]).toEqual([name, value]);
    for (const [name, value] of Object.entries(abi.errorCodes)) {
      const constant = name === 'ok' ? 'TN_OK' : `TN_ERROR_${snake(name)}`;
      expect([name, number(constant)]).toEqual([name, value]);
    }
  });

  it('keeps integers whole in words', () => {
    const words = new Words(3);
    for (const value of [
      0,
      1,
      -1,
      2 ** 31,
      -(2 ** 31) - 1,
      2 ** 47 + 12345,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
    ]) {
      words.set(1, value);
      expect([words.get(0), words.get(1), words.get(2)]).toEqual([0, value, 0]);
    }
  });

  it('addresses views by their buffer, small ones included', () => {
    const small = new Float32Array(4);
    const address = addressOf(small);
    expect(address).toBeGreaterThan(0);
    expect(addressOf(small.subarray(2))).toBe(address + 8);
    expect(addressOf(small.buffer)).toBe(address);
    expect(addressOf(new ArrayBuffer(0))).toBe(0);
  });
});
