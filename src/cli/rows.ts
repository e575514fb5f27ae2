/** @file The rows of `tn cache ls --json`, whose shape other programs rely on. */

import type { RecordRef, Store, Verdict } from '../../cache/index.ts';
import type { ArtifactKey } from '../dispatch/describe.ts';
import type { Selection } from './selection.ts';

export interface CacheRow {
  readonly part: string;
  readonly entry: string | null;
  /** `captured`: a record without a usable artifact for this machine and precision. */
  readonly status: 'native' | 'captured' | 'eager';
  /** Why it is not native. */
  readonly reason?: string;
  /** Absolute paths of the .onnx file and its test_data_set_0; null when eager. */
  readonly model: string | null;
  readonly samples: string | null;
  /** The call's arguments without weights. */
  readonly inputs: readonly {
    readonly name: string;
    readonly dtype: string;
    readonly shape: readonly (number | string)[];
  }[];
  readonly dims: Readonly<
    Record<string, { readonly min: number; readonly max: number | null; readonly multipleOf: number }>
  >;
  readonly nodes: number;
  /** Of the record: its own files and the weights it names. */
  readonly bytes: number;
  /** ISO 8601, UTC. */
  readonly created: string;
  readonly lastUsed: string | null;
}

/** Rows sorted by part, then by age. */
export async function rowsOf(store: Store, selection: Selection): Promise<CacheRow[]> {
  const { artifactKeyOf } = await import('../dispatch/describe.ts');
  const rows = selection.records.map((record) => recordRow(store, record, artifactKeyOf(store, record)));
  rows.push(...selection.verdicts.map(({ verdict }) => verdictRow(verdict)));
  return rows.sort((a, b) => compare(a.part, b.part) || compare(a.created, b.created));
}

export function recordRow(store: Store, record: RecordRef, key: ArtifactKey): CacheRow {
  const { manifest } = record;
  const { own, weights } = store.recordBytes(record);
  const reason = whyNotNative(store, record, key);
  const used = store.lastUse('record', store.recordId(record));
  return {
    part: record.part,
    entry: record.entry,
    status: reason === null ? 'native' : 'captured',
    ...(reason === null ? {} : { reason }),
    model: record.model,
    samples: record.samples,
    inputs: manifest.inputs.map(({ path, dtype, shape }) => ({ name: path, dtype, shape })),
    dims: manifest.dims,
    nodes: manifest.nodes,
    bytes: own + weights,
    created: manifest.created,
    lastUsed: used === null ? null : new Date(used).toISOString(),
  };
}

function whyNotNative(store: Store, record: RecordRef, key: ArtifactKey): string | null {
  if ('reason' in key) return key.reason;
  const found = store.findArtifact(key.key);
  if ('miss' in found) return found.miss;
  const check = store.readVerification(key.key, record);
  if (!check) return 'compiled, not yet checked on its samples';
  return check.ok ? null : `differs from eager on its samples: ${check.detail}`;
}

function verdictRow(verdict: Verdict): CacheRow {
  const reason = verdict.location ? `${verdict.reason} at ${verdict.location}` : verdict.reason;
  return {
    part: verdict.part,
    entry: null,
    status: 'eager',
    reason,
    model: null,
    samples: null,
    inputs: [],
    dims: {},
    nodes: 0,
    bytes: 0,
    created: verdict.created,
    lastUsed: null,
  };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
