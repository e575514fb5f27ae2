/**
 * @file Calls into native code, behind an interface small enough to be carried by koffi on Node and by the embedded engine
 * in a packaged program. Whoever starts the program installs one of them.
 *
 * Element types are not checked here or below: a Float64Array's address is as good as a Float32Array's. Callers know
 * what they pass, and keep it referenced until the call is over.
 */

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
  /** How many asynchronous calls may run at once. 0: there are no threads for them that generated code fits on. */
  readonly asyncCalls: number;
  /** Calls back when this JavaScript thread ends while the process goes on. */
  whenThreadEnds(release: () => void): void;
}

let load: () => Ffi | TnError = () =>
  new TnError({
    what: 'native code cannot be called: nothing that calls it is installed',
    fix: 'import the package, not its parts',
  });
let loaded: Ffi | TnError | null = null;

/** Installs the way into native code; `make` is asked for it on first use. */
export function installFfi(make: () => Ffi | TnError): void {
  load = make;
  loaded = null;
}

/** The way into native code. @throws TnError when this installation has none. */
export function ffi(): Ffi {
  loaded ??= load();
  if (loaded instanceof TnError) throw loaded;
  return loaded;
}

/** The same, or null. */
export function tryFfi(): Ffi | null {
  loaded ??= load();
  return loaded instanceof TnError ? null : loaded;
}

/** What was last kept: reading and writing it cannot be left out by an optimiser that sees only one module. */
const lastKept: { object: unknown } = { object: null };

/**
 * Said after a native call of what its addresses point to: a number keeps nothing alive, and an engine may free an object
 * as soon as nothing reads it any more (one that counts references does so at once).
 */
export function keepAlive(object: unknown): void {
  lastKept.object = object;
  lastKept.object = null;
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
