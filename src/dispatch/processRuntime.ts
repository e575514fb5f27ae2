/** @file The C runtime that compiled calls of this process share: built into the user's cache on first use. */

import { findCompiler } from '../compile/toolchain/index.ts';
import { TnError } from '../core/errors.ts';
import '../runtime/koffi.ts';
import { type NativeRuntime, nativeRuntime } from '../runtime/nativeRuntime.ts';
import { buildRuntime } from '../runtime/sources.ts';
import { CacheFailure } from './cacheFailure.ts';
import { processStore } from './processStore.ts';
import { checkThreads } from './threads.ts';

/** Throws TnError when it cannot be built or loaded. */
export function processRuntime(): NativeRuntime {
  return nativeRuntime(locateRuntime);
}

/** Threads of compiled calls, for the whole process; default: TN_THREADS, else the cores that affinity and cgroup allow. */
export function setThreads(count: number): void {
  checkThreads(count);
  process.env.TN_THREADS = String(count);
  try {
    processRuntime().setThreads(count);
  } catch {
    // No compiler: everything runs eagerly, on one thread.
  }
}

function locateRuntime(): string {
  const folder = processStore().ownFolder('objects');
  if (!folder.ok) throw new CacheFailure(folder.problem);
  const built = buildRuntime(findCompiler(), { objectFolder: folder.value, folder: folder.value });
  if (!built.ok || built.library === null) {
    const message = built.ok ? 'no library was linked' : built.message;
    throw new TnError({
      what: `the native runtime could not be built: ${message}`,
      fix: '`tn doctor` says what is wrong',
    });
  }
  return built.library;
}
