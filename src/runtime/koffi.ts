/** @file Native calls on Node, through koffi. Importing this file installs them. */

import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { isMainThread } from 'node:worker_threads';
import type * as Koffi from 'koffi';
import { TnError } from '../core/errors.ts';
import { type Ffi, installFfi, type NativeFunction, type NativeType } from './ffi.ts';

installFfi(loadKoffi);

const typeNames: Readonly<Record<NativeType, string>> = {
  void: 'void',
  int32: 'int32_t',
  int64: 'int64_t',
  address: 'uintptr_t',
  string: 'str',
};

/** Threads of libuv's pool where UV_THREADPOOL_SIZE says nothing else. */
const libuvThreads = 4;

/**
 * Asynchronous calls run on libuv's threads, which files and name lookups need too: one is left to those. More calls
 * than cores would only get in each other's way, but one may run beside another that has all threads.
 */
function asyncCalls(): number {
  const threads = Number.parseInt(process.env.UV_THREADPOOL_SIZE ?? '', 10) || libuvThreads;
  return Math.max(1, Math.min(threads - 1, Math.max(2, availableParallelism())));
}

/** Generated kernels keep tiles on the stack; an asynchronous call runs on one that koffi makes. */
const asyncStackBytes = 2 << 20;

function loadKoffi(): Ffi | TnError {
  try {
    // Not an import: a platform without koffi's binary must still run everything eagerly.
    return overKoffi(createRequire(import.meta.url)('koffi') as typeof Koffi);
  } catch (error) {
    return new TnError({
      what: 'native code cannot be called on this machine',
      found: [`koffi: ${error instanceof Error ? error.message.split('\n', 1)[0] : String(error)}`],
      fix: 'reinstall without --omit=optional (koffi brings one binary for each platform), or go on eagerly',
    });
  }
}

function overKoffi(koffi: typeof Koffi): Ffi {
  let fits = true;
  try {
    koffi.config({ ...koffi.config(), async_stack_size: asyncStackBytes });
  } catch {
    // Somebody loaded a library through koffi before us, which fixes its settings.
    fits = (koffi.config().async_stack_size ?? 0) >= asyncStackBytes;
  }
  return {
    asyncCalls: fits ? asyncCalls() : 0,
    load(path) {
      const library = attempt(`cannot load ${path ?? 'this process'}`, () => koffi.load(path));
      return {
        bind: (symbol, result, parameters) =>
          attempt(`cannot bind ${symbol} of ${path ?? 'this process'}`, () =>
            library.func(
              symbol,
              typeNames[result],
              parameters.map((type) => typeNames[type]),
            ),
          ) as NativeFunction,
      };
    },
    view: (address, bytes) => koffi.view(address, bytes),
    address: (buffer) => Number(koffi.address(buffer)),
    errno: () => koffi.errno(),
    whenThreadEnds: (release) => {
      // The main thread's memory goes with the process; a worker's would stay behind.
      if (!isMainThread) process.once('exit', release);
    },
  };
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new TnError({ what, found: [error instanceof Error ? error.message : String(error)] });
  }
}
