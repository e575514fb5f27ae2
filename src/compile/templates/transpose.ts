/** @file C helper that turns rows into vectors across rows, a square of registers at a time. */
import { range } from './text.ts';
import type { IsaFacts } from './types.ts';

/**
 * C text of `static void NAME(const float *from, int64_t stride, float *even, float *odd)` for a square of `lanes` rows and columns:
 * column 2j of `from[row * stride + column]` goes to `even + j * lanes`, column 2j + 1 to `odd + j * lanes`, rows side by side.
 */
export function renderTranspose(isa: IsaFacts, name: string): string {
  const L = isa.lanes;
  const rows = range(L);
  const lines = rows.map((r) => `  tn_vf v${r} = tn_load(from + ${r} * stride), w${r};`);
  // Each pass exchanges blocks of `size` between rows that far apart: what was row r, block c becomes row c, block r.
  let [from, to] = ['v', 'w'];
  for (let size = 1; size < L; size *= 2) {
    for (const r of rows.filter((row) => (row & size) === 0)) {
      const [a, b] = [`${from}${r}`, `${from}${r + size}`];
      const lower = rows.map((c) => ((c & size) === 0 ? c : c - size + L));
      const upper = rows.map((c) => ((c & size) === 0 ? c + size : c + L));
      lines.push(`  ${to}${r} = __builtin_shufflevector(${a}, ${b}, ${lower.join(', ')});`);
      lines.push(`  ${to}${r + size} = __builtin_shufflevector(${a}, ${b}, ${upper.join(', ')});`);
    }
    [from, to] = [to, from];
  }
  const stores = rows.map(
    (c) => `  tn_store(${c % 2 === 0 ? 'even' : 'odd'} + ${Math.floor(c / 2) * L}, ${from}${c});`,
  );
  return [
    `/* ${L} rows of ${L} columns: even columns side by side to even, odd ones to odd. */`,
    `static inline void ${name}(const float *from, int64_t stride, float *even, float *odd) {`,
    ...lines,
    ...stores,
    `}`,
    '',
  ].join('\n');
}
