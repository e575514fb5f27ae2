/**
 * @file `tn cache explain PART[@ENTRY]`: why a call would run what was captured, or be captured again: the part's
 * sources and what they reach, what changed there since, and what a call has to be like.
 */

import colors from 'picocolors';
import type { Manifest, Project, RecordRef, Verdict } from '../../cache/index.ts';
import type { InputTree } from '../capture/inputTree.ts';
import type { CallJson } from '../dispatch/loadedCall.ts';
import type { SourceState } from '../package/currency.ts';
import { dimText } from './cacheList.ts';
import { openCache, pick, type SelectionOptions, select } from './selection.ts';

/** One function, class, constant or statement that the part reaches. */
interface Reached {
  readonly name: string;
  readonly file: string;
  /** Null for what is gone. */
  readonly line: number | null;
  /** Against the record; `unknown` for one that does not say what it reached. */
  readonly state: 'same' | 'changed' | 'new' | 'gone' | 'unknown';
}

interface Explained {
  readonly part: string;
  readonly entry: string | null;
  /** What a call that fits does: run what is there, or be captured. `unknown`: the sources are not here. */
  readonly next: 'hit' | 'capture' | 'eager' | 'unknown';
  readonly why: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly column: number | null;
  /** Hashes of what the part means: at the capture, and now. */
  readonly meaning: { readonly captured: string | null; readonly now: string | null };
  readonly sourceKey: string | null;
  readonly reached: readonly Reached[];
  readonly packages: readonly {
    readonly name: string;
    readonly captured: string | null;
    readonly now: string | null;
  }[];
  /** What a call has to be like, in the user's names. */
  readonly arguments: readonly string[];
  readonly dims: readonly string[];
  readonly guards: readonly string[];
  /** Values that the function closes over: another one is another entry. */
  readonly closure: Readonly<Record<string, unknown>>;
}

export async function explainCache(
  name: string,
  options: SelectionOptions & { readonly json?: boolean },
): Promise<void> {
  const store = await openCache();
  const selection = select(store, options);
  const picked = pick(selection, name);
  const { Currency } = await import('../package/currency.ts');
  const currency = new Currency();
  const explained: Explained[] = picked.records.map((record) => {
    const project = selection.projects.find((each) => store.recordRoots(each).includes(record.root)) ?? null;
    const parts = project ? currency.partsNow(project, record.manifest) : [];
    const now = parts.find(({ meaning }) => meaning.hash === record.manifest.source.meaning) ?? parts[0] ?? null;
    return explainRecord(record, project, currency.judge(project, record), now);
  });
  for (const { verdict } of picked.verdicts) explained.push(explainVerdict(verdict));
  if (options.json) process.stdout.write(JSON.stringify(explained, null, 2) + '\n');
  else if (explained.length > 0) process.stdout.write(explained.map(textOf).join('\n\n') + '\n');
  for (const { folder, reason } of picked.skipped) process.stderr.write(`not used: ${folder}: ${reason}\n`);
}

type PartNow = ReturnType<InstanceType<typeof import('../package/currency.ts').Currency>['partsNow']>[number];

function explainRecord(
  { part, entry, manifest }: RecordRef,
  project: Project | null,
  state: SourceState,
  now: PartNow | null,
): Explained {
  const { source } = manifest;
  const call = manifest.call as CallJson;
  const names = now?.parameters ?? [];
  return {
    part,
    entry,
    next: project === null ? 'unknown' : state.state === 'current' ? 'hit' : 'capture',
    why: whyOf(project, state),
    file: source.file,
    line: now?.line ?? source.line,
    column: now?.column ?? source.column,
    meaning: { captured: source.meaning ?? null, now: now?.meaning.hash ?? null },
    sourceKey: manifest.sourceKey,
    reached: reachedOf(source.units ?? null, now),
    packages: packagesOf(source.packages, now),
    arguments: [
      ...(call.usesThis === false ? [] : conditions(call.self, 'this')),
      ...call.args.flatMap((tree, i) => conditions(tree, names[i] ?? `argument ${i}`)),
    ],
    dims: Object.entries(manifest.dims).map(dimText),
    guards: manifest.guards.map(({ predicate, location }) => (location ? `${predicate}   ${location}` : predicate)),
    closure: manifest.closure,
  };
}

function whyOf(project: Project | null, state: SourceState): string {
  if (project === null) return 'the sources are not here: calls of a program with the same ones hit';
  switch (state.state) {
    case 'current':
      return 'nothing that it reaches has changed since it was captured';
    case 'older':
      return 'torchnative itself has changed since it was captured';
    case 'stale':
      return state.reason;
  }
}

/** A part that was refused: there is a reason, and nothing to hit. */
function explainVerdict(verdict: Verdict): Explained {
  return {
    part: verdict.part,
    entry: null,
    next: 'eager',
    why: verdict.location ? `${verdict.reason} at ${verdict.location}` : verdict.reason,
    file: null,
    line: null,
    column: null,
    meaning: { captured: null, now: null },
    sourceKey: verdict.sourceKey,
    reached: [],
    packages: [],
    arguments: [],
    dims: [],
    guards: [],
    closure: {},
  };
}

/** What is reached now, against what the record says; then what is reached no more. */
function reachedOf(units: readonly (readonly [string, string])[] | null, now: PartNow | null): Reached[] {
  const before = new Map(units ?? []);
  const reached: Reached[] = (now?.meaning.reached ?? []).map(({ file, name, line, hash }) => {
    const key = `${file}#${name}`;
    const captured = before.get(key);
    before.delete(key);
    if (units === null) return { name, file, line, state: 'unknown' };
    return { name, file, line, state: captured === undefined ? 'new' : captured === hash ? 'same' : 'changed' };
  });
  for (const key of before.keys()) {
    const at = key.lastIndexOf('#');
    reached.push({ name: key.slice(at + 1), file: key.slice(0, at), line: null, state: now ? 'gone' : 'unknown' });
  }
  return reached;
}

/** The packages that what is reached imports, with their versions then and now. */
function packagesOf(captured: Manifest['source']['packages'], now: PartNow | null): Explained['packages'] {
  if (!now) return Object.entries(captured).map(([name, version]) => ({ name, captured: version, now: null }));
  return now.meaning.packages.map(([name, version]) => ({ name, captured: captured[name] ?? null, now: version }));
}

/** What one argument has to be like: a line for each tensor, number and pinned value in it. */
function conditions(tree: InputTree, path: string): string[] {
  switch (tree.kind) {
    case 'tensor':
      return [`${path}: ${tree.dtype} [${tree.sizes.join(', ')}]`];
    case 'dim':
      return [`${path}: a whole number, dim ${tree.symbol}`];
    case 'plain':
      return [`${path} = ${tree.value}`];
    case 'parameter':
      return [];
    case 'array':
      return [
        `${path}: ${tree.items.length} items`,
        ...tree.items.flatMap((item, i) => conditions(item, `${path}.${i}`)),
      ];
    case 'object': {
      const weights = countParameters(tree);
      const inner = tree.fields.flatMap(([key, field]) => conditions(field, `${path}.${key}`));
      const kind = tree.classId === '' ? 'a record' : tree.classId;
      const holds = weights === 0 ? '' : ` with ${weights} weights`;
      return [`${path}: ${kind}${holds}`, ...inner];
    }
  }
}

function countParameters(tree: InputTree): number {
  if (tree.kind === 'parameter') return 1;
  if (tree.kind === 'array') return tree.items.reduce((sum, item) => sum + countParameters(item), 0);
  return tree.kind === 'object' ? tree.fields.reduce((sum, [, field]) => sum + countParameters(field), 0) : 0;
}

const heads: Readonly<Record<Explained['next'], string>> = {
  hit: 'a call that fits hits',
  capture: 'the next call is captured again',
  eager: 'runs eagerly until its source changes',
  unknown: 'cannot be told',
};

/** Lines of a list that are shown where all are alike. */
const mostLines = 40;

function textOf(explained: Explained): string {
  const name = `${colors.bold(explained.part)}${explained.entry === null ? '' : `@${explained.entry}`}`;
  const lines = [`${name}  ${heads[explained.next]}`];
  const add = (label: string, items: readonly string[]): void => {
    const shown =
      items.length > mostLines ? [...items.slice(0, mostLines), `… ${items.length - mostLines} more`] : items;
    for (const [i, item] of shown.entries()) lines.push(`  ${(i === 0 ? label : '').padEnd(9)} ${item}`);
  };
  add('why', [explained.why]);
  if (explained.file !== null) add('source', [`${explained.file}:${explained.line}:${explained.column}`]);
  const { captured, now } = explained.meaning;
  const hashes = [captured, now].map((hash) => hash?.slice(0, 12) ?? '-');
  if (explained.entry !== null)
    add('meaning', [hashes[0] === hashes[1] ? hashes[0] : `${hashes[0]}, now ${hashes[1]}`]);
  // What changed stands first.
  const changed = explained.reached.filter(({ state }) => state !== 'same');
  const same = explained.reached.filter(({ state }) => state === 'same');
  add('reaches', [...changed, ...same].map(reachedText));
  add('packages', explained.packages.map(packageText));
  add('arguments', explained.arguments);
  add('dims', explained.dims);
  add('guards', explained.guards);
  add(
    'closure',
    Object.entries(explained.closure).map(([key, value]) => `${key} = ${String(value)}`),
  );
  return lines.join('\n');
}

function reachedText({ name, file, line, state }: Reached): string {
  const place = line === null ? file : `${file}:${line}`;
  const mark = state === 'same' || state === 'unknown' ? '' : colors.yellow(`  ${state}`);
  return `${name}  ${colors.dim(place)}${mark}`;
}

function packageText({ name, captured, now }: Explained['packages'][number]): string {
  const versions = captured === now || now === null ? captured : `${captured ?? 'not there'}, now ${now}`;
  return `${name} ${versions}`.trimEnd();
}
