/** @file Tables for people: words to the left, numbers to the right. */

/**
 * Columns two blanks apart.
 *
 * @param left how many of the first columns are words
 * @param right how many of the last ones are
 */
export function table(rows: readonly (readonly string[])[], left = 1, right = 0): string {
  const widths: number[] = [];
  for (const row of rows) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  const isWord = (i: number): boolean => i < left || i >= widths.length - right;
  return rows
    .map((row) =>
      row
        .map((cell, i) => (isWord(i) ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Milliseconds with as many digits as mean something. */
export function formatMs(ms: number): string {
  if (ms >= 100) return ms.toFixed(0);
  return ms >= 10 ? ms.toFixed(1) : ms >= 0.1 ? ms.toFixed(2) : ms.toFixed(4);
}

export function percent(share: number): string {
  return `${(100 * share).toFixed(0)} %`;
}
