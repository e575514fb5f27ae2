/** @file What a cache command speaks of: the current project, another one, all of them, and PART@ENTRY in it. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Project, RecordRef, SkippedRecord, Store, Verdict } from '../../cache/index.ts';
import { badRequest, workFailed } from './failure.ts';

export interface SelectionOptions {
  readonly all?: boolean;
  readonly dir?: string;
}

/** Everything in reach of a command. */
export interface Selection {
  readonly records: readonly RecordRef[];
  readonly skipped: readonly SkippedRecord[];
  readonly verdicts: readonly { readonly project: Project; readonly verdict: Verdict }[];
  readonly projects: readonly Project[];
  /** For messages: `torchnative`, `all projects`. */
  readonly scope: string;
}

/** Opens the store; a cache folder that must not be used ends the command. */
export async function openCache(): Promise<Store> {
  const { openStore } = await import('../../cache/index.ts');
  const store = openStore();
  if (store.problem) throw workFailed(`${store.problem.message}; ${store.problem.fix}`);
  return store;
}

/** Records and verdicts of the current project; of all with `all`; of a project or record folder with `dir`. */
export function select(store: Store, options: SelectionOptions): Selection {
  if (options.all && options.dir !== undefined) throw badRequest('--all and --dir exclude each other');
  const folder = resolve(options.dir ?? process.env.INIT_CWD ?? '.');
  if (!existsSync(folder)) throw badRequest(`--dir ${options.dir}: no such folder`);
  const own = options.dir === undefined ? null : store.readManifests(folder);
  if (own && own.records.length + own.skipped.length > 0) {
    return { ...own, verdicts: [], projects: [], scope: folder };
  }
  const projects = options.all ? store.projects() : [store.projectFor(folder)];
  const listings = [...new Set(projects.flatMap((project) => store.recordRoots(project)))].map((root) =>
    store.readManifests(root),
  );
  return {
    records: listings.flatMap((listing) => listing.records),
    skipped: listings.flatMap((listing) => listing.skipped),
    verdicts: projects.flatMap((project) => store.verdicts(project).map((verdict) => ({ project, verdict }))),
    projects,
    scope: options.all ? 'all projects' : projects[0].name,
  };
}

/** The part of a selection that `PART` or `PART@ENTRY` (or the first digits of an entry) names. */
export function pick(selection: Selection, name: string): Selection {
  const at = name.lastIndexOf('@');
  const exact =
    selection.records.some((record) => record.part === name) ||
    selection.verdicts.some(({ verdict }) => verdict.part === name);
  // A part's own name may hold an @.
  const [part, entry] = at > 0 && !exact ? [name.slice(0, at), name.slice(at + 1)] : [name, ''];
  const picked: Selection = {
    ...selection,
    records: selection.records.filter((record) => record.part === part && record.entry.startsWith(entry)),
    skipped: selection.skipped.filter((each) => each.part === part && (each.entry ?? '').startsWith(entry)),
    verdicts: entry === '' ? selection.verdicts.filter(({ verdict }) => verdict.part === part) : [],
  };
  if (picked.records.length + picked.skipped.length + picked.verdicts.length > 0) return picked;
  throw badRequest(`no part "${name}" in the cache of ${selection.scope}; ${known(selection)}`);
}

function known(selection: Selection): string {
  const names = new Set([
    ...selection.records.map((each) => each.part),
    ...selection.verdicts.map(({ verdict }) => verdict.part),
  ]);
  if (names.size === 0) return 'nothing is cached there (--all lists every project)';
  return `there ${names.size === 1 ? 'is' : 'are'} ${[...names].sort().join(', ')}`;
}
