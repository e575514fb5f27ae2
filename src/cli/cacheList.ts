/** @file `tn cache ls`: every part of the project, what it is, and since when. */

import colors from 'picocolors';
import type { CacheRow } from './rows.ts';
import { rowsOf } from './rows.ts';
import { openCache, type Selection, type SelectionOptions, select } from './selection.ts';
import { agoText, bytesText, type Column, table } from './table.ts';

export async function listCache(options: SelectionOptions & { readonly json?: boolean }): Promise<void> {
  const store = await openCache();
  const selection = select(store, options);
  const rows = await rowsOf(store, selection);
  if (options.json) {
    process.stdout.write(JSON.stringify(rows, null, 2) + '\n');
  } else if (rows.length === 0) {
    process.stdout.write(`nothing is cached for ${selection.scope}\n`);
  } else {
    const shown = await withStale(rows, selection);
    process.stdout.write(table(COLUMNS, shown) + '\n');
    const reasons = shown.filter((row) => row.reason !== undefined);
    if (reasons.length > 0) process.stdout.write('\n');
    for (const row of reasons) process.stdout.write(`${nameOf(row)} is ${row.status}: ${row.reason}\n`);
  }
  for (const { folder, reason } of selection.skipped) process.stderr.write(`not used: ${folder}: ${reason}\n`);
}

/** A row for people: a record that no call of the sources as they are now would use is `stale`. */
type ShownRow = Omit<CacheRow, 'status'> & { readonly status: CacheRow['status'] | 'stale' };

async function withStale(rows: readonly CacheRow[], selection: Selection): Promise<ShownRow[]> {
  const [{ Currency }, { projectOf }] = await Promise.all([
    import('../package/currency.ts'),
    import('../package/select.ts'),
  ]);
  const currency = new Currency();
  const stale = new Map<string, string>();
  for (const record of selection.records) {
    const found = currency.judge(projectOf(selection, record), record);
    if (found.state === 'stale') stale.set(record.model, found.reason);
    if (found.state === 'older') stale.set(record.model, 'another version of torchnative captured it');
  }
  return rows.map((row): ShownRow => {
    const reason = row.model === null ? undefined : stale.get(row.model);
    return reason === undefined ? row : { ...row, status: 'stale', reason };
  });
}

const COLOURS = { native: colors.green, captured: colors.yellow, eager: colors.red, stale: colors.dim } as const;

const COLUMNS: readonly Column<ShownRow>[] = [
  { title: 'part', cell: (row) => row.part },
  { title: 'entry', cell: (row) => row.entry ?? '-' },
  { title: 'status', cell: (row) => COLOURS[row.status](row.status) },
  { title: 'inputs', cell: (row) => shorten(row.inputs.map(inputText).join(' '), 48) || '-' },
  { title: 'dims', cell: (row) => Object.entries(row.dims).map(dimText).join(' ') || '-' },
  { title: 'nodes', cell: (row) => (row.model ? String(row.nodes) : '-'), right: true },
  { title: 'size', cell: (row) => (row.model ? bytesText(row.bytes) : '-'), right: true },
  { title: 'created', cell: (row) => agoText(Date.parse(row.created)) },
  { title: 'used', cell: (row) => agoText(row.lastUsed === null ? null : Date.parse(row.lastUsed)) },
];

const DTYPES: Readonly<Record<string, string>> = { float: 'f', bfloat: 'bf', int: 'i', uint: 'u' };

/** `x:f32[n,3]`; a number argument is `pos:i64`. */
export function inputText({ name, dtype, shape }: CacheRow['inputs'][number]): string {
  const short = dtype.replace(/^(float|bfloat|uint|int)(?=\d)/, (word) => DTYPES[word]);
  return shape.length === 0 ? `${name}:${short}` : `${name}:${short}[${shape.join(',')}]`;
}

/** `n=1..447`, `n=4..`, `n=8..64 step 8`. */
export function dimText([name, { min, max, multipleOf }]: [string, CacheRow['dims'][string]]): string {
  return `${name}=${min}..${max ?? ''}${multipleOf > 1 ? ` step ${multipleOf}` : ''}`;
}

function nameOf(row: ShownRow): string {
  return row.entry === null ? row.part : `${row.part}@${row.entry}`;
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : text.slice(0, length - 1) + '…';
}
