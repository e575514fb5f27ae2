/**
 * @file Compiles a template's C text into a library, at any level this machine has, and calls it the way a team of threads would.
 * With TN_TEST_EMULATE=neon (or plain, v3) in the environment the tests run on an emulated machine of that level instead.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { machines } from '../../test/emulator.ts';
import { isaFacts } from '../isa.ts';
import { renderKernelFile } from '../prelude.ts';
import type { IsaFacts, IsaName, KernelSource } from '../types.ts';
import { loadEmulatedKernels } from './emulatedKernels.ts';

const runtimeHeaders = fileURLToPath(new URL('../../../runtime/c', import.meta.url));

/** The flags that DESIGN's targets are compiled with. */
export const commonFlags = [
  '-std=gnu11',
  '-O3',
  '-fopenmp-simd',
  '-fno-math-errno',
  '-fno-trapping-math',
  '-ffp-contract=fast',
  '-fno-tree-loop-distribute-patterns',
  '--param',
  'vect-max-peeling-for-alignment=0',
  '-fPIC',
  '-shared',
  '-Wall',
  '-Wextra',
  '-Werror',
];

export const levelFlags: Readonly<Record<IsaName, readonly string[]>> = {
  plain: ['-march=x86-64'],
  v3: ['-march=x86-64-v3'],
  v4: ['-march=x86-64-v4', '-mprefer-vector-width=512'],
  v4x: ['-march=x86-64-v4', '-mavx512bf16', '-mavx512vnni', '-mprefer-vector-width=512'],
  neon: ['-march=armv8-a'],
};

const emulated = machines.find(({ isa }) => isa === process.env['TN_TEST_EMULATE']);

/** Levels this machine can run. */
export function machineLevels(): IsaFacts[] {
  if (emulated) return [isaFacts[emulated.isa]];
  if (process.arch === 'arm64') return [isaFacts.neon];
  const flags = new Set(/^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(/\s+/) ?? []);
  const has = (...names: string[]): boolean => names.every((name) => flags.has(name));
  const levels = [isaFacts.plain];
  if (has('avx2', 'fma', 'f16c', 'bmi2')) levels.push(isaFacts.v3);
  if (has('avx512f', 'avx512bw', 'avx512dq', 'avx512vl', 'avx512cd')) levels.push(isaFacts.v4);
  if (has('avx512f', 'avx512_bf16', 'avx512_vnni')) levels.push(isaFacts.v4x);
  return levels;
}

/** The levels whose C differs: v4x is v4 with instructions that only the product templates could use. */
export function templateLevels(): IsaFacts[] {
  return machineLevels().filter((isa) => isa.name !== 'v4x');
}

/** The best level of this machine. */
export function bestLevel(): IsaFacts {
  return machineLevels().at(-1)!;
}

let folder: string | undefined;
function workFolder(): string {
  if (folder === undefined) {
    folder = mkdtempSync(path.join(tmpdir(), 'tn-templates-'));
    const made = folder;
    process.on('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  return folder;
}

/** Compiles C text to a shared library; returns its path. Any warning is an error. */
function compileText(source: string, isa: IsaFacts, extraFlags: readonly string[] = []): string {
  const flags = [...commonFlags, ...levelFlags[isa.name], ...extraFlags];
  const key = createHash('sha256')
    .update(JSON.stringify([source, flags]))
    .digest('hex')
    .slice(0, 20);
  const dir = workFolder();
  const so = path.join(dir, `${key}.so`);
  if (existsSync(so)) return so;
  mkdirSync(dir, { recursive: true });
  const c = path.join(dir, `${key}.c`);
  writeFileSync(c, source);
  execFileSync(process.env['TN_CC'] ?? 'gcc', [...flags, '-I', runtimeHeaders, '-o', so, c, '-lm'], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  return so;
}

export type Buffer = Float32Array | Float64Array | Uint16Array | Uint32Array | Int32Array | Uint8Array | BigInt64Array;

/** Address of a typed array's first byte. */
export function address(buffer: Buffer): bigint {
  return koffi.address(buffer) as bigint;
}

export interface NativeKernel {
  /** Runs the whole kernel as `threads` threads would, one after the other. */
  run(buffers: readonly Buffer[], dims?: readonly (number | bigint)[], threads?: number): void;
  /** Runs one thread's share. */
  runThread(buffers: readonly Buffer[], dims: readonly (number | bigint)[], id: number, count: number): void;
}

/** Compiles and loads kernels of one level; `scratchBytes` must hold each kernel's expression evaluated. */
export function loadKernels(
  sources: readonly KernelSource[],
  isa: IsaFacts,
  scratchBytes: number,
  extraFlags: readonly string[] = [],
): NativeKernel[] {
  if (emulated) return loadEmulatedKernels(sources, isa, scratchBytes, emulated);
  const library = koffi.load(compileText(renderKernelFile(sources, isa), isa, extraFlags));
  return sources.map((source) => {
    const call = library.func(`void ${source.functionName}(void *b, void *d, void *t)`);
    const backing = new Uint8Array(new ArrayBuffer(scratchBytes + 192));
    const error = new BigInt64Array(new ArrayBuffer(128));
    const base = address(backing);
    const scratch = base + ((64n - (base % 64n)) % 64n);
    const thread = new BigInt64Array(new ArrayBuffer(128));
    const held: unknown[] = []; // an address keeps nothing alive
    thread[2] = scratch;
    thread[4] = address(error);
    const runThread: NativeKernel['runThread'] = (buffers, dims, id, count) => {
      const pointers = new BigInt64Array(new ArrayBuffer(64 + 8 * buffers.length));
      buffers.forEach((buffer, i) => {
        pointers[i] = address(buffer);
      });
      const values = new BigInt64Array(new ArrayBuffer(64 + 8 * dims.length));
      dims.forEach((dim, i) => {
        values[i] = BigInt(dim);
      });
      thread[0] = BigInt(id);
      thread[1] = BigInt(count);
      held.push(buffers, pointers, values, backing, error);
      call(address(pointers), address(values), address(thread));
      held.length = 0;
    };
    return {
      runThread,
      run(buffers, dims = [], threads = 1) {
        for (let id = 0; id < threads; id++) {
          backing.fill(0xff); // NaN: nothing may depend on what scratch held
          runThread(buffers, dims, id, threads);
        }
      },
    };
  });
}

/** Evaluates a `scratchBytes` expression with C's integer meaning for the given names. */
export function scratchOf(source: KernelSource, names: Readonly<Record<string, number>> = {}): number {
  const js = source.scratchBytes.replaceAll('(int64_t)', '').replace(/\b[a-zA-Z_]\w*\b/g, (name) => {
    if (name === 'tn_min') return 'Math.min';
    if (name === 'tn_max') return 'Math.max';
    if (name === 'tn_ceildiv') return 'ceilDiv';
    const value = names[name];
    if (value === undefined) throw new Error(`scratchBytes uses an unknown name: ${name} in ${source.scratchBytes}`);
    return String(value);
  });
  return Number(new Function('ceilDiv', `return ${js};`)((a: number, b: number) => Math.ceil(a / b)));
}

/** Memory as the runtime gives it: 64-byte aligned (an ArrayBuffer of its own, since small ones live on the JavaScript heap). */
function aligned(bytes: number): { buffer: ArrayBuffer; offset: number } {
  const buffer = new ArrayBuffer(bytes + 128);
  const base = koffi.address(new Uint8Array(buffer)) as bigint;
  return { buffer, offset: Number((64n - (base % 64n)) % 64n) };
}

export function floats(n: number): Float32Array<ArrayBuffer> {
  const { buffer, offset } = aligned(4 * n);
  return new Float32Array(buffer, offset, n);
}

export function halves(n: number): Uint16Array<ArrayBuffer> {
  const { buffer, offset } = aligned(2 * n);
  return new Uint16Array(buffer, offset, n);
}

/** Repeatable pseudo-random floats in (-1, 1). */
export function noise(n: number, seed = 1): Float32Array<ArrayBuffer> {
  const out = floats(n);
  let state = (seed * 2654435761) >>> 0 || 1;
  for (let i = 0; i < n; i++) {
    state ^= state << 13;
    state >>>= 0;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    out[i] = state / 2 ** 31 - 1;
  }
  return out;
}
