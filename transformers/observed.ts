/**
 * @file What the transformer asks the file system. Its answers depend on nothing else but the text that it is given, so
 * that a result can be kept with the questions behind it, and used again while they are answered as they were then.
 */

import { existsSync, readFileSync, realpathSync, type Stats, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { sha256 } from './sha256.ts';

/** A question (its kind, then a path) and its answer. */
export type Observation = readonly [question: string, answer: string];

/** The content of a file while its stamp (device, number, size, times) is the same. */
export interface KnownContent {
  readonly stamp: string;
  /** sha256 (hex) of its bytes. */
  readonly hash: string;
  /** Nothing was written for so long before it was read that no clock could hide it. */
  readonly isSettled: boolean;
}

const contents = new Map<string, KnownContent>();
let hashed = 0;

/** What was read last, to be hashed: mostly it is asked for next. */
let lastRead: { readonly path: string; readonly hash: string; readonly bytes: Buffer } | null = null;

/** A file that was written so lately may be written again within the same tick of its clock. */
const tickMs = 100;
/** The tick of the coarsest clock that a file system has, and more: what other processes rely on is older. */
const settledMs = 3000;

/** What is known of files while one state is seen; null for what is none. */
type KnownFiles = Map<string, Stats | null>;

function fileNow(path: string, files: KnownFiles | null): Stats | null {
  let file = files?.get(path);
  if (file === undefined) {
    try {
      const stat = statSync(path, { throwIfNoEntry: false });
      file = stat?.isFile() ? stat : null;
    } catch {
      file = null; // no path that there could be
    }
    files?.set(path, file);
  }
  return file;
}

function hashNow(path: string, files: KnownFiles | null): string {
  try {
    const stat = fileNow(path, files);
    if (!stat) return '';
    const stamp = `${stat.dev} ${stat.ino} ${stat.size} ${stat.mtimeMs} ${stat.ctimeMs}`;
    const known = contents.get(path);
    if (known?.stamp === stamp) return known.hash;
    hashed++;
    const bytes = readFileSync(path);
    const hash = sha256(bytes);
    lastRead = { path, hash, bytes };
    const age = Date.now() - Math.max(stat.mtimeMs, stat.ctimeMs);
    if (age > tickMs) contents.set(path, { stamp, hash, isSettled: age > settledMs });
    return hash;
  } catch {
    return '';
  }
}

function realNow(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    return path;
  }
}

/** `from` and the specifier, apart by a character that no path has. */
function moduleNow(question: string): string {
  const [from, specifier] = question.split('\0') as [string, string];
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return '';
  }
}

const kinds: Readonly<Record<string, (path: string, files: KnownFiles | null) => string>> = {
  file: (path, files) => (fileNow(path, files) ? 'yes' : ''),
  exists: (path) => (existsSync(path) ? 'yes' : ''),
  content: hashNow,
  real: realNow,
  module: moduleNow,
};

function answerNow(question: string, files: KnownFiles | null): string {
  const space = question.indexOf(' ');
  return kinds[question.slice(0, space)]?.(question.slice(space + 1), files) ?? '';
}

let current: Recording | null = null;

/** Notes what is asked while some work goes on. The work sees one state: what was asked before is not asked again. */
export class Recording {
  private readonly answers = new Map<string, string>();
  private readonly files: KnownFiles = new Map();
  private readonly outer: Recording | null;
  private whole = true;

  constructor() {
    this.outer = current;
  }

  /** Does work, and notes what it asks. The work must not be asynchronous. */
  during<T>(work: () => T): T {
    const before = current;
    current = this;
    try {
      return work();
    } finally {
      current = before;
    }
  }

  answer(question: string): string {
    let answer = this.answers.get(question);
    if (answer === undefined) {
      answer = this.outer ? this.outer.answer(question) : answerNow(question, this.files);
      this.answers.set(question, answer);
    }
    return answer;
  }

  /** The work has learnt something that is not among the questions. */
  spoil(): void {
    this.whole = false;
    this.outer?.spoil();
  }

  /** Everything that was asked; null when that is not all that the work has learnt. */
  observations(): Observation[] | null {
    if (!this.whole) return null;
    // What has a content is a file.
    const isImplied = (question: string): boolean =>
      /^(?:file|exists) /.test(question) && (this.answers.get(question.replace(/^\w+/, 'content')) ?? '') !== '';
    return [...this.answers].filter(([question]) => !isImplied(question));
  }
}

function ask(question: string): string {
  return current ? current.answer(question) : answerNow(question, null);
}

/** Whether a path is a file, links followed. */
export function isFile(path: string): boolean {
  return ask(`file ${path}`) !== '';
}

/** Whether anything is at a path. */
export function exists(path: string): boolean {
  return ask(`exists ${path}`) !== '';
}

/** The path behind links; the path itself when nothing is there. */
export function realPath(path: string): string {
  return ask(`real ${path}`);
}

/** sha256 (hex) of a file's bytes; empty when there is no file that can be read. */
export function contentHash(path: string): string {
  return ask(`content ${path}`);
}

/** How many contents have been read and hashed: a difference tells whether any was. */
export function hashesMade(): number {
  return hashed;
}

/** What is known of a file's content, for other processes to know. Null when none may rely on it. */
export function settledContent(path: string): KnownContent | null {
  const known = contents.get(path);
  return known?.isSettled ? known : null;
}

/** What another process has known of a file's content: it is not read while its stamp is the same. */
export function learnContent(path: string, known: KnownContent): void {
  if (!contents.has(path)) contents.set(path, known);
}

/** A file's bytes; null when there is no file that can be read. */
export function readBytes(path: string): Buffer | null {
  const hash = contentHash(path);
  const read = lastRead;
  lastRead = null;
  if (hash === '') return null;
  if (read?.path === path && read.hash === hash) return read.bytes;
  try {
    const bytes = readFileSync(path);
    // Written since it was asked for first: nobody knows what others have made of the old text.
    if (current && sha256(bytes) !== hash) current.spoil();
    return bytes;
  } catch {
    current?.spoil();
    return null;
  }
}

/** A file's text; null when there is no file that can be read. */
export function readText(path: string): string | null {
  return readBytes(path)?.toString('utf8') ?? null;
}

/** Where Node finds a module from a file; null when it finds none. */
export function resolveModule(specifier: string, from: string): string | null {
  return ask(`module ${from}\0${specifier}`) || null;
}

/** To be called by work whose questions are not asked here, in another thread for one: it cannot be repeated. */
export function notObserved(): void {
  current?.spoil();
}

/** Does work whose questions are none of those behind a result that is being made. */
export function unobserved<T>(work: () => T): T {
  const before = current;
  current = null;
  try {
    return work();
  } finally {
    current = before;
  }
}

/** Whether questions are still answered as they were. */
export function holds(observations: readonly Observation[]): boolean {
  return observations.every(([question, answer]) => ask(question) === answer);
}

/** A value, and the questions behind it. */
export interface Remembered<T> {
  readonly value: T;
  readonly seen: readonly Observation[];
}

/** Values that are made of files: made again when a file behind one has changed. */
export class Memo<T> {
  private readonly known = new Map<string, Remembered<T>>();

  get(key: string, make: () => T): T {
    const known = this.known.get(key);
    if (known && holds(known.seen)) return known.value;
    const recording = new Recording();
    const value = recording.during(make);
    const seen = recording.observations();
    if (seen) this.known.set(key, { value, seen });
    else this.known.delete(key);
    return value;
  }

  /** What is remembered under a key, whether it still holds or not. */
  peek(key: string): Remembered<T> | undefined {
    return this.known.get(key);
  }

  /** What another process has remembered. */
  learn(key: string, remembered: Remembered<T>): void {
    if (!this.known.has(key)) this.known.set(key, remembered);
  }
}
