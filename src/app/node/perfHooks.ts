/** @file `node:perf_hooks`: the clock. */

export const performance: typeof globalThis.performance = globalThis.performance;
