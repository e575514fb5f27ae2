/** @file Plain tables and units for people. */

import colors from 'picocolors';

export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  readonly right?: boolean;
}

/** Rows under bold titles, columns two blanks apart, no trailing blanks. Colours do not count as width. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string {
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map(({ title }, i) => Math.max(width(title), ...cells.map((line) => width(line[i]))));
  const line = (items: readonly string[]): string =>
    items
      .map((item, i) => {
        const blanks = ' '.repeat(widths[i] - width(item));
        return columns[i].right ? blanks + item : item + blanks;
      })
      .join('  ')
      .trimEnd();
  return [colors.bold(line(columns.map((column) => column.title))), ...cells.map(line)].join('\n');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
const COLOUR = /\u001b\[[0-9;]*m/g;

function width(text: string): number {
  return [...text.replace(COLOUR, '')].length;
}

/** `812 B`, `1.5 KB`, `97 MB`: powers of 1024, three digits at most. */
export function bytesText(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KB', 'MB', 'GB']) {
    if (value < 1000) return `${unit === 'B' || value >= 9.95 ? Math.round(value) : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TB`;
}

/** `now`, `5 min ago`, `3 h ago`, `2 days ago`, then the date. */
export function agoText(ms: number | null, now = Date.now()): string {
  if (ms === null) return '-';
  const minutes = (now - ms) / 60_000;
  if (minutes < 1) return 'now';
  if (minutes < 60) return `${Math.floor(minutes)} min ago`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ago`;
  if (minutes < 14 * 24 * 60) return `${Math.floor(minutes / 1440)} days ago`;
  return new Date(ms).toISOString().slice(0, 10);
}
