/** @file `node:timers/promises`: waiting. */

/** Fulfilled with `value` after some milliseconds. */
export function setTimeout<T = void>(ms = 1, value?: T): Promise<T> {
  return new Promise((resolve) => {
    globalThis.setTimeout(() => resolve(value as T), ms);
  });
}

/** Fulfilled once what is ready to run has run. */
export function setImmediate<T = void>(value?: T): Promise<T> {
  return setTimeout(0, value);
}

export const scheduler: { wait(ms: number): Promise<void> } = { wait: (ms) => setTimeout(ms) };
