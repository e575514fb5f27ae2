/**
 * @file Matrix product: C[M,N] = A[M,K] · B[K,N], float32 arithmetic or rounded operands (`gemmRounded.ts`).
 *
 * A stays row-major as it is (or is written by the caller row by row); B comes as weight panels `[N/16][K][16]`, or is packed into
 * such panels at run time when it is an activation. The accumulator tile goes to a small local array and from there, panel by panel,
 * to the caller's epilogue.
 *
 * Loops, outermost first: batches and row tiles of this thread · column chunks (the unit that is packed) · row blocks (their left
 * operand stays in L2) · panel groups · row tiles. PyTorch: `matmul`, `linear`; ONNX: `MatMul`, `Gemm`.
 */
import {
  gemmRowBlock,
  gemmTile,
  narrowRows,
  packedPanelsAtOnce,
  panelColumns,
  providerRowBlockSymbolic,
} from './cost.ts';
import { elementType, loadUses, widen } from './epilogue.ts';
import {
  panelWords,
  type RoundedForm,
  roundedForm,
  roundedMemory,
  roundedRows,
  roundedScratch,
  scaledRow,
} from './gemmRounded.ts';
import { renderPackPanels } from './pack.ts';
import { renderPackPairs } from './pairs.ts';
import { expression, indent, kernelHead, mergeUses, range, staticValue } from './text.ts';
import { renderTile, tileUses } from './tile.ts';
import type {
  Epilogue,
  FloatDtype,
  KernelContext,
  KernelSource,
  MatrixOperand,
  PreludeName,
  RowProvider,
  StridedMatrix,
  Touches,
} from './types.ts';

/** Weights packed as `[ceil(N/16)][K][16]`, zero padded, 64-byte aligned. `pointer` may use `batch`. */
export interface PanelOperand {
  readonly kind: 'panels';
  /** At the other precisions a `const uint32_t *` to panels of pairs or quads, whatever the dtype of the weight was. */
  readonly pointer: string;
  readonly dtype: FloatDtype;
}

/** An activation as right operand: element (k, n) stands at `pointer[k * rowStride + n * columnStride]`; `pointer` may use `batch`. */
export interface StridedOperand extends StridedMatrix {
  readonly kind: 'strided';
}

/** The left operand given by C text that writes a row; the rows of a block are written to scratch first. */
export interface ProvidedRows {
  readonly kind: 'provider';
  readonly row: RowProvider;
}

export interface LeftMatrix extends MatrixOperand {
  readonly kind: 'matrix';
}

export interface GemmSpec {
  /** M: rows of one batch, any value >= 0. */
  readonly rows: string | number;
  /** N. */
  readonly columns: string | number;
  /** K; 0 gives zeros. */
  readonly depth: string | number;
  /** Number of products of these sizes, default 1; `batch` (int64_t) is the index in all pointer texts. */
  readonly batches?: string | number;
  readonly left: LeftMatrix | ProvidedRows;
  readonly right: PanelOperand | StridedOperand;
  readonly epilogue: Epilogue;
  readonly touches?: Touches;
}

/** The kernel of `spec`. Local names of the template start with `tk_`, but for `batch`. */
export function gemm(ctx: KernelContext, spec: GemmSpec): KernelSource {
  const name = ctx.functionName;
  const tile = gemmTile(ctx.isa);
  const depth = staticValue(spec.depth);
  const form = roundedForm(ctx, spec.right.kind);
  const widens = !form && widensPanels(ctx, spec);
  const packs = spec.right.kind === 'strided' || widens;
  const panelDtype: FloatDtype = packs ? 'float32' : spec.right.dtype;
  const writesRows = spec.left.kind === 'provider' || spec.left.dtype !== 'float32';
  const provides = form !== null || writesRows;
  const leftBytes = form ? (4 * form.leftUnits) / form.group : 4;
  const rowBlock = provides && depth === undefined ? providerRowBlockSymbolic : gemmRowBlock(depth, leftBytes);
  const widths = panelWidths(spec, tile.panels);
  const widest = Math.max(...widths);

  const helpers = widths.map((panels) =>
    form
      ? form.renderTile(ctx.isa, { name: tileName(name, panels), rows: tile.rows, panels })
      : renderTile(ctx.isa, { name: tileName(name, panels), rows: tile.rows, panels, dtype: panelDtype }),
  );
  if (widens) helpers.push(renderWidenPanels(ctx, `${name}_widen`));
  else if (packs && form) helpers.push(renderPackPairs(`${name}_pack`, spec.right.dtype));
  else if (packs) helpers.push(renderPackPanels(`${name}_pack`, spec.right.dtype));
  helpers.push(renderColumnParts(name));

  const text =
    helpers.join('\n') +
    '\n' +
    kernelHead(ctx, `matrix product ${spec.rows} x ${spec.columns}, depth ${spec.depth}`) +
    indent(body(ctx, spec, { rowBlock, widths, widest, provides, writesRows, packs, form, panelDtype }), '  ') +
    '\n}\n';

  const uses: PreludeName[] = form ? [form.use] : [...tileUses(ctx.isa, panelDtype)];
  if (packs) uses.push(...loadUses(spec.right.dtype));
  if (spec.left.kind === 'matrix') uses.push(...loadUses(spec.left.dtype));
  return {
    functionName: name,
    text,
    uses: mergeUses(ctx, uses),
    scratchBytes: form
      ? roundedScratch(spec, form, rowBlock, writesRows, packs)
      : scratch(spec, rowBlock, provides, packs),
  };
}

/** Without a widening instruction float16 panels are widened once a column chunk, not once a row tile. */
function widensPanels(ctx: KernelContext, spec: GemmSpec): boolean {
  return spec.right.kind === 'panels' && spec.right.dtype === 'float16' && !ctx.isa.hasF16c;
}

function renderWidenPanels(ctx: KernelContext, name: string): string {
  return `static void ${name}(const uint16_t *from, int64_t n, float *restrict to) {
  for (int64_t i = 0; i < n; i += ${ctx.isa.lanes}) tn_store(to + i, tn_load_f16(from + i));
}
`;
}

function tileName(name: string, panels: number): string {
  return `${name}_tile${panels}`;
}

/** The panel widths that occur: one panel for few rows and as remainder, the full width, and what a static N leaves. */
function panelWidths(spec: GemmSpec, full: number): number[] {
  if (full === 1) return [1];
  const columns = staticValue(spec.columns);
  if (columns !== undefined && columns <= panelColumns) return [1];
  return range(full).map((i) => i + 1);
}

/** Left rows (when written) and packed panels (when packed), each rounded to whole cache lines. */
function scratch(spec: GemmSpec, rowBlock: number, provides: boolean, packs: boolean): string {
  const parts: string[] = [];
  const depth = expression(spec.depth);
  if (provides) parts.push(`(int64_t)${depth} * ${rowBlock * 4} + 64`);
  if (packs) parts.push(`(int64_t)${depth} * ${packedPanelsAtOnce * panelColumns * 4}`);
  const known = staticValue(spec.depth);
  if (known !== undefined) {
    return String(
      (provides ? known * rowBlock * 4 + 64 : 0) + (packs ? known * packedPanelsAtOnce * panelColumns * 4 : 0),
    );
  }
  return parts.length === 0 ? '0' : parts.join(' + ');
}

/**
 * C helper: into how many column parts the team is divided (the other factor divides the rows). It minimises the slowest thread's
 * time, counted in quarters of a tile: 4 for the arithmetic of a tile × panel, 4 to read a panel, 1 to read a row tile.
 */
function renderColumnParts(name: string): string {
  return `/* Column parts of the thread grid: least time of the slowest thread, from arithmetic, panels read and rows read. */
static int64_t ${name}_column_parts(int64_t row_tiles, int64_t panels, int64_t count) {
  int64_t best = 1, least = INT64_MAX;
  for (int64_t parts = 1; parts <= count; parts++) {
    if (count % parts != 0) continue;
    const int64_t rows = tn_ceildiv(row_tiles, count / parts), columns = tn_ceildiv(panels, parts);
    const int64_t time = 4 * rows * columns + 4 * columns + rows;
    if (time < least) least = time, best = parts;
  }
  return best;
}
`;
}

interface BodyFacts {
  readonly rowBlock: number;
  readonly widths: readonly number[];
  readonly widest: number;
  readonly provides: boolean;
  /** Rows come as text that writes floats. */
  readonly writesRows: boolean;
  readonly packs: boolean;
  readonly form: RoundedForm | null;
  readonly panelDtype: FloatDtype;
}

function body(ctx: KernelContext, spec: GemmSpec, facts: BodyFacts): string {
  const name = ctx.functionName;
  const tile = gemmTile(ctx.isa);
  const R = tile.rows;
  const { form, writesRows } = facts;
  const panelType = form ? 'tn_word' : elementType(facts.panelDtype);
  const leftType = form ? 'tn_left' : 'float';
  const steps = form ? 'tk_steps' : 'tk_k';
  const panel = form ? panelWords(form) : `tk_k * ${panelColumns}`;
  const chunk = facts.packs ? String(packedPanelsAtOnce) : 'tk_panels';
  const width =
    facts.widest === 1
      ? `const int64_t tk_width = 1;`
      : `const int64_t tk_width = tk_m1 - tk_m0 <= ${narrowRows} ? 1 : ${facts.widest};`;
  const lines: string[] = [
    `const int64_t tk_m = ${spec.rows}, tk_n = ${spec.columns}, tk_k = ${spec.depth}, tk_batches = ${spec.batches ?? 1};`,
    `if (tk_m <= 0 || tk_n <= 0 || tk_batches <= 0) return;`,
    `const int64_t tk_row_tiles = tn_ceildiv(tk_m, ${R}), tk_panels = tn_ceildiv(tk_n, ${panelColumns});`,
    `const int64_t tk_column_parts = ${name}_column_parts(tk_batches * tk_row_tiles, tk_panels, t->count);`,
    `int64_t tk_u, tk_u_end, tk_p0, tk_p1;`,
    `tn_split(tk_batches * tk_row_tiles, 1, t->id / tk_column_parts, t->count / tk_column_parts, &tk_u, &tk_u_end);`,
    `tn_split(tk_panels, 1, t->id % tk_column_parts, tk_column_parts, &tk_p0, &tk_p1);`,
  ];
  if (form) lines.push(...roundedMemory(form, facts.rowBlock, writesRows, facts.packs));
  else {
    if (facts.provides) lines.push(`float *const tk_rows = (float *)(void *)t->scratch;`);
    if (facts.packs) {
      const offset = facts.provides ? ` + (tk_k * ${facts.rowBlock * 4} + 63) / 64 * 64` : '';
      lines.push(`float *const tk_packed = (float *)(void *)(t->scratch${offset});`);
    }
  }
  lines.push(
    `_Alignas(64) float tk_tile[${R * facts.widest * panelColumns}];`,
    `while (tk_u < tk_u_end) { /* one batch, or this thread's part of it */`,
    `  const int64_t batch = tk_u / tk_row_tiles;`,
    `  (void)batch;`,
    `  const int64_t tk_first = tk_u - batch * tk_row_tiles;`,
    `  const int64_t tk_last = tn_min(tk_row_tiles, tk_first + (tk_u_end - tk_u));`,
    `  tk_u += tk_last - tk_first;`,
    `  const int64_t tk_m0 = tk_first * ${R}, tk_m1 = tn_min(tk_m, tk_last * ${R});`,
    `  ${width}`,
    `  for (int64_t tk_pc = tk_p0; tk_pc < tk_p1; tk_pc += ${chunk}) { /* column chunk */`,
    `    const int64_t tk_pe = tn_min(tk_p1, tk_pc + ${chunk});`,
  );
  if (spec.right.kind === 'strided') {
    const { pointer, rowStride, columnStride } = spec.right;
    const first = `tk_pc * ${panelColumns}`;
    lines.push(
      `    ${name}_pack(${pointer} + ${first} * (int64_t)(${columnStride}), ${rowStride}, ${columnStride}, tk_k,`,
      `        tn_min(tk_n, tk_pe * ${panelColumns}) - ${first}, tk_packed);`,
    );
  } else if (facts.packs) {
    const stride = `tk_k * ${panelColumns}`;
    lines.push(`    ${name}_widen(${spec.right.pointer} + tk_pc * ${stride}, (tk_pe - tk_pc) * ${stride}, tk_packed);`);
  } else {
    lines.push(`    const ${panelType} *const tk_packed = ${spec.right.pointer} + tk_pc * ${panel};`);
  }
  const epilogue = epilogueLoops(spec, form, R, facts.widest); // first: a caller may number its buffers by the order of their use
  lines.push(
    `    for (int64_t tk_mb = tk_m0; tk_mb < tk_m1; tk_mb += ${facts.rowBlock}) { /* row block */`,
    `      const int64_t tk_me = tn_min(tk_m1, tk_mb + ${facts.rowBlock});`,
    ...(form ? roundedRows(form, spec, writesRows ? rowProvider(spec) : null) : leftBlock(spec)),
    `      for (int64_t tk_pg = tk_pc; tk_pg < tk_pe; tk_pg += tk_width) { /* panel group */`,
    `        const int64_t tk_group = tn_min(tk_width, tk_pe - tk_pg);`,
    `        const ${panelType} *const tk_b = tk_packed + (tk_pg - tk_pc) * ${panel};`,
    `        for (int64_t tk_mt = tk_mb; tk_mt < tk_me; tk_mt += ${R}) { /* row tile; rows past the end repeat the last one */`,
    `          const ${leftType} *tk_a[${R}];`,
    `          for (int64_t tk_r = 0; tk_r < ${R}; tk_r++) {`,
    `            const int64_t tk_row = tn_min(tk_mt + tk_r, tk_me - 1);`,
    `            tk_a[tk_r] = tk_left + (tk_row - tk_left0) * tk_left_stride;`,
    ...prefetches(spec),
    `          }`,
    ...tileCalls(name, facts, panel, steps),
    ...epilogue,
    `        }`,
    `      }`,
    `    }`,
    `  }`,
    `}`,
  );
  return lines.join('\n');
}

/** Where the rows of a block are read from: the operand itself, or scratch after the provider has written them. */
function leftBlock(spec: GemmSpec): string[] {
  if (spec.left.kind === 'matrix' && spec.left.dtype === 'float32') {
    return [
      `      const float *const tk_left = ${spec.left.pointer};`,
      `      const int64_t tk_left0 = 0, tk_left_stride = ${spec.left.rowStride};`,
    ];
  }
  const provide = rowProvider(spec);
  return [
    `      for (int64_t tk_row = tk_mb; tk_row < tk_me; tk_row++) {`,
    `        float *const tk_to = tk_rows + (tk_row - tk_mb) * tk_k;`,
    provide({ target: 'tk_to', row: 'tk_row', batch: 'batch', indent: '        ' }),
    `      }`,
    `      const float *const tk_left = tk_rows;`,
    `      const int64_t tk_left0 = tk_mb, tk_left_stride = tk_k;`,
  ];
}

/** Text that writes a left row as floats. */
function rowProvider({ left }: GemmSpec): RowProvider {
  return left.kind === 'provider' ? left.row : convertingRow(left);
}

/** Row provider that widens a float16 or bfloat16 matrix. */
export function convertingRow(left: MatrixOperand): RowProvider {
  return ({ target, row, indent: by }) =>
    [
      `const ${elementType(left.dtype)} *const tk_from = ${left.pointer} + ${row} * (int64_t)(${left.rowStride});`,
      '#pragma omp simd',
      `for (int64_t k = 0; k < tk_k; k++) ${target}[k] = ${widen('tk_from[k]', left.dtype)};`,
    ]
      .map((line) => (line.startsWith('#') ? line : by + line))
      .join('\n');
}

/** Lines that ask for the memory of the epilogue before the tile is computed: pieces of rows are nothing that hardware foresees. */
function prefetches(spec: GemmSpec): string[] {
  const addresses = spec.touches?.({ row: 'tk_row', column: `(tk_pg + tk_v) * ${panelColumns}`, batch: 'batch' }) ?? [];
  if (addresses.length === 0) return [];
  return [
    `            for (int64_t tk_v = 0; tk_v < tk_group; tk_v++) {`,
    ...addresses.map((address) => `              __builtin_prefetch(${address});`),
    `            }`,
  ];
}

/** The epilogue of a tile, a panel at a time: what belongs to the columns alone (a bias) is loaded once, and loops have no tails. */
function epilogueLoops(spec: GemmSpec, form: RoundedForm | null, rows: number, widest: number): string[] {
  const columns = staticValue(spec.columns);
  const whole = columns !== undefined && columns % panelColumns === 0;
  const loop = (count: string, by: string): string[] => [
    `${by}for (int64_t tk_r = 0; tk_r < tk_height; tk_r++) {`,
    `${by}  float *const tk_acc = tk_tile + tk_r * ${widest * panelColumns} + tk_v * ${panelColumns};`,
    `${by}  const int64_t tk_row = tk_mt + tk_r;`,
    `${by}  (void)tk_row, (void)tk_col0;`,
    ...(form ? scaledRow(form, `${by}  `) : []),
    spec.epilogue({ acc: 'tk_acc', row: 'tk_row', col0: 'tk_col0', count, indent: `${by}  `, batch: 'batch' }),
    `${by}}`,
  ];
  return [
    `          const int64_t tk_height = tn_min(${rows}, tk_me - tk_mt);`,
    `          for (int64_t tk_v = 0; tk_v < tk_group; tk_v++) {`,
    `            const int64_t tk_col0 = (tk_pg + tk_v) * ${panelColumns};`,
    ...(whole
      ? loop(String(panelColumns), '            ')
      : [
          `            const int64_t tk_count = tn_min(${panelColumns}, tk_n - tk_col0);`,
          `            if (tk_count == ${panelColumns}) {`,
          ...loop(String(panelColumns), '              '),
          `            } else {`,
          ...loop('tk_count', '              '),
          `            }`,
        ]),
    `          }`,
  ];
}

function tileCalls(name: string, { widths, widest }: BodyFacts, panel: string, steps: string): string[] {
  const call = (panels: number): string =>
    `${tileName(name, panels)}(tk_a, tk_b, ${panel}, ${steps}, tk_tile, ${widest * panelColumns});`;
  if (widths.length === 1) return [`          ${call(widths[0]!)}`];
  return [
    `          switch (tk_group) {`,
    ...widths.map(
      (panels, i) => `            ${i === widths.length - 1 ? 'default' : `case ${panels}`}: ${call(panels)} break;`,
    ),
    `          }`,
  ];
}
