/** @file The C runtime as one process sees it: loaded once, its thread pool, the contexts that calls run in. */

import { TnError } from '../core/errors.ts';
import { abiVersion, errorCodes, isaCodes, maxThreads } from './abi.ts';
import { addressOf, ffi, type NativeFunction, type NativeLibrary } from './ffi.ts';
import { Words } from './words.ts';

/** The table of an opened artifact. */
export interface ArtifactTable {
  readonly address: number;
  readonly dims: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  readonly kernels: number;
}

/** Environment variables: Node's, or a packaged program's. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Functions of the library, bound once. Addresses and counts are numbers. */
interface RuntimeFunctions {
  readonly callRun: NativeFunction;
  readonly setThreads: NativeFunction;
  readonly threads: NativeFunction;
  readonly isa: NativeFunction;
  readonly cores: NativeFunction;
  readonly contextCreate: NativeFunction;
  readonly contextDestroy: NativeFunction;
  readonly contextBytes: NativeFunction;
  readonly contextTrim: NativeFunction;
  readonly arenaBytes: NativeFunction;
  readonly scratchBytes: NativeFunction;
  readonly work: NativeFunction;
  readonly artifactName: NativeFunction;
  readonly kernelName: NativeFunction;
  readonly packBytes: NativeFunction;
  readonly packPanels: NativeFunction;
  readonly unpackPanels: NativeFunction;
  readonly hash64: NativeFunction;
}

function bindAll({ bind }: NativeLibrary): RuntimeFunctions {
  return {
    callRun: bind('tn_call_run', 'int64', ['address']),
    setThreads: bind('tn_pool_set_threads', 'void', ['int64']),
    threads: bind('tn_pool_threads', 'int64', []),
    isa: bind('tn_cpu_isa', 'int64', []),
    cores: bind('tn_cpu_cores', 'int64', []),
    contextCreate: bind('tn_context_create', 'address', []),
    contextDestroy: bind('tn_context_destroy', 'int64', ['address']),
    contextBytes: bind('tn_context_bytes', 'int64', ['address']),
    contextTrim: bind('tn_context_trim', 'int64', ['address']),
    arenaBytes: bind('tn_artifact_arena_bytes', 'int64', ['address', 'address']),
    scratchBytes: bind('tn_artifact_scratch_bytes', 'int64', ['address', 'address']),
    work: bind('tn_artifact_work', 'int64', ['address', 'address']),
    artifactName: bind('tn_artifact_name', 'string', ['address']),
    kernelName: bind('tn_artifact_kernel_name', 'string', ['address', 'int64']),
    packBytes: bind('tn_pack_bytes', 'int64', ['address']),
    packPanels: bind('tn_pack_panels', 'int64', ['address']),
    unpackPanels: bind('tn_unpack_panels', 'int64', ['address']),
    hash64: bind('tn_hash64', 'int64', ['address', 'int64']),
  };
}

export class NativeRuntime {
  readonly libraryPath: string;
  readonly functions: RuntimeFunctions;
  /** Context of every synchronous call of this JavaScript thread: one runs at a time. */
  readonly mainContext: number;
  private readonly library: NativeLibrary;
  private readonly idleContexts: number[] = [];
  private readonly contexts = new Set<number>();

  /** @throws TnError when the library cannot be loaded, or `TN_THREADS` makes no sense. */
  constructor(libraryPath: string, env: Environment = globalThis.process?.env ?? {}) {
    this.libraryPath = libraryPath;
    this.library = ffi().load(libraryPath);
    this.functions = bindAll(this.library);
    const threads = threadsFromEnvironment(env);
    if (threads !== null) this.setThreads(threads);
    this.mainContext = this.createContext();
    ffi().whenThreadEnds(() => this.dispose());
  }

  /** Threads that a call may use. */
  get threads(): number {
    return Number(this.functions.threads());
  }

  /** For the whole process. @throws TnError unless 1 <= count <= 256. */
  setThreads(count: number): void {
    if (!Number.isInteger(count) || count < 1 || count > maxThreads) {
      throw new TnError({ what: `cannot run on ${count} threads`, fix: `give a whole number from 1 to ${maxThreads}` });
    }
    this.functions.setThreads(count);
  }

  /** Cores that affinity and cgroup quota allow. */
  get cores(): number {
    return Number(this.functions.cores());
  }

  /** The best instruction-set level, as the processor itself says. */
  get isa(): keyof typeof isaCodes {
    const code = Number(this.functions.isa());
    const names = Object.keys(isaCodes) as (keyof typeof isaCodes)[];
    return names.find((name) => isaCodes[name] === code) ?? 'plain';
  }

  /** Memory of all contexts, bytes. */
  get contextBytes(): number {
    let sum = 0;
    for (const context of this.contexts) sum += Number(this.functions.contextBytes(context));
    return sum;
  }

  /** XXH64 of memory: the checksum of blocks in packages. */
  hash64(address: number, bytes: number): bigint {
    return BigInt.asUintN(64, BigInt(this.functions.hash64(address, bytes) as number | bigint));
  }

  /** Gives back the memory of the contexts that no call runs on. */
  trim(): void {
    for (const context of this.contexts) this.functions.contextTrim(context);
  }

  /** A context for one asynchronous call, to be released after it. */
  takeContext(): number {
    return this.idleContexts.pop() ?? this.createContext();
  }

  releaseContext(context: number): void {
    this.idleContexts.push(context);
  }

  private createContext(): number {
    const context = Number(this.functions.contextCreate());
    if (context === 0) throw new TnError('no memory for a native call');
    this.contexts.add(context);
    return context;
  }

  private dispose(): void {
    // Contexts of asynchronous calls that are not over stay: one that has not begun would find its memory gone.
    for (const context of [this.mainContext, ...this.idleContexts]) this.functions.contextDestroy(context);
    this.contexts.clear();
    this.idleContexts.length = 0;
  }

  /**
   * Opens an artifact for good. Paths are never used twice for different code: the system would hand out the old one.
   * @throws TnError when it cannot be loaded, or was compiled for another version of the runtime.
   */
  openArtifact(path: string): ArtifactTable {
    const out = new Words(6);
    const message = new Uint8Array(new ArrayBuffer(1024));
    const open = this.library.bind('tn_artifact_open', 'int64', ['string', 'address', 'address', 'int64']);
    const code = Number(open(path, out.address, addressOf(message), message.length));
    if (code === errorCodes.ok) {
      const [address, dims, inputs, outputs, weights, kernels] = Array.from({ length: 6 }, (_, i) => out.get(i));
      return { address, dims, inputs, outputs, weights, kernels };
    }
    const said = new TextDecoder().decode(message.subarray(0, message.indexOf(0)));
    throw new TnError({
      what: `cannot load the compiled code ${path}`,
      found: [code === errorCodes.abi ? `it was made for version ${out.get(0)} of the native interface` : said],
      fix: /failed to map segment|Operation not permitted/.test(said)
        ? 'the cache folder does not allow executable files (noexec): set TN_CACHE_DIR to one that does'
        : null,
    });
  }
}

/** Words of a `tn_artifact` (tn_runtime.h): version, name, then what `ArtifactTable` says. */
const artifactWords = 7;

/** The table of an artifact that is linked into this program. @throws TnError when it is for another version of the runtime. */
export function artifactAt(address: number): ArtifactTable {
  const words = Array.from(new BigInt64Array(ffi().view(address, artifactWords * 8)), Number);
  const [version, , dims, inputs, outputs, weights, kernels] = words;
  if (version === abiVersion) return { address, dims, inputs, outputs, weights, kernels };
  throw new TnError(`compiled code is for version ${version} of the native interface, the runtime has ${abiVersion}`);
}

function threadsFromEnvironment(env: Environment): number | null {
  const text = env['TN_THREADS']?.trim();
  if (!text) return null;
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1 && count <= maxThreads) return count;
  throw new TnError({
    what: `TN_THREADS=${text} is not a number of threads`,
    fix: `give 1 to ${maxThreads}, or unset it`,
  });
}

let runtime: NativeRuntime | null = null;

/**
 * The runtime of this JavaScript thread, loaded on first use. `locate` is asked then for the library's path (it may have
 * to compile it) and throws when there is none; the next call asks again.
 */
export function nativeRuntime(locate: () => string, env?: Environment): NativeRuntime {
  runtime ??= new NativeRuntime(locate(), env);
  return runtime;
}
