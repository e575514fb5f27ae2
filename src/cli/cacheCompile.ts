/** @file `tn cache compile PART[@ENTRY]…`: native code for records that have none here, those of an `out` folder say. */

import { badRequest, workFailed } from './failure.ts';
import { openCache, pick, type SelectionOptions, select } from './selection.ts';

export async function compileCached(parts: readonly string[], options: SelectionOptions): Promise<void> {
  const store = await openCache();
  const selection = select(store, options);
  const records = new Set(parts.flatMap((part) => pick(selection, part).records));
  if (records.size === 0) throw badRequest(`tn cache compile: ${parts.join(', ')}: no record to compile`);
  const { compileRecords } = await import('../dispatch/compileRecords.ts');
  const failed: string[] = [];
  for await (const { record, reason } of compileRecords(store, records)) {
    const name = `${record.part}@${record.entry}`;
    if (reason === null) process.stdout.write(`${name} native\n`);
    else failed.push(`${name}: ${reason}`);
  }
  if (failed.length > 0) throw workFailed(`tn cache compile: ${failed.join('; ')}`);
}
