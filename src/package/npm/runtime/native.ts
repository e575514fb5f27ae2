/** @file The package's shared library, loaded once for each JavaScript thread. */

import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import type { PackageDescription } from './description.ts';
import { addressOf, Words } from './memory.ts';

type NativeArguments = (number | string)[];

export interface NativeFunction {
  (...args: NativeArguments): number;
  /** The same on a thread of its own; the callback comes on this one. */
  readonly async: (...args: [...NativeArguments, (error: Error | null, status: number) => void]) => void;
}

/** `c/tn_npm.c` says what each function does. They give 0, or a status of the C interface and its text in a message. */
export interface NativeLibrary {
  /** Address of a new context on the process's one set of weights. */
  newContext(): number;
  /** Whether it is gone: not while a call runs on it. */
  dropContext(context: number): boolean;
  setThreads(count: number): void;
  readonly prepare: NativeFunction;
  readonly call: NativeFunction;
  /** Whether threads of asynchronous calls have stacks that generated code fits on. */
  readonly asyncReady: boolean;
  readonly version: string;
}

/** Generated kernels keep tiles on the stack; an asynchronous call runs on one that koffi makes. */
const asyncStackBytes = 2 << 20;
export const messageBytes = 1024;

/** `base` is the URL of a file beside the library. */
export function loadLibrary(description: PackageDescription, base: string): NativeLibrary {
  const beside = (name: string): string => fileURLToPath(new URL(name, base));
  const { prefix, abiVersion } = description;
  const asyncReady = prepareStacks();
  const library = koffi.load(beside(description.library));
  const bind = (name: string, ...parameters: readonly string[]): NativeFunction =>
    library.func(`${prefix}${name}`, 'int', [...parameters]) as unknown as NativeFunction;
  const address = 'uintptr_t';
  const newContext = bind('npm_context', 'int', 'str', address, address, 'int');
  const setThreads = bind('npm_threads', 'int', 'int', address, 'int');
  const dropContext = bind('context_destroy', address);
  const message = new Uint8Array(messageBytes);
  const place = addressOf(message);
  const check = (status: number): void => {
    if (status !== 0) throw nativeError(status, message);
  };
  return {
    asyncReady,
    version: library.func(`${prefix}version`, 'str', [])() as string,
    newContext() {
      const out = new Words(1);
      check(newContext(abiVersion, beside(description.weights), out.address, place, messageBytes));
      return out.get(0);
    },
    dropContext: (context) => dropContext(context) === 0,
    setThreads: (count) => check(setThreads(abiVersion, count, place, messageBytes)),
    prepare: bind('npm_prepare', 'int', address, 'int', address, 'int', address, 'int', address, 'int'),
    call: bind('npm_call', address, 'int', address, 'int', address, 'int', address, 'int'),
  };
}

/** An error in the words of the C interface; `status` is its code. */
export function nativeError(status: number, message: Uint8Array): Error {
  const end = message.indexOf(0);
  const text = new TextDecoder().decode(message.slice(0, end < 0 ? message.length : end));
  return Object.assign(new Error(text || `the call failed with status ${status}`), { status });
}

function prepareStacks(): boolean {
  try {
    koffi.config({ ...koffi.config(), async_stack_size: asyncStackBytes });
    return true;
  } catch {
    // Somebody loaded a library through koffi before us, which fixes its settings.
    return (koffi.config().async_stack_size ?? 0) >= asyncStackBytes;
  }
}
