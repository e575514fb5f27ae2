/**
 * @file A panel of int8 weights times one to four float32 rows (`gemv.ts`), bound by memory: a byte a weight is read.
 *
 * With dot products of bytes a row is written as three digits of 256, whole numbers of 24 bits of its largest magnitude: as exact as
 * float32, and three instructions for 64 weights. Elsewhere the bytes are widened.
 */
import { gemvUnroll, panelColumns } from './cost.ts';
import { byteOf } from './quads.ts';
import { range, unrolledLoop } from './text.ts';
import type { IsaFacts } from './types.ts';

/** Digits of a row. */
const digits = 3;
/** The largest number that three signed digits of 256 hold, and that float32 multiplies without leaving it. */
const digitLimit = '8355000.0f';

/** Bytes of scratch of a row as the panels' function takes it; `steps` is C text. */
export function quadRowBytes(isa: IsaFacts, steps: string): string {
  return isa.hasInt8Dot ? `(${steps} * ${4 * digits} + 16)` : `(${steps} * 16)`;
}

/**
 * C helpers `NAME_row(const float *x, int64_t n, char *to)`, which writes a row to `quadRowBytes` of scratch, and
 * `NAME(const char *x, const tn_word *panel, int64_t quads, float *out)`: `out[m * 16 + c] = Σk x[m][k] · weight[k][c]`.
 */
export function renderQuadPanel(isa: IsaFacts, name: string, rows: number): string {
  return isa.hasInt8Dot ? dotPanel(name, rows) : widenedPanel(isa, name, rows);
}

function dotPanel(name: string, rows: number): string {
  const ms = range(rows);
  const us = range(rows === 1 ? 4 : rows === 2 ? 2 : 1);
  const ds = range(digits);
  const sum = (m: number, d: number, u: number): string => `s${m}_${d}_${u}`;
  const step = (u: number, k: string): string[] => [
    `{`,
    `  const tn_vu w = tn_load_words(panel + (${k}) * ${panelColumns});`,
    ...ms.map((m) =>
      ds.map((d) => `  ${sum(m, d, u)} = tn_dot_quads(${sum(m, d, u)}, w, x${m} + ${d} * quads + ${k});`).join(''),
    ),
    `}`,
  ];
  const result = (m: number): string[] => {
    const total = (d: number): string => `${us.map((u) => sum(m, d, u)).join(' + ')} - offset${m}[${d}]`;
    const widened = (d: number): string => `__builtin_convertvector(${total(d)}, tn_vf)`;
    return [
      `  {`,
      `    const tn_vf t = ${widened(2)} * 65536.0f + ${widened(1)} * 256.0f + ${widened(0)};`,
      `    tn_store(out + ${m * panelColumns}, t * (*(const tn_scale *)(x${m} + ${digits} * quads) * scales));`,
      `  }`,
    ];
  };
  return `/* Whole numbers of 24 bits in ${digits} planes of signed bytes, the lowest first; then what one is worth, and 128 times each plane's sum. */
static __attribute__((noinline)) void ${name}_row(const float *x, int64_t n, char *to) {
  const float magnitude = tn_magnitude(x, n), inverse = tn_inverse(magnitude, ${digitLimit});
  const int64_t quads = (n + 3) / 4, plane = 4 * quads;
  int8_t *restrict const low = (int8_t *)to, *restrict const middle = low + plane, *restrict const high = middle + plane;
  int32_t sum0 = 0, sum1 = 0, sum2 = 0;
#pragma omp simd reduction(+ : sum0, sum1, sum2)
  for (int64_t i = 0; i < n; i++) {
    float v = x[i] * inverse;
    v = v > -${digitLimit} ? v : -${digitLimit}; /* NaN too */
    const int32_t q = (int32_t)__builtin_rintf(v);
    const int8_t d0 = (int8_t)q;
    const int32_t q1 = (q - d0) >> 8;
    const int8_t d1 = (int8_t)q1;
    const int32_t q2 = (q1 - d1) >> 8;
    low[i] = d0;
    middle[i] = d1;
    high[i] = (int8_t)q2;
    sum0 += d0;
    sum1 += d1;
    sum2 += q2;
  }
  for (int64_t i = n; i < plane; i++) low[i] = middle[i] = high[i] = 0;
  tn_word *const tail = (tn_word *)(void *)to + ${digits} * quads;
  *(tn_scale *)tail = magnitude / ${digitLimit};
  tail[1] = (uint32_t)(128 * sum0);
  tail[2] = (uint32_t)(128 * sum1);
  tail[3] = (uint32_t)(128 * sum2);
}
${[
  `/* ${rows} row${rows > 1 ? 's' : ''} times one panel of bytes */`,
  `static __attribute__((noinline)) void ${name}(const char *rows, const tn_word *panel, int64_t quads, float *restrict out) {`,
  ...ms.map(
    (m) =>
      `  const tn_word *const x${m} = (const tn_word *)(const void *)rows${m === 0 ? '' : ` + ${m} * (${digits} * quads + 4)`};`,
  ),
  ...ms.map(
    (m) =>
      `  const int32_t offset${m}[${digits}] = {${ds.map((d) => `(int32_t)x${m}[${digits} * quads + ${d + 1}]`).join(', ')}};`,
  ),
  ...ms.map((m) => `  tn_vi ${ds.flatMap((d) => us.map((u) => `${sum(m, d, u)} = {0}`)).join(', ')};`),
  ...unrolledLoop('quads', us.length, step),
  `  const tn_vf scales = tn_load((const float *)(const void *)(panel + quads * ${panelColumns}));`,
  ...ms.flatMap(result),
  `}`,
  '',
].join('\n')}`;
}

function widenedPanel(isa: IsaFacts, name: string, rows: number): string {
  const vectors = range(panelColumns / isa.lanes);
  const ms = range(rows);
  const us = range(Math.max(1, gemvUnroll(isa, rows) / 4));
  const sum = (m: number, v: number, u: number, at: number): string => `s${m}_${v}_${u}_${at}`;
  const step = (u: number, k: string): string[] => [
    `{`,
    ...vectors.map(
      (v) => `  const tn_vu w${v} = tn_load_words(panel + (${k}) * ${panelColumns} + ${v * isa.lanes}) ^ 0x80808080u;`,
    ),
    ...range(4).flatMap((at) => [
      `  {`,
      ...vectors.map((v) => `    const tn_vf f${v} = ${byteOf(`w${v}`, at)};`),
      ...ms.map(
        (m) => `    ${vectors.map((v) => `${sum(m, v, u, at)} += x${m}[4 * (${k}) + ${at}] * f${v};`).join(' ')}`,
      ),
      `  }`,
    ]),
    `}`,
  ];
  const lines = [
    `/* A row, zero up to a multiple of four. */`,
    `static __attribute__((noinline)) void ${name}_row(const float *x, int64_t n, char *to) {`,
    `  float *restrict const row = (float *)(void *)to;`,
    `  for (int64_t i = 0; i < n; i++) row[i] = x[i];`,
    `  for (int64_t i = n; i % 4 != 0; i++) row[i] = 0.0f;`,
    `}`,
    `/* ${rows} row${rows > 1 ? 's' : ''} times one panel of bytes */`,
    `static __attribute__((noinline)) void ${name}(const char *rows, const tn_word *panel, int64_t quads, float *restrict out) {`,
    ...ms.map(
      (m) => `  const float *const x${m} = (const float *)(const void *)rows${m === 0 ? '' : ` + ${m} * 4 * quads`};`,
    ),
    ...ms.flatMap((m) =>
      vectors.map((v) => `  tn_vf ${us.flatMap((u) => range(4).map((at) => `${sum(m, v, u, at)} = {0}`)).join(', ')};`),
    ),
    ...unrolledLoop('quads', us.length, step),
    ...vectors.map(
      (v) =>
        `  const tn_vf scale${v} = tn_load((const float *)(const void *)(panel + quads * ${panelColumns})${v === 0 ? '' : ` + ${v * isa.lanes}`});`,
    ),
    ...ms.flatMap((m) =>
      vectors.map((v) => {
        const total = us
          .map((u) => `((${sum(m, v, u, 0)} + ${sum(m, v, u, 1)}) + (${sum(m, v, u, 2)} + ${sum(m, v, u, 3)}))`)
          .join(' + ');
        return `  tn_store(out + ${m * panelColumns + v * isa.lanes}, (${total}) * scale${v});`;
      }),
    ),
    `}`,
    '',
  ];
  return lines.join('\n');
}
