/** @file The prelude's functions against libm in float64, on dense grids of all float32; bounds in ulp as their comments state. */
import { describe, expect, it } from 'vitest';
import type { KernelSource, PreludeName } from '../types.ts';
import { loadKernels, machineLevels } from './harness.ts';
import { bfloatToNumber, bitsOf, halfToNumber, numberToBfloat, numberToHalf } from './reference.ts';

/** name, float64 reference (C), bound in ulp, absolute error that is allowed beside it. */
const unary: [PreludeName, string, number, number][] = [
  ['tn_expf', 'exp(x)', 1, 0],
  ['tn_exp2f', 'exp2(x)', 1.5, 0],
  ['tn_exp_decay', 'x > 0 ? got[i] : exp(x)', 1, 1.2e-38],
  ['tn_exp2_decay', 'x > 0 ? got[i] : exp2(x)', 1.5, 1.2e-38],
  ['tn_expm1f', 'expm1(x)', 2, 0],
  ['tn_logf', 'log(x)', 1, 0],
  ['tn_log2f', 'log2(x)', 2, 0],
  ['tn_log10f', 'log10(x)', 2, 0],
  ['tn_log1pf', 'log1p(x)', 2, 0],
  ['tn_tanhf', 'tanh(x)', 3, 0],
  ['tn_erff', 'erf(x)', 2.5, 0],
  ['tn_sinf', 'sin(x)', 1, 0],
  ['tn_cosf', 'cos(x)', 1, 0],
  ['tn_sigmoidf', '1 / (1 + exp(-x))', 3, 2e-38],
  ['tn_siluf', 'x / (1 + exp(-x))', 3, 3e-36],
  ['tn_geluf', 'x == -INFINITY ? NAN : x * (0.5 * erfc(x * -0.70710678118654752440))', 10, 4e-9],
  ['tn_gelu_tanhf', 'x / (1 + exp(-1.5957691216057307 * (x + 0.044715 * x * x * x)))', 4, 3e-7],
];

/** A kernel of the test's own; `text` is its body. */
function kernel(functionName: string, uses: readonly PreludeName[], text: string): KernelSource {
  return {
    functionName,
    uses: ['tn_f16_to_f32', ...uses],
    text: `#include <math.h>\nvoid ${functionName}(void *const *b, const int64_t *d, const tn_thread *t) {\n  (void)t;\n${text}\n}\n`,
    scratchBytes: '0',
  };
}

/** Walks all float32 by d[0]; the worst error in ulp, and where. */
function checker(name: PreludeName, reference: string, absolute: number): KernelSource {
  return kernel(
    `check_${name}`,
    [name],
    `  static float in[1024], got[1024];
  double worst = 0;
  uint32_t where = 0, signs = 0;
  for (uint64_t at = 0; at < 1ull << 32;) {
    int n = 0;
    for (; n < 1024 && at < 1ull << 32; n++, at += (uint64_t)d[0]) in[n] = tn_from_bits((uint32_t)at);
    for (int i = 0; i < n; i++) got[i] = ${name}(in[i]);
    for (int i = 0; i < n; i++) {
      const double x = in[i], want = ${reference};
      const float y = got[i], wanted = (float)want;
      double error;
      if (wanted != wanted || y != y) error = (wanted != wanted) == (y != y) ? 0 : INFINITY;
      else if (y == wanted) error = 0;
      else if (isinf(wanted) || isinf(y)) error = fabs(y) > 3.4e38 && fabs(wanted) > 3.4e38 ? 1 : INFINITY;
      else {
        int e;
        frexp(want, &e);
        const double ulp = ldexp(1, e - 24 < -149 ? -149 : e - 24);
        const double difference = fabs((double)y - want) - ${absolute};
        error = difference > 0 ? difference / ulp : 0;
      }
      if (y == 0 && wanted == 0 && signbit(y) != signbit(wanted)) signs++;
      if (error > worst) worst = error, where = tn_bits(in[i]);
    }
  }
  double *const out = b[0];
  out[0] = worst, out[1] = where, out[2] = signs;`,
  );
}

const names: PreludeName[] = unary.map(([name]) => name);

/** An emulator computes the float64 references in software. */
const stride = process.env['TN_TEST_EMULATE'] ? 40_009 : 997;

describe.each(machineLevels().filter((isa) => isa.name !== 'v4x'))('math on $name', (isa) => {
  const checks = loadKernels(
    unary.map(([name, reference, , absolute]) => checker(name, reference, absolute)),
    isa,
    64,
  );
  it.each(unary)('%s', (name, _reference, bound) => {
    const out = new Float64Array(new ArrayBuffer(128));
    checks[names.indexOf(name)].run([out], [stride]);
    if (process.env['TN_SHOW_ULP']) console.log(isa.name, name, out[0]!.toFixed(2), out[1]!.toString(16), out[2]);
    expect(out[0], `worst at bits 0x${out[1]!.toString(16)}`).toBeLessThanOrEqual(bound);
  });

  it('special values', () => {
    const specials = [
      0,
      -0,
      1,
      -1,
      Infinity,
      -Infinity,
      NaN,
      1e-45,
      -1e-45,
      1e-40,
      3.4028234663852886e38,
      -3.4028234663852886e38,
    ];
    const want: Partial<Record<PreludeName, (x: number) => number>> = {
      tn_expf: Math.exp,
      tn_expm1f: Math.expm1,
      tn_logf: Math.log,
      tn_log2f: Math.log2,
      tn_log10f: Math.log10,
      tn_log1pf: Math.log1p,
      tn_tanhf: Math.tanh,
      tn_sinf: Math.sin,
      tn_cosf: Math.cos,
    };
    const x = new Float32Array(new ArrayBuffer(64), 0, 12);
    x.set(specials);
    const y = new Float32Array(new ArrayBuffer(64), 0, 12);
    const maps = loadKernels(
      names.map((name) =>
        kernel(
          `map_${name}`,
          [name],
          `  const float *x = b[0]; float *y = b[1]; for (int64_t i = 0; i < d[0]; i++) y[i] = ${name}(x[i]);`,
        ),
      ),
      isa,
      64,
    );
    for (const [name, f] of Object.entries(want)) {
      maps[names.indexOf(name as PreludeName)].run([x, y], [12]);
      x.forEach((value, i) => {
        const wanted = Math.fround(f(value));
        if (!Number.isFinite(wanted) || wanted === 0) expect([name, value, y[i]]).toEqual([name, value, wanted]);
        else expect(Math.abs(y[i]! - wanted), `${name}(${value})`).toBeLessThanOrEqual(Math.abs(wanted) * 3e-7 + 3e-45);
      });
    }
  });

  it('pow', () => {
    const text = `  const float *x = b[0], *y = b[1]; float *z = b[2];
#pragma omp simd
      for (int64_t i = 0; i < d[0]; i++) z[i] = tn_powf(x[i], y[i]);`;
    const [map] = loadKernels([kernel('map', ['tn_powf', 'tn_expf'], text)], isa, 64);
    const values = [
      0, -0, 1, -1, 2, -2, 3, -3, 0.5, -0.5, 1.5, 1e-45, -1e-45, 1e-40, 7, 16777217, 33554432, 1e30, -1e30,
    ];
    values.push(Infinity, -Infinity, NaN, 0.1, 10, 0.99999994, 1.0000001, 127, -149, 3.4e38, -7, -1e-3, 255.5);
    for (let i = 0; i < 400; i++) values.push(Math.fround(Math.exp(Math.sin(i * 1.7) * (i / 20)) * (i % 3 ? 1 : -1)));
    const n = values.length ** 2;
    const x = new Float32Array(n);
    const y = new Float32Array(n);
    const z = new Float32Array(n);
    values.forEach((a, i) => {
      values.forEach((b, j) => {
        x[i * values.length + j] = a;
        y[i * values.length + j] = b;
      });
    });
    map.run([x, y, z], [n]);
    for (let i = 0; i < n; i++) {
      let exact = x[i]! ** y[i]!;
      if (x[i] === 1 || (x[i] === -1 && Math.abs(y[i]!) === Infinity)) exact = 1; // C and PyTorch; JavaScript says NaN
      const wanted = Math.fround(exact);
      if (Object.is(z[i], wanted) || (Number.isNaN(wanted) && Number.isNaN(z[i]!))) continue;
      const ulp = Math.max(2 ** -149, 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 23));
      expect(Math.abs(z[i]! - exact) / ulp, `pow(${x[i]}, ${y[i]}) = ${z[i]}, not ${wanted}`).toBeLessThanOrEqual(1);
    }
  });

  it('float16 and bfloat16: all of them wide, and rounding at and around every tie', () => {
    const wide = '  const uint16_t *h = b[0]; float *y = b[1], *z = b[2];\n';
    const widen = `${wide}  for (int64_t i = 0; i < d[0]; i++) y[i] = tn_f16_to_f32(h[i]), z[i] = tn_bf16_to_f32(h[i]);`;
    const vwiden = `${wide}  for (int64_t i = 0; i < d[0]; i += ${isa.lanes}) tn_store(y + i, tn_load_f16(h + i)), tn_store(z + i, tn_load_bf16(h + i));`;
    const narrow = `  const uint32_t *x = b[0]; uint16_t *h = b[1], *g = b[2];
  for (int64_t i = 0; i < d[0]; i++) h[i] = tn_f32_to_f16(tn_from_bits(x[i])), g[i] = tn_f32_to_bf16(tn_from_bits(x[i]));`;
    const [widens, vwidens, narrows] = loadKernels(
      [
        kernel('widen', ['tn_bf16_to_f32'], widen),
        kernel('vwiden', ['tn_load_f16', 'tn_load_bf16'], vwiden),
        kernel('narrow', ['tn_f32_to_f16', 'tn_f32_to_bf16'], narrow),
      ],
      isa,
      64,
    );
    const h = new Uint16Array(65536).map((_, i) => i);
    for (const run of [widens, vwidens]) {
      const y = new Float32Array(65536);
      const z = new Float32Array(65536);
      run.run([h, y, z], [65536]);
      const wrong = [...h].filter((i) => !Object.is(y[i], halfToNumber(i)) || !Object.is(z[i], bfloatToNumber(i)));
      expect(wrong).toEqual([]);
    }
    const inputs: number[] = [];
    for (let i = 0; i < 65536; i += 7) {
      const a = bitsOf(halfToNumber(i));
      const b = bitsOf((halfToNumber(i) + halfToNumber(Math.min(i + 1, 65535))) / 2); // a tie
      const c = ((i << 16) | 0x8000) >>> 0;
      for (const u of [a, b, c]) inputs.push(u, (u + 1) >>> 0, (u - 1) >>> 0);
    }
    const x = Uint32Array.from(inputs);
    const values = new Float32Array(x.buffer);
    const p = new Uint16Array(x.length);
    const q = new Uint16Array(x.length);
    narrows.run([x, p, q], [x.length]);
    const wrong: unknown[] = [];
    for (let i = 0; i < x.length; i++) {
      const value = values[i]!;
      const right = Number.isNaN(value)
        ? Number.isNaN(halfToNumber(p[i]!)) && Number.isNaN(bfloatToNumber(q[i]!))
        : p[i] === numberToHalf(value) && q[i] === numberToBfloat(value);
      if (!right) wrong.push([value, p[i], q[i]]);
    }
    expect(wrong).toEqual([]);
  });
});
