/**
 * @file What of a matrix product differs where its operands are rounded: panels of pairs or quads, and left rows that are always written
 * to scratch first, rounded. The loops are those of `gemm.ts`, over fewer steps of depth.
 */
import { packedPanelsAtOnce, panelColumns } from './cost.ts';
import type { GemmSpec } from './gemm.ts';
import { leftPerPair, renderPairTile } from './pairs.ts';
import { leftPerQuad, leftTail, quadPanelTail, renderQuadTile } from './quads.ts';
import { expression, staticValue } from './text.ts';
import type { IsaFacts, KernelContext, PreludeName, RowProvider } from './types.ts';

export interface RoundedForm {
  readonly kind: 'pairs' | 'quads';
  /** Elements of depth a step. */
  readonly group: 2 | 4;
  readonly use: PreludeName;
  /** 4-byte units of a left row: a step's, and behind the last one. */
  readonly leftUnits: number;
  readonly leftTail: number;
  /** Words of a panel behind its last step. */
  readonly panelTail: number;
  renderTile(isa: IsaFacts, spec: { readonly name: string; readonly rows: number; readonly panels: number }): string;
}

/** How the operands of a product are held; null: as float32. */
export function roundedForm({ isa, precision }: KernelContext, right: 'panels' | 'strided'): RoundedForm | null {
  if (precision === undefined || precision === 'float32') return null;
  if (precision === 'int8' && right === 'panels') {
    return {
      kind: 'quads',
      group: 4,
      use: 'tn_dot_quads',
      leftUnits: leftPerQuad(isa),
      leftTail: leftTail(isa),
      panelTail: quadPanelTail,
      renderTile: renderQuadTile,
    };
  }
  return {
    kind: 'pairs',
    group: 2,
    use: 'tn_dot_pairs',
    leftUnits: leftPerPair(isa),
    leftTail: 0,
    panelTail: 0,
    renderTile: renderPairTile,
  };
}

/** Words of a panel of `tk_steps` steps, as C text. */
export function panelWords({ panelTail }: RoundedForm): string {
  return panelTail === 0 ? `tk_steps * ${panelColumns}` : `(tk_steps * ${panelColumns} + ${panelTail})`;
}

/** Elements of a left row, as C text. */
function leftStride({ leftUnits, leftTail: tail }: RoundedForm): string {
  const steps = leftUnits === 1 ? 'tk_steps' : `tk_steps * ${leftUnits}`;
  return tail === 0 ? steps : `${steps} + ${tail}`;
}

/** Bytes of scratch: rounded rows, packed panels, one row of floats before it is rounded. */
export function roundedScratch(
  spec: GemmSpec,
  form: RoundedForm,
  rowBlock: number,
  writesRows: boolean,
  packs: boolean,
): string {
  const { group, leftUnits, leftTail: tail } = form;
  const perStep =
    4 * (rowBlock * leftUnits + (writesRows ? group : 0) + (packs ? packedPanelsAtOnce * panelColumns : 0));
  const fixed = 128 + rowBlock * tail * 4;
  const depth = staticValue(spec.depth);
  if (depth !== undefined) return String(Math.ceil(depth / group) * perStep + fixed);
  return `((int64_t)${expression(spec.depth)} + ${group - 1}) / ${group} * ${perStep} + ${fixed}`;
}

/** Declares steps and the parts of scratch. */
export function roundedMemory(form: RoundedForm, rowBlock: number, writesRows: boolean, packs: boolean): string[] {
  const { group } = form;
  const lines = [
    `const int64_t tk_steps = (tk_k + ${group - 1}) / ${group};`,
    `tn_left *const tk_rows = (tn_left *)(void *)t->scratch;`,
  ];
  const behind = `((${leftStride(form)}) * ${4 * rowBlock} + 63) / 64 * 64`;
  if (packs) lines.push(`tn_word *const tk_packed = (tn_word *)(void *)(t->scratch + ${behind});`);
  if (writesRows) {
    const panels = packs ? ` + tk_steps * ${packedPanelsAtOnce * panelColumns * 4}` : '';
    lines.push(`float *const tk_line = (float *)(void *)(t->scratch + ${behind}${panels});`);
  }
  return lines;
}

/** Writes the rows of a block to scratch; `provide` writes one as floats where the operand is not such. */
export function roundedRows(form: RoundedForm, spec: GemmSpec, provide: RowProvider | null): string[] {
  const { left } = spec;
  const from =
    provide === null && left.kind === 'matrix' ? `${left.pointer} + tk_row * (int64_t)(${left.rowStride})` : 'tk_line';
  const round = form.kind === 'pairs' ? 'tn_round_pairs' : 'tn_quantise_row';
  return [
    `      const int64_t tk_left0 = tk_mb, tk_left_stride = ${leftStride(form)};`,
    `      for (int64_t tk_row = tk_mb; tk_row < tk_me; tk_row++) {`,
    ...(provide ? [provide({ target: 'tk_line', row: 'tk_row', batch: 'batch', indent: '        ' })] : []),
    `        ${round}(${from}, tk_k, tk_rows + (tk_row - tk_mb) * tk_left_stride);`,
    `      }`,
    `      const tn_left *const tk_left = tk_rows;`,
  ];
}

/** Makes results of the sums of one panel of a tile's row. */
export function scaledRow(form: RoundedForm, indent: string): string[] {
  if (form.kind === 'pairs') return [];
  const scales = `(const tn_scale *)(const void *)(tk_b + tk_v * ${panelWords(form)} + tk_steps * ${panelColumns})`;
  return [`${indent}tn_dequantise(tk_acc, tk_a[tk_r] + tk_steps * ${form.leftUnits}, ${scales});`];
}
