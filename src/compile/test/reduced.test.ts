/** @file Reduced precisions: graphs in the shape of real models and random products beside the interpreter in float32. */

import { describe, expect, it } from 'vitest';
import type { StridedView } from '../../core/view.ts';
import { interpret } from '../../graph/interpreter.ts';
import { compileGraph } from '../compile.ts';
import type { IsaName, TemplatePrecision } from '../templates/types.ts';
import { machineIsas } from '../toolchain/target.ts';
import { compare, load, relative } from './compare.ts';
import { loadEmulated } from './emulatedPart.ts';
import { machines, sayMissing } from './emulator.ts';
import { GraphMaker } from './graphMaker.ts';
import { argumentsAt, decoder, mlp, modelCases, parametersOf } from './models.ts';
import { randomProducts } from './randomProducts.ts';
import type { Loaded } from './runPart.ts';

/**
 * Beside unrounded operands: at bf16 each is off by 2^-9 of itself at most, which sums of both signs make more of (5e-3 for most
 * outputs here, 2.6e-2 for the sum of a whole product); at int8 by 1/254 of the largest of its row or column.
 */
const roundedBound = { bf16: 4e-2, int8: 1.5e-1 };
/**
 * Beside operands rounded by the graph: 1e-6 for most outputs. Now and then an element is so near the middle of two bfloat16 that the
 * last bit of a float32 sum decides, and is off by 2^-8 from there on.
 */
const statedBound = 6e-3;

/** The outputs, when they are those of the graph that states the roundings. */
function roundsAsStated(loaded: Loaded, seed: number, n: number, threads: number): readonly StridedView[] {
  const stated = randomProducts(seed, true);
  const args = argumentsAt(stated, new Map([['n', n]]));
  const { outputs, error } = loaded.run(args, parametersOf(loaded.graph), threads);
  expect(error.code).toBe(0);
  const wanted = interpret(stated, args, parametersOf(stated)).outputs;
  outputs.forEach((view, i) => {
    expect(relative(wanted[i], view), `seed ${seed}, n ${n}, output ${i}`).toBeLessThan(statedBound);
  });
  return outputs;
}

/** All of them at the level that has instructions of its own, two at the others, which share their text. */
const seeds = (isa: IsaName): readonly number[] => (isa === 'v4x' ? [1, 2, 3, 4, 5, 6] : [1, 2]);

describe.each(machineIsas())('level %s', (isa) => {
  it.each(modelCases.flatMap((one) => (['bf16', 'int8'] as const).map((precision) => ({ ...one, precision }))))(
    'case %# at $precision',
    ({ graph: make, dims, precision }) => {
      const graph = make();
      const loaded = load(graph, isa, [], precision);
      for (const at of dims) {
        for (const threads of [1, 3]) {
          const args = argumentsAt(graph, new Map(Object.entries(at)));
          for (const { where, error } of compare(loaded, args, parametersOf(graph), threads)) {
            expect(error, `${graph.name} ${JSON.stringify(at)} ${threads} threads, ${where}`).toBeLessThan(
              roundedBound[precision],
            );
          }
        }
      }
    },
    60_000,
  );

  it.each(seeds(isa))(
    'random products %i at bf16 round as the graph that says so; the same bits for any thread count',
    (seed) => {
      const loaded = load(randomProducts(seed, false), isa, ['-O1'], 'bf16');
      for (const n of [1, 2, 7, 200]) {
        const [one, three] = [1, 3].map((threads) => roundsAsStated(loaded, seed, n, threads));
        three.forEach((view, i) => {
          expect(view.storage.bytes()).toEqual(one[i].storage.bytes());
        });
      }
    },
    60_000,
  );
});

describe.each(machines)('bf16 on $name', (machine) => {
  it.skipIf(sayMissing(machine)).each([2, 4])(
    'random products %i',
    (seed) => {
      roundsAsStated(loadEmulated(randomProducts(seed, false), machine, undefined, 'bf16'), seed, 9, 2);
    },
    60_000,
  );
});

describe.each(machines)('int8 on $name', (machine) => {
  it.skipIf(sayMissing(machine))(
    'a model',
    () => {
      const graph = mlp();
      const loaded = loadEmulated(graph, machine, undefined, 'int8');
      for (const { where, error } of compare(loaded, argumentsAt(graph, new Map([['n', 7]])), parametersOf(graph), 2)) {
        expect(error, where).toBeLessThan(roundedBound.int8);
      }
    },
    60_000,
  );
});

describe('the plan', () => {
  it('keeps kernels and fusion, and what is no product', () => {
    const names = (precision: TemplatePrecision) =>
      compileGraph(mlp(), { isa: 'v4x', precision }).kernels.map(({ name }) => name.replace(/_[0-9a-z]{8}$/, ''));
    expect(names('bf16')).toEqual(names('float32'));
    expect(names('int8')).toEqual(names('float32'));
  });

  it('reads an embedding as it is stored, not from rounded panels', () => {
    const { abi } = compileGraph(decoder('rows'), { isa: 'v4x', precision: 'bf16' });
    const embedding = abi.weights.filter(({ source }) => source.kind === 'parameter' && source.index === 0);
    expect(embedding.map(({ layout }) => (layout.kind === 'rows' ? 'rows' : layout.element)).sort()).toEqual([
      'bf16',
      'rows',
    ]);
  });

  it.each(['bf16', 'int8'] as const)('has one layout of weights for every level at %s', (precision) => {
    const slots = (['plain', 'v3', 'v4', 'v4x', 'neon'] as const).map(
      (isa) => compileGraph(decoder('heads'), { isa, precision }).abi.weights,
    );
    for (const other of slots) expect(other).toEqual(slots[0]);
  });

  it('quantises no depth that sums of bytes could overflow on', () => {
    const elements = [65536, 65537].map((depth) => {
      const g = new GraphMaker('deep');
      const x = g.input('x', 'float32', [1, depth]);
      const graph = g.finish(g.op('linear', [x, g.parameter('w', 'float16', [3, depth])]));
      const [{ layout }] = compileGraph(graph, { isa: 'v4x', precision: 'int8' }).abi.weights;
      return layout.kind === 'panels16' && layout.element;
    });
    expect(elements).toEqual(['int8', 'bf16']);
  });

  it('golden C of a product', async () => {
    const { files } = compileGraph(mlp(), { isa: 'v4x', precision: 'bf16' });
    const first = files.find(({ name }) => name.startsWith('linear_gelu'));
    const text = first!.source.replace(/(linear_gelu)_[0-9a-z]{8}/g, '$1');
    await expect(text).toMatchFileSnapshot('golden/linear.bf16.c');
  });
});
