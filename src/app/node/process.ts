/** @file `node:process` and the global `process`. */

import { EventEmitter } from './events.ts';
import { engine } from './internal/engine.ts';
import { InputStream, OutputStream } from './internal/streams.ts';

/** The version of Node whose interfaces these are. */
const nodeVersion = '20.0.0';

/** Reads of the environment see what the program has written into it. */
let environment: Record<string, string | undefined> | null = null;

class Process extends EventEmitter {
  readonly title = 'node';
  readonly version = `v${nodeVersion}`;
  readonly versions = { node: nodeVersion };
  readonly release = { name: 'node' };
  readonly platform = 'linux';
  readonly execArgv: readonly string[] = [];
  #exitCode: number | string | undefined;
  #argv: string[] | null = null;
  #stdout: OutputStream | null = null;
  #stderr: OutputStream | null = null;
  #stdin: InputStream | null = null;
  #isListening = false;

  get arch(): string {
    return engine().arch;
  }

  get pid(): number {
    return engine().pid;
  }

  /** The executable stands for Node and for the script: what was asked for begins at index 2. */
  get argv(): string[] {
    const [, ...rest] = engine().argv;
    this.#argv ??= [engine().executable, engine().executable, ...rest];
    return this.#argv;
  }

  set argv(value: string[]) {
    this.#argv = value;
  }

  get argv0(): string {
    return engine().argv[0] ?? '';
  }

  get execPath(): string {
    return engine().executable;
  }

  get env(): Record<string, string | undefined> {
    environment ??= { ...engine().env };
    return environment;
  }

  set env(value: Record<string, string | undefined>) {
    environment = value;
  }

  get stdout(): OutputStream {
    this.#stdout ??= new OutputStream(1);
    return this.#stdout;
  }

  get stderr(): OutputStream {
    this.#stderr ??= new OutputStream(2);
    return this.#stderr;
  }

  get stdin(): InputStream {
    this.#stdin ??= new InputStream();
    return this.#stdin;
  }

  get exitCode(): number | string | undefined {
    return this.#exitCode;
  }

  set exitCode(code: number | string | undefined) {
    this.#exitCode = code;
    engine().setExitCode(Number(code ?? 0));
  }

  exit(code?: number | string): never {
    if (code !== undefined) this.exitCode = code;
    return engine().exit(Number(this.#exitCode ?? 0));
  }

  /** `exit` is heard; signals keep doing what they do by themselves. */
  override on(event: string | symbol, listener: (...args: never[]) => void): this {
    this.#listen(event);
    return super.on(event, listener);
  }

  override once(event: string | symbol, listener: (...args: never[]) => void): this {
    this.#listen(event);
    return super.once(event, listener);
  }

  #listen(event: string | symbol): void {
    if (event !== 'exit' || this.#isListening) return;
    this.#isListening = true;
    engine().atExit((code) => void this.emit('exit', code));
  }

  cwd(): string {
    return engine().cwd();
  }

  chdir(folder: string): void {
    engine().chdir(folder);
  }

  umask(): number {
    return engine().umask();
  }

  uptime(): number {
    return engine().now() / 1000;
  }

  hrtime = Object.assign(
    (since?: readonly [number, number]): [number, number] => {
      const now = nanoseconds() - (since ? BigInt(since[0]) * 1_000_000_000n + BigInt(since[1]) : 0n);
      return [Number(now / 1_000_000_000n), Number(now % 1_000_000_000n)];
    },
    { bigint: nanoseconds },
  );

  memoryUsage = Object.assign(memoryUsage, { rss: () => engine().memory().rss });

  nextTick(action: (...args: unknown[]) => void, ...args: unknown[]): void {
    engine().enqueueJob(() => action(...args));
  }

  emitWarning(warning: string | Error): void {
    const { name, message } = typeof warning === 'string' ? { name: 'Warning', message: warning } : warning;
    this.stderr.write(`(node:${this.pid}) ${name}: ${message}\n`);
  }
}

function nanoseconds(): bigint {
  return BigInt(Math.round(engine().now() * 1e6));
}

function memoryUsage(): Record<'rss' | 'heapTotal' | 'heapUsed' | 'external' | 'arrayBuffers', number> {
  const { rss, heap } = engine().memory();
  return { rss, heapTotal: heap, heapUsed: heap, external: 0, arrayBuffers: 0 };
}

/** The environment that a child gets: the program's own, unless it was changed. */
export function changedEnvironment(): Readonly<Record<string, string | undefined>> | null {
  return environment;
}

export const process = new Process();
export { process as defaultExport };

/** What programs import by name. Streams and arguments are asked for when they are used. */
export const { platform, version, versions, release, title } = process;
export const exit = (code?: number | string): never => process.exit(code);
export const cwd = (): string => process.cwd();
export const chdir = (folder: string): void => process.chdir(folder);
export const { hrtime, nextTick } = process;
export { memoryUsage };
