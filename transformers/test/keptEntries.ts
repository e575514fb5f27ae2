/** @file What lies in a folder of kept results, for tests: looked at, and replaced by what no transformer would write. */

import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Stands before the code of a planted result. */
export const planted = 'planted();';

/** The entries of a cache folder, as paths. */
export function entriesIn(cache: string, kind = ''): string[] {
  const folder = join(cache, 'transformed');
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name !== 'swept' && name.startsWith(kind));
  return names.sort().map((name) => join(folder, name));
}

/** Changes every entry of a kind to one that says where it comes from, with a checksum that fits. */
export function plant(cache: string, kind: string, change: (entry: Entry) => unknown = withMark): void {
  for (const path of entriesIn(cache, kind)) {
    const text = readFileSync(path, 'utf8');
    const entry = JSON.parse(text.slice(text.indexOf('\n') + 1)) as Entry;
    const changed = JSON.stringify(change(entry));
    writeFileSync(path, `${createHash('sha256').update(changed).digest('hex')}\n${changed}`);
  }
}

/** What is known of an entry's form here. */
export interface Entry {
  readonly seen: readonly (readonly [string, string])[];
  readonly value: string | { readonly code: string } | null;
  readonly facts?: { readonly hash: string };
}

function withMark(entry: Entry): Entry {
  const { value } = entry;
  if (value === null || typeof value === 'string') return { ...entry, value: `${planted}${value ?? ''}` };
  return { ...entry, value: { ...value, code: `${planted}${value.code}` } };
}
