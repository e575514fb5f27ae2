/** @file The levels of machines that this one is not, run by an emulator: generated code against the interpreter. */

import { describe, expect, it } from 'vitest';
import { compare } from './compare.ts';
import { loadEmulated } from './emulatedPart.ts';
import { machines, sayMissing } from './emulator.ts';
import { argumentsAt, modelCases, parametersOf } from './models.ts';
import { randomArguments, randomGraph } from './randomGraph.ts';

/** The ordinary tests run x86-64 code on the processor: here a few graphs show that no instruction is above its level. */
const fewOf = <T>(all: readonly T[], few: number, isa: string): readonly T[] =>
  isa === 'neon' ? all : all.slice(-few);

describe.each(machines)('$isa on $name', (machine) => {
  const skip = sayMissing(machine);

  it.skipIf(skip).each(fewOf(modelCases, 4, machine.isa))(
    'model %#',
    ({ graph: make, dims }) => {
      const graph = make();
      const loaded = loadEmulated(graph, machine);
      for (const at of dims) {
        const args = argumentsAt(graph, new Map(Object.entries(at)));
        for (const { where, error } of compare(loaded, args, parametersOf(graph), 2)) {
          expect(error, `${graph.name} ${JSON.stringify(at)}, ${where}`).toBeLessThan(5e-6);
        }
      }
    },
    60_000,
  );

  it.skipIf(skip).each(fewOf([501, 506, 519, 533], 1, machine.isa))(
    'random graph %i',
    (seed) => {
      const graph = randomGraph(seed);
      const loaded = loadEmulated(graph, machine);
      for (const [n, m, threads] of [
        [1, 2, 1],
        [37, 6, 2],
      ]) {
        const dims = new Map(Object.entries({ n, m }));
        for (const { where, error } of compare(loaded, randomArguments(graph, dims, seed * 7 + n), [], threads)) {
          expect(error, `seed ${seed}, n ${n}, m ${m}, ${where}`).toBeLessThan(1e-4);
        }
      }
    },
    60_000,
  );
});
