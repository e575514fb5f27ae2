/** @file How many threads compiled calls use. */

import { TnError } from '../core/errors.ts';
import { processRuntime } from './processRuntime.ts';

/** Threads of compiled calls, for the whole process; default: TN_THREADS, else the cores that affinity and cgroup allow. */
export function setThreads(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > 256) {
    throw new TnError({
      what: `setThreads(${count}): no number of threads.`,
      fix: 'give a whole number from 1 to 256',
    });
  }
  process.env.TN_THREADS = String(count);
  try {
    processRuntime().setThreads(count);
  } catch {
    // No compiler: everything runs eagerly, on one thread.
  }
}
