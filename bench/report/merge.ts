/** @file Figures of several runs put together: the middle of their medians and of their limits, the best of their peaks. */

import type { Contest, Timing } from '../contest.ts';
import type { Machine } from '../machine.ts';
import { bestRates, type PeakRates } from '../peak.ts';
import type { Row } from '../rows.ts';
import { type Samples, summarise } from '../stats.ts';
import type { Transcript } from '../whisper/field.ts';
import type { LongFigures } from '../whisper/long.ts';

/** What a suite's `--json` may hold. */
export interface SuiteFile {
  readonly suite: string;
  readonly machine: Machine;
  readonly versions?: Readonly<Record<string, string>>;
  readonly peaks?: readonly PeakRates[];
  /** Of the suite `peak`. */
  readonly best?: readonly PeakRates[];
  readonly contests?: readonly Contest[];
  readonly rows?: readonly Row[];
  readonly transcripts?: readonly Transcript[];
  readonly long?: readonly LongFigures[];
  readonly failures?: readonly string[];
}

export interface Merged {
  readonly machine: Machine;
  /** How often each suite ran. */
  readonly runs: ReadonlyMap<string, number>;
  readonly versions: Readonly<Record<string, string>>;
  readonly peaks: readonly PeakRates[];
  readonly contests: readonly Contest[];
  readonly rows: readonly Row[];
  readonly transcripts: readonly Transcript[];
  readonly long: readonly LongFigures[];
  readonly failures: readonly string[];
}

/** @throws Error where files are of other machines: their figures do not belong beside each other */
export function merge(files: readonly SuiteFile[]): Merged {
  const [{ machine }] = files;
  const other = files.find(
    (file) => file.machine.processor !== machine.processor || file.machine.cores !== machine.cores,
  );
  if (other) throw new Error(`figures of two machines: ${machine.processor} and ${other.machine.processor}`);
  const runs = new Map<string, number>();
  for (const { suite } of files) runs.set(suite, (runs.get(suite) ?? 0) + 1);
  const peaks = [
    ...groups(
      files.flatMap((file) => [...(file.peaks ?? []), ...(file.best ?? [])]),
      (rates) => String(rates.threads),
    ),
  ]
    .map(([, group]) => bestRates(group))
    .sort((one, two) => one.threads - two.threads);
  const contests = groups(
    files.flatMap(({ contests = [] }) => contests),
    ({ work, threads }) => `${work} ${threads}`,
  );
  const rows = groups(
    files.flatMap((file) => file.rows ?? []),
    ({ name, threads }) => `${name} ${threads}`,
  );
  const loadBefore = Math.max(...files.map((file) => file.machine.loadBefore));
  return {
    machine: { ...machine, loadBefore },
    runs,
    versions: Object.assign({}, ...files.map(({ versions }) => versions ?? {})),
    peaks,
    contests: [...contests.values()].map(mergeContests),
    // A row stands under the one before it ("beyond Node's own"): order is kept.
    rows: [...rows.values()].map((group) => ({ ...group[0], ours: mergeSamples(group.map(({ ours }) => ours)) })),
    transcripts: files.findLast(({ transcripts = [] }) => transcripts.length > 0)?.transcripts ?? [],
    long: files.flatMap(({ long = [] }) => long),
    failures: files.flatMap(({ failures = [] }) => failures),
  };
}

function groups<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) found.set(keyOf(item), [...(found.get(keyOf(item)) ?? []), item]);
  return found;
}

function mergeContests(group: readonly Contest[]): Contest {
  const [{ work, threads }] = group;
  const byName = groups(
    group.flatMap(({ timings }) => timings),
    ({ name }) => name,
  );
  const timings = [...byName.values()].map((same): Timing => {
    // Each limit is of the rates that its own run measured.
    const limits = same.flatMap(({ limit }) => limit ?? []);
    const limit = limits.length === 0 ? null : summarise(limits).median;
    return { ...same[0], samples: mergeSamples(same.map(({ samples }) => samples)), limit };
  });
  return { work, threads, timings };
}

function mergeSamples(all: readonly Samples[]): Samples {
  return {
    median: summarise(all.map(({ median }) => median)).median,
    min: Math.min(...all.map(({ min }) => min)),
    count: all.reduce((sum, { count }) => sum + count, 0),
  };
}
