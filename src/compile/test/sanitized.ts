/** @file Runs the test graphs with the address and undefined-behaviour sanitizers; a finding ends the process. */

import type { TemplatePrecision } from '../templates/types.ts';
import { machineIsa } from '../toolchain/target.ts';
import { compare, load } from './compare.ts';
import { argumentsAt, modelCases, parametersOf } from './models.ts';
import { randomArguments, randomGraph } from './randomGraph.ts';

// The sanitizers watch this process; compilers under them take twice as long.
process.env['LD_PRELOAD'] = '';

/** Accesses are checked by calls: the same checks, in less code to compile. */
const calls = ['--param', 'asan-instrumentation-with-call-threshold=0'];

/** Lines are enough for a finding to be located; tables of variables would take two thirds of the compiler's time. */
const flags = ['-O1', '-g1', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined', ...calls];

/** Reduced precisions on the graphs that take every template: building under sanitizers is slow. */
const reduced: readonly [string, TemplatePrecision][] = [
  ['decoder_heads', 'bf16'],
  ['maybeEmpty', 'bf16'],
  ['decoder_heads', 'int8'],
  ['convolutions', 'int8'],
];

for (const { graph: make, dims } of modelCases) {
  const graph = make();
  const others = reduced.filter(([name]) => name === graph.name).map(([, precision]) => precision);
  for (const precision of ['float32' as const, ...others]) {
    const loaded = load(graph, machineIsa(), flags, precision);
    for (const at of dims) compare(loaded, argumentsAt(graph, new Map(Object.entries(at))), parametersOf(graph), 2);
  }
}
for (let seed = 700; seed < 705; seed++) {
  const graph = randomGraph(seed);
  const loaded = load(graph, machineIsa(), flags);
  for (const sizes of [
    [1, 2],
    [37, 6],
  ]) {
    const dims = new Map([
      ['n', sizes[0]],
      ['m', sizes[1]],
    ]);
    compare(loaded, randomArguments(graph, dims, seed), [], 2);
  }
}
console.log('clean');
