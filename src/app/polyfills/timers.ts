/** @file `setTimeout` and its kin over the executable's loop. */

import { engine } from '../node/internal/engine.ts';
import { defineMissing } from './define.ts';

type Action = (...args: unknown[]) => void;

/** What Node returns: an object that can be cleared and that turns into its number. Nothing runs unreferenced here. */
class Timer {
  readonly id: number;
  constructor(id: number) {
    this.id = id;
  }
  ref(): this {
    return this;
  }
  unref(): this {
    return this;
  }
  hasRef(): boolean {
    return true;
  }
  [Symbol.toPrimitive](): number {
    return this.id;
  }
}

function start(action: Action, ms: unknown, repeat: boolean, args: readonly unknown[]): Timer {
  if (typeof action !== 'function') {
    const error = new TypeError('The "callback" argument must be of type function');
    throw Object.assign(error, { code: 'ERR_INVALID_ARG_TYPE' });
  }
  return new Timer(engine().setTimer(() => action(...args), Number(ms ?? 1), repeat));
}

function clear(timer: Timer | number | null | undefined): void {
  const id = Number(timer ?? 0);
  if (Number.isFinite(id)) engine().clearTimer(id);
}

defineMissing(globalThis, {
  setTimeout: (action: Action, ms?: number, ...args: unknown[]) => start(action, ms, false, args),
  setInterval: (action: Action, ms?: number, ...args: unknown[]) => start(action, ms, true, args),
  setImmediate: (action: Action, ...args: unknown[]) => start(action, 0, false, args),
  clearTimeout: clear,
  clearInterval: clear,
  clearImmediate: clear,
  queueMicrotask: (action: () => void) => engine().enqueueJob(action),
});
