/** @file Precision bf16: graphs in the shape of real models and random products beside the interpreter in float32. */

import { describe, expect, it } from 'vitest';
import type { StridedView } from '../../core/view.ts';
import { interpret } from '../../graph/interpreter.ts';
import { compileGraph } from '../compile.ts';
import type { IsaName } from '../templates/types.ts';
import { machineIsas } from '../toolchain/target.ts';
import { compare, load, relative } from './compare.ts';
import { loadEmulated } from './emulatedPart.ts';
import { machines, sayMissing } from './emulator.ts';
import { argumentsAt, decoder, mlp, modelCases, parametersOf } from './models.ts';
import { randomProducts } from './randomProducts.ts';
import type { Loaded } from './runPart.ts';

/**
 * Beside unrounded operands: each is off by 2^-9 of itself at most, which sums of both signs make more of (5e-3 for most outputs
 * here, 2.6e-2 for the sum of a whole product).
 */
const roundedBound = 4e-2;
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

describe.each(machineIsas())('bf16 at level %s', (isa) => {
  it.each(modelCases)(
    'case %#',
    ({ graph: make, dims }) => {
      const graph = make();
      const loaded = load(graph, isa, [], 'bf16');
      for (const at of dims) {
        for (const threads of [1, 3]) {
          const args = argumentsAt(graph, new Map(Object.entries(at)));
          for (const { where, error } of compare(loaded, args, parametersOf(graph), threads)) {
            expect(error, `${graph.name} ${JSON.stringify(at)} ${threads} threads, ${where}`).toBeLessThan(
              roundedBound,
            );
          }
        }
      }
    },
    60_000,
  );

  it.each(seeds(isa))(
    'random products %i round as the graph that says so; the same bits for any thread count',
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

describe('the plan at bf16', () => {
  it('keeps kernels and fusion, and what is no product', () => {
    const names = (precision: 'float32' | 'bf16') =>
      compileGraph(mlp(), { isa: 'v4x', precision }).kernels.map(({ name }) => name.replace(/_[0-9a-z]{8}$/, ''));
    expect(names('bf16')).toEqual(names('float32'));
  });

  it('reads an embedding as it is stored, not from rounded panels', () => {
    const { abi } = compileGraph(decoder('rows'), { isa: 'v4x', precision: 'bf16' });
    const embedding = abi.weights.filter(({ source }) => source.kind === 'parameter' && source.index === 0);
    expect(embedding.map(({ layout }) => (layout.kind === 'rows' ? 'rows' : layout.element)).sort()).toEqual([
      'bf16',
      'rows',
    ]);
  });

  it('has one layout of weights for every level', () => {
    const slots = (['plain', 'v3', 'v4', 'v4x', 'neon'] as const).map(
      (isa) => compileGraph(decoder('heads'), { isa, precision: 'bf16' }).abi.weights,
    );
    for (const other of slots) expect(other).toEqual(slots[0]);
  });

  it('golden C of a product', async () => {
    const { files } = compileGraph(mlp(), { isa: 'v4x', precision: 'bf16' });
    const first = files.find(({ name }) => name.startsWith('linear_gelu'));
    const text = first!.source.replace(/(linear_gelu)_[0-9a-z]{8}/g, '$1');
    await expect(text).toMatchFileSnapshot('golden/linear.bf16.c');
  });
});
