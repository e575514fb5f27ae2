/**
 * @file One to four rows times packed weights: y[M,N] = x[M,K] · B, M static, bound by the memory that the weights are read from.
 *
 * The panels are divided among the threads; each is read as one sequential stream, with several accumulators over k for a single
 * column so that the additions' latency does not show. Sum of an element: accumulator j takes k = j, j+U, j+2U … (U the unroll of
 * `cost.ts`), then a pairwise tree; the same for any thread count. Panels of pairs (precision bf16) are read in the same way, an even
 * and an odd element a word; x stays float32: memory is what it takes.
 */
import { gemvMaxRows, gemvPairUnroll, gemvUnroll, panelColumns } from './cost.ts';
import { elementType, loadUses, vectorLoad } from './epilogue.ts';
import { convertingRow, type GemmSpec, type PanelOperand } from './gemm.ts';
import { quadRowBytes, renderQuadPanel } from './gemvQuads.ts';
import { halfOf, pairsOf } from './pairs.ts';
import { quadPanelTail, quadsOf } from './quads.ts';
import { expression, indent, kernelHead, mergeUses, range, staticValue, unrolledLoop } from './text.ts';
import type { Epilogue, FloatDtype, IsaFacts, KernelContext, KernelSource, PreludeName } from './types.ts';

export interface GemvSpec {
  /** M, 1 … 4. */
  readonly rows: number;
  readonly columns: string | number;
  readonly depth: string | number;
  /** A provider is run by every thread that has work: cheaper than a kernel and a barrier of its own. */
  readonly left: GemmSpec['left'];
  readonly right: PanelOperand;
  /** Called for at most 16 columns at a time. */
  readonly epilogue: Epilogue;
}

/** The kernel of `spec`. */
export function gemv(ctx: KernelContext, spec: GemvSpec): KernelSource {
  if (!Number.isInteger(spec.rows) || spec.rows < 1 || spec.rows > gemvMaxRows) {
    throw new RangeError(`gemv: rows must be 1 to ${gemvMaxRows}, found ${spec.rows}; use gemm for more`);
  }
  const name = ctx.functionName;
  const M = spec.rows;
  const provides = spec.left.kind === 'provider' || spec.left.dtype !== 'float32';
  if (ctx.precision === 'int8') return quadGemv(ctx, spec);
  const pairs = ctx.precision === 'bf16';
  const type = pairs ? 'tn_word' : elementType(spec.right.dtype);
  const steps = pairs ? pairsOf(spec.depth) : 'tk_k';
  const lines = ownPanels(spec);
  if (spec.left.kind === 'matrix' && spec.left.dtype === 'float32') {
    lines.push(
      `const float *const tk_x = ${spec.left.pointer};`,
      `const int64_t tk_x_stride = ${spec.left.rowStride};`,
    );
  } else {
    const provide = spec.left.kind === 'provider' ? spec.left.row : convertingRow(spec.left);
    lines.push(
      `float *const tk_x = (float *)(void *)t->scratch;`,
      `const int64_t tk_x_stride = tk_k;`,
      `for (int64_t tk_row = 0; tk_row < ${M}; tk_row++) {`,
      `  float *const tk_to = tk_x + tk_row * tk_k;`,
      provide({ target: 'tk_to', row: 'tk_row', batch: 'batch', indent: '  ' }),
      `}`,
    );
  }
  lines.push(
    ...panelLoop(
      spec,
      type,
      `${name}_panel(tk_x, tk_x_stride, tk_b + tk_p * ${steps} * ${panelColumns}, tk_k, tk_sums);`,
    ),
  );
  const text =
    (pairs
      ? renderPairPanel(ctx.isa, `${name}_panel`, M)
      : renderPanel(ctx.isa, `${name}_panel`, M, spec.right.dtype)) +
    '\n' +
    kernelHead(ctx, `${M} row${M > 1 ? 's' : ''} times packed weights, depth ${spec.depth}, ${spec.columns} columns`) +
    indent(lines.join('\n'), '  ') +
    '\n}\n';
  const rightUses: PreludeName[] = pairs ? ['tn_dot_pairs'] : loadUses(spec.right.dtype);
  const uses = [...rightUses, ...(spec.left.kind === 'matrix' ? loadUses(spec.left.dtype) : [])];
  const known = staticValue(spec.depth);
  const bytes = known === undefined ? `(int64_t)${expression(spec.depth)} * ${M * 4}` : String(known * M * 4);
  return { functionName: name, text, uses: mergeUses(ctx, ['tn_vf', ...uses]), scratchBytes: provides ? bytes : '0' };
}

/** Lines that find this thread's panels. */
function ownPanels(spec: GemvSpec): string[] {
  return [
    `const int64_t tk_n = ${spec.columns}, tk_k = ${spec.depth}, batch = 0;`,
    `(void)batch;`,
    `int64_t tk_p0, tk_p1;`,
    `tn_split(tn_ceildiv(tk_n, ${panelColumns}), 1, t->id, t->count, &tk_p0, &tk_p1);`,
    `if (tk_p0 == tk_p1) return;`,
  ];
}

/** Lines that take the panels one by one: `product` writes the sums of `tk_p` to `tk_sums`, the epilogue takes them from there. */
function panelLoop({ rows, right, epilogue }: GemvSpec, type: string, product: string): string[] {
  return [
    `const ${type} *const tk_b = ${right.pointer};`,
    `_Alignas(64) float tk_sums[${rows * panelColumns}];`,
    `for (int64_t tk_p = tk_p0; tk_p < tk_p1; tk_p++) {`,
    `  ${product}`,
    `  const int64_t tk_col0 = tk_p * ${panelColumns}, tk_count = tn_min(${panelColumns}, tk_n - tk_col0);`,
    `  (void)tk_col0, (void)tk_count;`,
    `  for (int64_t tk_row = 0; tk_row < ${rows}; tk_row++) {`,
    `    float *const tk_acc = tk_sums + tk_row * ${panelColumns};`,
    epilogue({ acc: 'tk_acc', row: 'tk_row', col0: 'tk_col0', count: 'tk_count', indent: '    ', batch: 'batch' }),
    `  }`,
    `}`,
  ];
}

/** The same on panels of int8 weights: rows are written to scratch as the panels' function takes them. */
function quadGemv(ctx: KernelContext, spec: GemvSpec): KernelSource {
  const { functionName: name, isa } = ctx;
  const { rows: M, left } = spec;
  const quads = quadsOf(spec.depth);
  const rowBytes = quadRowBytes(isa, quads);
  const provides = left.kind === 'provider' || left.dtype !== 'float32';
  const lines = [...ownPanels(spec), `char *const tk_x = t->scratch;`];
  if (provides) lines.push(`float *const tk_to = (float *)(void *)(tk_x + ${M} * ${rowBytes});`);
  lines.push(`for (int64_t tk_row = 0; tk_row < ${M}; tk_row++) {`);
  if (provides) {
    const provide = left.kind === 'provider' ? left.row : convertingRow(left);
    lines.push(provide({ target: 'tk_to', row: 'tk_row', batch: 'batch', indent: '  ' }));
  }
  const from =
    left.kind === 'matrix' && !provides ? `${left.pointer} + tk_row * (int64_t)(${left.rowStride})` : 'tk_to';
  lines.push(
    `  ${name}_panel_row(${from}, tk_k, tk_x + tk_row * ${rowBytes});`,
    `}`,
    ...panelLoop(
      spec,
      'tn_word',
      `${name}_panel(tk_x, tk_b + tk_p * (${quads} * ${panelColumns} + ${quadPanelTail}), ${quads}, tk_sums);`,
    ),
  );
  const text =
    renderQuadPanel(isa, `${name}_panel`, M) +
    '\n' +
    kernelHead(ctx, `${M} row${M > 1 ? 's' : ''} times int8 weights, depth ${spec.depth}, ${spec.columns} columns`) +
    indent(lines.join('\n'), '  ') +
    '\n}\n';
  const uses: PreludeName[] = ['tn_dot_quads', ...(left.kind === 'matrix' ? loadUses(left.dtype) : [])];
  const line = provides ? ` + (int64_t)${expression(spec.depth)} * 4` : '';
  return { functionName: name, text, uses: mergeUses(ctx, uses), scratchBytes: `${M} * ${rowBytes}${line}` };
}

/** C helper: `out[m * 16 + c] = Σk x[m * stride + k] · panel[k * 16 + c]`. */
function renderPanel(isa: IsaFacts, name: string, rows: number, dtype: FloatDtype): string {
  const unroll = gemvUnroll(isa, rows);
  const vectors = range(panelColumns / isa.lanes);
  const ms = range(rows);
  const us = range(unroll);
  const load = (k: string, v: number): string =>
    vectorLoad(`panel + ${k} * ${panelColumns}${v === 0 ? '' : ` + ${v * isa.lanes}`}`, dtype);
  const step = (u: number, k: string): string[] => [
    `{`,
    `  const tn_vf ${vectors.map((v) => `w${v} = ${load(k, v)}`).join(', ')};`,
    ...ms.map((m) => `  ${vectors.map((v) => `s${m}_${v}_${u} += x${m}[${k}] * w${v};`).join(' ')}`),
    `}`,
  ];
  const lines = [
    `/* ${rows} row${rows > 1 ? 's' : ''} times one panel [depth][${panelColumns}], ${unroll} partial sum${unroll > 1 ? 's' : ''} a column */`,
    `static __attribute__((noinline)) void ${name}(const float *x, int64_t stride, const ${elementType(dtype)} *panel, int64_t depth,`,
    `    float *restrict out) {`,
    ...(rows === 1 ? ['  (void)stride;'] : []),
    ...ms.map((m) => `  const float *x${m} = x${m === 0 ? '' : ` + ${m} * stride`};`),
    ...ms.flatMap((m) => vectors.map((v) => `  tn_vf ${us.map((u) => `s${m}_${v}_${u} = {0}`).join(', ')};`)),
    ...unrolledLoop('depth', unroll, step),
    ...ms.flatMap((m) =>
      vectors.map(
        (v) => `  tn_store(out + ${m * panelColumns + v * isa.lanes}, ${tree(us.map((u) => `s${m}_${v}_${u}`))});`,
      ),
    ),
    `}`,
    '',
  ];
  return lines.join('\n');
}

/** Sum of 2^n terms, pairwise. */
function tree(terms: readonly string[]): string {
  if (terms.length === 1) return terms[0]!;
  const half = terms.length / 2;
  return `(${tree(terms.slice(0, half))} + ${tree(terms.slice(half))})`;
}

/** The same of a panel of pairs: sums of even and of odd elements, so that each word is taken apart by one shift and one mask. */
function renderPairPanel(isa: IsaFacts, name: string, rows: number): string {
  const unroll = gemvPairUnroll(isa, rows);
  const vectors = range(panelColumns / isa.lanes);
  const ms = range(rows);
  const us = range(unroll);
  const halves = ['even', 'odd'] as const;
  const sum = (m: number, v: number, u: number, which: 'even' | 'odd'): string => `${which[0]}${m}_${v}_${u}`;
  const step = (u: number, k: string, taken: readonly ('even' | 'odd')[] = halves): string[] => [
    `{`,
    `  const tn_vu ${vectors.map((v) => `w${v} = tn_load_words(panel + ${k} * ${panelColumns / 2}${v === 0 ? '' : ` + ${v * isa.lanes}`})`).join(', ')};`,
    ...ms.map((m) =>
      vectors
        .flatMap((v) =>
          taken.map((which) => {
            const x = `x${m}[${which === 'even' ? k : `${k} + 1`}]`;
            return `  ${sum(m, v, u, which)} += ${x} * ${halfOf(`w${v}`, which)};`;
          }),
        )
        .join(''),
    ),
    `}`,
  ];
  const at = (u: number): string => (u === 0 ? 'k' : `(k + ${2 * u})`);
  const lines = [
    `/* ${rows} row${rows > 1 ? 's' : ''} times one panel of pairs [depth/2][${panelColumns}], ${2 * unroll} partial sums a column */`,
    `static __attribute__((noinline)) void ${name}(const float *x, int64_t stride, const tn_word *panel, int64_t depth,`,
    `    float *restrict out) {`,
    ...(rows === 1 ? ['  (void)stride;'] : []),
    ...ms.map((m) => `  const float *x${m} = x${m === 0 ? '' : ` + ${m} * stride`};`),
    ...ms.flatMap((m) =>
      vectors.map(
        (v) => `  tn_vf ${us.flatMap((u) => halves.map((which) => `${sum(m, v, u, which)} = {0}`)).join(', ')};`,
      ),
    ),
    `  int64_t k = 0;`,
    `  for (; k + ${2 * unroll} <= depth; k += ${2 * unroll}) {`,
    ...us.flatMap((u) => step(u, at(u)).map((line) => '    ' + line)),
    `  }`,
    ...us
      .slice(0, -1)
      .flatMap((u) => [`  if (k + 2 <= depth) {`, ...step(u, 'k').map((line) => '    ' + line), `    k += 2;`, `  }`]),
    `  if (k < depth) {`,
    ...step(unroll - 1, 'k', ['even']).map((line) => '    ' + line),
    `  }`,
    ...ms.flatMap((m) =>
      vectors.map((v) => {
        const sums = us.flatMap((u) => halves.map((which) => sum(m, v, u, which)));
        return `  tn_store(out + ${m * panelColumns + v * isa.lanes}, ${tree(sums)});`;
      }),
    ),
    `}`,
    '',
  ];
  return lines.join('\n');
}
