/**
 * @file Attention for many queries: each thread packs K and V of a head into panels in its scratch, then takes six query rows at a time:
 * scores of all keys of a block, row maxima, one sweep of exponentials, product with V. Several key blocks are joined by rescaling
 * (online softmax, Milakov and Gimelshein 2018).
 */
import { type AttentionSpec, headPointer, keyHead, type SoftmaxCall, visibleKeys } from './attention.ts';
import { attentionKeyBlock, attentionTile, attentionTilesPerBlock, panelColumns } from './cost.ts';
import { elementType, lineOffsets, widen } from './epilogue.ts';
import { renderPackPanels } from './pack.ts';
import { leftPerPair, renderPackPairs, renderPairTile } from './pairs.ts';
import { expression, indent, range, staticValue } from './text.ts';
import { renderTile } from './tile.ts';
import type { KernelContext } from './types.ts';

/** Whether operands are rounded to bfloat16: all but float32 does, there are no weights. */
export function takesPairs({ precision }: KernelContext): boolean {
  return precision !== undefined && precision !== 'float32';
}

/** C helpers of the tiles' way. */
export function renderTileHelpers(ctx: KernelContext, spec: AttentionSpec, dv: number): string[] {
  const name = ctx.functionName;
  const { rows } = attentionTile(ctx.isa);
  const pairs = takesPairs(ctx);
  const tiles = tileWidths(ctx, dv).map((panels) => {
    const tile = { name: `${name}_tile${panels}`, rows, panels };
    return pairs ? renderPairTile(ctx.isa, tile) : renderTile(ctx.isa, { ...tile, dtype: 'float32' });
  });
  const pack = pairs ? renderPackPairs : renderPackPanels;
  return [...tiles, pack(`${name}_pack_k`, spec.key.dtype), pack(`${name}_pack_v`, spec.value.dtype)];
}

/** Tile widths in panels: the full one for scores, what is left of a key block, and those that the value columns need. */
function tileWidths(ctx: KernelContext, dv: number): number[] {
  const full = attentionTile(ctx.isa).panels;
  if (full === 1) return [1];
  const values = Math.ceil(dv / panelColumns);
  const needed = new Set([1, full, Math.min(values, full), values % full || full]);
  return [...needed].sort((a, b) => a - b);
}

interface Plan {
  readonly pairs: boolean;
  /** 4-byte units of a query row as left operand. */
  readonly queryUnits: number;
  /** Steps of depth of the scores: elements, or pairs. */
  readonly depthSteps: number;
  /** Units of the parts of scratch that do not grow with the keys. */
  readonly scores: number;
  readonly state: number;
  readonly rowsOfState: number;
}

function planOf(ctx: KernelContext, spec: AttentionSpec, dv: number): Plan {
  const pairs = takesPairs(ctx);
  const depthSteps = pairs ? Math.ceil(spec.headDim / 2) : spec.headDim;
  const queryUnits = pairs ? depthSteps * leftPerPair(ctx.isa) : spec.headDim;
  const tile = attentionTile(ctx.isa);
  const padded = Math.ceil(dv / panelColumns) * panelColumns;
  const rowsOfState = tile.rows * attentionTilesPerBlock;
  const scores = tile.rows * attentionKeyBlock;
  const state = rowsOfState * (queryUnits + padded + 2) + tile.rows * padded;
  return { pairs, queryUnits, depthSteps, scores, state: Math.ceil(state / 16) * 16, rowsOfState };
}

/** C expression of the kernel's scratch bytes; K and V are packed where there are tiles. */
export function attentionScratch(ctx: KernelContext, spec: AttentionSpec, dv: number, tiles: boolean): string {
  const { scores, state, pairs, depthSteps } = planOf(ctx, spec, dv);
  const fixed = (scores + state) * 4;
  if (!tiles) return String(fixed);
  const padded = Math.ceil(dv / panelColumns) * panelColumns;
  const perKey = depthSteps * 4 + padded * (pairs ? 2 : 4);
  const keys = staticValue(spec.keys);
  if (keys !== undefined) return String(fixed + Math.ceil(keys / panelColumns) * panelColumns * perKey);
  return `((int64_t)${expression(spec.keys)} + ${panelColumns}) * ${perKey} + ${fixed}`;
}

/** The part of the kernel for many queries. */
export function tilesBody(ctx: KernelContext, spec: AttentionSpec, dv: number, softmax: SoftmaxCall): string {
  const name = ctx.functionName;
  const { rows: R, panels: W } = attentionTile(ctx.isa);
  const d = spec.headDim;
  const valuePanels = Math.ceil(dv / panelColumns);
  const padded = valuePanels * panelColumns;
  const { scores, state, rowsOfState, pairs, queryUnits, depthSteps } = planOf(ctx, spec, dv);
  const leftType = pairs ? 'tn_left' : 'float';
  const rightType = pairs ? 'tn_word' : 'float';
  const keySteps = pairs ? 'tk_key_pairs' : 'tk_keys';
  const [depth, firstStep] = pairs ? ['(tk_depth + 1) / 2', 'tk_j0 / 2'] : ['tk_depth', 'tk_j0'];
  const call = softmax({
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
    return `          ${name}_tile${width}(tk_a, tk_v + ${first} * ${keySteps} * ${panelColumns} + ${firstStep} * ${panelColumns}, ${keySteps} * ${panelColumns}, ${depth}, tk_part + ${first * panelColumns}, ${padded});`;
  });
  const prefetches = lineOffsets(d, spec.query.dtype)
    .map((at) => `      __builtin_prefetch(tk_from + tk_group_rows * (int64_t)(${spec.query.rowStride}) + ${at});`)
    .join('\n');
  const rest =
    W === 1
      ? []
      : [
          `          else ${name}_tile1(tk_a, tk_b, ${depthSteps * panelColumns}, ${depthSteps}, tk_scores + (tk_g - tk_g0) * ${panelColumns}, ${attentionKeyBlock}), tk_g++;`,
        ];
  const query = widen('tk_from[c]', spec.query.dtype);
  const queryRow = pairs
    ? `      float tk_line[${d}];
      for (int64_t c = 0; c < ${d}; c++) tk_line[c] = ${query} * tk_scale;
      tn_round_pairs(tk_line, ${d}, tk_q + tk_at * ${queryUnits});`
    : `      for (int64_t c = 0; c < ${d}; c++) tk_q[tk_at * ${d} + c] = ${query} * tk_scale;`;
  const rounding = pairs ? `\n          tn_round_pairs(tk_s, tk_depth, (tn_left *)(void *)tk_s);` : '';
  const scoreRow = pairs ? '(const tn_left *)(const void *)(tk_scores' : '(tk_scores';
  return `const int64_t tk_tiles = tn_ceildiv(tk_queries, ${R}), tk_padded_keys = (tk_keys + ${panelColumns - 1}) / ${panelColumns} * ${panelColumns};
float *const tk_scores = (float *)(void *)t->scratch;          /* [${R}][${attentionKeyBlock}] */
${leftType} *const tk_q = (${leftType} *)(void *)(tk_scores + ${scores});                             /* [${rowsOfState}][${d}] scaled query rows */
float *const tk_out = tk_scores + ${scores + rowsOfState * queryUnits};                            /* [${rowsOfState}][${padded}] */
float *const tk_part = tk_out + ${rowsOfState * padded};                          /* [${R}][${padded}] */
float *const tk_maximum = tk_part + ${R * padded}, *const tk_sum = tk_maximum + ${rowsOfState};
${rightType} *const tk_k = (${rightType} *)(void *)(tk_scores + ${scores + state});                            /* [keys/${panelColumns}][${depthSteps}][${panelColumns}] */
${rightType} *const tk_v = tk_k + tk_padded_keys * ${depthSteps};                  /* [${valuePanels}][keys${pairs ? '/2' : ''}][${panelColumns}] */${pairs ? '\nconst int64_t tk_key_pairs = (tk_keys + 1) / 2;' : ''}
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
${queryRow}
      for (int64_t c = 0; c < ${padded}; c++) tk_out[tk_at * ${padded} + c] = 0.0f;
      tk_maximum[tk_at] = -__builtin_inff();
      tk_sum[tk_at] = 0.0f;
    }
    for (int64_t tk_j0 = 0; tk_j0 < tk_keys; tk_j0 += ${attentionKeyBlock}) { /* key block */
      for (int64_t tk_t0 = 0; tk_t0 < tk_rows; tk_t0 += ${R}) { /* row tile; rows past the end repeat the last one */
        const int64_t tk_t1 = tn_min(tk_rows, tk_t0 + ${R});
        const int64_t tk_depth = tn_min(${attentionKeyBlock}, ${visibleKeys(spec, '(tk_i0 + tk_t1 - 1)')} - tk_j0);
        if (tk_depth <= 0) continue;
        const ${leftType} *tk_a[${R}];
        for (int64_t tk_r = 0; tk_r < ${R}; tk_r++) tk_a[tk_r] = tk_q + tn_min(tk_t0 + tk_r, tk_rows - 1) * ${queryUnits};
        const int64_t tk_g0 = tk_j0 / ${panelColumns}, tk_g1 = tk_g0 + (tk_depth + ${panelColumns - 1}) / ${panelColumns};
        for (int64_t tk_g = tk_g0; tk_g < tk_g1;) { /* scores */
          const ${rightType} *const tk_b = tk_k + tk_g * ${depthSteps * panelColumns};
          ${W === 1 ? '' : `if (tk_g + ${W} <= tk_g1) `}${name}_tile${W}(tk_a, tk_b, ${depthSteps * panelColumns}, ${depthSteps}, tk_scores + (tk_g - tk_g0) * ${panelColumns}, ${attentionKeyBlock}), tk_g += ${W};
${rest.join('\n')}
        }
        float tk_shrinks[${R}];
        for (int64_t tk_at = tk_t0; tk_at < tk_t1; tk_at++) {
          const int64_t tk_row = tk_i0 + tk_at;
          (void)tk_row;
          const int64_t tk_seen = tn_max(0, tn_min(tk_depth, ${visibleKeys(spec, 'tk_row')} - tk_j0));
          float *const tk_s = tk_scores + (tk_at - tk_t0) * ${attentionKeyBlock};
${indent(call.join('\n'), '          ')}
          tk_shrinks[tk_at - tk_t0] = tk_shrink;
          for (int64_t tk_j = tk_seen; tk_j < tk_depth; tk_j++) tk_s[tk_j] = 0.0f;${rounding}
        }
        for (int64_t tk_r = 0; tk_r < ${R}; tk_r++) tk_a[tk_r] = ${scoreRow} + tn_min(tk_r, tk_t1 - tk_t0 - 1) * ${attentionKeyBlock});
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
