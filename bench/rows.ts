/** @file A row of figures: what was measured, beside whom, and how near to what the machine gives. */

import type { PeakRates } from './peak.ts';
import type { Samples } from './stats.ts';
import { formatMs, percent, table } from './table.ts';

const limitNames = { compute: 'FMA', memory: 'read', both: 'FMA, then read' } as const;

export interface Row {
  readonly name: string;
  /** 0 where threads mean nothing. */
  readonly threads: number;
  readonly unit: 'ms' | 'ns' | 's' | 'MB' | 'runs';
  readonly ours: Samples;
  readonly peer?: { readonly name: string; readonly samples: Samples };
  /** Median by the peer's median: below 1 is faster than the peer. */
  readonly ratio?: number;
  /** Part of the machine's limit that the median reaches, and which limit it is. */
  readonly share?: number;
  readonly limit?: keyof typeof limitNames;
  /** What is asked of it. */
  readonly asked?: string;
  readonly note?: string;
}

/** Work of something, for its share of the limit. */
export interface Work {
  /** Multiply-adds counted twice. */
  readonly flop: number;
  /** Bytes that have to come from memory. */
  readonly bytes: number;
}

/** A row whose share is the time at the machine's limit by the time taken. Times in ms. */
export function workRow(row: Omit<Row, 'share' | 'limit'>, { flop, bytes }: Work, peak: PeakRates): Row {
  const compute = flop / peak.fma32 / 1e6;
  const memory = bytes / peak.readBandwidth / 1e6;
  const share = Math.max(compute, memory) / row.ours.median;
  return { ...row, share, limit: compute >= memory ? 'compute' : 'memory' };
}

export function withPeer(row: Row, name: string, samples: Samples): Row {
  return { ...row, peer: { name, samples }, ratio: row.ours.median / samples.median };
}

export function rowTable(rows: readonly Row[]): string {
  const number = (row: Row, value: number): string =>
    row.unit === 'ns' || row.unit === 'runs' || (row.unit === 'MB' && value >= 10)
      ? value.toFixed(0)
      : row.unit === 's' || row.unit === 'MB'
        ? value.toFixed(2)
        : formatMs(value);
  const cells = rows.map((row) => [
    row.name,
    row.threads === 0 ? '' : String(row.threads),
    number(row, row.ours.median),
    number(row, row.ours.min),
    row.unit,
    row.peer ? number(row, row.peer.samples.median) : '',
    row.peer ? number(row, row.peer.samples.min) : '',
    row.ratio === undefined ? '' : `${row.ratio.toFixed(2)}x`,
    row.share === undefined ? '' : `${percent(row.share)} ${limitNames[row.limit ?? 'compute']}`,
    row.asked ?? '',
    row.note ?? '',
  ]);
  const head = ['', 'threads', 'median', 'min', '', 'peer', 'min', 'ratio', 'of limit', 'asked', ''];
  return table([head, ...cells], 1, 2);
}
