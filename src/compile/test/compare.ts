/** @file Runs a graph compiled and interpreted on the same arguments, and compares. */

import { isFloat } from '../../core/dtype.ts';
import { StridedView, toNumbers } from '../../core/view.ts';
import type { Graph } from '../../graph/graph.ts';
import { interpret } from '../../graph/interpreter.ts';
import { compileGraph } from '../compile.ts';
import type { IsaName, TemplatePrecision } from '../templates/types.ts';
import { machineIsa } from '../toolchain/target.ts';
import { buildAndLoad, contiguous, type Loaded } from './runPart.ts';

export interface Difference {
  readonly where: string;
  /** Relative root mean square of the difference; Infinity where one is NaN and the other not, or integers differ. */
  readonly error: number;
}

export function load(
  graph: Graph,
  isa: IsaName = machineIsa(),
  flags: readonly string[] = [],
  precision: TemplatePrecision = 'float32',
): Loaded {
  return buildAndLoad(graph, compileGraph(graph, { isa, precision }), isa, flags);
}

/** Largest differences of outputs and of what mutated inputs hold. Fails when the code reports an error. */
export function compare(
  loaded: Loaded,
  args: readonly (StridedView | number)[],
  parameters: readonly StridedView[] = [],
  threads = 1,
): Difference[] {
  const { graph } = loaded;
  const wanted = interpret(graph, args, parameters);
  const own = args.map((arg) => (arg instanceof StridedView ? copyOf(arg) : arg));
  const ownParameters = parameters.map((view, i) =>
    graph.mutations.some((m) => m.target.kind === 'parameter' && m.target.index === i) ? copyOf(view) : view,
  );
  const found = loaded.run(own, ownParameters, threads);
  if (found.error.code !== 0) throw new Error(`error ${JSON.stringify(found.error)}`);
  const differences = wanted.outputs.map((view, i) => ({
    where: `output ${i}`,
    error: relative(view, found.outputs[i]),
  }));
  graph.mutations.forEach(({ target }, i) => {
    const memory = target.kind === 'input' ? (own[target.index] as StridedView) : ownParameters[target.index];
    differences.push({ where: `mutation ${i}`, error: relative(wanted.mutations[i], memory) });
  });
  return differences;
}

function copyOf(view: StridedView): StridedView {
  const from = contiguous(view);
  const bytes = from.storage.bytes().slice();
  const storage = new (from.storage.constructor as new (buffer: ArrayBuffer) => StridedView['storage'])(bytes.buffer);
  return new StridedView(storage, from.dtype, from.sizes, from.strides, from.offset);
}

export function relative(wanted: StridedView, found: StridedView): number {
  const a = toNumbers(wanted);
  const b = toNumbers(found);
  if (a.length !== b.length || wanted.dtype !== found.dtype) return Number.POSITIVE_INFINITY;
  let difference = 0;
  let size = 0;
  for (let i = 0; i < a.length; i++) {
    if (Object.is(a[i], b[i]) || a[i] === b[i] || (Number.isNaN(a[i]) && Number.isNaN(b[i]))) {
      if (Number.isFinite(a[i])) size += a[i] ** 2;
      continue;
    }
    if (!isFloat(wanted.dtype) || !Number.isFinite(a[i]) || !Number.isFinite(b[i])) return Number.POSITIVE_INFINITY;
    difference += (a[i] - b[i]) ** 2;
    size += a[i] ** 2;
  }
  if (difference === 0) return 0;
  return Math.sqrt(difference / Math.max(size, 1e-30));
}
