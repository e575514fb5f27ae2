/**
 * @file What a native call costs beyond the work of its kernels, from TypeScript and back.
 *
 * `npm run bench -- overhead`. The program that is called does nothing but what every program does.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { compileSync, findCompiler, kernelFlags, sharedFlags, targetIsa } from '../src/compile/toolchain/index.ts';
import '../src/runtime/koffi.ts';
import { addressOf } from '../src/runtime/ffi.ts';
import { NativeRuntime } from '../src/runtime/nativeRuntime.ts';
import { loadProgram, type NativeCall } from '../src/runtime/program.ts';
import { artifactHeaders, buildRuntime } from '../src/runtime/sources.ts';

const source = `
#include "tn_runtime.h"
static void add_one(void *const *b, const int64_t *d, const tn_thread *t) {
  const float *x = b[0];
  float *y = b[1];
  int64_t begin, end;
  tn_split(d[0], 16, t->id, t->count, &begin, &end);
  for (int64_t i = begin; i < end; i++) y[i] = x[i] + 1.0f;
}
static void program(const tn_call *c, const tn_thread *t) {
  void *const b[] = {c->inputs[0], c->outputs[0]};
  for (int64_t i = 0; i < c->dims[1]; i++) {
    tn_kernel_begin(c, t, 0);
    add_one(b, c->dims, t);
    tn_kernel_end(c, t, 0);
    tn_barrier(t);
  }
}
static const char *const kernel_names[] = {"add_one"};
TN_EXPORT extern const tn_artifact tn_artifact_v1;
const tn_artifact tn_artifact_v1 = {.abi_version = TN_ABI_VERSION, .name = "overhead", .n_dims = 2, .n_inputs = 1,
  .n_outputs = 1, .n_kernels = 1, .kernel_names = kernel_names, .program = program};
`;

export interface CallOverhead {
  /** ns per call with one kernel of 16 elements: prepared block only, and with all its words set anew. */
  readonly prepared: number;
  readonly allSet: number;
  /** ns per call with as many threads as there are cores, and per barrier within one. */
  readonly team: number;
  readonly barrier: number;
  /** µs from `runAsync` to its result. */
  readonly async: number;
  readonly threads: number;
}

/** The best round's mean time of a run, ns: what other programs do to the machine only adds. */
function measure(rounds: number, runs: number, action: () => void): number {
  const times = Array.from({ length: rounds }, () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < runs; i++) action();
    return Number(process.hrtime.bigint() - start) / runs;
  });
  return Math.min(...times);
}

function libraryOf(result: ReturnType<typeof compileSync>): string {
  if (!result.ok || !result.library) throw new Error(result.ok ? 'nothing was linked' : result.message);
  return result.library;
}

export async function measureCallOverhead(): Promise<CallOverhead> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tn-overhead-'));
  try {
    const compiler = findCompiler();
    const folders = { objectFolder: path.join(folder, 'objects'), folder };
    const runtime = new NativeRuntime(libraryOf(buildRuntime(compiler, folders)));
    const built = compileSync({
      title: 'overhead',
      compiler,
      jobs: [{ name: 'overhead', source, flags: kernelFlags(targetIsa(), compiler.family) }],
      headers: artifactHeaders(),
      objectFolder: folders.objectFolder,
      link: { folder, prefix: 'overhead', flags: sharedFlags() },
      quiet: true,
    });
    const call = loadProgram(libraryOf(built), runtime).newCall();
    return await measureCall(call, runtime.cores);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measureCall(call: NativeCall, threads: number): Promise<CallOverhead> {
  const x = new Float32Array(new ArrayBuffer(64));
  const y = new Float32Array(new ArrayBuffer(64));
  const from = addressOf(x);
  const to = addressOf(y);
  const setAll = (kernels: number): void => {
    call.setDim(0, 16);
    call.setDim(1, kernels);
    call.setInput(0, from);
    call.setOutput(0, to);
  };
  setAll(1);
  call.setThreads(1);
  const prepared = measure(11, 50_000, () => call.run());
  const allSet = measure(11, 50_000, () => {
    setAll(1);
    call.run();
  });
  call.setThreads(threads, true);
  const team = measure(11, 5_000, () => call.run());
  setAll(101);
  const barrier = (measure(11, 500, () => call.run()) - team) / 100;
  setAll(1);
  const started = process.hrtime.bigint();
  for (let i = 0; i < 500; i++) await call.runAsync([x, y]);
  const async = Number(process.hrtime.bigint() - started) / 500e3;
  return { prepared, allSet, team, barrier, async, threads };
}

/** `npm run bench -- overhead`. */
export async function runSuite(): Promise<CallOverhead> {
  const figures = await measureCallOverhead();
  const { threads } = figures;
  const line = (label: string, value: number, unit: string): void =>
    console.log(`${label.padEnd(48)}${value.toFixed(0).padStart(7)} ${unit}`);
  line('one call, 1 thread, block as it was', figures.prepared, 'ns');
  line('one call, 1 thread, every word set', figures.allSet, 'ns');
  line(`one call, ${threads} threads`, figures.team, 'ns');
  line(`one barrier, ${threads} threads`, figures.barrier, 'ns');
  line('one asynchronous call', figures.async, 'µs');
  return figures;
}
