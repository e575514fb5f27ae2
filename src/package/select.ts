/** @file Which records a package is made of: current ones that have run natively, named PART or PART@ENTRY. */

import type { Project, RecordRef, SkippedRecord, Store, Verdict } from '../../cache/index.ts';
import { TnError } from '../core/errors.ts';
import { artifactKey, nativeTarget } from '../dispatch/compileEntry.ts';
import { Currency } from './currency.ts';
import { wrongRequest } from './refusal.ts';

/** Everything in reach of the command, as `src/cli/selection.ts` finds it. */
export interface PartScope {
  readonly records: readonly RecordRef[];
  readonly skipped: readonly SkippedRecord[];
  readonly verdicts: readonly { readonly project: Project; readonly verdict: Verdict }[];
  readonly projects: readonly Project[];
  /** For messages: a project's name. */
  readonly scope: string;
}

/** One entry a name, in the order of the names. @throws WrongRequest | TnError with the command that helps. */
export function selectParts(store: Store, scope: PartScope, names: readonly string[]): RecordRef[] {
  const found = names.map((name) => selectOne(store, scope, name));
  return found.filter((record, i) => found.findIndex((other) => other.folder === record.folder) === i);
}

/** Every current native entry of these parts, for a program that picks one at each call. Sorted by part, then entry. */
export function selectAllEntries(store: Store, scope: PartScope, parts: readonly string[]): RecordRef[] {
  return [...new Set(parts)].sort().flatMap((part) => {
    const fit = candidates(store, scope, part);
    return [...fit].sort((a, b) => (a.entry < b.entry ? -1 : 1));
  });
}

function selectOne(store: Store, scope: PartScope, name: string): RecordRef {
  const fit = candidates(store, scope, name);
  if (fit.length === 1) return fit[0];
  const { part } = fit[0];
  throw wrongRequest({
    what: `part "${name}" is ambiguous: it has ${fit.length} entries`,
    found: fit.map((record) => `${part}@${record.entry} ${whatTellsApart(record, fit)}`),
    fix: 'name one as PART@ENTRY',
  });
}

/** The usable records that a name means, at least one. */
function candidates(store: Store, scope: PartScope, name: string): RecordRef[] {
  const records = recordsOf(scope, name);
  if (records.length === 0) throw missing(scope, name);
  const currency = new Currency();
  const judged = records.map((record) => ({ record, sources: currency.judge(projectOf(scope, record), record) }));
  const current = judged.filter(({ sources }) => sources.state === 'current').map(({ record }) => record);
  const older = newestOfEach(judged.filter(({ sources }) => sources.state === 'older').map(({ record }) => record));
  const usable = current.length > 0 ? current : older;
  if (usable.length === 0) {
    const [{ record, sources }] = judged.slice(-1);
    const reason = sources.state === 'stale' ? sources.reason : '';
    throw new TnError({
      what: `part "${record.part}" is stale: ${reason}`,
      fix: `run the program that uses ${record.manifest.source.file} again (tn run FILE)`,
    });
  }
  const refused: TnError[] = [];
  const native = usable.filter((record) => {
    const wrong = whyNotNative(store, record);
    if (wrong) refused.push(wrong);
    return wrong === null;
  });
  if (native.length === 0) throw refused[0];
  return native;
}

/** Of captures of one call by several versions of torchnative: the last. */
function newestOfEach(records: readonly RecordRef[]): RecordRef[] {
  const newest = new Map<string, RecordRef>();
  for (const record of records) {
    const { staticSignature, created } = record.manifest;
    const known = newest.get(staticSignature);
    if (!known || known.manifest.created < created) newest.set(staticSignature, record);
  }
  return [...newest.values()];
}

/** `PART@ENTRY` (or the first digits of an entry), unless the whole is a part's own name. */
function recordsOf({ records }: PartScope, name: string): RecordRef[] {
  const exact = records.filter((record) => record.part === name);
  const at = name.lastIndexOf('@');
  if (exact.length > 0 || at <= 0) return exact;
  const [part, entry] = [name.slice(0, at), name.slice(at + 1)];
  return records.filter((record) => record.part === part && entry !== '' && record.entry.startsWith(entry));
}

function missing(scope: PartScope, name: string): TnError {
  const eager = scope.verdicts.find(({ verdict }) => verdict.part === name)?.verdict;
  if (eager) {
    return new TnError({
      what: `part "${name}" was never native: ${eager.reason}${eager.location ? ` at ${eager.location}` : ''}`,
      fix: 'change that, then run the program again (tn run FILE)',
    });
  }
  const damaged = scope.skipped.find(({ part, entry }) => part === name || `${part}@${entry}` === name);
  if (damaged) {
    const { part, entry, reason } = damaged;
    return new TnError({
      what: `part "${part}" cannot be used: ${reason}`,
      fix: `tn cache rm ${part}@${entry}, then run the program again (tn run FILE)`,
    });
  }
  const known = [...new Set([...scope.records.map((r) => r.part), ...scope.verdicts.map((v) => v.verdict.part)])];
  const there = known.length === 0 ? 'nothing is cached there' : `there are ${known.sort().join(', ')}`;
  return wrongRequest({
    what: `no part "${name}" in the cache of ${scope.scope}`,
    found: [there],
    fix: 'run the program that calls it (tn run FILE)',
  });
}

/** The project that a record belongs to, when there is one to compare it with. */
export function projectOf({ projects }: Pick<PartScope, 'projects'>, { root }: RecordRef): Project | null {
  return projects.find(({ recordRoot }) => recordRoot === root) ?? (projects.length === 1 ? projects[0] : null);
}

/**
 * A part that has run natively once, whatever compiled it, is packaged: its code is made anew, and checked on the samples.
 */
function whyNotNative(store: Store, record: RecordRef): TnError | null {
  const { part, entry } = record;
  const now = keyOf(record);
  const check = now === null ? null : store.readVerification(now, record);
  if (check && !check.ok) {
    return new TnError({
      what: `part "${part}" stays eager: its native results differ on its samples`,
      found: [check.detail],
      fix: `tn cache rm ${part}@${entry}, then run the program again (tn run FILE)`,
    });
  }
  if (check || store.artifacts().some(({ key }) => store.readVerification(key, record)?.ok)) return null;
  return new TnError({ what: `part "${part}" was never native here`, fix: `tn cache compile ${part}@${entry}` });
}

/** The key of the artifact for this machine; null where there is no compiler, which the build will say. */
function keyOf({ manifest }: RecordRef): string | null {
  try {
    return artifactKey(manifest, nativeTarget({}));
  } catch (error) {
    if (error instanceof TnError) return null;
    throw error;
  }
}

/** The inputs, dims and plain values in which a record is not like the others. */
function whatTellsApart(record: RecordRef, among: readonly RecordRef[]): string {
  const facts = (of: RecordRef): Map<string, string> => {
    const { inputs, dims, guards, closure, source } = of.manifest;
    return new Map([
      ...inputs.map(({ path, dtype, shape }): [string, string] => [
        `input ${path}`,
        `${path}: ${dtype}${shape.length > 0 ? ` [${shape.join(', ')}]` : ''}`,
      ]),
      ...Object.entries(dims).map(([name, { min, max, multipleOf }]): [string, string] => [
        `dim ${name}`,
        `${name}=${min}..${max ?? ''}${multipleOf > 1 ? ` step ${multipleOf}` : ''}`,
      ]),
      ...guards.map(({ predicate }): [string, string] => [`guard ${predicate}`, predicate]),
      ...Object.entries(closure).map(([name, value]): [string, string] => [
        `value ${name}`,
        `${name}=${String(value)}`,
      ]),
      ['source', `${source.file}:${source.line}`],
      ...plainArguments(of),
    ]);
  };
  const own = facts(record);
  const others = among.filter((other) => other !== record).map(facts);
  const different = [...own].filter(([key, text]) => others.some((other) => other.get(key) !== text));
  const texts = different.map(([, text]) => text);
  return texts.length > 0 ? `(${texts.slice(0, 6).join(', ')})` : `(captured ${record.manifest.created})`;
}

/** Plain values among the arguments: `arguments.1.causal` → `true`. */
function plainArguments({ manifest }: RecordRef): [string, string][] {
  const found: [string, string][] = [];
  const visit = (tree: unknown, path: string): void => {
    if (typeof tree !== 'object' || tree === null) return;
    const { kind, value, items, fields } = tree as {
      kind?: string;
      value?: unknown;
      items?: readonly unknown[];
      fields?: readonly (readonly [string, unknown])[];
    };
    if (kind === 'plain') found.push([`plain ${path}`, `${path}=${String(value)}`]);
    items?.forEach((item, i) => {
      visit(item, `${path}.${i}`);
    });
    fields?.forEach(([name, field]) => {
      visit(field, path === '' ? name : `${path}.${name}`);
    });
  };
  const call = manifest.call as { self?: unknown; args?: readonly unknown[] } | undefined;
  visit(call?.self, 'this');
  call?.args?.forEach((arg, i) => {
    visit(arg, `argument ${i + 1}`);
  });
  return found;
}
