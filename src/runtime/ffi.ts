/**
 * @file Calls into native code, behind an interface small enough to be carried by something other than koffi.
 *
 * Element types are not checked here or below: a Float64Array's address is as good as a Float32Array's. Callers know
 * what they pass, and keep it referenced until the call is over.
 */

import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { TnError } from '../core/errors.ts';

/** Types at the border. Addresses and 64-bit integers are numbers: addresses fit, the caller sees to the others. */
export type NativeType = 'void' | 'int32' | 'int64' | 'address' | 'string';
export type NativeArgument = number | bigint | string;
export type NativeResult = number | bigint | string | null | undefined;

export interface NativeFunction {
  (...args: NativeArgument[]): NativeResult;
  /** The same on a thread of its own; the callback comes on this one. */
  readonly async: (...args: [...NativeArgument[], (error: Error | null, result: NativeResult) => void]) => void;
}

export interface NativeLibrary {
  /** @throws TnError when the library has no such function. */
  bind(symbol: string, result: NativeType, parameters: readonly NativeType[]): NativeFunction;
}

export interface Ffi {
  /** A shared library by absolute path; null: what this process has loaded already (libc). @throws TnError */
  load(path: string | null): NativeLibrary;
  /** An ArrayBuffer over memory of somebody else's. The memory must outlive it. */
  view(address: number, bytes: number): ArrayBuffer;
  /** Address of the first byte, of a buffer that does not move. */
  address(buffer: ArrayBufferLike): number;
  /** Value of errno after the last call. */
  errno(): number;
  /** Whether threads of asynchronous calls have stacks that generated code fits on. */
  readonly asyncReady: boolean;
}

const typeNames: Readonly<Record<NativeType, string>> = {
  void: 'void',
  int32: 'int32_t',
  int64: 'int64_t',
  address: 'uintptr_t',
  string: 'str',
};

/** Generated kernels keep tiles on the stack; an asynchronous call runs on one that koffi makes. */
const asyncStackBytes = 2 << 20;

let loaded: Ffi | TnError | null = null;

/** The way into native code. @throws TnError when this installation has none. */
export function ffi(): Ffi {
  loaded ??= loadKoffi();
  if (loaded instanceof TnError) throw loaded;
  return loaded;
}

/** The same, or null. */
export function tryFfi(): Ffi | null {
  loaded ??= loadKoffi();
  return loaded instanceof TnError ? null : loaded;
}

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
  let asyncReady = true;
  try {
    koffi.config({ ...koffi.config(), async_stack_size: asyncStackBytes });
  } catch {
    // Somebody loaded a library through koffi before us, which fixes its settings.
    asyncReady = (koffi.config().async_stack_size ?? 0) >= asyncStackBytes;
  }
  return {
    asyncReady,
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
  };
}

function attempt<T>(what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new TnError({ what, found: [error instanceof Error ? error.message : String(error)] });
  }
}

const addresses = new WeakMap<ArrayBufferLike, number>();

/**
 * Address of the first byte of a buffer or view. The address of an ArrayBuffer never changes while it is attached; it
 * is asked for once. Asking a small typed array for its `buffer` moves it off the JavaScript heap, where it would move.
 */
export function addressOf(bytes: ArrayBufferLike | ArrayBufferView): number {
  const view = ArrayBuffer.isView(bytes) ? bytes : null;
  const buffer = view ? view.buffer : (bytes as ArrayBufferLike);
  let address = addresses.get(buffer);
  if (address === undefined) {
    address = buffer.byteLength === 0 ? 0 : ffi().address(buffer);
    addresses.set(buffer, address);
  }
  return view ? address + view.byteOffset : address;
}

/** Calls on a thread of its own and waits without blocking this one. */
export function callAsync(fn: NativeFunction, ...args: NativeArgument[]): Promise<NativeResult> {
  return new Promise((resolve, reject) => {
    fn.async(...args, (error, result) => (error ? reject(error) : resolve(result)));
  });
}
