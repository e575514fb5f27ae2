/**
 * @file What the executable gives to the program inside it: `globalThis.__tn`, implemented in `src/package/engine/c`.
 *
 * Functions check what they are given and throw; none but `bind` and `view` can harm the process, and those two are for
 * `src/app` alone. Offsets and lengths are in bytes. Addresses and 64-bit integers are numbers: addresses fit.
 */

/** What a failed system call throws: Node's message, `ENOENT: no such file or directory, open 'x'`, and its fields. */
export interface SystemError extends Error {
  /** `ENOENT` and the like. */
  readonly code: string;
  /** Negative, as in Node. */
  readonly errno: number;
  readonly syscall: string;
  readonly path?: string;
  /** The second path of a rename. */
  readonly dest?: string;
}

export interface HostStat {
  readonly mode: number;
  readonly size: number;
  readonly mtimeMs: number;
  readonly atimeMs: number;
  readonly ctimeMs: number;
  readonly ino: number;
  readonly dev: number;
  readonly nlink: number;
  readonly uid: number;
  readonly gid: number;
}

export interface HostSpawnOptions {
  /** What the child reads; without it a piped stdin is at its end at once. */
  readonly input?: ArrayBuffer;
  readonly cwd?: string;
  /** `NAME=value` each; default: the program's own. */
  readonly env?: readonly string[];
  /** Bytes of stdout and of stderr, each: more ends the child (ENOBUFS). */
  readonly maxBuffer: number;
  /** Of stdin, stdout and stderr. */
  readonly stdio: readonly ('pipe' | 'inherit' | 'ignore')[];
  /** Milliseconds; then the child is ended (ETIMEDOUT). */
  readonly timeout?: number;
  /** Number of the signal that ends a child; default 15. */
  readonly killSignal?: number;
}

export interface HostSpawnResult {
  readonly pid: number;
  readonly status: number | null;
  /** `SIGTERM` and the like. */
  readonly signal: string | null;
  /** null: not piped, or not started. */
  readonly stdout: ArrayBuffer | null;
  readonly stderr: ArrayBuffer | null;
  /** `ENOENT`: not started; `ENOBUFS`, `ETIMEDOUT`: ended. */
  readonly error?: string;
}

export interface HostBlock {
  readonly name: string;
  /** As in the payload: 1 weight, 2 json, 3 asset, 4 bytecode, 5 sample, 6 text. */
  readonly kind: number;
  /** After decoding. */
  readonly bytes: number;
}

/** Arguments and result of a native function. A null pointer in place of a text is null. */
export type NativeBinding = (...args: (number | string)[]) => number | string | null | undefined;

export interface EngineHost {
  // ---- the process ----
  /** The executable, then its arguments. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Path of the executable as it was started, made absolute where the folder can be told. */
  readonly executable: string;
  readonly pid: number;
  /** `x64` or `arm64`. */
  readonly arch: string;
  /** Milliseconds since 1970 at the start of the program. */
  readonly timeOrigin: number;
  /** Milliseconds since the start of the program, monotonic, fractional. */
  now(): number;
  cwd(): string;
  chdir(path: string): void;
  umask(): number;
  /** Runs the `atExit` functions and ends the process. */
  exit(code: number): never;
  /** The code with which the program ends when nothing is left to do. */
  setExitCode(code: number): void;
  /** Called once with the exit code, whichever way the program ends itself; may still set another code. */
  atExit(action: (code: number) => void): void;
  /** Memory that the process has in use: bytes resident, bytes of the JavaScript heap. */
  memory(): { readonly rss: number; readonly heap: number };
  /** Random bytes from the system. */
  random(bytes: number): ArrayBuffer;

  // ---- jobs and timers ----
  /** Runs after the current job, before any timer. What it throws is an uncaught error. */
  enqueueJob(action: () => void): void;
  /** Calls once after so many milliseconds, or again and again; the number is for `clearTimer`. */
  setTimer(action: () => void, ms: number, repeat: boolean): number;
  clearTimer(id: number): void;

  // ---- streams and files ----
  /** Writes all of it or throws. */
  write(fd: number, bytes: ArrayBuffer, offset: number, length: number): number;
  /** As UTF-8. */
  writeText(fd: number, text: string): void;
  isTTY(fd: number): boolean;
  readFile(path: string): ArrayBuffer;
  /** `flags` as Node's: w, wx, a, ax, r+ … */
  writeFile(path: string, bytes: ArrayBuffer, offset: number, length: number, flags: string, mode: number): void;
  /** null: there is nothing (ENOENT, or a file where a folder would have to be). */
  stat(path: string, follow: boolean): HostStat | null;
  fstat(fd: number): HostStat;
  /** Names without `.` and `..`, sorted by bytes. */
  readdir(path: string): string[];
  mkdir(path: string, mode: number): void;
  unlink(path: string): void;
  rmdir(path: string): void;
  rename(from: string, to: string): void;
  realpath(path: string): string;
  readlink(path: string): string;
  symlink(target: string, path: string): void;
  chmod(path: string, mode: number): void;
  access(path: string, mode: number): void;
  open(path: string, flags: string, mode: number): number;
  close(fd: number): void;
  /** `position` -1: where the file stands. 0: the end. */
  read(fd: number, buffer: ArrayBuffer, offset: number, length: number, position: number): number;
  /** A private, writable mapping, kept until the program ends. */
  mapFile(path: string): ArrayBuffer;
  spawnSync(file: string, args: readonly string[], options: HostSpawnOptions): HostSpawnResult;

  // ---- text and bytes ----
  /** Lone surrogates become U+FFFD. */
  utf8Encode(text: string): ArrayBuffer;
  /** Invalid bytes become U+FFFD or, when `fatal`, throw. A byte order mark stays. */
  utf8Decode(buffer: ArrayBuffer, offset: number, length: number, fatal: boolean): string;
  /** One character a byte. */
  latin1Decode(buffer: ArrayBuffer, offset: number, length: number): string;
  /** Raw deflate (RFC 1951); `raw` is the size after decoding. */
  inflateRaw(buffer: ArrayBuffer, offset: number, length: number, raw: number): ArrayBuffer;

  // ---- memory and native code ----
  /** A new buffer of zeros whose pages are not touched; at most 2 GB. */
  allocate(bytes: number): ArrayBuffer;
  /** Address of byte 0; 0 for an empty buffer. It does not move. */
  address(buffer: ArrayBuffer): number;
  /** A buffer over memory of somebody else's, never freed. */
  view(address: number, bytes: number): ArrayBuffer;
  /** A native function by its name without prefix (`call_run`); null: there is none. */
  bind(name: string): NativeBinding | null;

  // ---- the payload ----
  blocks(): readonly HostBlock[];
  /** Checked on first use (throws on damage), decoded. Weights: the mapping itself, read-only; never write to it. */
  block(index: number): ArrayBuffer;
  readonly parts: number;
  /** Address of the compiled code chosen for this CPU; 0: it is below what is inside. */
  partLevel(index: number): number;
}

declare global {
  /** Present inside a packaged program only. */
  var __tn: EngineHost | undefined;
}
