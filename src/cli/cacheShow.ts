/** @file `tn cache show PART[@ENTRY]`: a part's source, inputs, dims, guards, weights, graph and compiled plan. */

import colors from 'picocolors';
import type { Manifest, RecordRef, Store } from '../../cache/index.ts';
import { oneLine } from '../core/errors.ts';
import type { EntryDescription, KernelDescription } from '../dispatch/describe.ts';
import { dimText, inputText } from './cacheList.ts';
import { type CacheRow, recordRow, rowsOf } from './rows.ts';
import { openCache, pick, type SelectionOptions, select } from './selection.ts';
import { agoText, bytesText, table } from './table.ts';

interface ShownRow extends CacheRow {
  readonly outputs: CacheRow['inputs'];
  readonly guards: Manifest['guards'];
  readonly missed: NonNullable<Manifest['missed']>;
  readonly source: Pick<Manifest['source'], 'file' | 'line' | 'column'>;
  readonly weights: readonly { readonly name: string; readonly params: number; readonly bytes: number }[];
  readonly graph: string | null;
  readonly plan: { readonly kernels: readonly KernelDescription[] } | null;
}

interface ShowOptions {
  readonly json?: boolean;
  /** Print the generated C instead. */
  readonly code?: boolean;
}

export async function showCache(name: string, options: SelectionOptions & ShowOptions): Promise<void> {
  const store = await openCache();
  const picked = pick(select(store, options), name);
  const { artifactKeyOf, describeEntry } = await import('../dispatch/describe.ts');
  const describe = (record: RecordRef): EntryDescription | null => {
    try {
      return describeEntry(store, record);
    } catch (error) {
      // A damaged model still has a manifest to show.
      process.stderr.write(`${record.part}@${record.entry}: its graph cannot be shown: ${oneLine(error)}\n`);
      return null;
    }
  };
  if (options.code) {
    const files = picked.records.flatMap((record) => describe(record)?.code ?? []);
    process.stdout.write(files.map(({ name, source }) => `// ${name}\n${source.trimEnd()}\n`).join('\n'));
    return;
  }
  const shown = picked.records.map((record) =>
    showRecord(store, record, recordRow(store, record, artifactKeyOf(store, record)), describe(record)),
  );
  const eager = await rowsOf(store, { ...picked, records: [] });
  if (options.json) {
    process.stdout.write(JSON.stringify([...shown, ...eager], null, 2) + '\n');
  } else {
    const texts = [...shown.map(entryText), ...eager.map((row) => `${heading(row)}\n  why       ${row.reason}`)];
    if (texts.length > 0) process.stdout.write(texts.join('\n\n') + '\n');
  }
  for (const { folder, reason } of picked.skipped) process.stderr.write(`not used: ${folder}: ${reason}\n`);
}

function showRecord(store: Store, record: RecordRef, row: CacheRow, description: EntryDescription | null): ShownRow {
  const { manifest } = record;
  return {
    ...row,
    outputs: manifest.outputs.map(({ path, dtype, shape }) => ({ name: path, dtype, shape })),
    guards: manifest.guards,
    missed: manifest.missed ?? [],
    source: { file: manifest.source.file, line: manifest.source.line, column: manifest.source.column },
    weights: manifest.weights.map(({ name, params }) => ({
      name,
      params: Object.keys(params).length,
      bytes: bytesOf(
        store,
        record,
        Object.values(params).map((param) => param.blob),
      ),
    })),
    graph: description?.graphText ?? null,
    plan: description ? { kernels: description.kernels } : null,
  };
}

function bytesOf(store: Store, record: RecordRef, blobs: readonly string[]): number {
  return [...new Set(blobs)].reduce((sum, blob) => sum + store.blobBytes(record.root, blob), 0);
}

function entryText(row: ShownRow): string {
  const lines = [heading(row)];
  const add = (label: string, items: readonly string[]): void => {
    for (const [i, item] of items.entries()) lines.push(`  ${(i === 0 ? label : '').padEnd(9)} ${item}`);
  };
  add('why', row.reason === undefined ? [] : [row.reason]);
  add('source', [`${row.source.file}:${row.source.line}:${row.source.column}`]);
  add('inputs', row.inputs.map(inputText));
  add('outputs', row.outputs.map(inputText));
  add('dims', Object.entries(row.dims).map(dimText));
  add(
    'guards',
    row.guards.map((guard) => `${guard.predicate}${guard.location ? `   ${guard.location}` : ''}`),
  );
  add(
    'weights',
    row.weights.map(({ name, params, bytes }) => `${name || 'this'}: ${params} tensors, ${bytesText(bytes)} kept here`),
  );
  add(
    'missed',
    row.missed.map(({ entry, reason }) => `a call did not fit ${entry}: ${reason}`),
  );
  add('created', [`${row.created} (used ${agoText(row.lastUsed === null ? null : Date.parse(row.lastUsed))})`]);
  add('size', [`${bytesText(row.bytes)}, ${row.nodes} nodes`]);
  add('model', [row.model ?? '-']);
  add('samples', [row.samples ?? '-']);
  if (row.graph) lines.push('', row.graph.trimEnd());
  if (row.plan) lines.push('', kernelTable(row.plan.kernels));
  return lines.join('\n');
}

function heading(row: CacheRow): string {
  return `${colors.bold(row.part)}${row.entry === null ? '' : `@${row.entry}`}  ${row.status}`;
}

function kernelTable(kernels: readonly KernelDescription[]): string {
  return table(
    [
      { title: 'kernel', cell: (kernel) => kernel.name },
      { title: 'reads', cell: (kernel) => bytesText(kernel.reads.atSample), right: true },
      { title: 'writes', cell: (kernel) => bytesText(kernel.writes.atSample), right: true },
      { title: 'reads, in bytes', cell: (kernel) => kernel.reads.bytes },
      { title: 'writes, in bytes', cell: (kernel) => kernel.writes.bytes },
    ],
    kernels,
  );
}
