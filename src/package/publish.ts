/**
 * @file Puts what was packaged where it belongs: made beside its place under another name, renamed when it is whole and
 * checked. What stood there before is lost only to a complete one.
 */

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { TnError } from '../core/errors.ts';
import { wrongRequest } from './refusal.ts';

/** In every folder that packaging made: what says that it may be replaced. */
export const packageMarker = '.torchnative-package';

/** Unfinished work of this process, removed when it is interrupted. */
const unfinished = new Set<string>();

/** Makes a folder with `make` and puts it at `path`. `make` throws when it cannot; then nothing has changed. */
export async function publishFolder<T>(
  path: string,
  description: string,
  make: (folder: string) => T | Promise<T>,
): Promise<T> {
  refuseForeignFolder(path);
  return publish(path, async (temporary) => {
    mkdirSync(temporary);
    const made = await make(temporary);
    writeFileSync(join(temporary, packageMarker), `${description}\n`);
    return made;
  });
}

/** The same for one file, an executable. */
export async function publishFile<T>(path: string, make: (file: string) => T | Promise<T>): Promise<T> {
  refuseForeignFile(path);
  return publish(path, make);
}

async function publish<T>(path: string, make: (temporary: string) => T | Promise<T>): Promise<T> {
  const parent = dirname(path);
  if (!statSync(parent, { throwIfNoEntry: false })?.isDirectory()) {
    throw wrongRequest({ what: `-o ${path}: there is no folder ${parent}`, fix: 'make it first' });
  }
  sweep(path);
  const temporary = `${beside(path)}${process.pid}-${randomBytes(4).toString('hex')}`;
  const release = removeWhenInterrupted(temporary);
  try {
    const made = await make(temporary);
    // Let a signal that came meanwhile be handled before anything is replaced.
    await new Promise((resolve) => setImmediate(resolve));
    replace(temporary, path);
    return made;
  } catch (error) {
    throw fromSystem(error, path);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
    release();
  }
}

/** A file is replaced in one step. A folder steps aside first, and comes back if the new one cannot take its place. */
function replace(temporary: string, path: string): void {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    renameSync(temporary, path);
    return;
  }
  const aside = `${beside(path)}${process.pid}-old`;
  renameSync(path, aside);
  try {
    renameSync(temporary, path);
  } catch (error) {
    renameSync(aside, path);
    throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

function beside(path: string): string {
  return join(dirname(path), `.${basename(path)}.tmp-`);
}

/** Removes what killed packagings left here, and gives back an old folder that one of them had moved aside. */
function sweep(path: string): void {
  const start = basename(beside(path));
  for (const name of readdirSync(dirname(path))) {
    const found = name.startsWith(start) ? /^(\d+)-(\w+)$/.exec(name.slice(start.length)) : null;
    if (!found || isRunning(Number(found[1]))) continue;
    const litter = join(dirname(path), name);
    if (found[2] === 'old' && !existsSync(path)) renameSync(litter, path);
    else rmSync(litter, { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function removeWhenInterrupted(path: string): () => void {
  if (unfinished.size === 0) for (const signal of signals) process.on(signal, interrupted);
  unfinished.add(path);
  return () => {
    unfinished.delete(path);
    if (unfinished.size === 0) for (const signal of signals) process.off(signal, interrupted);
  };
}

function interrupted(signal: NodeJS.Signals): void {
  for (const path of unfinished) rmSync(path, { recursive: true, force: true });
  for (const each of signals) process.off(each, interrupted);
  // Ended as it would have been without us.
  process.kill(process.pid, signal);
}

function refuseForeignFolder(path: string): void {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return;
  if (!info.isDirectory()) {
    throw wrongRequest({ what: `-o ${path}: a file stands there`, fix: 'name a folder that packaging may make' });
  }
  if (readdirSync(path).length === 0 || existsSync(join(path, packageMarker))) return;
  throw wrongRequest({
    what: `-o ${path}: a folder stands there that packaging did not make`,
    fix: 'remove it, or name another one',
  });
}

function refuseForeignFile(path: string): void {
  const info = statSync(path, { throwIfNoEntry: false });
  if (!info) return;
  if (info.isDirectory()) throw wrongRequest({ what: `-o ${path}: a folder stands there`, fix: 'name a file' });
  if (info.isFile() && (info.size === 0 || isExecutable(path))) return;
  throw wrongRequest({
    what: `-o ${path}: a file stands there that is no executable`,
    fix: 'remove it, or name another one',
  });
}

function isExecutable(path: string): boolean {
  const head = new Uint8Array(4);
  const fd = openSync(path, 'r');
  try {
    readSync(fd, head, 0, 4, 0);
  } finally {
    closeSync(fd);
  }
  return Buffer.from(head).equals(Buffer.from([0x7f, 0x45, 0x4c, 0x46]));
}

/** What the disk says, in the one error shape; other errors as they are. */
function fromSystem(error: unknown, path: string): unknown {
  const { code, syscall, message } = error as NodeJS.ErrnoException;
  if (error instanceof TnError || typeof code !== 'string' || typeof syscall !== 'string') return error;
  const parent = dirname(path);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new TnError({ what: `no space left for ${path}`, fix: 'make room, or name a place on another disk' });
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new TnError({ what: `${parent} cannot be written (${code})`, fix: 'name a place that you may write to' });
  }
  return new TnError({ what: `${path} could not be made: ${message}` });
}

/** Names and sizes of the files of a folder, sorted; the marker aside. */
export function filesOf(folder: string, under = ''): { path: string; bytes: number }[] {
  return readdirSync(join(folder, under), { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((item) => {
      const path = under === '' ? item.name : `${under}/${item.name}`;
      if (item.isDirectory()) return filesOf(folder, path);
      return path === packageMarker ? [] : [{ path, bytes: statSync(join(folder, path)).size }];
    });
}

/** The marker's text, or null for a folder that packaging did not make. */
export function markerOf(folder: string): string | null {
  const path = join(folder, packageMarker);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd() : null;
}
