/** @file Many records compiled: while the compiler has one, the next is lowered and the one before is checked on its samples. */

import type { Artifact, RecordRef, Store } from '../../cache/index.ts';
import { compileInBackground } from '../compile/toolchain/index.ts';
import { oneLine } from '../core/errors.ts';
import {
  artifactKey,
  buildRequest,
  graphOf,
  type NativeTarget,
  nativeTarget,
  obtain,
  publish,
} from './compileEntry.ts';
import { Entry } from './entry.ts';

export interface CompiledRecord {
  readonly record: RecordRef;
  /** Why it has no native code; null: it has, and that agrees with the samples. */
  readonly reason: string | null;
}

/** Records that the compiler is given at a time: the end of one, where cores would idle, is the middle of the next. */
const atOnce = 3;

/** Gives each record as it is done, in order. */
export async function* compileRecords(store: Store, records: Iterable<RecordRef>): AsyncGenerator<CompiledRecord> {
  const begun: (() => Promise<CompiledRecord>)[] = [];
  for (const record of records) {
    begun.push(begin(store, record));
    if (begun.length === atOnce) yield await begun.shift()!();
  }
  for (const finish of begun) yield await finish();
}

/** Lowers a record and starts the compiler, where there is no artifact yet. What it gives waits, stores and checks. */
function begin(store: Store, record: RecordRef): () => Promise<CompiledRecord> {
  try {
    const target = nativeTarget({});
    const build =
      'miss' in store.findArtifact(artifactKey(record.manifest, target)) ? start(store, record, target) : null;
    return async () => {
      try {
        const make = await build?.();
        obtain(store, new Entry(record), target, true, make);
        return { record, reason: null };
      } catch (error) {
        return { record, reason: oneLine(error) };
      }
    };
  } catch (error) {
    return async () => ({ record, reason: oneLine(error) });
  }
}

/** What it gives waits for the compiler, and knows how to store what came of it. */
function start(store: Store, record: RecordRef, target: NativeTarget): () => Promise<(key: string) => Artifact> {
  const { request, part } = buildRequest(store, record.part, graphOf(store, record), target);
  const { result } = compileInBackground(request, { isAwaited: true });
  return async () => {
    const built = await result;
    return (key) => publish(store, key, built, part, target);
  };
}
