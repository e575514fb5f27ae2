/** @file Many records compiled: while the compiler has one, the next is lowered and the one before is checked on its samples. */

import type { RecordRef, Store } from '../../cache/index.ts';
import type { CompiledPart } from '../compile/compile.ts';
import { type BuildResult, compileInBackground } from '../compile/toolchain/index.ts';
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

/** A record on its way. */
interface Lowered {
  readonly record: RecordRef;
  readonly target: NativeTarget | null;
  readonly reason: string | null;
  /** Starts the compiler; null where there is an artifact already, or can be none. */
  readonly begin: (() => Promise<Built>) | null;
}

interface Built {
  readonly result: BuildResult;
  readonly part: CompiledPart;
}

/** Compiled at a time: the end of one, where cores would idle, is the beginning of the next. */
const atOnce = 2;

/** Gives each record as it is done, in order. */
export async function* compileRecords(store: Store, records: Iterable<RecordRef>): AsyncGenerator<CompiledRecord> {
  const begun: { lowered: Lowered; built: Promise<Built> | null }[] = [];
  const finishFirst = async (): Promise<CompiledRecord> => {
    const { lowered, built } = begun.shift()!;
    return finish(store, lowered, await built);
  };
  for (const record of records) {
    const lowered = lower(store, record);
    begun.push({ lowered, built: lowered.begin?.() ?? null });
    if (begun.length > atOnce) yield await finishFirst();
  }
  while (begun.length > 0) yield await finishFirst();
}

function lower(store: Store, record: RecordRef): Lowered {
  try {
    const target = nativeTarget({});
    if (!('miss' in store.findArtifact(artifactKey(record.manifest, target)))) {
      return { record, target, reason: null, begin: null };
    }
    const { request, part } = buildRequest(store, record.part, graphOf(store, record), target);
    const begin = async (): Promise<Built> => ({
      result: await compileInBackground(request, { isAwaited: true }).result,
      part,
    });
    return { record, target, reason: null, begin };
  } catch (error) {
    return { record, target: null, reason: oneLine(error), begin: null };
  }
}

function finish(store: Store, { record, target, reason }: Lowered, built: Built | null): CompiledRecord {
  if (target === null) return { record, reason };
  try {
    const make = built && ((key: string) => publish(store, key, built.result, built.part, target));
    obtain(store, new Entry(record), target, true, make ?? undefined);
    return { record, reason: null };
  } catch (error) {
    return { record, reason: oneLine(error) };
  }
}
