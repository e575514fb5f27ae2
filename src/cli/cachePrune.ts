/** @file `tn cache prune`: brings the cache under its limit now, least recently used first, and removes litter. */

import { badRequest } from './failure.ts';
import { openCache } from './selection.ts';
import { agoText, bytesText, table } from './table.ts';

export async function pruneCache(options: { readonly limit?: string; readonly json?: boolean }): Promise<void> {
  const { parseBytes } = await import('../../cache/index.ts');
  const limit = options.limit === undefined ? undefined : parseBytes(options.limit);
  if (limit === null) throw badRequest(`--limit ${options.limit}: not a size; try 2GB, 500MB or 0`);
  const store = await openCache();
  const report = store.evict(limit);
  if (options.json) {
    process.stdout.write(JSON.stringify(report, null, 2) + '\n');
    return;
  }
  if (report.removed.length > 0) {
    const rows = table(
      [
        { title: 'removed', cell: (item) => item.kind },
        { title: 'name', cell: (item) => item.label.slice(0, 40) },
        { title: 'size', cell: (item) => bytesText(item.bytes), right: true },
        { title: 'used', cell: (item) => agoText(item.lastUsed) },
      ],
      report.removed,
    );
    process.stdout.write(rows + '\n');
  }
  process.stdout.write(`${bytesText(report.after)} in the cache, limit ${bytesText(report.limit)}\n`);
}
