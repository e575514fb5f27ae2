/**
 * @file Fused scaled-dot-product attention, nothing of size queries × keys in memory.
 *
 * `out[b,h,i] = softmax_j(scale · q[b,h,i] · k[b,h,j] + mask) · v[b,h,j]`, float32 arithmetic on any storage dtypes.
 * PyTorch: `scaled_dot_product_attention`; ONNX: MatMul, Softmax, MatMul. Scores are kept in units of log2 e (folded into the scale),
 * so that the exponential is a power of two. A row without any key to see (an empty range, or a mask of -inf only) gives NaN, as
 * softmax does in PyTorch.
 *
 * Two ways, chosen by the number of queries alone. Tiles: each thread packs K and V of a head into panels in its scratch, then takes
 * six query rows at a time: scores of all keys of a block, row maxima, one sweep of exponentials, product with V. Several key blocks
 * are joined by rescaling (online softmax, Milakov and Gimelshein 2018). Rows (`attentionRows.ts`): for a few queries K and V are
 * streamed once as they stand.
 */
import { renderRowScores, renderRowValues, rowsBody } from './attentionRows.ts';
import { attentionKeyBlock, attentionRowQueries, attentionTile, attentionTilesPerBlock, panelColumns } from './cost.ts';
import { elementType, lineOffsets, loadUses, narrow, widen } from './epilogue.ts';
import { renderPackPanels } from './pack.ts';
import { expression, indent, kernelHead, mergeUses, range, staticValue } from './text.ts';
import { renderTile, tileUses } from './tile.ts';
import type { EpiloguePiece, FloatDtype, KernelContext, KernelSource, PreludeName } from './types.ts';

/** A tensor [batch, head, row, d] by element strides (C expressions); d is contiguous. */
export interface AttentionOperand {
  /** C expression: element (0, 0, 0, 0). */
  readonly pointer: string;
  readonly dtype: FloatDtype;
  readonly batchStride: string;
  readonly headStride: string;
  readonly rowStride: string;
}

export interface AttentionPiece extends EpiloguePiece {
  readonly head: string;
}

/** Where a mask value is wanted; the text is a C expression of type float that is added to the scaled score. */
export interface MaskPlace {
  readonly batch: string;
  readonly head: string;
  readonly row: string;
  readonly key: string;
}

export interface AttentionSpec {
  readonly batches: string | number;
  readonly heads: string | number;
  /** Query heads that share one key and value head (grouped-query attention), default 1. */
  readonly headsPerKeyHead?: string | number;
  readonly queries: string | number;
  readonly keys: string | number;
  /** Elements of a query and a key row, 1 … 256. */
  readonly headDim: number;
  /** Elements of a value row, default `headDim`. */
  readonly valueDim?: number;
  readonly query: AttentionOperand;
  readonly key: AttentionOperand;
  readonly value: AttentionOperand;
  /** C expression of type float or double. */
  readonly scale: string;
  /** Query i sees keys j <= i + offset; a C expression. Absent: all keys. */
  readonly causalOffset?: string;
  /** Additive mask in the units of the scaled scores; a boolean one is `cond ? 0.0f : -__builtin_inff()`. Must vectorise over `key`. */
  readonly mask?: (place: MaskPlace) => string;
  /** Consumes one output row: `acc[0 … valueDim-1]`, `col0` is 0. */
  readonly epilogue: (piece: AttentionPiece) => string;
}

/** Epilogue that stores the rows to a tensor [batch, head, row, d]. */
export function attentionStore(out: AttentionOperand): AttentionSpec['epilogue'] {
  return ({ acc, row, count, batch, head, indent: by }) =>
    [
      `${elementType(out.dtype)} *restrict to = ${out.pointer} + ${batch} * (int64_t)(${out.batchStride})`,
      `    + ${head} * (int64_t)(${out.headStride}) + ${row} * (int64_t)(${out.rowStride});`,
      '#pragma omp simd',
      `for (int64_t c = 0; c < ${count}; c++) to[c] = ${narrow(`${acc}[c]`, out.dtype)};`,
    ]
      .map((line) => (line.startsWith('#') ? line : by + line))
      .join('\n');
}

/** Which of the two ways a kernel contains. */
interface Ways {
  readonly rows: boolean;
  readonly tiles: boolean;
}

function waysOf(spec: AttentionSpec): Ways {
  const queries = staticValue(spec.queries);
  if (queries === undefined) return { rows: true, tiles: true };
  return { rows: queries <= attentionRowQueries, tiles: queries > attentionRowQueries };
}

/** The kernel of `spec`. Local names of the template start with `tk_`, but for `batch` and `head`. */
export function attention(ctx: KernelContext, spec: AttentionSpec): KernelSource {
  const d = spec.headDim;
  const dv = spec.valueDim ?? d;
  for (const [name, value] of [
    ['headDim', d],
    ['valueDim', dv],
  ] as const) {
    if (!Number.isInteger(value) || value < 1 || value > 256)
      throw new RangeError(`attention: ${name} must be 1 to 256, found ${value}`);
  }
  const name = ctx.functionName;
  const ways = waysOf(spec);
  const helpers: string[] = [];
  const uses: PreludeName[] = ['tn_vf', 'tn_exp2_decay'];
  for (const operand of [spec.query, spec.key, spec.value]) uses.push(...loadUses(operand.dtype));
  if (ways.tiles) {
    uses.push(...tileUses(ctx.isa, 'float32'));
    for (const panels of tileWidths(ctx, dv)) {
      helpers.push(
        renderTile(ctx.isa, {
          name: `${name}_tile${panels}`,
          rows: attentionTile(ctx.isa).rows,
          panels,
          dtype: 'float32',
        }),
      );
    }
    helpers.push(renderPackPanels(`${name}_pack_k`, spec.key.dtype));
    helpers.push(renderPackPanels(`${name}_pack_v`, spec.value.dtype));
  }
  if (ways.rows) {
    helpers.push(renderRowScores(ctx.isa, `${name}_row_scores`, d, spec.key));
    helpers.push(renderRowValues(ctx.isa, `${name}_row_values`, dv, spec.value));
  }
  helpers.push(renderSoftmaxRow(name));
  const parts: string[] = [
    `const int64_t tk_heads = ${spec.heads}, tk_queries = ${spec.queries}, tk_keys = ${spec.keys};`,
    `const int64_t tk_pairs = (int64_t)${expression(spec.batches)} * tk_heads;`,
    `if (tk_pairs <= 0 || tk_queries <= 0) return;`,
    `const float tk_scale = (float)((${spec.scale}) * 1.44269504088896340736); /* scores in units of log2 e */`,
  ];
  const tiles = tilesBody(ctx, spec, dv);
  const rows = rowsBody(ctx, spec, dv, softmaxCall(spec, name));
  if (ways.tiles && ways.rows) {
    parts.push(`if (tk_queries <= ${attentionRowQueries}) {`, indent(rows, '  '), `  return;`, `}`, tiles);
  } else {
    parts.push(ways.rows ? rows : tiles);
  }
  const text =
    helpers.join('\n') +
    '\n' +
    kernelHead(ctx, `attention, ${spec.heads} heads of ${d}, ${spec.queries} queries, ${spec.keys} keys`) +
    indent(parts.join('\n'), '  ') +
    '\n}\n';
  return { functionName: name, text, uses: mergeUses(ctx, uses), scratchBytes: scratch(ctx, spec, dv, ways) };
}

/** Tile widths in panels: the full one for scores, what is left of a key block, and those that the value columns need. */
function tileWidths(ctx: KernelContext, dv: number): number[] {
  const full = attentionTile(ctx.isa).panels;
  if (full === 1) return [1];
  const values = Math.ceil(dv / panelColumns);
  const needed = new Set([1, full, Math.min(values, full), values % full || full]);
  return [...needed].sort((a, b) => a - b);
}

/** Floats of the parts of scratch that do not grow with the keys. */
function fixedFloats(
  ctx: KernelContext,
  spec: AttentionSpec,
  dv: number,
): { scores: number; state: number; rowsOfState: number } {
  const tile = attentionTile(ctx.isa);
  const padded = Math.ceil(dv / panelColumns) * panelColumns;
  const rowsOfState = tile.rows * attentionTilesPerBlock;
  const scores = tile.rows * attentionKeyBlock;
  const state = rowsOfState * (spec.headDim + padded + 2) + tile.rows * padded;
  return { scores, state: Math.ceil(state / 16) * 16, rowsOfState };
}

function scratch(ctx: KernelContext, spec: AttentionSpec, dv: number, ways: Ways): string {
  const { scores, state } = fixedFloats(ctx, spec, dv);
  const fixed = (scores + state) * 4;
  if (!ways.tiles) return String(fixed);
  const padded = Math.ceil(dv / panelColumns) * panelColumns;
  const keys = staticValue(spec.keys);
  if (keys !== undefined)
    return String(fixed + Math.ceil(keys / panelColumns) * panelColumns * (spec.headDim + padded) * 4);
  return `((int64_t)${expression(spec.keys)} + ${panelColumns}) * ${(spec.headDim + padded) * 4} + ${fixed}`;
}

/**
 * C helper for one row and key block: powers of two of the scores relative to the running maximum, in place. Updates the maximum and
 * the sum and returns the factor by which earlier sums and outputs are to be multiplied.
 */
function renderSoftmaxRow(name: string): string {
  return `/* scores[0 .. n-1] become 2^(score - maximum); returns what the earlier blocks' sum and output shrink by. Works on n rounded up to
   whole pairs of vectors (the buffer is that long): what is beyond n becomes 0. Two maxima and two sums, for their latency. */
static __attribute__((noinline)) float ${name}_softmax_row(float *restrict scores, int64_t n, float *maximum, float *sum) {
  const int64_t half = (n + 31) / 32 * 16;
  float *restrict const upper = scores + half;
  for (int64_t j = n; j < 2 * half; j++) scores[j] = -__builtin_inff();
  float top = *maximum, other = top, total = 0.0f, more = 0.0f;
#pragma omp simd reduction(max : top, other)
  for (int64_t j = 0; j < half; j++) {
    top = scores[j] > top ? scores[j] : top;
    other = upper[j] > other ? upper[j] : other;
  }
  top = other > top ? other : top;
  const float base = top == -__builtin_inff() ? 0.0f : top; /* nothing seen yet: the powers are 0, not NaN */
#pragma omp simd reduction(+ : total, more)
  for (int64_t j = 0; j < half; j++) {
    const float p = tn_exp2_decay(scores[j] - base), q = tn_exp2_decay(upper[j] - base);
    scores[j] = p;
    upper[j] = q;
    total += p;
    more += q;
  }
  const float shrink = tn_exp2_decay(*maximum - base);
  *maximum = top;
  *sum = *sum * shrink + (total + more);
  return shrink;
}
`;
}

/** Text that masks and exponentiates one row: names of the C expressions it works on. */
export type SoftmaxCall = (place: {
  scores: string;
  n: string;
  key0: string;
  row: string;
  maximum: string;
  sum: string;
}) => string[];

/** Lines for one row and block; they define `tk_shrink`. */
function softmaxCall(spec: AttentionSpec, name: string): SoftmaxCall {
  return ({ scores, n, key0, row, maximum, sum }) => {
    const lines: string[] = [];
    if (spec.mask !== undefined) {
      const value = spec.mask({ batch: 'batch', head: 'head', row, key: 'tk_key' });
      lines.push(
        `#pragma omp simd`,
        `for (int64_t tk_j = 0; tk_j < ${n}; tk_j++) {`,
        `  const int64_t tk_key = ${key0} + tk_j;`,
        `  (void)tk_key;`,
        `  ${scores}[tk_j] += (${value}) * 0x1.715476p0f;`,
        `}`,
      );
    }
    lines.push(`const float tk_shrink = ${name}_softmax_row(${scores}, ${n}, ${maximum}, ${sum});`);
    return lines;
  };
}

/** C expression: address of an operand's rows of the current `batch` and `head`. */
export function headPointer(operand: AttentionOperand, head: string): string {
  return `${operand.pointer} + batch * (int64_t)(${operand.batchStride}) + ${head} * (int64_t)(${operand.headStride})`;
}

/** Key head of the current query head. */
export function keyHead(spec: AttentionSpec): string {
  return spec.headsPerKeyHead === undefined || String(spec.headsPerKeyHead) === '1'
    ? 'head'
    : `(head / (${spec.headsPerKeyHead}))`;
}

/** C expression: keys that row `row` sees. */
export function visibleKeys(spec: AttentionSpec, row: string): string {
  return spec.causalOffset === undefined
    ? 'tk_keys'
    : `tn_max(0, tn_min(tk_keys, ${row} + (${spec.causalOffset}) + 1))`;
}

function tilesBody(ctx: KernelContext, spec: AttentionSpec, dv: number): string {
  const name = ctx.functionName;
  const { rows: R, panels: W } = attentionTile(ctx.isa);
  const d = spec.headDim;
  const valuePanels = Math.ceil(dv / panelColumns);
  const padded = valuePanels * panelColumns;
  const { scores, rowsOfState } = fixedFloats(ctx, spec, dv);
  const softmax = softmaxCall(
    spec,
    name,
  )({
    scores: 'tk_s',
    n: 'tk_seen',
    key0: 'tk_j0',
    row: 'tk_row',
    maximum: '&tk_maximum[tk_at]',
    sum: '&tk_sum[tk_at]',
  });
  const values = range(Math.ceil(valuePanels / W)).map((chunk) => {
    const first = chunk * W;
    const width = Math.min(W, valuePanels - first);
    return `          ${name}_tile${width}(tk_a, tk_v + ${first} * tk_keys * ${panelColumns} + tk_j0 * ${panelColumns}, tk_keys * ${panelColumns}, tk_depth, tk_part + ${first * panelColumns}, ${padded});`;
  });
  const prefetches = lineOffsets(d, spec.query.dtype)
    .map((at) => `      __builtin_prefetch(tk_from + tk_group_rows * (int64_t)(${spec.query.rowStride}) + ${at});`)
    .join('\n');
  const rest =
    W === 1
      ? []
      : [
          `          else ${name}_tile1(tk_a, tk_b, ${d * panelColumns}, ${d}, tk_scores + (tk_g - tk_g0) * ${panelColumns}, ${attentionKeyBlock}), tk_g++;`,
        ];
  return `const int64_t tk_tiles = tn_ceildiv(tk_queries, ${R}), tk_padded_keys = (tk_keys + ${panelColumns - 1}) / ${panelColumns} * ${panelColumns};
float *const tk_scores = (float *)(void *)t->scratch;          /* [${R}][${attentionKeyBlock}] */
float *const tk_q = tk_scores + ${scores};                             /* [${rowsOfState}][${d}] scaled query rows */
float *const tk_out = tk_q + ${rowsOfState * d};                            /* [${rowsOfState}][${padded}] */
float *const tk_part = tk_out + ${rowsOfState * padded};                          /* [${R}][${padded}] */
float *const tk_maximum = tk_part + ${R * padded}, *const tk_sum = tk_maximum + ${rowsOfState};
float *const tk_k = tk_scores + ${scores + fixedFloats(ctx, spec, dv).state};                            /* [keys/${panelColumns}][${d}][${panelColumns}] */
float *const tk_v = tk_k + tk_padded_keys * ${d};                  /* [${valuePanels}][keys][${panelColumns}] */
/* One key block: a tile at a time, all in L1. Several: a group of tiles, so that K and V of a block are read from L2. */
const int64_t tk_group_rows = tk_keys <= ${attentionKeyBlock} ? ${R} : ${rowsOfState};
int64_t tk_u, tk_u_end;
tn_split(tk_pairs * tk_tiles, 1, t->id, t->count, &tk_u, &tk_u_end);
while (tk_u < tk_u_end) { /* one head, or this thread's part of it */
  const int64_t batch = tk_u / tk_tiles / tk_heads, head = tk_u / tk_tiles % tk_heads;
  const int64_t tk_first = tk_u % tk_tiles, tk_last = tn_min(tk_tiles, tk_first + (tk_u_end - tk_u));
  tk_u += tk_last - tk_first;
  const int64_t tk_i1 = tn_min(tk_queries, tk_last * ${R});
  (void)batch, (void)head;
  ${name}_pack_k(${headPointer(spec.key, keyHead(spec))}, 1, ${spec.key.rowStride}, ${d}, tk_keys, tk_k);
  ${name}_pack_v(${headPointer(spec.value, keyHead(spec))}, ${spec.value.rowStride}, 1, tk_keys, ${dv}, tk_v);
  const ${elementType(spec.query.dtype)} *const tk_query = ${headPointer(spec.query, 'head')};
  for (int64_t tk_i0 = tk_first * ${R}; tk_i0 < tk_i1; tk_i0 += tk_group_rows) {
    const int64_t tk_rows = tn_min(tk_group_rows, tk_i1 - tk_i0);
    for (int64_t tk_at = 0; tk_at < tk_rows; tk_at++) {
      const ${elementType(spec.query.dtype)} *const tk_from = tk_query + (tk_i0 + tk_at) * (int64_t)(${spec.query.rowStride});
${prefetches}
      for (int64_t c = 0; c < ${d}; c++) tk_q[tk_at * ${d} + c] = ${widen('tk_from[c]', spec.query.dtype)} * tk_scale;
      for (int64_t c = 0; c < ${padded}; c++) tk_out[tk_at * ${padded} + c] = 0.0f;
      tk_maximum[tk_at] = -__builtin_inff();
      tk_sum[tk_at] = 0.0f;
    }
    for (int64_t tk_j0 = 0; tk_j0 < tk_keys; tk_j0 += ${attentionKeyBlock}) { /* key block */
      for (int64_t tk_t0 = 0; tk_t0 < tk_rows; tk_t0 += ${R}) { /* row tile; rows past the end repeat the last one */
        const int64_t tk_t1 = tn_min(tk_rows, tk_t0 + ${R});
        const int64_t tk_depth = tn_min(${attentionKeyBlock}, ${visibleKeys(spec, '(tk_i0 + tk_t1 - 1)')} - tk_j0);
        if (tk_depth <= 0) continue;
        const float *tk_a[${R}];
        for (int64_t tk_r = 0; tk_r < ${R}; tk_r++) tk_a[tk_r] = tk_q + tn_min(tk_t0 + tk_r, tk_rows - 1) * ${d};
        const int64_t tk_g0 = tk_j0 / ${panelColumns}, tk_g1 = tk_g0 + (tk_depth + ${panelColumns - 1}) / ${panelColumns};
        for (int64_t tk_g = tk_g0; tk_g < tk_g1;) { /* scores */
          const float *const tk_b = tk_k + tk_g * ${d * panelColumns};
          ${W === 1 ? '' : `if (tk_g + ${W} <= tk_g1) `}${name}_tile${W}(tk_a, tk_b, ${d * panelColumns}, ${d}, tk_scores + (tk_g - tk_g0) * ${panelColumns}, ${attentionKeyBlock}), tk_g += ${W};
${rest.join('\n')}
        }
        float tk_shrinks[${R}];
        for (int64_t tk_at = tk_t0; tk_at < tk_t1; tk_at++) {
          const int64_t tk_row = tk_i0 + tk_at;
          (void)tk_row;
          const int64_t tk_seen = tn_max(0, tn_min(tk_depth, ${visibleKeys(spec, 'tk_row')} - tk_j0));
          float *const tk_s = tk_scores + (tk_at - tk_t0) * ${attentionKeyBlock};
${indent(softmax.join('\n'), '          ')}
          tk_shrinks[tk_at - tk_t0] = tk_shrink;
          for (int64_t tk_j = tk_seen; tk_j < tk_depth; tk_j++) tk_s[tk_j] = 0.0f;
        }
        for (int64_t tk_r = 0; tk_r < ${R}; tk_r++) tk_a[tk_r] = tk_scores + tn_min(tk_r, tk_t1 - tk_t0 - 1) * ${attentionKeyBlock};
        { /* probabilities times values */
${values.join('\n')}
        }
        for (int64_t tk_at = tk_t0; tk_at < tk_t1; tk_at++) {
          float *const tk_o = tk_out + tk_at * ${padded};
          const float *const tk_from = tk_part + (tk_at - tk_t0) * ${padded};
          const float tk_shrink = tk_shrinks[tk_at - tk_t0];
          for (int64_t c = 0; c < ${padded}; c++) tk_o[c] = tk_o[c] * tk_shrink + tk_from[c];
        }
      }
    }
    for (int64_t tk_at = 0; tk_at < tk_rows; tk_at++) {
      float *const tk_acc = tk_out + tk_at * ${padded};
      const int64_t tk_row = tk_i0 + tk_at;
      (void)tk_row;
      const float tk_total = tk_sum[tk_at];
      for (int64_t c = 0; c < ${padded}; c++) tk_acc[c] /= tk_total;
${spec.epilogue({ acc: 'tk_acc', row: 'tk_row', col0: '0', count: String(dv), indent: '      ', batch: 'batch', head: 'head' })}
    }
  }
}`;
}
