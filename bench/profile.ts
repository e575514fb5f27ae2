/**
 * @file Time per kernel of the calls of one part, beside what the plan knows of each: operations and bytes.
 *
 * The runtime's own profiler counts (`KernelProfile`: ns a thread, waiting at barriers not included); sizes are those of
 * the calls that were made, so a kernel whose work grows with a dim has the sum over them.
 */
import type { RecordRef, Store } from '../cache/index.ts';
import { compileGraph, type PlannedKernel, type PlannedTraffic } from '../src/compile/compile.ts';
import { schedule } from '../src/compile/fuse/kernels.ts';
import type { LoopNode } from '../src/compile/lower/ir.ts';
import { lowerGraph } from '../src/compile/lower/lowerGraph.ts';
import { targetIsa } from '../src/compile/toolchain/index.ts';
import { Entry } from '../src/dispatch/entry.ts';
import { dimValues } from '../src/dispatch/match.ts';
import { currentPrecision } from '../src/dispatch/mode.ts';
import type { NativePart } from '../src/dispatch/nativePart.ts';
import { processStore } from '../src/dispatch/processStore.ts';
import { decodeModel } from '../src/onnx/reader.ts';
import { KernelProfile } from '../src/runtime/program.ts';
import { add, type Expr, evaluate, int, mul } from '../src/symbolic/expr.ts';
import { type Samples, summarise } from './stats.ts';
import { formatMs, percent, table } from './table.ts';

/** One step of a program. Times are those of the fastest of the calls, step by step: others that run on the machine only add. */
export interface KernelFigure {
  readonly step: number;
  readonly name: string;
  readonly template: string;
  /** Of the slowest thread. */
  readonly ns: number;
  /** The same, the median of the calls. */
  readonly medianNs: number;
  /** Mean over the threads as part of the slowest one, in the fastest call. */
  readonly balance: number;
  /** Multiply-adds counted twice; null where the plan does not count (plain loops and reductions). */
  readonly flop: number | null;
  /** Read and written; what is read again and again counts once. */
  readonly bytes: number;
  /** What of it is read. */
  readonly readBytes: number;
  /** What it computes and from which lines. */
  readonly lines: string;
}

export interface PartProfile {
  readonly part: string;
  readonly entry: string;
  readonly dims: Readonly<Record<string, number>>;
  readonly threads: number;
  /** ms of the calls, from JavaScript and back. */
  readonly ms: Samples;
  readonly kernels: readonly KernelFigure[];
}

/** Calls of one entry with the same dims. */
interface Collected {
  readonly entry: Entry;
  readonly dims: readonly number[];
  threads: number;
  readonly ms: number[];
  /** Per step and call. */
  readonly steps: { readonly ns: number[]; best: number; balance: number }[];
}

/**
 * Profiles every native call of `part` that `work` makes. Calls before it (to warm up) do not count.
 *
 * @returns one profile per entry and set of dims that ran; none when nothing of the part ran natively
 */
export function profilePart(part: string, work: () => void): PartProfile[] {
  const found = new Map<string, Collected>();
  const profiles = new Map<NativePart, KernelProfile>();
  const run = Entry.prototype.run;
  Entry.prototype.run = function (this: Entry, native: NativePart): unknown {
    if (this.record.part !== part) return run.call(this, native);
    let profile = profiles.get(native);
    if (!profile) {
      profile = new KernelProfile(native.program);
      profiles.set(native, profile);
      native['call'].setProfile(profile);
    }
    const dims = [...this.match.dims];
    const start = performance.now();
    const result = run.call(this, native);
    const ms = performance.now() - start;
    const key = [this.record.entry, ...dims].join(',');
    let collected = found.get(key);
    if (!collected) {
      const steps = native.program.kernelNames.map(() => ({ ns: [], best: Number.POSITIVE_INFINITY, balance: 1 }));
      collected = { entry: this, dims, threads: 0, ms: [], steps };
      found.set(key, collected);
    }
    collected.ms.push(ms);
    collected.threads = Math.max(collected.threads, native.threadsUsed);
    takeTimes(profile, native.threadsUsed, collected);
    return result;
  };
  try {
    work();
  } finally {
    Entry.prototype.run = run;
    for (const native of profiles.keys()) native['call'].setProfile(null);
  }
  return [...found.values()].map(report);
}

/** Reads the words of the threads that ran, and clears them for the next call. */
function takeTimes({ words }: KernelProfile, threads: number, { steps }: Collected): void {
  for (const [step, times] of steps.entries()) {
    let slowest = 0;
    let sum = 0;
    for (let thread = 0; thread < threads; thread++) {
      const at = thread * steps.length + step;
      const ns = words.get(at);
      words.set(at, 0);
      slowest = Math.max(slowest, ns);
      sum += ns;
    }
    times.ns.push(slowest);
    if (slowest >= times.best) continue;
    times.best = slowest;
    times.balance = slowest === 0 ? 1 : sum / threads / slowest;
  }
}

function report({ entry, dims, threads, ms, steps }: Collected): PartProfile {
  const { part, entry: id } = entry.record;
  const plan = planOf(processStore(), entry.record);
  const names = entry.native?.program.kernelNames ?? [];
  if (plan.length !== steps.length || plan.some(({ kernel }, step) => kernel.name !== names[step])) {
    throw new Error(`${part}: the compiler's sources changed while it ran; run the profile again`);
  }
  const values = dimValues(entry.call.pattern.symbols, dims);
  const kernels = steps.map(({ ns, best, balance }, step): KernelFigure => {
    const { kernel, multiplyAdds } = plan[step];
    const size = (items: readonly PlannedTraffic[]): number =>
      items.reduce((sum, item) => sum + evaluate(item.bytes, values), 0);
    const readBytes = size(kernel.reads);
    const bytes = readBytes + size(kernel.writes);
    const flop = multiplyAdds === null ? null : 2 * evaluate(multiplyAdds, values);
    const { name, template, lines } = kernel;
    return { step, name, template, ns: best, medianNs: summarise(ns).median, balance, flop, bytes, readBytes, lines };
  });
  return { part, entry: id, dims: Object.fromEntries(values), threads, ms: summarise(ms), kernels };
}

interface PlannedStep {
  readonly kernel: PlannedKernel;
  readonly multiplyAdds: Expr | null;
}

/** The plan as the compiler makes it of the record: the same graph gives the same steps in the same order. */
function planOf(store: Store, record: RecordRef): PlannedStep[] {
  const bytes = store.readOnnx(record);
  if (!bytes.ok) throw new Error(bytes.problem.message);
  const graph = decodeModel(bytes.value);
  const { kernels } = compileGraph(graph, { isa: targetIsa(), precision: currentPrecision() });
  const scheduled = schedule(lowerGraph(graph)).kernels;
  return kernels.map((kernel, step) => ({ kernel, multiplyAdds: multiplyAddsOf(scheduled[step].root) }));
}

function multiplyAddsOf(root: LoopNode | null): Expr | null {
  if (!root) return null;
  const { definition } = root;
  const results = root.shape.reduce((product, size) => mul(product, size), int(1));
  switch (definition.kind) {
    case 'matmul':
      return mul(results, definition.a.shape[2]);
    case 'conv1d':
      return mul(results, mul(definition.weight.shape[1], definition.weight.shape[2]));
    case 'attention': {
      const [batches, heads, queries, width] = definition.q.shape;
      const rows = mul(mul(batches, heads), queries);
      const keys = definition.k.shape[2];
      // Scores, and the product with the values; a causal mask is not taken off.
      return mul(mul(rows, keys), add(width, root.shape[3]));
    }
    default:
      return null;
  }
}

/** What the machine gives on as many threads as the part used, for the shares. */
export interface Limits {
  readonly fma32: number;
  readonly readBandwidth: number;
}

/**
 * A table for people: equal kernels in one line (`steps`: every step by itself), the slowest first. The lines above say
 * where the rest of a call goes.
 */
export function profileText(profile: PartProfile, limits: Limits | null, steps = false): string {
  const { kernels, ms, threads } = profile;
  const inKernels = kernels.reduce((sum, { ns }) => sum + ns, 0) / 1e6;
  const groups = new Map<string, KernelFigure[]>();
  for (const kernel of kernels) {
    const key = steps ? String(kernel.step) : kernel.name;
    groups.set(key, [...(groups.get(key) ?? []), kernel]);
  }
  const sum = (group: readonly KernelFigure[], of: (figure: KernelFigure) => number): number =>
    group.reduce((total, figure) => total + of(figure), 0);
  const rows = [...groups.values()]
    .sort((one, other) => sum(other, ({ ns }) => ns) - sum(one, ({ ns }) => ns))
    .map((group) => {
      const [{ step, name, template, flop, lines }] = group;
      const ns = sum(group, (figure) => figure.ns);
      const gflops = flop === null ? null : sum(group, (figure) => figure.flop ?? 0) / ns;
      const rate = sum(group, ({ bytes }) => bytes) / ns;
      return [
        name,
        template,
        steps ? `step ${step}` : `${group.length}x`,
        formatMs(ns / 1e6),
        formatMs(sum(group, ({ medianNs }) => medianNs) / 1e6),
        percent(ns / 1e6 / inKernels),
        percent(sum(group, (figure) => figure.balance * figure.ns) / ns),
        gflops === null ? '' : gflops.toFixed(1),
        limits && gflops !== null ? percent(gflops / limits.fma32) : '',
        rate.toFixed(1),
        limits ? percent(rate / limits.readBandwidth) : '',
        firstPlace(lines),
      ];
    });
  const head = ['kernel', 'template', '', 'ms', 'median', 'share', 'balance', 'GFLOP/s', 'of peak', 'GB/s', 'of read'];
  const dims = Object.entries(profile.dims).map(([name, value]) => `${name} = ${value}`);
  return [
    `${profile.part}@${profile.entry}${dims.length > 0 ? ` (${dims.join(', ')})` : ''}: ${ms.count} calls, ${threads} thread${threads === 1 ? '' : 's'}, ${kernels.length} steps`,
    `fastest call ${formatMs(ms.min)} ms, median ${formatMs(ms.median)}; fastest of every kernel ${formatMs(inKernels)} ms together; the rest is barriers, waking and JavaScript`,
    ...(limits
      ? [`peak on ${threads}: ${limits.fma32.toFixed(0)} GFLOP/s, reading ${limits.readBandwidth.toFixed(1)} GB/s`]
      : []),
    '',
    table([[...head, 'from'], ...rows], 2, 1),
  ].join('\n');
}

/** `linear at Attention.forward (model.ts:61)`, of what may be a long list. */
function firstPlace(lines: string): string {
  const places = lines.split(/, (?=\w+ at |\w+$)/);
  const more = places.length > 1 ? ` + ${places.length - 1}` : '';
  return places[0].replace(/ \((?:.*\/)?([^/()]+)\)$/, ' ($1)') + more;
}
