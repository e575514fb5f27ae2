/** @file `node:child_process`: programs that are waited for. */

import type { HostSpawnOptions, HostSpawnResult } from '../host.ts';
import { view } from './buffer.ts';
import { decode, encode, knownEncoding } from './internal/encodings.ts';
import { engine } from './internal/engine.ts';
import { errnoOf, nodeError, wrongType } from './internal/errors.ts';
import { changedEnvironment, process } from './process.ts';

type Stream = 'pipe' | 'inherit' | 'ignore';

export interface SpawnSyncOptions {
  input?: string | Uint8Array;
  cwd?: string;
  env?: Readonly<Record<string, string | undefined>>;
  stdio?: Stream | readonly (Stream | number | null | undefined)[];
  encoding?: string | null;
  maxBuffer?: number;
  timeout?: number;
  killSignal?: string | number;
  shell?: boolean | string;
}

type Output = string | Uint8Array | null;

export interface SpawnSyncResult {
  pid: number;
  output: Output[] | null;
  stdout: Output;
  stderr: Output;
  status: number | null;
  signal: string | null;
  error?: Error;
}

const signals: Readonly<Record<string, number>> = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGABRT: 6,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
};

/** Runs a program and waits for it. A program that does not start is in `error`, not thrown. */
export function spawnSync(
  file: string,
  argsOrOptions?: readonly string[] | SpawnSyncOptions,
  given?: SpawnSyncOptions,
): SpawnSyncResult {
  if (typeof file !== 'string') throw wrongType('file', 'of type string', file);
  const args = Array.isArray(argsOrOptions) ? (argsOrOptions as readonly string[]) : [];
  const options = given ?? (Array.isArray(argsOrOptions) ? {} : ((argsOrOptions ?? {}) as SpawnSyncOptions));
  const [program, passed] = options.shell ? throughShell(options.shell, file, args) : [file, args];
  const result = engine().spawnSync(program, passed.map(String), hostOptions(options));
  return describe(program, passed, result, options);
}

function throughShell(shell: true | string, file: string, args: readonly string[]): [string, readonly string[]] {
  return [shell === true ? '/bin/sh' : shell, ['-c', [file, ...args].join(' ')]];
}

function hostOptions(options: SpawnSyncOptions): HostSpawnOptions {
  const { input, cwd, timeout, killSignal, maxBuffer = 1024 * 1024 } = options;
  const env = options.env ?? changedEnvironment();
  const bytes =
    typeof input === 'string'
      ? encode(input, knownEncoding(options.encoding === 'buffer' ? null : options.encoding))
      : input;
  return {
    maxBuffer: Math.min(maxBuffer, Number.MAX_SAFE_INTEGER),
    stdio: streams(options.stdio),
    ...(bytes ? { input: exactBuffer(bytes) } : {}),
    ...(cwd === undefined ? {} : { cwd }),
    ...(env ? { env: environmentList(env) } : {}),
    ...(timeout ? { timeout } : {}),
    ...(killSignal === undefined
      ? {}
      : { killSignal: typeof killSignal === 'number' ? killSignal : signals[killSignal] }),
  };
}

function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const { buffer, byteOffset, byteLength } = bytes;
  if (byteOffset === 0 && byteLength === buffer.byteLength) return buffer as ArrayBuffer;
  return buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
}

function environmentList(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
}

function streams(stdio: SpawnSyncOptions['stdio'] = 'pipe'): Stream[] {
  const list = typeof stdio === 'string' ? [stdio, stdio, stdio] : stdio;
  return [0, 1, 2].map((fd) => {
    const stream = list[fd] ?? 'pipe';
    if (stream === fd) return 'inherit';
    if (stream === 'pipe' || stream === 'inherit' || stream === 'ignore') return stream;
    throw nodeError(new TypeError(`The argument 'stdio' is invalid. Received '${stream}'`), 'ERR_INVALID_ARG_VALUE');
  });
}

function describe(
  file: string,
  args: readonly string[],
  { pid, status, signal, stdout, stderr, error }: HostSpawnResult,
  { encoding }: SpawnSyncOptions,
): SpawnSyncResult {
  const shown = (buffer: ArrayBuffer | null): Output => {
    if (buffer === null) return null;
    const bytes = view(buffer);
    return !encoding || encoding === 'buffer' ? bytes : decode(bytes, knownEncoding(encoding));
  };
  const isStarted = pid > 0;
  const [out, err] = [shown(stdout), shown(stderr)];
  const result: SpawnSyncResult = {
    pid,
    output: isStarted ? [null, out, err] : null,
    stdout: out,
    stderr: err,
    status,
    signal,
  };
  if (error !== undefined) {
    const syscall = `spawnSync ${file}`;
    const fields = { errno: errnoOf(error), code: error, syscall, path: file, spawnargs: [...args] };
    result.error = Object.assign(new Error(`${syscall} ${error}`), fields);
  }
  return result;
}

/** Runs a program and gives its output. Throws when it cannot be started or fails. */
export function execFileSync(
  file: string,
  argsOrOptions?: readonly string[] | SpawnSyncOptions,
  given?: SpawnSyncOptions,
): Output {
  const args = Array.isArray(argsOrOptions) ? (argsOrOptions as readonly string[]) : [];
  const options = given ?? (Array.isArray(argsOrOptions) ? {} : ((argsOrOptions ?? {}) as SpawnSyncOptions));
  return outputOf(spawnSync(file, args, options), [file, ...args].join(' '), options);
}

/** Runs a command line in `/bin/sh`, and gives its output. */
export function execSync(command: string, options: SpawnSyncOptions = {}): Output {
  return outputOf(spawnSync(command, { ...options, shell: options.shell ?? true }), command, options);
}

function outputOf(result: SpawnSyncResult, command: string, { stdio }: SpawnSyncOptions): Output {
  const said = result.stderr;
  // What the child says there is for whoever watches the program.
  if (stdio === undefined && said && said.length > 0) process.stderr.write(said);
  const failed = result.status !== 0 || result.signal !== null;
  if (!result.error && !failed) return result.stdout;
  const text = typeof said === 'string' ? said : said ? decode(said, 'utf8') : '';
  const error = result.error ?? new Error(`Command failed: ${command}${text === '' ? '' : `\n${text}`}`);
  throw Object.assign(error, result, { error: result.error });
}
