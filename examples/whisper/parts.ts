/** @file The table of the model's parts: how often each ran, how, and how long it took. */
import type { PartReport } from './format.ts';

type Parts = Readonly<Record<string, PartReport>>;

/** From best to worst. */
const modes = ['none', 'native', 'captured', 'eager'] as const;

/** Adds the calls of two runs; the mode is the worse one. */
export function addParts(one: Parts, other: Parts): Parts {
  const sum: Record<string, PartReport> = { ...one };
  for (const [name, part] of Object.entries(other)) {
    const before = sum[name];
    if (!before) {
      sum[name] = part;
      continue;
    }
    const mode = modes[Math.max(modes.indexOf(before.mode), modes.indexOf(part.mode))];
    sum[name] = { mode, calls: before.calls + part.calls, ms: before.ms + part.ms };
  }
  return sum;
}

/** A table for people, one line a part. */
export function formatParts(parts: Parts): string {
  const rows = Object.entries(parts).map(([name, { mode, calls, ms }]) => [
    name,
    mode,
    String(calls),
    ms.toFixed(1),
    calls === 0 ? '' : (ms / calls).toFixed(2),
  ]);
  const table = [['part', 'mode', 'calls', 'ms', 'ms a call'], ...rows];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const line = (row: string[]) =>
    row
      .map((cell, i) => (i < 2 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
      .join('  ')
      .trimEnd();
  return `${table.map(line).join('\n')}\n`;
}
