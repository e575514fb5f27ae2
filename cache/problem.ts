/** @file What can be wrong with a folder on disk, as a value: the store returns these and throws nothing half-way. */

export type ProblemKind =
  | 'read-only'
  | 'no-permission'
  | 'full'
  | 'not-a-folder'
  | 'foreign-owner'
  | 'unsafe-mode'
  | 'not-executable'
  | 'bad-name'
  | 'bad-data'
  | 'missing'
  | 'io';

/** One line that names the thing (`message`) and what to do about it (`fix`). */
export interface StoreProblem {
  readonly kind: ProblemKind;
  readonly message: string;
  readonly path: string;
  readonly fix: string;
}

export type StoreResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: StoreProblem };

/** Carries a problem through the inside of the store; never leaves it. */
export class StoreFault extends Error {
  override readonly name = 'StoreFault';
  readonly problem: StoreProblem;

  constructor(problem: StoreProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

const MOVE = 'set TN_CACHE_DIR to a folder of yours that can be written';

const BY_ERRNO: Readonly<Record<string, { kind: ProblemKind; says: string; fix: string }>> = {
  EROFS: { kind: 'read-only', says: 'is on a read-only file system', fix: MOVE },
  EACCES: { kind: 'no-permission', says: 'may not be accessed by this user', fix: MOVE },
  EPERM: { kind: 'no-permission', says: 'may not be accessed by this user', fix: MOVE },
  ENOSPC: {
    kind: 'full',
    says: 'is on a disk that is full',
    fix: 'free space, lower TN_CACHE_LIMIT, or move TN_CACHE_DIR',
  },
  EDQUOT: {
    kind: 'full',
    says: 'is over the disk quota',
    fix: 'free space, lower TN_CACHE_LIMIT, or move TN_CACHE_DIR',
  },
  EFBIG: { kind: 'full', says: 'would grow over the file size limit', fix: 'raise `ulimit -f`, or move TN_CACHE_DIR' },
  ENOTDIR: { kind: 'not-a-folder', says: 'goes through something that is not a folder', fix: MOVE },
  EEXIST: { kind: 'not-a-folder', says: 'is there but is not a folder', fix: MOVE },
  EISDIR: { kind: 'bad-data', says: 'is a folder where a file was expected', fix: 'remove it' },
  ENAMETOOLONG: { kind: 'bad-name', says: 'has too long a name', fix: 'use a shorter part name or cache folder' },
  ENOENT: { kind: 'missing', says: 'is not there', fix: 'run the program again to capture it anew' },
  EMFILE: { kind: 'io', says: 'could not be opened: too many open files', fix: 'raise `ulimit -n`' },
};

export function problem(kind: ProblemKind, path: string, message: string, fix: string): StoreProblem {
  return { kind, path, message, fix };
}

/** The problem in an error of `node:fs`, or null when the error is something else (a bug: let it pass). */
export function problemOf(error: unknown, what: string, path: string): StoreProblem | null {
  if (error instanceof StoreFault) return error.problem;
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code !== 'string' || code.startsWith('ERR_')) return null;
  const at = (error as { path?: unknown }).path;
  const where = typeof at === 'string' ? at : path;
  const known = BY_ERRNO[code];
  if (!known) return problem('io', where, `${what}: ${where} failed with ${code}`, MOVE);
  return problem(known.kind, where, `${what}: ${where} ${known.says} (${code})`, known.fix);
}

/** Runs `work`; an error of the file system becomes a problem. `what` opens the message: 'writing a record', say. */
export function attempt<T>(what: string, path: string, work: () => T): StoreResult<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    const found = problemOf(error, what, path);
    if (!found) throw error;
    return { ok: false, problem: found };
  }
}

/** The errno of an error of `node:fs`, or ''. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}
