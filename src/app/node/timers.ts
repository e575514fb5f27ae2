/** @file `node:timers`: what a program also finds without importing it. */

const all = globalThis as unknown as Readonly<{
  setTimeout: typeof globalThis.setTimeout;
  setInterval: typeof globalThis.setInterval;
  setImmediate: typeof globalThis.setImmediate;
  clearTimeout: typeof globalThis.clearTimeout;
  clearInterval: typeof globalThis.clearInterval;
  clearImmediate: typeof globalThis.clearImmediate;
}>;

export const { setTimeout, setInterval, setImmediate, clearTimeout, clearInterval, clearImmediate } = all;
