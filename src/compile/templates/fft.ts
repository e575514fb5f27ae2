/**
 * @file Real discrete Fourier transforms of many frames of one static length, vectorised across frames.
 *
 * `lanes` frames are transformed at once, each vector holding one sample of all of them, so there are no shuffles. Stockham's autosort
 * form, mixed radix 4, 2, 3, 5 and a direct transform for other primes; an even length n is done as a complex transform of n/2.
 * Twiddle factors are computed in float64 and rounded once. PyTorch: `rfft`, `stft`; ONNX: `DFT`, `STFT`.
 */
import { renderButterfly } from './fftButterfly.ts';
import { indent, kernelHead, mergeUses, range } from './text.ts';
import { renderTranspose } from './transpose.ts';
import type { KernelContext, KernelSource } from './types.ts';

export interface RealFftSpec {
  readonly frames: string | number;
  /** n >= 1. */
  readonly length: number;
  /** C expression of type float: sample `index` (0 … n-1) of frame `frame`, already windowed. */
  readonly load: (place: { frame: string; index: string }) => string;
  /** C statements for bin 0 … n/2 of one frame; `re` and `im` are float expressions. Runs under `omp simd` over the frames. */
  readonly epilogue: (place: { frame: string; bin: string; re: string; im: string; indent: string }) => string;
}

/** Radices of a complex length, in the order of the stages. */
export function radices(length: number): number[] {
  const out: number[] = [];
  let rest = length;
  for (const p of [4, 2, 3, 5]) {
    while (rest % p === 0) {
      out.push(p);
      rest /= p;
    }
  }
  for (let p = 7; rest > 1; p += 2) {
    if (p * p > rest) p = rest;
    while (rest % p === 0) {
      out.push(p);
      rest /= p;
    }
  }
  return out;
}

/** e^(-2πi k/n), exact at the multiples of an eighth turn. */
export function rootOfUnity(k: number, n: number): [re: number, im: number] {
  const turn = ((k % n) + n) % n;
  // reduced to the first eighth, where sin and cos are most accurate
  const eighths = Math.floor((8 * turn) / n);
  const rest = (8 * turn - eighths * n) / 8;
  const quarterAngle = eighths % 2 === 0 ? rest : n / 8 - rest;
  const angle = (2 * Math.PI * quarterAngle) / n;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const table: [number, number][] = [
    [c, s],
    [s, c],
    [-s, c],
    [-c, s],
    [-c, -s],
    [-s, -c],
    [s, -c],
    [c, -s],
  ];
  const [re, im] = table[eighths]!;
  return [re, -im];
}

/** A float32 as C text that reads back as the same value. */
export function floatText(value: number): string {
  const rounded = Math.fround(value);
  if (rounded === 0) return '0.0f';
  const [digits, exponent] = rounded.toPrecision(9).split('e');
  const shortest = digits!.includes('.') ? digits!.replace(/0+$/, '').replace(/\.$/, '.0') : digits! + '.0';
  return `${shortest}${exponent === undefined ? '' : `e${exponent}`}f`;
}

/** The kernel of `spec`. Frames are divided among the threads in groups of `lanes`. */
export function realFft(ctx: KernelContext, spec: RealFftSpec): KernelSource {
  const n = spec.length;
  if (!Number.isInteger(n) || n < 1) throw new RangeError(`realFft: length must be a positive integer, found ${n}`);
  const L = ctx.isa.lanes;
  const name = ctx.functionName;
  const half = n % 2 === 0;
  const m = half ? n / 2 : n;
  const stages = radices(m);
  const helpers = [...new Set(stages)].map((p) => renderButterfly(`${name}_radix${p}`, p));
  const tables: string[] = [];
  const calls: string[] = [];
  let rest = m;
  let stride = 1;
  stages.forEach((p, i) => {
    const inner = rest / p;
    const twiddles = range(inner).flatMap((k) => range(p - 1).flatMap((j) => rootOfUnity(k * (j + 1), rest)));
    tables.push(renderTable(`${name}_twiddles${i}`, twiddles));
    const [from, to] = i % 2 === 0 ? ['tk_a', 'tk_b'] : ['tk_b', 'tk_a'];
    calls.push(`${name}_radix${p}(${from}, ${to}, ${m}, ${inner}, ${stride}, ${name}_twiddles${i});`);
    rest = inner;
    stride *= p;
  });
  if (half)
    tables.push(
      renderTable(
        `${name}_split`,
        range(Math.floor(m / 2) + 1).flatMap((k) => rootOfUnity(k, n)),
      ),
    );
  const result = stages.length % 2 === 0 ? 'tk_a' : 'tk_b';
  const whole = Math.floor(n / L) * L;
  // Frames one by one, as they lie in memory, then turned into vectors across frames. Even samples are the real parts, odd ones the
  // imaginary parts of the transform of half the length; of an odd length all are real.
  const partOf = (sample: string): string =>
    half ? `(${sample} % 2 * ${m} + ${sample} / 2) * ${L}` : `${sample} * ${L}`;
  const loads = [
    `for (int64_t tk_f = 0; tk_f < ${L}; tk_f++) { /* the last frame again where there are fewer */`,
    `  const int64_t tk_frame = tk_frame0 + tn_min(tk_f, tk_valid - 1);`,
    `  float *restrict const tk_row = tk_b + tk_f * ${n};`,
    `#pragma omp simd`,
    `  for (int64_t tk_i = 0; tk_i < ${n}; tk_i++) tk_row[tk_i] = ${spec.load({ frame: 'tk_frame', index: 'tk_i' })};`,
    `}`,
    ...(half && whole > 0
      ? [
          `for (int64_t tk_i = 0; tk_i < ${whole}; tk_i += ${L})`,
          `  ${name}_turn(tk_b + tk_i, ${n}, tk_a + tk_i * ${L / 2}, tk_a + ${m * L} + tk_i * ${L / 2});`,
        ]
      : []),
    ...(half && whole === n
      ? []
      : [
          `for (int64_t tk_i = ${half ? whole : 0}; tk_i < ${n}; tk_i++) {`,
          `  for (int64_t tk_f = 0; tk_f < ${L}; tk_f++) {`,
          `    tk_a[${partOf('tk_i')} + tk_f] = tk_b[tk_f * ${n} + tk_i];`,
          ...(half ? [] : [`    tk_a[(${m} + tk_i) * ${L} + tk_f] = 0.0f;`]),
          `  }`,
          `}`,
        ]),
  ];
  const lines = [
    `const int64_t tk_count = ${spec.frames};`,
    `int64_t tk_frame0, tk_frame_end;`,
    `tn_split(tk_count, ${L}, t->id, t->count, &tk_frame0, &tk_frame_end);`,
    `float *const tk_a = (float *)(void *)t->scratch, *const tk_b = tk_a + ${2 * m * L}; /* [re, im][${m}][${L} frames] */`,
    `for (; tk_frame0 < tk_frame_end; tk_frame0 += ${L}) {`,
    `  const int64_t tk_valid = tn_min(${L}, tk_frame_end - tk_frame0);`,
    indent(loads.join('\n'), '  '),
    ...calls.map((call) => '  ' + call),
    `  for (int64_t tk_bin = 0; tk_bin <= ${Math.floor(n / 2)}; tk_bin++) {`,
    `    float tk_re[${L}], tk_im[${L}];`,
    ...(half
      ? [`    ${name}_bin(${result}, tk_bin, tk_re, tk_im);`]
      : [
          `    tn_store(tk_re, tn_load(${result} + tk_bin * ${L}));`,
          `    tn_store(tk_im, tn_load(${result} + (${m} + tk_bin) * ${L}));`,
        ]),
    `#pragma omp simd`,
    `    for (int64_t tk_f = 0; tk_f < tk_valid; tk_f++) {`,
    `      const int64_t tk_frame = tk_frame0 + tk_f;`,
    spec.epilogue({ frame: 'tk_frame', bin: 'tk_bin', re: 'tk_re[tk_f]', im: 'tk_im[tk_f]', indent: '      ' }),
    `    }`,
    `  }`,
    `}`,
  ];
  if (half) helpers.push(renderSplit(name, m, L));
  if (half && whole > 0) helpers.push(renderTranspose(ctx.isa, `${name}_turn`));
  const text =
    tables.join('') +
    '\n' +
    helpers.join('\n') +
    '\n' +
    kernelHead(ctx, `real Fourier transforms of length ${n}, ${L} frames at a time`) +
    indent(lines.join('\n'), '  ') +
    '\n}\n';
  return { functionName: name, text, uses: mergeUses(ctx, ['tn_vf']), scratchBytes: String(4 * m * L * 4) };
}

function renderTable(name: string, values: readonly number[]): string {
  const texts = values.map(floatText);
  const rows: string[] = [];
  for (let i = 0; i < texts.length; i += 8) rows.push('  ' + texts.slice(i, i + 8).join(', '));
  return `static const float ${name}[${values.length}] = {\n${rows.join(',\n')}\n};\n`;
}

/** C helper: bin k of the real transform of length 2m out of the complex one of length m, Z. */
function renderSplit(name: string, m: number, L: number): string {
  return `/* X[k] = (Z[k] + conj Z[m-k]) / 2 - i w^k (Z[k] - conj Z[m-k]) / 2; k and m-k share a twiddle factor: w^(m-k) = -conj w^k */
static inline void ${name}_bin(const float *z, int64_t k, float *re, float *im) {
  const int64_t at = k == ${m} ? 0 : k, mirror = k == 0 ? 0 : ${m} - k, entry = 2 * k <= ${m} ? k : ${m} - k;
  const float wr = 2 * k <= ${m} ? ${name}_split[2 * entry] : -${name}_split[2 * entry], wi = ${name}_split[2 * entry + 1];
  const tn_vf ar = tn_load(z + at * ${L}), ai = tn_load(z + (${m} + at) * ${L});
  const tn_vf br = tn_load(z + mirror * ${L}), bi = tn_load(z + (${m} + mirror) * ${L});
  const tn_vf sr = 0.5f * (ar + br), si = 0.5f * (ai - bi), dr = 0.5f * (ar - br), di = 0.5f * (ai + bi);
  tn_store(re, sr + (wr * di + wi * dr));
  tn_store(im, si - (wr * dr - wi * di));
}
`;
}
