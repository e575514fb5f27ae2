/** @file One loaded artifact and its prepared calls. */

import { invariant } from '../core/errors.ts';
import { block, callFlags, type ErrorKind, errorCodes, errorKind, maxThreads } from './abi.ts';
import { callAsync, ffi, keepAlive, type NativeFunction } from './ffi.ts';
import { type ArtifactTable, artifactAt, type NativeRuntime } from './nativeRuntime.ts';
import { Words } from './words.ts';

/** What a call that failed reports. Dispatch turns it into an error in the user's words. */
export interface NativeFailure {
  readonly kind: ErrorKind | 'unknown';
  readonly code: number;
  /** Index and name of the kernel that noticed; -1 and null when none did. */
  readonly kernel: number;
  readonly kernelName: string | null;
  /** The offending value and what it was compared with; `tn_runtime.h` says for each kind. */
  readonly value: number;
  readonly limit: number;
}

/** Addresses of a program's weights in its order, with whatever keeps them alive. May serve many calls and programs. */
export class WeightTable {
  readonly words: Words;
  readonly keep: readonly unknown[];

  constructor(addresses: readonly number[], keep: readonly unknown[]) {
    this.words = new Words(addresses.length);
    this.words.setAll(addresses);
    this.keep = keep;
  }
}

/** Time per kernel, summed over the calls that were told to fill it in. */
export class KernelProfile {
  readonly words: Words;
  private readonly names: readonly string[];

  constructor(program: NativeProgram) {
    this.names = program.kernelNames;
    this.words = new Words(maxThreads * this.names.length);
  }

  /** ns per kernel, a number for each thread up to the last one that did anything. */
  read(): { name: string; ns: number[] }[] {
    const kernels = this.names.length;
    let threads = 0;
    for (let i = 0; i < this.words.length; i++) if (this.words.get(i) !== 0) threads = Math.floor(i / kernels) + 1;
    return this.names.map((name, kernel) => ({
      name,
      ns: Array.from({ length: threads }, (_, thread) => this.words.get(thread * kernels + kernel)),
    }));
  }
}

/** An artifact in memory. Immutable; calls are made with `newCall()`. */
export class NativeProgram {
  /** '' when the code is part of this program. */
  readonly path: string;
  readonly name: string;
  readonly table: ArtifactTable;
  readonly runtime: NativeRuntime;
  private names: readonly string[] | null = null;

  constructor(path: string, table: ArtifactTable, runtime: NativeRuntime) {
    this.path = path;
    this.runtime = runtime;
    this.table = table;
    this.name = String(runtime.functions.artifactName(table.address));
  }

  /** Read when they are asked for: errors and profiles name kernels, calls do not. */
  get kernelNames(): readonly string[] {
    const { address, kernels } = this.table;
    this.names ??= Array.from({ length: kernels }, (_, i) => String(this.runtime.functions.kernelName(address, i)));
    return this.names;
  }

  newCall(): NativeCall {
    return new NativeCall(this);
  }

  /** Bytes of arena that a call with these dims works in. */
  arenaBytes(dims: readonly number[]): number {
    return this.ask(this.runtime.functions.arenaBytes, dims);
  }

  /** Bytes of scratch for each thread. */
  scratchBytes(dims: readonly number[]): number {
    return this.ask(this.runtime.functions.scratchBytes, dims);
  }

  /** The artifact's own rough estimate of a call on one thread, ns; -1: it has none. */
  work(dims: readonly number[]): number {
    return this.ask(this.runtime.functions.work, dims);
  }

  private ask(question: NativeFunction, dims: readonly number[]): number {
    invariant(dims.length === this.table.dims, () => `${this.name} has ${this.table.dims} dims, not ${dims.length}`);
    const words = new Words(dims.length);
    words.setAll(dims);
    const answer = Number(question(this.table.address, words.address));
    keepAlive(words);
    return answer;
  }
}

/** @throws TnError when the file is no artifact of this runtime's version. */
export function loadProgram(path: string, runtime: NativeRuntime): NativeProgram {
  return new NativeProgram(path, runtime.openArtifact(path), runtime);
}

/** Code that is linked into this program. @throws TnError when it is for another version of the runtime. */
export function linkedProgram(address: number, runtime: NativeRuntime): NativeProgram {
  return new NativeProgram('', artifactAt(address), runtime);
}

/** Asynchronous runs and what they use: an address does not keep a buffer alive. */
const inFlight = new Set<{ readonly call: NativeCall; readonly keep: readonly unknown[] }>();

/**
 * One prepared call: an argument block whose words stay from run to run. Set what changed, run. The caller keeps the
 * buffers behind the addresses referenced until the run is over.
 */
export class NativeCall {
  readonly program: NativeProgram;
  private readonly words: Words;
  private readonly runNative: NativeFunction;
  private readonly firstInput: number;
  private readonly firstOutput: number;
  /** What the block's addresses point to. */
  private readonly held: { weights: WeightTable | null; profile: KernelProfile | null };
  private pending = false;

  constructor(program: NativeProgram) {
    const { dims, inputs, outputs, address } = program.table;
    this.program = program;
    this.held = { weights: null, profile: null };
    this.runNative = program.runtime.functions.callRun;
    this.firstInput = block.header + dims;
    this.firstOutput = this.firstInput + inputs;
    this.words = new Words(this.firstOutput + outputs);
    this.words.set(block.artifact, address);
    this.words.set(block.context, program.runtime.mainContext);
  }

  setDim(index: number, value: number): void {
    this.words.set(block.header + index, value);
  }

  setInput(index: number, address: number): void {
    this.words.set(this.firstInput + index, address);
  }

  setOutput(index: number, address: number): void {
    this.words.set(this.firstOutput + index, address);
  }

  setWeights(weights: WeightTable): void {
    const wanted = this.program.table.weights;
    invariant(weights.words.length === wanted, () => `${this.program.name} needs ${wanted} weights`);
    this.held.weights = weights;
    this.words.set(block.weights, weights.words.address);
  }

  /** At most `count` threads (0: the pool's); `always`: however little there is to do. */
  setThreads(count: number, always = false): void {
    this.words.set(block.threads, count);
    this.words.set(block.flags, always ? callFlags.allThreads : 0);
  }

  /** Adds the times of the following runs to the profile; null: stops. */
  setProfile(profile: KernelProfile | null): void {
    this.held.profile = profile;
    this.words.set(block.profile, profile ? profile.words.address : 0);
  }

  /** Runs here and now. Returns 0, or a code that `failure()` explains. */
  run(): number {
    this.check();
    return this.runNative(this.words.address) as number;
  }

  /**
   * Runs off this thread and resolves to what `run` returns. The call and `keep` (the buffers behind its addresses) stay
   * referenced until then; nothing may be set meanwhile. Where the threads of asynchronous calls have too small a stack
   * for generated code it runs here, and still returns a promise.
   */
  async runAsync(keep: readonly unknown[] = []): Promise<number> {
    this.check();
    if (ffi().asyncCalls === 0) return this.run();
    const { runtime } = this.program;
    const context = runtime.takeContext();
    const flight = { call: this, keep };
    this.pending = true;
    this.words.set(block.context, context);
    inFlight.add(flight);
    try {
      return Number(await callAsync(this.runNative, this.words.address));
    } finally {
      inFlight.delete(flight);
      this.words.set(block.context, runtime.mainContext);
      this.pending = false;
      runtime.releaseContext(context);
    }
  }

  private check(): void {
    const { pending, program, held } = this;
    if (pending) invariant(false, () => `a call of ${program.name} runs already`);
    if (held.weights === null && program.table.weights > 0)
      invariant(false, () => `${program.name} has no weights yet`);
  }

  /** Threads that the last run used. */
  get threadsUsed(): number {
    return this.words.get(block.used);
  }

  /** Why the last run failed; null when it did not. */
  failure(): NativeFailure | null {
    const code = this.words.get(block.status);
    if (code === errorCodes.ok) return null;
    const kernel = this.words.get(block.kernel);
    return {
      kind: errorKind(code),
      code,
      kernel,
      kernelName: this.program.kernelNames[kernel] ?? null,
      value: this.words.get(block.value),
      limit: this.words.get(block.limit),
    };
  }
}
