/** @file Every template under the address and undefined-behaviour sanitizers, with buffers of exactly the size that is promised. */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { attention, attentionStore } from '../attention.ts';
import { conv1d } from '../conv1d.ts';
import { storeEpilogue, storeUses } from '../epilogue.ts';
import { realFft } from '../fft.ts';
import { gemm } from '../gemm.ts';
import { gemv } from '../gemv.ts';
import { renderKernelFile } from '../prelude.ts';
import { layerNorm, softmax } from '../rowReduce.ts';
import type { IsaFacts, KernelSource } from '../types.ts';
import { commonFlags, levelFlags, templateLevels } from './harness.ts';

interface Checked {
  readonly source: KernelSource;
  /** Bytes of each buffer for dims d, C expressions. */
  readonly bytes: readonly string[];
  readonly dims: readonly (readonly number[])[];
}

const float = (i: number): string => `((const float *)b[${i}])`;
const half = (i: number): string => `((const uint16_t *)b[${i}])`;

function products(isa: IsaFacts): Checked[] {
  return [
    {
      source: gemm(
        { isa, functionName: 'packed' },
        {
          rows: 'd[0]',
          columns: 100,
          depth: 33,
          left: { kind: 'matrix', pointer: half(0), dtype: 'float16', rowStride: '33' },
          right: { kind: 'panels', pointer: half(1), dtype: 'float16' },
          epilogue: storeEpilogue('((float *)b[2])', '100'),
        },
      ),
      bytes: ['d[0] * 66', '7 * 33 * 32', 'd[0] * 400'],
      dims: [[0], [1], [30], [97]],
    },
    {
      source: gemm(
        { isa, functionName: 'strided' },
        {
          rows: 'd[0]',
          columns: 'd[1]',
          depth: 'd[2]',
          batches: 2,
          left: { kind: 'matrix', pointer: `${float(0)} + batch * d[0] * d[2]`, dtype: 'float32', rowStride: 'd[2]' },
          right: {
            kind: 'strided',
            pointer: `${half(1)} + batch * d[1] * d[2]`,
            dtype: 'bfloat16',
            rowStride: '1',
            columnStride: 'd[2]',
          },
          epilogue: storeEpilogue('((float *)b[2]) + batch * d[0] * d[1]', 'd[1]'),
        },
      ),
      bytes: ['d[0] * d[2] * 8', 'd[1] * d[2] * 4', 'd[0] * d[1] * 8'],
      dims: [
        [5, 17, 3],
        [40, 401, 70],
        [3, 16, 0],
      ],
    },
    {
      source: gemv(
        { isa, functionName: 'vector' },
        {
          rows: 2,
          columns: 'd[0]',
          depth: 'd[1]',
          left: { kind: 'matrix', pointer: float(0), dtype: 'float32', rowStride: 'd[1]' },
          right: { kind: 'panels', pointer: half(1), dtype: 'float16' },
          epilogue: storeEpilogue('((float *)b[2])', 'd[0]'),
        },
      ),
      bytes: ['d[1] * 8', '(d[0] + 15) / 16 * d[1] * 32', 'd[0] * 8'],
      dims: [
        [1, 1],
        [50, 13],
        [33, 64],
      ],
    },
  ];
}

function attentionChecked(isa: IsaFacts): Checked {
  const strides = { batchStride: '0', headStride: '24', rowStride: '48' };
  return {
    source: attention(
      { isa, functionName: 'attend', uses: storeUses('float16') },
      {
        batches: 1,
        heads: 2,
        queries: 'd[0]',
        keys: 'd[1]',
        headDim: 24,
        query: { pointer: float(0), dtype: 'float32', ...strides },
        key: { pointer: half(1), dtype: 'float16', ...strides },
        value: { pointer: half(2), dtype: 'float16', ...strides },
        scale: '0.2f',
        causalOffset: 'd[2]',
        mask: ({ row, key }) => `${float(3)}[${row} * d[1] + ${key}]`,
        epilogue: attentionStore({ pointer: '((uint16_t *)b[4])', dtype: 'float16', ...strides }),
      },
    ),
    bytes: ['d[0] * 192', 'd[1] * 96', 'd[1] * 96', 'd[0] * d[1] * 4', 'd[0] * 96'],
    dims: [
      [1, 1, 0],
      [3, 50, 47],
      [20, 20, 0],
      [101, 1700, 1600],
      [9, 5, -3],
    ],
  };
}

function rows(isa: IsaFacts): Checked[] {
  const matrix = { kind: 'matrix', pointer: float(0), dtype: 'float32', rowStride: 'd[1]' } as const;
  const run = { rows: 'd[0]', columns: 'd[1]', input: matrix, epilogue: storeEpilogue('((float *)b[1])', 'd[1]') };
  const bytes = ['d[0] * d[1] * 4', 'd[0] * d[1] * 4'];
  const dims = [
    [1, 1],
    [7, 33],
    [0, 5],
  ];
  return [
    { source: layerNorm({ isa, functionName: 'norm' }, { ...run, eps: '1e-5f' }), bytes, dims },
    { source: softmax({ isa, functionName: 'soft' }, { ...run, log: true }), bytes, dims },
    {
      source: conv1d(
        { isa, functionName: 'conv' },
        {
          batches: 2,
          inChannels: 5,
          length: 'd[0]',
          outChannels: 20,
          outLength: '(d[0] - 1) / 2 + 1',
          kernelWidth: 3,
          stride: 2,
          padding: 1,
          dilation: 1,
          input: {
            pointer: float(0),
            dtype: 'float32',
            batchStride: '5 * d[0]',
            channelStride: 'd[0]',
            timeStride: '1',
          },
          weight: { kind: 'panels', pointer: float(1), dtype: 'float32' },
          epilogue: storeEpilogue('((float *)b[2]) + batch * 20 * ((d[0] - 1) / 2 + 1)', '20'),
        },
      ),
      bytes: ['d[0] * 40', '2 * 15 * 64', '((d[0] - 1) / 2 + 1) * 160'],
      dims: [[1], [2], [33]],
    },
    ...[30, 49].map((n) => ({
      source: realFft(
        { isa, functionName: `fft${n}` },
        {
          frames: 'd[0]',
          length: n,
          load: ({ frame, index }) => `${float(0)}[${frame} * ${n} + ${index}]`,
          epilogue: ({ frame, bin, re, im, indent }) =>
            `${indent}((float *)b[1])[${bin} * d[0] + ${frame}] = ${re} * ${re} + ${im} * ${im};`,
        },
      ),
      bytes: [`d[0] * ${n * 4}`, `d[0] * ${4 * (Math.floor(n / 2) + 1)}`],
      dims: [[0], [1], [19]],
    })),
  ];
}

/** A C program that runs each kernel as 1, 2 and 3 threads would. */
function program(checked: readonly Checked[]): string {
  const calls = checked.flatMap(({ source, bytes, dims }) =>
    dims.map(
      (values) => `  {
    const int64_t d[] = {${values.join(', ')}};
    void *b[${bytes.length}];
${bytes.map((size, i) => `    b[${i}] = filled(${size});`).join('\n')}
    for (int64_t count = 1; count <= 3; count++) {
      for (int64_t id = 0; id < count; id++) {
        char *const scratch = aligned_alloc(64, (size_t)((${source.scratchBytes} + 63) / 64 * 64));
        const tn_thread t = {.id = id, .count = count, .scratch = scratch};
        ${source.functionName}(b, d, &t);
        free(scratch);
      }
    }
    for (int i = 0; i < ${bytes.length}; i++) free(b[i]);
  }`,
    ),
  );
  return `#include <stdlib.h>
static void *filled(int64_t bytes) {
  unsigned char *const p = malloc((size_t)bytes);
  for (int64_t i = 0; i < bytes; i++) p[i] = (unsigned char)(i % 4 < 3 ? i * 7 : 0x3c);
  return p;
}
int main(void) {
${calls.join('\n')}
  return 0;
}
`;
}

// An emulated machine has no sanitizers.
describe.skipIf(process.env['TN_TEST_EMULATE']).each(templateLevels())('sanitizers on $name', (isa) => {
  it('no template reads or writes out of place', () => {
    const checked = [...products(isa), attentionChecked(isa), ...rows(isa)];
    const folder = mkdtempSync(path.join(tmpdir(), 'tn-sanitize-'));
    try {
      const c = path.join(folder, 'check.c');
      const exe = path.join(folder, 'check');
      writeFileSync(
        c,
        renderKernelFile(
          checked.map((one) => one.source),
          isa,
        ) + program(checked),
      );
      const flags = commonFlags.filter((flag) => flag !== '-shared' && flag !== '-O3' && flag !== '-Werror');
      execFileSync(
        process.env['TN_CC'] ?? 'gcc',
        [
          ...flags,
          ...levelFlags[isa.name],
          '-O1',
          '-fsanitize=address,undefined',
          '-fno-sanitize-recover=all',
          '-I',
          fileURLToPath(new URL('../../../runtime/c', import.meta.url)),
          '-o',
          exe,
          c,
          '-lm',
        ],
        { stdio: 'inherit' },
      );
      const { status, stderr } = spawnSync(exe, { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
