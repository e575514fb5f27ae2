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

/** What differs between tiles: how operands are held, and what one step of depth is. */
export interface TileForm {
  readonly name: string;
  readonly rows: number;
  readonly panels: number;
  /** C types of an element of the left operand, of the right one, and of a vector of sums. */
  readonly left: string;
  readonly right: string;
  readonly sums: 'tn_vf' | 'tn_vi';
  /** What steps of depth are called. */
  readonly depth: string;
  /** Steps that one chain of additions runs over. */
  readonly chunk: number;
  /** Said of the sums in the comment. */
  readonly remark?: string;
  /** Lines before sums that were put aside are added. */
  readonly joining?: readonly string[];
  /** Lines of step `k`: they add to `c<row>_<column>` from `a<row>` and the vectors of columns at `addresses`. */
  step(rows: readonly number[], addresses: readonly string[]): readonly string[];
}

/**
 * C text of
 * `static void NAME(const float *const *a, const T *b, int64_t panel, int64_t depth, float *restrict out, int64_t stride)`:
 * `out[r · stride + c] = Σk a[r][k] · b[(c/16) · panel + k·16 + c%16]`. `panel` counts elements between panels.
 */
export function renderTile(isa: IsaFacts, { name, rows: height, panels, dtype }: TileSpec): string {
  const folded = foldedRows(isa, height);
  const product = (r: number, c: number): string =>
    r < folded ? `c${r}_${c} = tn_fma_element(c${r}_${c}, a${r} + k, v${c});` : `c${r}_${c} += a${r}[k] * v${c};`;
  return renderTileForm(isa, {
    name,
    rows: height,
    panels,
    left: 'float',
    right: elementType(dtype),
    sums: 'tn_vf',
    depth: 'depth',
    chunk: depthChunk,
    joining: ['__asm__ volatile("" : : : "memory"); /* the sums stay in memory: there are no registers for them */'],
    step: (rows, addresses) => [
      ...addresses.map((address, c) => `const tn_vf v${c} = ${vectorLoad(address, dtype)};`),
      ...rows.map((r) => addresses.map((_, c) => product(r, c)).join(' ')),
    ],
  });
}

/** The tile of any form: a function as `renderTile` says, with the form's types and steps. */
export function renderTileForm(isa: IsaFacts, form: TileForm): string {
  const { name, panels, left, right, sums, depth, chunk, remark, joining } = form;
  const perPanel = panelColumns / isa.lanes;
  const rows = range(form.rows);
  const columns = range(panels * perPanel);
  const addresses = columns.map((c) => {
    const offset = (c % perPanel) * isa.lanes;
    return `b${Math.floor(c / perPanel)} + k * ${panelColumns}${offset === 0 ? '' : ` + ${offset}`}`;
  });
  const cast = (type: 'tn_vf' | 'tn_vi'): string => (sums === 'tn_vf' ? '' : `(${type})`);
  const add = (r: number, c: number): string =>
    `c${r}_${c} += ${cast(sums)}tn_load(out + ${outOffset(r, c * isa.lanes)});`;
  const store = (r: number, c: number): string =>
    `tn_store(out + ${outOffset(r, c * isa.lanes)}, ${cast('tn_vf')}c${r}_${c});`;
  const lines: string[] = [
    `/* out[${rows.length} rows][${panels * panelColumns}] = a[${rows.length} rows][${depth}] * ${panels} panel${panels > 1 ? 's' : ''} [${depth}][${panelColumns}]${remark ?? ''} */`,
    `static __attribute__((noinline)) void ${name}(const ${left} *const *a, const ${right} *b, int64_t panel, int64_t ${depth},`,
    `    float *restrict out, int64_t stride) {`,
    ...rows.map((r) => `  const ${left} *a${r} = a[${r}];`),
    ...range(panels).map((p) => `  const ${right} *b${p} = b${p === 0 ? '' : ` + ${p} * panel`};`),
    ...(panels === 1 ? ['  (void)panel;'] : []),
    `  int64_t k = 0;`,
    `  for (int64_t end = tn_min(${depth}, ${chunk});; end = tn_min(${depth}, end + ${chunk})) {`,
    ...rows.map((r) => `    ${sums} ${columns.map((c) => `c${r}_${c} = {0}`).join(', ')};`),
    `    for (; k < end; k++) {`,
    ...form.step(rows, addresses).map((line) => `      ${line}`),
    `    }`,
    `    if (end > ${chunk}) {`,
    ...(joining ?? []).map((line) => `      ${line}`),
    ...rows.map((r) => `      ${columns.map((c) => add(r, c)).join(' ')}`),
    `    }`,
    ...rows.map((r) => `    ${columns.map((c) => store(r, c)).join(' ')}`),
    `    if (end == ${depth}) break;`,
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
