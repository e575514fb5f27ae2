/** @file Attention against float64, at sizes that take every path: tiles, several key blocks, few rows, masks, causal, half dtypes. */
import { describe, expect, it } from 'vitest';
import { type AttentionSpec, attention, attentionStore } from '../attention.ts';
import type { FloatDtype, KernelSource, TemplatePrecision } from '../types.ts';
import { floats, loadKernels, machineLevels, noise, scratchOf, templateLevels } from './harness.ts';
import { bfloats, bytesOf, relativeError, store } from './reference.ts';

interface Case {
  H: number;
  Tq: number;
  Tk: number;
  d: number;
  dv?: number;
  dtype?: FloatDtype;
  offset?: number;
  mask?: boolean;
  group?: number;
}

const cases: Case[] = [
  { H: 2, Tq: 13, Tk: 37, d: 64 },
  { H: 1, Tq: 7, Tk: 1600, d: 32 },
  { H: 1, Tq: 203, Tk: 1601, d: 16, offset: 1390 },
  { H: 2, Tq: 20, Tk: 20, d: 64, offset: 0, dtype: 'float16' },
  { H: 3, Tq: 5, Tk: 100, d: 40, dv: 24, mask: true, dtype: 'bfloat16' },
  { H: 1, Tq: 6, Tk: 33, d: 1, dv: 100 },
  { H: 1, Tq: 9, Tk: 50, d: 100, dv: 7, mask: true, offset: 41 },
  { H: 8, Tq: 1, Tk: 448, d: 64, dtype: 'float16' },
  { H: 2, Tq: 1, Tk: 10001, d: 20, dv: 36 },
  { H: 4, Tq: 3, Tk: 77, d: 64, offset: 74, mask: true, group: 2 },
  { H: 2, Tq: 4, Tk: 1, d: 3 },
  { H: 1, Tq: 8, Tk: 1, d: 256 },
  { H: 1, Tq: 2, Tk: 40, d: 256, dtype: 'bfloat16' },
];

const setup = 'const int64_t Tq = d[0], Tk = d[1], offset = d[2]; (void)Tq, (void)Tk, (void)offset;';

function kernel(
  isa: Parameters<typeof attention>[0]['isa'],
  name: string,
  c: Case,
  symbolic: boolean,
  precision: TemplatePrecision = 'float32',
): KernelSource {
  const { H, d } = c;
  const dv = c.dv ?? d;
  const dtype = c.dtype ?? 'float32';
  const type = dtype === 'float32' ? 'float' : 'uint16_t';
  const KH = H / (c.group ?? 1);
  // layout [row, head, d]: what splitting a projection gives
  const spec: AttentionSpec = {
    batches: 1,
    heads: H,
    ...(c.group === undefined ? {} : { headsPerKeyHead: c.group }),
    queries: symbolic ? 'Tq' : c.Tq,
    keys: symbolic ? 'Tk' : c.Tk,
    headDim: d,
    valueDim: dv,
    query: {
      pointer: '((const float *)b[0])',
      dtype: 'float32',
      batchStride: '0',
      headStride: `${d}`,
      rowStride: `${H * d}`,
    },
    key: { pointer: `((const ${type} *)b[1])`, dtype, batchStride: '0', headStride: `${d}`, rowStride: `${KH * d}` },
    value: {
      pointer: `((const ${type} *)b[2])`,
      dtype,
      batchStride: '0',
      headStride: `${dv}`,
      rowStride: `${KH * dv}`,
    },
    scale: `1.0 / ${Math.sqrt(d)}`,
    ...(c.offset === undefined ? {} : { causalOffset: 'offset' }),
    ...(c.mask ? { mask: ({ head, row, key }) => `((const float *)b[4])[(${head} * Tq + ${row}) * Tk + ${key}]` } : {}),
    epilogue: attentionStore({
      pointer: '((float *)b[3])',
      dtype: 'float32',
      batchStride: '0',
      headStride: `${dv}`,
      rowStride: `${H * dv}`,
    }),
  };
  return attention({ isa, precision, functionName: name, setup }, spec);
}

/** `divisor`: of the products of q and k. */
function reference(
  c: Case,
  q: Float32Array,
  k: Float32Array,
  v: Float32Array,
  mask: Float32Array,
  divisor = Math.sqrt(c.d),
): Float64Array {
  const { H, Tq, Tk, d } = c;
  const dv = c.dv ?? d;
  const KH = H / (c.group ?? 1);
  const out = new Float64Array(Tq * H * dv);
  const s = new Float64Array(Tk);
  for (let h = 0; h < H; h++) {
    const kh = Math.floor(h / (c.group ?? 1));
    for (let i = 0; i < Tq; i++) {
      let top = Number.NEGATIVE_INFINITY;
      const n = c.offset === undefined ? Tk : Math.max(0, Math.min(Tk, i + c.offset + 1));
      for (let j = 0; j < n; j++) {
        let dot = 0;
        for (let x = 0; x < d; x++) dot += q[(i * H + h) * d + x]! * k[(j * KH + kh) * d + x]!;
        s[j] = dot / divisor + (c.mask ? mask[(h * Tq + i) * Tk + j]! : 0);
        top = Math.max(top, s[j]!);
      }
      let sum = 0;
      for (let j = 0; j < n; j++) sum += s[j] = Math.exp(s[j]! - top);
      for (let x = 0; x < dv; x++) {
        let o = 0;
        for (let j = 0; j < n; j++) o += s[j]! * v[(j * KH + kh) * dv + x]!;
        out[(i * H + h) * dv + x] = o / sum;
      }
    }
  }
  return out;
}

describe.each(templateLevels())('attention on $name', (isa) => {
  it('all shapes, symbolic sizes and static ones, any thread count', () => {
    const sources = cases.map((c, i) => kernel(isa, `a${i}`, c, i % 2 === 0));
    const bytes = cases.map((c, i) => scratchOf(sources[i]!, { Tq: c.Tq, Tk: c.Tk }));
    const kernels = loadKernels(sources, isa, Math.max(...bytes));
    cases.forEach((c, i) => {
      const { H, Tq, Tk, d } = c;
      const dv = c.dv ?? d;
      const KH = H / (c.group ?? 1);
      const q = noise(Tq * H * d, 1).map((x) => 4 * x) as Float32Array<ArrayBuffer>;
      const k = store(noise(Tk * KH * d, 2), c.dtype ?? 'float32');
      const v = store(noise(Tk * KH * dv, 3), c.dtype ?? 'float32');
      const mask = noise(H * Tq * Tk, 4);
      for (let j = 0; j < mask.length; j += 3) mask[j] = Number.NEGATIVE_INFINITY;
      const out = floats(Tq * H * dv);
      const dims = [Tq, Tk, c.offset ?? 0];
      kernels[i]!.run([q, k.stored, v.stored, out, mask], dims);
      expect(relativeError(out, reference(c, q, k.values, v.values, mask)), JSON.stringify(c)).toBeLessThan(3e-6);
      for (const threads of [2, 3]) {
        const again = floats(Tq * H * dv);
        kernels[i]!.run([q, k.stored, v.stored, again, mask], dims, threads);
        expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
      }
    });
  });

  it('a row that sees no key is NaN, its neighbours are not; empty problems do nothing', () => {
    const c: Case = { H: 1, Tq: 9, Tk: 5, d: 16, offset: -3 };
    const source = kernel(isa, 'empty', c, true);
    const [run] = loadKernels([source], isa, scratchOf(source, { Tq: 9, Tk: 5 }));
    for (const Tq of [9, 4]) {
      const q = noise(Tq * 16, 1);
      const k = noise(5 * 16, 2);
      const v = noise(5 * 16, 3);
      const out = floats(Tq * 16);
      run!.run([q, k, v, out], [Tq, 5, -3]);
      for (let i = 0; i < Tq; i++) expect(Number.isNaN(out[i * 16]!)).toBe(i < 3);
      expect(relativeError(out, reference({ ...c, Tq }, q, k, v, k))).toBeLessThan(3e-6);
      run!.run([q, k, v, out], [Tq, 0, 0]);
      expect(out.every(Number.isNaN)).toBe(true);
    }
    run!.run([], [0, 5, 0]);
  });
});

describe.each(machineLevels())('attention with bfloat16 operands on $name', (isa) => {
  it('all shapes, symbolic sizes and static ones, any thread count', () => {
    const sources = cases.map((c, i) => kernel(isa, `a${i}`, c, i % 2 === 0, 'bf16'));
    const bytes = cases.map((c, i) => scratchOf(sources[i]!, { Tq: c.Tq, Tk: c.Tk }));
    const kernels = loadKernels(sources, isa, Math.max(...bytes));
    cases.forEach((c, i) => {
      const { H, Tq, Tk, d } = c;
      const dv = c.dv ?? d;
      const KH = H / (c.group ?? 1);
      const q = noise(Tq * H * d, 1).map((x) => 4 * x) as Float32Array<ArrayBuffer>;
      const k = store(noise(Tk * KH * d, 2), c.dtype ?? 'float32');
      const v = store(noise(Tk * KH * dv, 3), c.dtype ?? 'float32');
      const mask = noise(H * Tq * Tk, 4);
      for (let j = 0; j < mask.length; j += 3) mask[j] = Number.NEGATIVE_INFINITY;
      const out = floats(Tq * H * dv);
      const dims = [Tq, Tk, c.offset ?? 0];
      kernels[i]!.run([q, k.stored, v.stored, out, mask], dims);
      const text = JSON.stringify(c);
      expect(relativeError(out, reference(c, q, k.values, v.values, mask)), text).toBeLessThan(2e-2);
      if (Tq <= 4) {
        expect(relativeError(out, reference(c, q, k.values, v.values, mask)), text).toBeLessThan(3e-6);
      } else {
        // All but the probabilities rounded as the kernel does: what is left is half a unit of each probability, 2^-9 of it,
        // beside results that are smaller than the values that cancel out in them.
        const scale = Math.fround(Math.LOG2E / Math.sqrt(d));
        const rounded = bfloats(q.map((x) => x * scale));
        const want = reference(c, rounded, bfloats(k.values), bfloats(v.values), mask, Math.LOG2E);
        expect(relativeError(out, want), text).toBeLessThan(2 ** -8);
      }
      for (const threads of [2, 3]) {
        const again = floats(Tq * H * dv);
        kernels[i]!.run([q, k.stored, v.stored, again, mask], dims, threads);
        expect(bytesOf(again).equals(bytesOf(out))).toBe(true);
      }
    });
  });
});
