/** @file C text of one stage of a complex Fourier transform, one radix: small ones written out, other primes as direct sums. */
import { floatText, rootOfUnity } from './fft.ts';
import { range } from './text.ts';

/**
 * C text of `static void NAME(const float *x, float *restrict y, int64_t n, int64_t m, int64_t s, const float *w)`, a stage of
 * Stockham's form: for k < m and q < s, a_r = x[q + s(k + m r)], b = transform of a, y[q + s(p k + j)] = b_j · w[k][j]. Arrays are
 * [re, im][n] of vectors; `w` holds e^(-2πi k j / (m p)) for j = 1 … p-1.
 */
export function renderButterfly(name: string, p: number): string {
  const js = range(p);
  const transform = p <= 5 ? small[p]!() : direct(p);
  const outputs =
    p <= 5
      ? js.map((j) =>
          j === 0
            ? `      put(y, to, n, b0r, b0i);`
            : `      put(y, to + ${j === 1 ? '' : `${j} * `}s, n, b${j}r * f[${2 * j - 2}] - b${j}i * f[${2 * j - 1}], b${j}r * f[${2 * j - 1}] + b${j}i * f[${2 * j - 2}]);`,
        )
      : [];
  const inputs =
    p <= 5
      ? js.map(
          (r) =>
            `      const tn_vf a${r}r = tn_load(x + (${at(r)}) * LANES), a${r}i = tn_load(x + (n + ${at(r)}) * LANES);`,
        )
      : [];
  return [
    `/* One stage, radix ${p}. */`,
    `static __attribute__((noinline)) void ${name}(const float *x, float *restrict y, int64_t n, int64_t m, int64_t s, const float *w) {`,
    `  for (int64_t k = 0; k < m; k++) {`,
    `    const float *const f = w + k * ${2 * (p - 1)};`,
    `    for (int64_t q = 0; q < s; q++) {`,
    `      const int64_t from = q + s * k, to = q + s * k * ${p};`,
    ...inputs,
    ...transform.map((line) => '      ' + line),
    ...outputs,
    `    }`,
    `  }`,
    `}`,
    '',
  ]
    .join('\n')
    .replaceAll('LANES', lanesText)
    .replace(/put\(y, ([^,]+), n, (.+)\);/g, (_all, to: string, values: string) => {
      const [re, im] = splitTop(values);
      return `tn_store(y + (${to}) * ${lanesText}, ${re}), tn_store(y + (n + ${to}) * ${lanesText}, ${im});`;
    });
}

const lanesText = '(int64_t)(sizeof(tn_vf) / 4)';

function at(r: number): string {
  return r === 0 ? 'from' : r === 1 ? 'from + s * m' : `from + ${r} * s * m`;
}

/** Splits `re, im` at the comma (neither holds one). */
function splitTop(text: string): [string, string] {
  const comma = text.indexOf(', ');
  return [text.slice(0, comma), text.slice(comma + 2)];
}

const c = (k: number, n: number): string => floatText(rootOfUnity(k, n)[0]);
const s = (k: number, n: number): string => floatText(-rootOfUnity(k, n)[1]);

/** b_j = Σ_r a_r e^(-2πi jr/p), lines of C. */
const small: Readonly<Record<number, () => string[]>> = {
  2: () => [`const tn_vf b0r = a0r + a1r, b0i = a0i + a1i, b1r = a0r - a1r, b1i = a0i - a1i;`],
  3: () => [
    `const tn_vf tr = a1r + a2r, ti = a1i + a2i, ur = ${s(1, 3)} * (a1r - a2r), ui = ${s(1, 3)} * (a1i - a2i);`,
    `const tn_vf b0r = a0r + tr, b0i = a0i + ti, hr = a0r - 0.5f * tr, hi = a0i - 0.5f * ti;`,
    `const tn_vf b1r = hr + ui, b1i = hi - ur, b2r = hr - ui, b2i = hi + ur;`,
  ],
  4: () => [
    `const tn_vf tr = a0r + a2r, ti = a0i + a2i, ur = a0r - a2r, ui = a0i - a2i;`,
    `const tn_vf vr = a1r + a3r, vi = a1i + a3i, er = a1r - a3r, ei = a1i - a3i;`,
    `const tn_vf b0r = tr + vr, b0i = ti + vi, b2r = tr - vr, b2i = ti - vi;`,
    `const tn_vf b1r = ur + ei, b1i = ui - er, b3r = ur - ei, b3i = ui + er;`,
  ],
  5: () => [
    `const tn_vf t1r = a1r + a4r, t1i = a1i + a4i, u1r = a1r - a4r, u1i = a1i - a4i;`,
    `const tn_vf t2r = a2r + a3r, t2i = a2i + a3i, u2r = a2r - a3r, u2i = a2i - a3i;`,
    `const tn_vf b0r = a0r + (t1r + t2r), b0i = a0i + (t1i + t2i);`,
    `const tn_vf g1r = a0r + (${c(1, 5)} * t1r + ${c(2, 5)} * t2r), g1i = a0i + (${c(1, 5)} * t1i + ${c(2, 5)} * t2i);`,
    `const tn_vf g2r = a0r + (${c(2, 5)} * t1r + ${c(1, 5)} * t2r), g2i = a0i + (${c(2, 5)} * t1i + ${c(1, 5)} * t2i);`,
    `const tn_vf h1r = ${s(1, 5)} * u1r + ${s(2, 5)} * u2r, h1i = ${s(1, 5)} * u1i + ${s(2, 5)} * u2i;`,
    `const tn_vf h2r = ${s(2, 5)} * u1r - ${s(1, 5)} * u2r, h2i = ${s(2, 5)} * u1i - ${s(1, 5)} * u2i;`,
    `const tn_vf b1r = g1r + h1i, b1i = g1i - h1r, b4r = g1r - h1i, b4i = g1i + h1r;`,
    `const tn_vf b2r = g2r + h2i, b2i = g2i - h2r, b3r = g2r - h2i, b3i = g2i + h2r;`,
  ],
};

/** A prime p > 5: sums and differences of a_r and a_(p-r), then p-1 by p-1 real products; ascending r. */
function direct(p: number): string[] {
  const half = (p - 1) / 2;
  const roots = range(p).map((k) => rootOfUnity(k, p));
  return [
    `static const float cosine[${p}] = {${roots.map(([re]) => floatText(re)).join(', ')}};`,
    `static const float sine[${p}] = {${roots.map(([, im]) => floatText(-im)).join(', ')}};`,
    `const tn_vf a0r = tn_load(x + from * LANES), a0i = tn_load(x + (n + from) * LANES);`,
    `tn_vf tr[${half}], ti[${half}], ur[${half}], ui[${half}], b0r = a0r, b0i = a0i;`,
    `for (int64_t r = 0; r < ${half}; r++) {`,
    `  const int64_t lo = from + (r + 1) * s * m, hi = from + (${p - 1} - r) * s * m;`,
    `  const tn_vf lr = tn_load(x + lo * LANES), li = tn_load(x + (n + lo) * LANES);`,
    `  const tn_vf hr = tn_load(x + hi * LANES), hj = tn_load(x + (n + hi) * LANES);`,
    `  tr[r] = lr + hr, ti[r] = li + hj, ur[r] = lr - hr, ui[r] = li - hj;`,
    `  b0r += tr[r], b0i += ti[r];`,
    `}`,
    `put(y, to, n, b0r, b0i);`,
    `for (int64_t j = 1; j <= ${half}; j++) {`,
    `  tn_vf gr = a0r, gi = a0i, hr = {0}, hi = {0};`,
    `  for (int64_t r = 0, at = j; r < ${half}; r++, at = (at + j) % ${p}) {`,
    `    gr += cosine[at] * tr[r], gi += cosine[at] * ti[r], hr += sine[at] * ur[r], hi += sine[at] * ui[r];`,
    `  }`,
    `  const tn_vf br = gr + hi, bi = gi - hr, er = gr - hi, ei = gi + hr;`,
    `  const float *const fb = f + 2 * j - 2, *const fe = f + 2 * (${p} - j) - 2;`,
    `  put(y, to + j * s, n, br * fb[0] - bi * fb[1], br * fb[1] + bi * fb[0]);`,
    `  put(y, to + (${p} - j) * s, n, er * fe[0] - ei * fe[1], er * fe[1] + ei * fe[0]);`,
    `}`,
  ];
}
