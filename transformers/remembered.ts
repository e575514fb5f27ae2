/**
 * @file Results that outlive the process: what a file became is used again while its text, the transformer itself and
 * everything that the transformer asked the file system are as they were. Nothing that reads or transforms code is loaded
 * for that.
 */

import type { TransformResult } from './core.ts';
import { transformerIdentity } from './identity.ts';
import { readKept, writeKept } from './keptFiles.ts';
import { holds, type Observation, Recording } from './observed.ts';
import type { PackageSpecifier } from './ownPackage.ts';
import { isReached } from './reach.ts';
import { sha256 } from './sha256.ts';

/** What is made of a file. */
export interface Question {
  /** Who asks: what is made differs. */
  readonly kind: 'node' | 'stripped' | 'bundled';
  /** Absolute. */
  readonly path: string;
  readonly code: string;
}

interface Entry<T> {
  /** Text, transformer and options: nothing is asked before these are the same. */
  readonly state: string;
  /** For people who look into the folder. */
  readonly path: string;
  readonly seen: readonly Observation[];
  readonly value: T;
}

/** Changed with the form of what is kept. */
const format = 1;

function hashOf(...texts: readonly string[]): string {
  return sha256(JSON.stringify(texts));
}

/**
 * The value for a question: the kept one where it still holds, else what `make` gives, which is kept.
 *
 * @param options whatever else decides about the value
 * @param make asks the file system within the recording only; what it gives can be written as JSON
 */
export async function remembered<T>(
  { kind, path, code }: Question,
  options: unknown,
  make: (recording: Recording) => Promise<T>,
): Promise<T> {
  const identity = transformerIdentity();
  const recording = new Recording();
  if (identity === null) return make(recording);
  const settings = JSON.stringify(options) ?? '';
  const name = `${kind}-${hashOf(path, settings).slice(0, 40)}`;
  const state = hashOf(`${format} ${identity} ${kind}`, path, settings, code);
  const entry = readKept(name) as Entry<T> | null;
  if (entry?.state === state && holds(entry.seen)) return entry.value;
  const value = await make(recording);
  const seen = recording.observations();
  if (seen) writeKept(name, { state, path, seen, value } satisfies Entry<T>);
  return value;
}

/**
 * What becomes of a file that the transformer may have to do with; null when it stays as it is.
 *
 * @param finish makes the rest of the way, from the transformer's result
 */
export async function transformedAs<T>(
  question: Question,
  specifiers: readonly PackageSpecifier[] | undefined,
  finish: (result: TransformResult, recording: Recording) => Promise<T>,
): Promise<T | null> {
  const { code, path } = question;
  const make = async (recording: Recording): Promise<T | null> => {
    const transform = await transformer();
    await turn();
    const options = specifiers ? { packageSpecifiers: specifiers } : {};
    const result = recording.during(() => transform(code, path, options));
    // Another file may have been met since, which imports this one.
    if (isReached(path) !== reached) recording.spoil();
    return result ? finish(result, recording) : null;
  };
  const reached = isReached(path);
  // Nobody knows what rules will say next time.
  if (specifiers?.some((accepted) => typeof accepted === 'function')) return make(new Recording());
  return remembered(question, [specifiers ?? null, reached], make);
}

let lastTurn: Promise<unknown> = Promise.resolve();

/**
 * One file after the other, and what has become of each is handed on between: tools ask for many files at once, and go on
 * with those that are ready.
 */
function turn(): Promise<unknown> {
  lastTurn = lastTurn.then(() => new Promise((done) => setImmediate(done)));
  return lastTurn;
}

/** The transformer, with the facts of files that it reads kept as well. */
async function transformer(): Promise<typeof import('./core.ts').transform> {
  const { transform } = await import('./core.ts');
  const { keepFacts } = await import('./meaning/keptFacts.ts');
  keepFacts();
  return transform;
}
