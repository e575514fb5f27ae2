/**
 * @file Every kernel template at the sizes of whisper-base, on one core, beside the peak measured in the same run.
 *
 * `npm run bench -- kernels`, `--isa NAME` for a lower level. Best of many short runs.
 */
import { attention, attentionStore } from '../src/compile/templates/attention.ts';
import { conv1d } from '../src/compile/templates/conv1d.ts';
import { storeEpilogue } from '../src/compile/templates/epilogue.ts';
import { realFft } from '../src/compile/templates/fft.ts';
import { gemm } from '../src/compile/templates/gemm.ts';
import { gemv } from '../src/compile/templates/gemv.ts';
import { layerNorm, softmax } from '../src/compile/templates/rowReduce.ts';
import {
  type Buffer,
  bestLevel,
  floats,
  halves,
  loadKernels,
  machineLevels,
  noise,
} from '../src/compile/templates/test/harness.ts';
import type { Epilogue, FloatDtype, IsaFacts, KernelSource } from '../src/compile/templates/types.ts';
import { RequestError } from './options.ts';
import { measurePeak, type PeakRates, peakTable } from './peak.ts';

interface KernelBench {
  readonly name: string;
  readonly source: KernelSource;
  /** Argument sets that are cycled through, so that nothing is warm that would not be. */
  readonly calls: readonly (readonly Buffer[])[];
  readonly flops: number;
  /** Bytes that have to be read from memory, for kernels bound by it. */
  readonly bytes?: number;
}

export interface KernelFigure {
  readonly name: string;
  readonly ms: number;
  readonly gflops: number;
  /** Part of the float32 peak, or of the read bandwidth where that is the bound. */
  readonly share: number;
  readonly bound: 'compute' | 'memory';
}

const float = (i: number): string => `((const float *)b[${i}])`;
const half = (i: number): string => `((const uint16_t *)b[${i}])`;

function data(n: number, dtype: FloatDtype, seed: number): Buffer {
  return dtype === 'float32' ? noise(n, seed) : halves(n).fill(0x2c00 + seed);
}

/** Bias and GELU, as the encoder's first linear of each block has them. */
const biasGelu =
  (stride: number): Epilogue =>
  ({ acc, row, col0, count, indent }) =>
    `${indent}float *restrict to = (float *)b[2] + ${row} * ${stride} + ${col0};\n${indent}const float *bias = ${float(3)} + ${col0};\n` +
    `#pragma omp simd\n${indent}for (int64_t c = 0; c < ${count}; c++) to[c] = tn_geluf(${acc}[c] + bias[c]);`;

function product(isa: IsaFacts, M: number, N: number, K: number, dtype: FloatDtype, gelu = false): KernelBench {
  const functionName = `gemm_${M}_${N}_${K}_${dtype}${gelu ? '_gelu' : ''}`;
  const source = gemm(
    { isa, functionName, uses: gelu ? ['tn_geluf'] : [] },
    {
      rows: M,
      columns: N,
      depth: K,
      left: { kind: 'matrix', pointer: float(0), dtype: 'float32', rowStride: String(K) },
      right: { kind: 'panels', pointer: dtype === 'float32' ? float(1) : half(1), dtype },
      epilogue: gelu ? biasGelu(N) : storeEpilogue('((float *)b[2])', String(N)),
    },
  );
  const call = [noise(M * K, 1), data(Math.ceil(N / 16) * 16 * K, dtype, 2), floats(M * N), noise(N, 3)];
  return {
    name: `gemm ${M}x${N}x${K} ${dtype}${gelu ? ' + bias, gelu' : ''}`,
    source,
    calls: [call],
    flops: 2 * M * N * K,
  };
}

function vector(isa: IsaFacts, N: number, K: number, dtype: FloatDtype, sets: number): KernelBench {
  const source = gemv(
    { isa, functionName: `gemv_${N}_${K}_${dtype}` },
    {
      rows: 1,
      columns: N,
      depth: K,
      left: { kind: 'matrix', pointer: float(0), dtype: 'float32', rowStride: String(K) },
      right: { kind: 'panels', pointer: dtype === 'float32' ? float(1) : half(1), dtype },
      epilogue: storeEpilogue('((float *)b[2])', String(N)),
    },
  );
  const x = noise(K, 1);
  const y = floats(N);
  const calls = Array.from({ length: sets }, () => [x, data(Math.ceil(N / 16) * 16 * K, dtype, 2), y]);
  return {
    name: `gemv ${N}x${K} ${dtype}`,
    source,
    calls,
    flops: 2 * N * K,
    bytes: N * K * (dtype === 'float32' ? 4 : 2),
  };
}

function heads(
  isa: IsaFacts,
  queries: number,
  keys: number,
  dtype: FloatDtype,
  headMajor: boolean,
  sets: number,
): KernelBench {
  const type = dtype === 'float32' ? float : half;
  const strides = headMajor
    ? { batchStride: '0', headStride: String(64 * keys), rowStride: '64' }
    : { batchStride: '0', headStride: '64', rowStride: '512' };
  const rows = { batchStride: '0', headStride: '64', rowStride: '512' };
  const source = attention(
    { isa, functionName: `attention_${queries}_${keys}_${dtype}_${headMajor ? 'h' : 'r'}` },
    {
      batches: 1,
      heads: 8,
      queries,
      keys,
      headDim: 64,
      query: { pointer: float(0), dtype: 'float32', ...rows },
      key: { pointer: type(1), dtype, ...strides },
      value: { pointer: type(2), dtype, ...strides },
      scale: '0.125f',
      epilogue: attentionStore({ pointer: '((float *)b[3])', dtype: 'float32', ...rows }),
    },
  );
  const q = noise(queries * 512, 1);
  const out = floats(queries * 512);
  const calls = Array.from({ length: sets }, () => [q, data(keys * 512, dtype, 2), data(keys * 512, dtype, 3), out]);
  const bench = { name: `attention 8x${queries}x${keys} ${dtype}${headMajor ? ' head-major' : ''}`, source, calls };
  const flops = 4 * 8 * queries * keys * 64;
  return queries > 4 ? { ...bench, flops } : { ...bench, flops, bytes: 2 * keys * 512 * (dtype === 'float32' ? 4 : 2) };
}

function others(isa: IsaFacts): KernelBench[] {
  const conv = conv1d(
    { isa, functionName: 'conv' },
    {
      batches: 1,
      inChannels: 512,
      length: 3000,
      outChannels: 512,
      outLength: 1500,
      kernelWidth: 3,
      stride: 2,
      padding: 1,
      dilation: 1,
      input: { pointer: float(0), dtype: 'float32', batchStride: '0', channelStride: '3000', timeStride: '1' },
      weight: { kind: 'panels', pointer: half(1), dtype: 'float16' },
      epilogue: storeEpilogue('((float *)b[2])', '512'),
    },
  );
  const matrix = (columns: number) =>
    ({ kind: 'matrix', pointer: float(0), dtype: 'float32', rowStride: String(columns) }) as const;
  const norm = layerNorm(
    { isa, functionName: 'norm' },
    {
      rows: 1500,
      columns: 512,
      input: matrix(512),
      eps: '1e-5f',
      weight: { pointer: float(1), dtype: 'float32' },
      bias: { pointer: float(1), dtype: 'float32' },
      epilogue: storeEpilogue('((float *)b[2])', '512'),
    },
  );
  const soft = softmax(
    { isa, functionName: 'soft' },
    { rows: 512, columns: 1500, log: false, input: matrix(1500), epilogue: storeEpilogue('((float *)b[2])', '1500') },
  );
  const fft = realFft(
    { isa, functionName: 'fft' },
    {
      frames: 3000,
      length: 400,
      load: ({ frame, index }) => `${float(0)}[${frame} * 160 + ${index}] * ${float(1)}[${index}]`,
      epilogue: ({ frame, bin, re, im, indent }) =>
        `${indent}((float *)b[2])[${bin} * 3000 + ${frame}] = ${re} * ${re} + ${im} * ${im};`,
    },
  );
  const x = noise(1500 * 1024, 1);
  return [
    {
      name: 'conv1d 512x3000 -> 512x1500, width 3, stride 2',
      source: conv,
      calls: [[x, halves(512 * 1536).fill(0x2c00), floats(1500 * 512)]],
      flops: 2 * 1500 * 512 * 1536,
    },
    {
      name: 'layerNorm 1500x512',
      source: norm,
      calls: [[x, noise(512, 2), floats(1500 * 512)]],
      flops: 8 * 1500 * 512,
    },
    { name: 'softmax 512x1500', source: soft, calls: [[x, x, floats(1500 * 512)]], flops: 20 * 512 * 1500 },
    {
      name: 'rfft 3000 frames of 400',
      source: fft,
      calls: [[x, noise(400, 2), floats(3000 * 201)]],
      flops: 3000 * 2.5 * 400 * Math.log2(400),
    },
  ];
}

/** Times every template; `peak` is what the shares are of. */
export function measureKernels(isa: IsaFacts, peak: PeakRates): KernelFigure[] {
  const benches = [
    product(isa, 1500, 512, 512, 'float32'),
    product(isa, 1500, 512, 512, 'float16'),
    product(isa, 1500, 2048, 512, 'float16', true),
    product(isa, 1500, 512, 2048, 'float16'),
    product(isa, 4, 512, 512, 'float16'),
    vector(isa, 51865, 512, 'float16', 1),
    vector(isa, 2048, 512, 'float16', 24),
    heads(isa, 1500, 1500, 'float32', false, 1),
    heads(isa, 1, 1500, 'float16', false, 12),
    heads(isa, 1, 1500, 'float16', true, 12),
    ...others(isa),
  ];
  return benches.map((bench) => {
    const [kernel] = loadKernels([bench.source], isa, 16 << 20);
    let best = Number.POSITIVE_INFINITY;
    const end = performance.now() + 500;
    for (let i = 0; i < 3 || performance.now() < end; i++) {
      // processor time, not the wall's: other programs may be running, and this one has one busy thread
      const start = process.cpuUsage();
      let calls = 0;
      const least = performance.now() + 2;
      do {
        for (const call of bench.calls) kernel!.runThread(call, [], 0, 1);
        calls += bench.calls.length;
      } while (performance.now() < least);
      const { user, system } = process.cpuUsage(start);
      best = Math.min(best, (user + system) / 1000 / calls);
    }
    const gflops = bench.flops / best / 1e6;
    const memory = bench.bytes !== undefined;
    const share = memory ? bench.bytes! / best / 1e6 / peak.readBandwidth : gflops / peak.fma32;
    return { name: bench.name, ms: best, gflops, share, bound: memory ? 'memory' : 'compute' };
  });
}

/** A table for people. */
export function kernelTable(figures: readonly KernelFigure[]): string {
  return figures
    .map(
      (f) =>
        `${f.name.padEnd(52)}${f.ms.toFixed(3).padStart(10)} ms${f.gflops.toFixed(1).padStart(9)} GFLOP/s` +
        `${(100 * f.share).toFixed(0).padStart(5)} % of ${f.bound === 'memory' ? 'read bandwidth' : 'FMA peak'}`,
    )
    .join('\n');
}

/** The suite behind `npm run bench -- kernels`: prints the tables, returns the figures. */
export async function runSuite(options: {
  readonly isa: string | null;
}): Promise<{ isa: string; peak: PeakRates; kernels: KernelFigure[] }> {
  const isa = options.isa === null ? bestLevel() : machineLevels().find((level) => level.name === options.isa);
  if (isa === undefined) {
    const names = machineLevels().map((level) => level.name);
    throw new RequestError(`--isa ${options.isa}: this machine has ${names.join(', ')}`);
  }
  const peak = await measurePeak();
  console.log(`${peakTable([peak.one, peak.all])}\n`);
  const kernels = measureKernels(isa, peak.one);
  console.log(kernelTable(kernels));
  return { isa: isa.name, peak: peak.one, kernels };
}
