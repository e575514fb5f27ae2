/** @file `tn cache rm PART[@ENTRY]…`: forgets parts: records, their native code and verdicts. Asks nothing. */

import type { RecordRef, Store } from '../../cache/index.ts';
import { badRequest, workFailed } from './failure.ts';
import { openCache, pick, type Selection, select } from './selection.ts';
import { bytesText } from './table.ts';

/** With `all` every part of the project; with `dir` of another project or record folder. */
export async function removeFromCache(
  parts: readonly string[],
  options: { readonly all?: boolean; readonly dir?: string },
): Promise<void> {
  if (parts.length === 0 && !options.all)
    throw badRequest('tn cache rm: name parts, or say --all for all of this project');
  if (parts.length > 0 && options.all) throw badRequest('tn cache rm: name parts or say --all, not both');
  const store = await openCache();
  const selection = select(store, { dir: options.dir });
  // All names are looked up before the first thing goes.
  const picked = options.all ? [selection] : parts.map((part) => pick(selection, part));
  const folders = new Set(picked.flatMap((each) => [...each.records, ...each.skipped].map(({ folder }) => folder)));
  let freed = 0;
  for (const folder of folders) freed += remove(store, selection, folder);
  let verdicts = 0;
  for (const { verdicts: each } of picked) {
    for (const { project, verdict } of each) verdicts += store.clearVerdicts(project, verdict.part, verdict.variant);
  }
  const what = [
    count(folders.size, 'entry', 'entries'),
    ...(verdicts > 0 ? [count(verdicts, 'verdict', 'verdicts')] : []),
  ];
  process.stdout.write(`removed ${what.join(' and ')}, ${bytesText(freed)}\n`);
}

function remove(store: Store, selection: Selection, folder: string): number {
  const record = selection.records.find((each) => each.folder === folder);
  const root = record?.root ?? folder.slice(0, folder.lastIndexOf('/'));
  const result = store.removeRecord({ root, folder });
  if (!result.ok) throw workFailed(`${result.problem.message}; ${result.problem.fix}`);
  return result.value + (record ? removeArtifacts(store, record) : 0);
}

/** Native code that was checked on this record's samples; other entries that share it compile it again. */
function removeArtifacts(store: Store, record: RecordRef): number {
  let freed = 0;
  for (const { key } of store.artifacts()) {
    if (store.readVerification(key, record)) freed += store.removeArtifact(key);
  }
  return freed;
}

function count(n: number, one: string, many: string): string {
  return `${n} ${n === 1 ? one : many}`;
}
