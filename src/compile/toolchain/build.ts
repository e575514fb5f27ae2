/** @file Compiles C files in parallel into cached objects and links them: the work of the helper process. */

import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { makeFolder } from './folders.ts';
import { type RunOutcome, run } from './processes.ts';
import type { BuildFailure, BuildFailureKind, BuildRequest, BuildResult, CompileJob } from './request.ts';

/** Told of each finished job; `total` counts the compiler runs that this build needs. */
export type BuildProgress = (done: number, total: number, job: string) => void;

/** A failure on its way up; `build` turns it into its result. */
class BuildProblem extends Error {
  readonly failure: BuildFailure;
  constructor(failure: BuildFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Raised when what a build puts into its objects changes without the sources or flags changing. */
const formatVersion = 1;

/** Content hash of a job's object: what is compiled, with what, how. 32 hex digits. */
export function objectKey(request: Pick<BuildRequest, 'compiler' | 'headers'>, job: CompileJob): string {
  const headers = Object.entries(request.headers).sort(([a], [b]) => (a < b ? -1 : 1));
  const all = JSON.stringify([formatVersion, request.compiler.identity, headers, job.flags, job.source]);
  return createHash('sha256').update(all).digest('hex').slice(0, 32);
}

/**
 * Compiles what is not in the object folder yet, then links. Files appear under their final names by rename, complete.
 * Never rejects: a failure comes back as a value.
 */
export async function build(request: BuildRequest, progress: BuildProgress = () => {}): Promise<BuildResult> {
  const start = Date.now();
  let work: string | null = null;
  try {
    work = makeWorkFolder(request.objectFolder);
    const keys = request.jobs.map((job) => objectKey(request, job));
    const objects = keys.map((key) => path.join(request.objectFolder, `${key}.o`));
    const compiled = await compileMissing(request, keys, objects, work, progress);
    const library = request.link ? await link(request, keys, objects, work) : null;
    return { ok: true, library, objects, compiled, reused: keys.length - compiled, ms: Date.now() - start };
  } catch (error) {
    return error instanceof BuildProblem ? error.failure : fromSystemError(error, request.objectFolder);
  } finally {
    if (work) rmSync(work, { recursive: true, force: true });
  }
}

/** Where the request's library goes: its name is a hash of everything that goes into it. */
function libraryPath(request: BuildRequest, keys: readonly string[]): string {
  const { folder, prefix, flags } = request.link!;
  const all = JSON.stringify([formatVersion, request.compiler.identity, flags, keys]);
  const hash = createHash('sha256').update(all).digest('hex').slice(0, 16);
  return path.join(folder, `${safeName(prefix)}-${hash}.so`);
}

/** The result of a request whose library (or, where none is linked, every object) exists already; null when there is something to do. */
export function alreadyBuilt(request: BuildRequest): BuildResult | null {
  const start = Date.now();
  const keys = request.jobs.map((job) => objectKey(request, job));
  const objects = keys.map((key) => path.join(request.objectFolder, `${key}.o`));
  const library = request.link ? libraryPath(request, keys) : null;
  if (library === null ? !objects.every(reuse) : !reuse(library)) return null;
  return { ok: true, library, objects, compiled: 0, reused: keys.length, ms: Date.now() - start };
}

/** A folder of this build's own beside the objects, so that publishing is a rename within one file system. */
function makeWorkFolder(objectFolder: string): string {
  makeFolder(objectFolder);
  sweep(objectFolder);
  const folder = path.join(objectFolder, `.build-${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Removes what killed builds left: work folders older than an hour. */
function sweep(objectFolder: string): void {
  for (const name of readdirSync(objectFolder)) {
    if (!name.startsWith('.build-')) continue;
    const folder = path.join(objectFolder, name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > 3_600_000) rmSync(folder, { recursive: true, force: true });
  }
}

async function compileMissing(
  request: BuildRequest,
  keys: readonly string[],
  objects: readonly string[],
  work: string,
  progress: BuildProgress,
): Promise<number> {
  const wanted = new Map<string, { job: CompileJob; object: string }>();
  for (const [i, key] of keys.entries()) {
    if (!reuse(objects[i])) wanted.set(key, { job: request.jobs[i], object: objects[i] });
  }
  if (wanted.size === 0) return 0;
  for (const [name, text] of Object.entries(request.headers)) writeFileSync(path.join(work, safeName(name)), text);
  // The longest first, so that none of them is alone at the end.
  const queue = [...wanted].sort(([, one], [, other]) => other.job.source.length - one.job.source.length);
  let done = 0;
  let failed = false;
  const worker = async (): Promise<void> => {
    for (let next = queue.shift(); next && !failed; next = queue.shift()) {
      const [key, { job, object }] = next;
      try {
        await compileOne(request, key, job, object, work);
      } catch (error) {
        failed = true;
        throw error;
      }
      done++;
      progress(done, wanted.size, job.name);
    }
  };
  const parallel = Math.max(1, Math.min(request.parallel ?? os.availableParallelism(), queue.length));
  const outcomes = await Promise.allSettled(Array.from({ length: parallel }, worker));
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  return wanted.size;
}

/** Whether the file is there; its time is renewed so that the cache sees it in use. */
function reuse(file: string): boolean {
  const status = statSync(file, { throwIfNoEntry: false });
  if (!status?.isFile() || status.size === 0) return false;
  if (Date.now() - status.mtimeMs > 3_600_000) {
    try {
      utimesSync(file, new Date(), new Date());
    } catch {
      // A read-only cache still serves.
    }
  }
  return true;
}

async function compileOne(
  request: BuildRequest,
  key: string,
  job: CompileJob,
  object: string,
  work: string,
): Promise<void> {
  const stem = `${safeName(job.name)}-${key.slice(0, 8)}`;
  writeFileSync(path.join(work, `${stem}.c`), job.source);
  const args = [...job.flags, '-I.', '-pipe', '-c', `${stem}.c`, '-o', `${stem}.o`];
  await compilerRun(request, args, work, job.name, 'compile');
  renameSync(path.join(work, `${stem}.o`), object);
}

async function link(
  request: BuildRequest,
  keys: readonly string[],
  objects: readonly string[],
  work: string,
): Promise<string> {
  const { folder, prefix, flags } = request.link!;
  const library = libraryPath(request, keys);
  if (reuse(library)) return library;
  makeFolder(folder);
  const unique = [...new Set(objects)].map((object) => path.relative(work, object));
  await compilerRun(request, [...unique, ...flags, '-o', 'library.so'], work, prefix, 'link');
  publish(path.join(work, 'library.so'), library);
  return library;
}

/** Into the folder first (it may be on another file system than the objects), then to its name in one step. */
function publish(from: string, to: string): void {
  const near = `${to}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    renameSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    try {
      copyFileSync(from, near);
      renameSync(near, to);
    } finally {
      rmSync(near, { force: true });
    }
  }
}

async function compilerRun(
  request: BuildRequest,
  args: readonly string[],
  work: string,
  job: string,
  kind: 'compile' | 'link',
): Promise<void> {
  const { compiler, timeout = 120_000 } = request;
  const env = { ...process.env, LC_ALL: 'C', TMPDIR: work };
  const outcome = await run(compiler.path, [...compiler.args, ...args], { cwd: work, env, timeout });
  const failure = judge(outcome, job, kind, timeout, compiler.path);
  if (failure) throw new BuildProblem(failure);
}

function judge(
  outcome: RunOutcome,
  job: string,
  kind: 'compile' | 'link',
  timeout: number,
  program: string,
): BuildFailure | null {
  const { status, signal, error, stderr } = outcome;
  const fail = (as: BuildFailureKind, message: string): BuildFailure => ({ ok: false, kind: as, message, job, stderr });
  if (error) return fail('compiler', `${program} could not be started: ${error.message}`);
  if (outcome.timedOut)
    return fail('timeout', `${job}: the C compiler took longer than ${Math.round(timeout / 1000)} s`);
  if (status === 0) return null;
  if (/No space left on device|Disk quota exceeded/i.test(stderr))
    return fail('space', 'no space left for compiled code');
  if (signal) return fail('interrupted', `${job}: the C compiler was ended by ${signal}`);
  const first = stderr.split('\n').find((line) => /error/i.test(line)) ?? stderr.split('\n', 1)[0];
  return fail(kind, `${job}: the C compiler failed: ${first.trim() || `exit ${status}`}`);
}

function fromSystemError(error: unknown, folder: string): BuildFailure {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  const message = error instanceof Error ? error.message : String(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return { ok: false, kind: 'space', message: `no space left in ${folder}` };
  if (
    code === 'EACCES' ||
    code === 'EPERM' ||
    code === 'EROFS' ||
    code === 'ENOTDIR' ||
    code === 'ENOENT' ||
    code === 'EEXIST'
  ) {
    return { ok: false, kind: 'unwritable', message: `cannot write to ${folder} (${code})` };
  }
  return { ok: false, kind: 'internal', message };
}

function safeName(name: string): string {
  return name.replace(/[^\w.-]/g, '_').slice(0, 80) || 'unnamed';
}
