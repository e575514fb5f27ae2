/**
 * @file Fused scaled-dot-product attention, nothing of size queries × keys in memory.
 *
 * `out[b,h,i] = softmax_j(scale · q[b,h,i] · k[b,h,j] + mask) · v[b,h,j]`, float32 arithmetic on any storage dtypes; at the other
 * precisions tiles round the scaled queries, keys, probabilities and values to bfloat16 (`pairs.ts`), softmax and sums stay float32.
 * PyTorch: `scaled_dot_product_attention`; ONNX: MatMul, Softmax, MatMul. Scores are kept in units of log2 e (folded into the scale),
 * so that the exponential is a power of two. A row without any key to see (an empty range, or a mask of -inf only) gives NaN, as
 * softmax does in PyTorch.
 *
 * Two ways, chosen by the number of queries alone. Tiles (`attentionTiles.ts`): many queries share K and V packed into panels. Rows
 * (`attentionRows.ts`): for a few queries K and V are streamed once as they stand, in float32 at any precision: bound by memory.
 */
import { renderRowScores, renderRowValues, rowsBody } from './attentionRows.ts';
import { attentionScratch, renderTileHelpers, takesPairs, tilesBody } from './attentionTiles.ts';
import { attentionRowQueries } from './cost.ts';
import { elementType, loadUses, narrow } from './epilogue.ts';
import { expression, indent, kernelHead, mergeUses, staticValue } from './text.ts';
import { tileUses } from './tile.ts';
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
    helpers.push(...renderTileHelpers(ctx, spec, dv));
    uses.push(...(takesPairs(ctx) ? (['tn_dot_pairs'] as const) : tileUses(ctx.isa, 'float32')));
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
  const tiles = tilesBody(ctx, spec, dv, softmaxCall(spec, name));
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
  return {
    functionName: name,
    text,
    uses: mergeUses(ctx, uses),
    scratchBytes: attentionScratch(ctx, spec, dv, ways.tiles),
  };
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
