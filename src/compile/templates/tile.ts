/**
 * @file The register tile that gemm and attention share: rows × (panels · 16) accumulators, one pass over the whole depth.
 *
 * Each element is accumulated over k = 0, 1, 2 … in order with one multiply-add per step, in chunks of `depthChunk` that are then
 * added up, whatever the tile's shape, so tails and full tiles, and any partition among threads, give the same bits.
 */
import { depthChunk, foldedRows, panelColumns } from './cost.ts';
import { elementType, loadUses, vectorLoad } from './epilogue.ts';
import { range } from './text.ts';
import type { FloatDtype, IsaFacts, PreludeName } from './types.ts';

export interface TileSpec {
  readonly name: string;
  readonly rows: number;
  /** Panels of 16 columns side by side. */
  readonly panels: number;
  /** Storage of the panels; the left operand is float32. */
  readonly dtype: FloatDtype;
}

/**
 * C text of
 * `static void NAME(const float *const *a, const T *b, int64_t panel, int64_t depth, float *restrict out, int64_t stride)`:
 * `out[r · stride + c] = Σk a[r][k] · b[(c/16) · panel + k·16 + c%16]`. `panel` counts elements between panels.
 */
export function renderTile(isa: IsaFacts, spec: TileSpec): string {
  const perPanel = panelColumns / isa.lanes;
  const vectors = spec.panels * perPanel;
  const rows = range(spec.rows);
  const folded = foldedRows(isa, spec.rows);
  const step = (r: number, c: number): string =>
    r < folded ? `c${r}_${c} = tn_fma_element(c${r}_${c}, a${r} + k, v${c});` : `c${r}_${c} += a${r}[k] * v${c};`;
  const columns = range(vectors);
  const type = elementType(spec.dtype);
  const lines: string[] = [
    `/* out[${spec.rows} rows][${spec.panels * panelColumns}] = a[${spec.rows} rows][depth] * ${spec.panels} panel${spec.panels > 1 ? 's' : ''} [depth][${panelColumns}] */`,
    `static __attribute__((noinline)) void ${spec.name}(const float *const *a, const ${type} *b, int64_t panel, int64_t depth,`,
    `    float *restrict out, int64_t stride) {`,
    ...rows.map((r) => `  const float *a${r} = a[${r}];`),
    ...range(spec.panels).map((p) => `  const ${type} *b${p} = b${p === 0 ? '' : ` + ${p} * panel`};`),
    ...(spec.panels === 1 ? ['  (void)panel;'] : []),
    `  int64_t k = 0;`,
    `  for (int64_t end = tn_min(depth, ${depthChunk});; end = tn_min(depth, end + ${depthChunk})) {`,
    ...rows.map((r) => `    tn_vf ${columns.map((c) => `c${r}_${c} = {0}`).join(', ')};`),
    `    for (; k < end; k++) {`,
    ...columns.map((c) => {
      const offset = (c % perPanel) * isa.lanes;
      const address = `b${Math.floor(c / perPanel)} + k * ${panelColumns}${offset === 0 ? '' : ` + ${offset}`}`;
      return `      const tn_vf v${c} = ${vectorLoad(address, spec.dtype)};`;
    }),
    ...rows.map((r) => `      ${columns.map((c) => step(r, c)).join(' ')}`),
    `    }`,
    `    if (end > ${depthChunk}) {`,
    `      __asm__ volatile("" : : : "memory"); /* the sums stay in memory: there are no registers for them */`,
    ...rows.map((r) => {
      const add = (c: number): string => `c${r}_${c} += tn_load(out + ${outOffset(r, c * isa.lanes)});`;
      return `      ${columns.map(add).join(' ')}`;
    }),
    `    }`,
    ...rows.map((r) => {
      const store = (c: number): string => `tn_store(out + ${outOffset(r, c * isa.lanes)}, c${r}_${c});`;
      return `    ${columns.map(store).join(' ')}`;
    }),
    `    if (end == depth) break;`,
    `  }`,
    `}`,
    '',
  ];
  return lines.join('\n');
}

function outOffset(row: number, column: number): string {
  if (row === 0) return String(column);
  return `${row} * stride${column === 0 ? '' : ` + ${column}`}`;
}

/** What the tile's text needs of the prelude. */
export function tileUses(isa: IsaFacts, dtype: FloatDtype): PreludeName[] {
  return ['tn_vf', ...(foldedRows(isa, 2) > 0 ? (['tn_fma_element'] as const) : []), ...loadUses(dtype)];
}
