/** @file Random graphs, compiled and interpreted, with NaN, infinities, subnormals and sizes of one among the data. */

import { describe, expect, it } from 'vitest';
import { machineIsa } from '../toolchain/target.ts';
import { compare, load } from './compare.ts';
import { randomArguments, randomGraph } from './randomGraph.ts';

const seeds = Array.from({ length: 10 }, (_, i) => 500 + i);

describe.each([...new Set(['plain', machineIsa()] as const)])('at level %s', (isa) => {
  it.each(seeds)(
    'graph %i',
    (seed) => {
      const graph = randomGraph(seed);
      const loaded = load(graph, isa, ['-O1']);
      for (const [n, m, threads] of [
        [3, 4, 1],
        [1, 2, 1],
        [37, 6, 2],
      ]) {
        const dims = new Map([
          ['n', n],
          ['m', m],
        ]);
        const args = randomArguments(graph, dims, seed * 7 + n);
        for (const { where, error } of compare(loaded, args, [], threads)) {
          expect(error, `seed ${seed}, n ${n}, m ${m}, ${where}`).toBeLessThan(1e-4);
        }
      }
    },
    60_000,
  );
});
