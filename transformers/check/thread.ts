/**
 * @file Sources that are nested deeper than a stack bears (a sum of thousands of terms, as generators of code write them)
 * are checked in a thread of their own, with a large one.
 */

import { Worker } from 'node:worker_threads';
import type { CheckOptions, CheckResult } from './check.ts';

const stackSizeMb = 512;

/** Runs in the thread. */
const script = `
const { workerData: { check, paths, options }, parentPort } = require('node:worker_threads');
import(check).then(({ checkFiles }) => parentPort.postMessage(checkFiles(paths, options)));
`;

/** As `checkFiles`. */
export function checkInThread(paths: readonly string[], options: CheckOptions): Promise<CheckResult> {
  const worker = new Worker(script, {
    eval: true,
    workerData: { check: import.meta.url.replace(/thread(?=\.[jt]s)/, 'check'), paths, options },
    resourceLimits: { stackSizeMb },
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new RangeError('the thread gave no answer')));
  });
}
