/** @file `--only` and `--without`: which of the entries of its parts go into a program. */

import type { RecordRef } from '../../cache/index.ts';
import { wrongRequest } from './refusal.ts';

/** As they were given: `PART[@ENTRY]`, separated by commas. */
export interface EntryChoice {
  readonly only?: string;
  readonly without?: string;
}

type Entry = Pick<RecordRef, 'part' | 'entry'>;

/**
 * Of the parts that `only` names, the entries that it names; of all others, every entry; of these, what `without` does not
 * name. @throws WrongRequest for a name that means nothing, and when a part has no entry left
 */
export function chosenEntries<T extends Entry>(records: readonly T[], { only, without }: EntryChoice): T[] {
  const wanted = meant(records, '--only', only);
  const unwanted = meant(records, '--without', without);
  const narrowed = new Set([...wanted].map(({ part }) => part));
  const chosen = records.filter(
    (record) => !unwanted.has(record) && (wanted.has(record) || !narrowed.has(record.part)),
  );
  for (const { part } of records) {
    if (chosen.some((record) => record.part === part)) continue;
    throw wrongRequest({
      what: `nothing is left of part "${part}", which the program calls`,
      found: [`it has ${entriesOf(records, part)}`],
      fix: 'leave at least one entry of each part',
    });
  }
  return chosen;
}

function meant<T extends Entry>(records: readonly T[], option: string, given: string | undefined): Set<T> {
  const found = new Set<T>();
  if (given === undefined) return found;
  for (const name of given.split(',').map((text) => text.trim())) {
    const fit = fitting(records, name);
    if (fit.length === 0) throw wrongRequest(unknown(records, option, name));
    for (const record of fit) found.add(record);
  }
  return found;
}

/** A part's own name, or `PART@` and the first digits of an entry. */
function fitting<T extends Entry>(records: readonly T[], name: string): readonly T[] {
  const whole = records.filter(({ part }) => part === name);
  const at = name.lastIndexOf('@');
  const [part, entry] = [name.slice(0, Math.max(at, 0)), name.slice(at + 1)];
  if (whole.length > 0 || part === '' || entry === '') return whole;
  return records.filter((record) => record.part === part && record.entry.startsWith(entry));
}

function unknown(records: readonly Entry[], option: string, name: string) {
  const at = name.lastIndexOf('@');
  const part = at > 0 ? name.slice(0, at) : name;
  const isPart = records.some((record) => record.part === part);
  const parts = [...new Set(records.map((record) => record.part))].join(', ');
  return {
    what: `${option} ${name}: the program has no such ${isPart ? 'entry' : 'part'}`,
    found: [isPart ? `there is ${entriesOf(records, part)}` : `there is ${parts || 'none at all'}`],
    fix: 'give PART or PART@ENTRY, several with commas (tn cache ls lists them)',
  };
}

function entriesOf(records: readonly Entry[], part: string): string {
  const own = records.filter((record) => record.part === part);
  return own.map(({ entry }) => `${part}@${entry}`).join(', ');
}
