/** @file A number of threads, as programs ask for it. */

import { TnError } from '../core/errors.ts';

export function checkThreads(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= 256) return;
  throw new TnError({
    what: `setThreads(${count}): no number of threads.`,
    fix: 'give a whole number from 1 to 256',
  });
}
