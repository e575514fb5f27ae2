/**
 * @file Single flight across processes. A lock only saves double work: all that the store writes is right without it.
 *
 * `<cache>/locks/<name>.lock` says who holds it: process id, the start time of that process (ids are used again), the
 * pid namespace (ids of another container mean nothing here) and a token. A holder in our namespace is judged by being
 * alive; one elsewhere by its heartbeat, the file's mtime.
 */

import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, readlinkSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { readJson, statOrNull, temporaryName } from './files.ts';
import { encodeName, makeVolatile } from './layout.ts';
import { errnoOf, problemOf } from './problem.ts';

/** A holder that we cannot see is taken for dead when its heartbeat is older than this. */
const SILENT_MS = 120_000;
/** Between creating the file and writing the holder into it a lock is empty: so long it is taken for held. */
const BIRTH_MS = 5_000;

export interface LockHolder {
  readonly pid: number;
  readonly startTime: string;
  readonly space: string;
  readonly token: string;
  /** When it was taken: milliseconds since 1970. */
  readonly since: number;
}

export interface Lock {
  /** Says "still alive" to processes of other machines or containers; call it every few seconds in long work. */
  beat(): void;
  release(): void;
}

export type LockAttempt = { readonly lock: Lock } | { readonly holder: LockHolder | null };

export interface WaitOptions {
  /** Gives up after this many milliseconds; default 10 minutes. */
  readonly timeoutMs?: number;
  /** Called about every 200 ms while another process holds the lock. */
  readonly onWait?: (holder: LockHolder | null, waitedMs: number) => void;
}

/** Takes the lock if it is free. Where locks cannot be kept (read-only or full cache) it is always free. */
export function tryLock(cache: string, name: string): LockAttempt {
  let path: string;
  const token = randomBytes(8).toString('hex');
  const holder: LockHolder = {
    pid: process.pid,
    startTime: startTimeOf(process.pid),
    space: SPACE,
    token,
    since: Date.now(),
  };
  try {
    path = lockPath(makeVolatile(cache, 'locks'), name);
  } catch (error) {
    if (!problemOf(error, 'locking', cache)) throw error;
    return { lock: FREE };
  }
  for (let round = 0; round < 20; round++) {
    try {
      writeFileSync(path, JSON.stringify(holder), { flag: 'wx', mode: 0o600 });
      return { lock: held(path, token) };
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST') {
        if (!problemOf(error, 'locking', path)) throw error;
        return { lock: FREE };
      }
    }
    const other = readHolder(path);
    if (isHeld(path, other)) return { holder: other };
    if (!breakLock(path, other)) return { lock: FREE };
  }
  return { holder: readHolder(path) };
}

/** Who holds a lock now, or null when it is free. */
export function lockHolder(cache: string, name: string): LockHolder | null {
  const path = lockPath(join(cache, 'locks'), name);
  const holder = readHolder(path);
  return holder && isHeld(path, holder) ? holder : null;
}

/** Takes the lock, waiting for it. Null after the timeout. Blocks the thread, as decorated calls do. */
export function waitLock(cache: string, name: string, options: WaitOptions = {}): Lock | null {
  const start = Date.now();
  const limit = options.timeoutMs ?? 600_000;
  for (let pause = 5; ; pause = Math.min(pause * 2, 200)) {
    const got = tryLock(cache, name);
    if ('lock' in got) return got.lock;
    const waited = Date.now() - start;
    if (waited >= limit) return null;
    if (pause === 200) options.onWait?.(got.holder, waited);
    sleep(Math.min(pause, limit - waited));
  }
}

/** Runs `work` under the lock; after the timeout without it, since the lock is a courtesy. */
export function withLock<T>(cache: string, name: string, work: (lock: Lock) => T, options: WaitOptions = {}): T {
  const lock = waitLock(cache, name, options) ?? FREE;
  try {
    return work(lock);
  } finally {
    lock.release();
  }
}

/** Removes locks whose holders are gone. Never fails. */
export function sweepLock(path: string): void {
  const holder = readHolder(path);
  if (!isHeld(path, holder)) breakLock(path, holder);
}

const FREE: Lock = { beat() {}, release() {} };

function held(path: string, token: string): Lock {
  return {
    beat() {
      try {
        utimesSync(path, new Date(), new Date());
      } catch {
        // Broken by another process: the work goes on, the result is the same.
      }
    },
    release() {
      if (readHolder(path)?.token === token) rmSync(path, { force: true });
    },
  };
}

function lockPath(folder: string, name: string): string {
  return join(folder, `${encodeName(name)}.lock`);
}

function readHolder(path: string): LockHolder | null {
  const value = readJson(path) as Partial<LockHolder> | null | undefined;
  const whole = value && typeof value === 'object' && typeof value.pid === 'number' && typeof value.token === 'string';
  return whole ? (value as LockHolder) : null;
}

function isHeld(path: string, holder: LockHolder | null): boolean {
  const info = statOrNull(path);
  if (!info) return false;
  const silent = Date.now() - info.mtimeMs;
  if (!holder) return silent < BIRTH_MS;
  if (holder.space !== SPACE) return silent < SILENT_MS;
  return isAlive(holder.pid) && startTimeOf(holder.pid) === holder.startTime;
}

/**
 * Removes a dead holder's lock; what is removed is checked, as another waiter may have done so and taken it anew.
 * False when it cannot be removed.
 */
function breakLock(path: string, dead: LockHolder | null): boolean {
  const aside = temporaryName(path);
  try {
    renameSync(path, aside);
    const taken = readHolder(aside);
    // A link, not a rename: it leaves alone whoever has taken the lock meanwhile.
    if (taken && taken.token !== dead?.token) linkSync(aside, path);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'EEXIST') return true;
    if (problemOf(error, 'locking', path)) return false;
    throw error;
  } finally {
    rmSync(aside, { force: true });
  }
  return true;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoOf(error) === 'EPERM';
  }
}

/** Field 22 of /proc/<pid>/stat: clock ticks since boot. Empty where there is no /proc, or no such process. */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The second field is the command in brackets, which may itself hold blanks and brackets.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? '' : fields[19];
  } catch {
    return '';
  }
}

/** Process ids mean something only within this. */
const SPACE = `${hostname()} ${linkOrEmpty('/proc/self/ns/pid')}`;

function linkOrEmpty(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** Blocks this thread: the store serves synchronous calls. */
export function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
