/**
 * @file Attention for a few query rows (decoding): K and V are read once, as they stand in memory, vector by vector.
 *
 * Heads are divided among the threads. Dot products of `lanes` keys are summed at once: one accumulator per key over d, then a tree of
 * pairwise horizontal additions that leaves key u's sum in lane u. Every key goes through the same operations wherever it stands, so
 * the result does not depend on how keys fall into groups.
 */
import {
  type AttentionOperand,
  type AttentionSpec,
  headPointer,
  keyHead,
  type SoftmaxCall,
  visibleKeys,
} from './attention.ts';
import { attentionKeyBlock, attentionTile } from './cost.ts';
import { elementType, lineOffsets, vectorLoad, widen } from './epilogue.ts';
import { indent, range, staticValue } from './text.ts';
import type { IsaFacts, KernelContext } from './types.ts';

/** Rows of K and V that lie apart are asked for so far ahead: the hardware prefetcher does not follow from page to page. */
const rowsAhead = 32;

/** Vectors of a row that are multiplied before the next row's: they and the sums of a group of keys fit in the registers. */
const partVectors = 4;

/**
 * Whether rows of `d` elements lie one after the other. They are one sequential stream then, which hardware reads ahead by itself, and
 * a third faster when it is left alone.
 */
export function rowsJoin(operand: AttentionOperand, d: number): boolean {
  return staticValue(operand.rowStride) === d;
}

/**
 * C text of `static void NAME(const float *q, const T *k, int64_t stride, int64_t n, float *restrict out)`:
 * `out[j] = q · k[j * stride …]` for j < n; writes up to the next multiple of the lanes. Memory is read in its order, key by key.
 */
export function renderRowScores(isa: IsaFacts, name: string, d: number, key: AttentionOperand): string {
  const { dtype } = key;
  const L = isa.lanes;
  const type = elementType(dtype);
  const full = Math.floor(d / L) * L;
  const keys = range(L);
  const lines = [
    `/* out[j] = q . k[j], ${L} keys at a time; keys past the end repeat the last one */`,
    `static __attribute__((noinline)) void ${name}(const float *q, const ${type} *k, int64_t stride, int64_t n, float *restrict out) {`,
    `  for (int64_t j = 0; j < n; j += ${L}) {`,
    `    const ${type} *k0 = k + j * stride${keys
      .slice(1)
      .map((u) => `, *k${u} = k + tn_min(j + ${u}, n - 1) * stride`)
      .join('')};`,
    ...(rowsJoin(key, d)
      ? []
      : [
          `    const ${type} *const ahead = k + (j + ${rowsAhead}) * stride;`,
          `    for (int64_t u = 0; u < ${L}; u++) {`,
          ...lineOffsets(d, dtype).map((at) => `      __builtin_prefetch(ahead + u * stride + ${at});`),
          `    }`,
        ]),
    `    tn_vf ${keys.map((u) => `s${u} = {0}`).join(', ')};`,
  ];
  for (let first = 0; first < full; first += partVectors * L) {
    const columns = range(Math.min(partVectors, (full - first) / L)).map((i) => first + i * L);
    lines.push(
      `    {`,
      `      const tn_vf ${columns.map((c) => `x${c} = tn_load(q + ${c})`).join(', ')};`,
      ...keys.map(
        (u) => `      ${columns.map((c) => `s${u} += x${c} * ${vectorLoad(`k${u} + ${c}`, dtype)};`).join(' ')}`,
      ),
      `    }`,
    );
  }
  let names = keys.map((u) => `s${u}`);
  for (let level = 0; names.length > 1; level++) {
    const next: string[] = [];
    for (let i = 0; i < names.length; i += 2) {
      const sum = `h${level}_${i / 2}`;
      lines.push(`    const tn_vf ${sum} = ${name}_pairs(${names[i]}, ${names[i + 1]});`);
      next.push(sum);
    }
    names = next;
  }
  lines.push(`    tn_store(out + j, ${names[0]});`);
  if (full < d) {
    lines.push(
      `    const ${type} *const rows[${L}] = {${keys.map((u) => `k${u}`).join(', ')}};`,
      `    for (int64_t u = 0; u < ${L}; u++) {`,
      `      for (int64_t c = ${full}; c < ${d}; c++) out[j + u] += q[c] * ${widen('rows[u][c]', dtype)};`,
      `    }`,
    );
  }
  lines.push(`  }`, `}`, '');
  const even = range(L).map((i) => 2 * i);
  const odd = even.map((i) => i + 1);
  return `/* Sums of neighbours: a0+a1, a2+a3, ..., b0+b1, ... */
static inline tn_vf ${name}_pairs(tn_vf a, tn_vf b) {
  return __builtin_shufflevector(a, b, ${even.join(', ')})
    + __builtin_shufflevector(a, b, ${odd.join(', ')});
}
${lines.join('\n')}`;
}

/**
 * C text of `static void NAME(const float *p, const T *v, int64_t stride, int64_t n, float shrink, float *restrict out)`:
 * `out[c] = out[c] * shrink + Σj p[j] · v[j * stride + c]`.
 */
export function renderRowValues(isa: IsaFacts, name: string, dv: number, value: AttentionOperand): string {
  const { dtype } = value;
  const L = isa.lanes;
  const type = elementType(dtype);
  const lines = [
    `/* out = out * shrink + sum over j of p[j] v[j] */`,
    `static __attribute__((noinline)) void ${name}(const float *p, const ${type} *v, int64_t stride, int64_t n, float shrink, float *restrict out) {`,
  ];
  const vectors = Math.floor(dv / L);
  for (let first = 0; first < vectors; first += 8) {
    const width = Math.min(8, vectors - first);
    const unroll = width >= 8 ? 1 : width >= 4 ? (isa.registers === 32 ? 4 : 2) : 4;
    const cs = range(width);
    const us = range(unroll);
    const step = (u: number, at: string): string =>
      cs
        .map((c) => `a${u}_${c} += p[${at}] * ${vectorLoad(`v + (${at}) * stride + ${(first + c) * L}`, dtype)};`)
        .join(' ');
    lines.push(
      `  {`,
      ...us.map((u) => `    tn_vf ${cs.map((c) => `a${u}_${c} = {0}`).join(', ')};`),
      `    const int64_t whole = n / ${unroll} * ${unroll};`,
      `    for (int64_t j = 0; j < whole; j += ${unroll}) {`,
      ...(rowsJoin(value, dv) ? [] : us).flatMap((u) =>
        lineOffsets(width * L, dtype).map(
          (at) => `      __builtin_prefetch(v + (j + ${rowsAhead + u}) * stride + ${first * L + at});`,
        ),
      ),
      ...us.map((u) => `      ${step(u, u === 0 ? 'j' : `j + ${u}`)}`),
      `    }`,
      ...(unroll > 1 ? [`    for (int64_t j = whole; j < n; j++) {`, `      ${step(0, 'j')}`, `    }`] : []),
      ...cs.map((c) => {
        const at = `out + ${(first + c) * L}`;
        const sums =
          unroll === 4 ? `((a0_${c} + a1_${c}) + (a2_${c} + a3_${c}))` : us.map((u) => `a${u}_${c}`).join(' + ');
        return `    tn_store(${at}, tn_load(${at}) * shrink + (${sums}));`;
      }),
      `  }`,
    );
  }
  if (vectors * L < dv) {
    lines.push(
      `  for (int64_t c = ${vectors * L}; c < ${dv}; c++) {`,
      `    float sum = 0.0f;`,
      `    for (int64_t j = 0; j < n; j++) sum += p[j] * ${widen('v[j * stride + c]', dtype)};`,
      `    out[c] = out[c] * shrink + sum;`,
      `  }`,
    );
  }
  lines.push(`}`, '');
  return lines.join('\n');
}

/** The part of the kernel for few queries: units are (batch, head, query). */
export function rowsBody(ctx: KernelContext, spec: AttentionSpec, dv: number, softmax: SoftmaxCall): string {
  const name = ctx.functionName;
  const d = spec.headDim;
  const block = attentionTile(ctx.isa).rows * attentionKeyBlock;
  const call = softmax({
    scores: 'tk_scores',
    n: 'tk_n',
    key0: 'tk_j0',
    row: 'tk_row',
    maximum: '&tk_maximum',
    sum: '&tk_sum',
  });
  return `float *const tk_scores = (float *)(void *)t->scratch; /* [${block}] */
int64_t tk_u, tk_u_end;
tn_split(tk_pairs * tk_queries, 1, t->id, t->count, &tk_u, &tk_u_end);
for (; tk_u < tk_u_end; tk_u++) { /* one query of one head */
  const int64_t batch = tk_u / tk_queries / tk_heads, head = tk_u / tk_queries % tk_heads, tk_row = tk_u % tk_queries;
  (void)batch, (void)head, (void)tk_row;
  const ${elementType(spec.query.dtype)} *const tk_query = ${headPointer(spec.query, 'head')} + tk_row * (int64_t)(${spec.query.rowStride});
  const ${elementType(spec.key.dtype)} *const tk_k = ${headPointer(spec.key, keyHead(spec))};
  const ${elementType(spec.value.dtype)} *const tk_v = ${headPointer(spec.value, keyHead(spec))};
  const int64_t tk_k_stride = ${spec.key.rowStride}, tk_v_stride = ${spec.value.rowStride};
  _Alignas(64) float tk_q[${d}], tk_acc[${dv}];
  for (int64_t c = 0; c < ${d}; c++) tk_q[c] = ${widen('tk_query[c]', spec.query.dtype)} * tk_scale;
  for (int64_t c = 0; c < ${dv}; c++) tk_acc[c] = 0.0f;
  float tk_maximum = -__builtin_inff(), tk_sum = 0.0f;
  const int64_t tk_visible = ${visibleKeys(spec, 'tk_row')};
  for (int64_t tk_j0 = 0; tk_j0 < tk_visible; tk_j0 += ${block}) {
    const int64_t tk_n = tn_min(${block}, tk_visible - tk_j0);
    ${name}_row_scores(tk_q, tk_k + tk_j0 * tk_k_stride, tk_k_stride, tk_n, tk_scores);
${indent(call.join('\n'), '    ')}
    ${name}_row_values(tk_scores, tk_v + tk_j0 * tk_v_stride, tk_v_stride, tk_n, tk_shrink, tk_acc);
  }
  for (int64_t c = 0; c < ${dv}; c++) tk_acc[c] /= tk_sum;
${spec.epilogue({ acc: 'tk_acc', row: 'tk_row', col0: '0', count: String(dv), indent: '  ', batch: 'batch', head: 'head' })}
}`;
}
