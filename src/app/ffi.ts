/** @file Native calls inside a packaged program: the runtime is linked in, and its functions have names but no library. */

import { TnError } from '../core/errors.ts';
import type { Ffi, NativeFunction, NativeResult } from '../runtime/ffi.ts';
import type { EngineHost, NativeBinding } from './host.ts';

export function engineFfi(host: EngineHost): Ffi {
  return {
    load: () => ({
      bind(symbol) {
        const native = host.bind(symbol.replace(/^tn_/, ''));
        if (native) return withAsync(native);
        throw new TnError({ what: `this program has no native function ${symbol}`, fix: 'package it again' });
      },
    }),
    view: (address, bytes) => host.view(address, bytes),
    address: (buffer) => host.address(buffer as ArrayBuffer),
    errno: () => 0,
    // There is one JavaScript thread: an asynchronous call runs here and reports later.
    asyncCalls: 0,
    whenThreadEnds: () => {},
  };
}

/** The engine's own function where it takes properties: one call less each time. */
function withAsync(native: NativeBinding): NativeFunction {
  const call = native as NativeFunction;
  const later: NativeFunction['async'] = (...args) => {
    const report = args.pop() as (error: Error | null, result: NativeResult) => void;
    const result = call(...(args as number[]));
    void Promise.resolve().then(() => report(null, result));
  };
  return Object.assign(call, { async: later });
}
