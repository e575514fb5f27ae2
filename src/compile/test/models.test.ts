/** @file Graphs in the shape of real models: fused as they should be, and right at every level of this machine. */

import { describe, expect, it } from 'vitest';
import type { Graph } from '../../graph/graph.ts';
import { exprToString } from '../../symbolic/expr.ts';
import { compileGraph } from '../compile.ts';
import { machineIsa } from '../toolchain/target.ts';
import { compare, load } from './compare.ts';
import {
  addMul,
  argumentsAt,
  convolutions,
  decoder,
  mel,
  mlp,
  modelCases,
  parametersOf,
  reductions,
} from './models.ts';

describe.each([...new Set(['plain', machineIsa()] as const)])('at level %s', (isa) => {
  it.each(modelCases)(
    'case %#',
    ({ graph: make, dims }) => {
      const graph = make();
      const loaded = load(graph, isa);
      const parameters = parametersOf(graph);
      for (const at of dims) {
        for (const threads of [1, 3]) {
          const args = argumentsAt(graph, new Map(Object.entries(at)));
          for (const { where, error } of compare(loaded, args, parameters, threads)) {
            expect(error, `${graph.name} ${JSON.stringify(at)} ${threads} threads, ${where}`).toBeLessThan(5e-6);
          }
        }
      }
    },
    60_000,
  );
});

describe('the plan', () => {
  const plan = (graph: Graph) => compileGraph(graph, { isa: 'v4', precision: 'float32' });
  const names = (graph: Graph) => plan(graph).kernels.map(({ name }) => name.replace(/_[0-9a-z]{8}$/, ''));

  it('fuses bias, activation and residual into products', () => {
    expect(names(mlp())).toEqual(['linear_gelu', 'linear_add']);
    expect(names(convolutions())).toEqual(['conv1d_gelu', 'conv1d_gelu_add', 'softmax']);
  });

  it('never holds the complex spectrogram', () => {
    expect(names(mel())).toEqual(['pad', 'pad', 'stft_mul_sum', 'matmul_clamp_log10', 'amax_sub', 'maximum_add_div']);
  });

  it.each(['heads', 'rows'] as const)('writes only the new rows of a cache laid out by %s', (layout) => {
    const { kernels } = plan(decoder(layout));
    const writes = kernels.flatMap((kernel) => kernel.writes).filter(({ buffer }) => buffer.startsWith('kv.'));
    expect(writes.map(({ buffer, bytes }) => `${buffer} ${exprToString(bytes)}`)).toEqual(['kv.k 128*n', 'kv.v 128*n']);
    const reads = kernels.flatMap((kernel) => kernel.reads).filter(({ buffer }) => buffer.startsWith('kv.'));
    expect(reads.map(({ bytes }) => exprToString(bytes))).toEqual(['128*n + 128*pos', '128*n + 128*pos']);
  });

  it('binds a tied embedding once, as panels', () => {
    const { abi } = plan(decoder('rows'));
    const slots = abi.weights.filter(({ source }) => source.index === 0);
    expect(slots.map(({ layout }) => layout.kind)).toEqual(['panels16']);
  });

  it('emits equal kernels once', () => {
    const { files, kernels } = plan(decoder('rows'));
    expect(files.length - 1).toBe(new Set(kernels.map(({ name }) => name)).size);
    expect(files.length - 1).toBeLessThan(kernels.length);
  });
});

describe('golden C', () => {
  it.each([
    ['addMul', addMul],
    ['reductions', reductions],
  ] as const)('%s', async (name, make) => {
    const { files } = compileGraph(make(), { isa: 'v3', precision: 'float32' });
    const text = files.map((file) => `/* ---- ${file.name} ---- */\n${file.source}`).join('\n');
    await expect(text).toMatchFileSnapshot(`golden/${name}.c`);
  });

  it('program of a decoder', async () => {
    const { files } = compileGraph(decoder('heads'), { isa: 'v3', precision: 'float32' });
    // Names of template kernels carry a hash of the template's text, which is not this test's business.
    const text = files.at(-1)!.source.replace(/_[0-9a-z]{8}\b/g, '');
    await expect(text).toMatchFileSnapshot('golden/decoder.c');
  });

  it('does not depend on anything but graph and target', () => {
    const [a, b] = [0, 1].map(() => compileGraph(decoder('heads'), { isa: 'plain', precision: 'float32' }).files);
    expect(a).toEqual(b);
  });
});
