/** @file One op in a graph of its own: built at symbolic sizes, run by the interpreter and by onnxruntime at several. */

import { GraphMaker } from '../../compile/test/graphMaker.ts';
import { type DType, isFloat } from '../../core/dtype.ts';
import { elementWriter, emptyView, type StridedView } from '../../core/view.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { interpret } from '../../graph/interpreter.ts';
import type { Attrs } from '../../ops/record.ts';
import { evaluate } from '../../symbolic/expr.ts';
import type { Size } from '../../symbolic/symInt.ts';
import { encodeModel } from '../writer.ts';
import { difference, OnnxSession } from './onnxRuntime.ts';

/** What the elements of an input are: random ones of a range (whole for integers), or these, repeated. */
export type Fill = { readonly from: number; readonly to: number } | readonly number[];

export interface CaseInput {
  readonly dtype: DType;
  readonly shape: readonly Size[];
  readonly fill: Fill;
}

export function input(dtype: DType, shape: readonly Size[], fill?: Fill): CaseInput {
  return { dtype, shape, fill: fill ?? (dtype === 'uint8' ? { from: 0, to: 9 } : { from: -4, to: 4 }) };
}

export interface OpCase {
  readonly op: string;
  /** What is special about the case. */
  readonly title: string;
  /** For given sizes: n, and pos of a number argument. */
  readonly make: (n: Size, pos: Size) => { readonly inputs: readonly CaseInput[]; readonly attrs?: Attrs };
  /** Relative rms, where the default is too strict, with the reason in a comment at the case. */
  readonly bound?: number;
}

const sizesToTry = [
  { n: 5, pos: 2 },
  { n: 8, pos: 3 },
];

/** The graph of a case at symbolic n and pos. bfloat16 comes in and goes out as float32: onnxruntime-node has no such tensors. */
export function caseGraph({ op, make }: OpCase): { graph: Graph; inputs: readonly CaseInput[] } {
  const maker = new GraphMaker(op);
  const n = maker.dim('n', sizesToTry[0].n, { max: 100 });
  const pos = maker.dim('pos', sizesToTry[0].pos, { min: 0, max: 100 });
  const { inputs, attrs = {} } = make(n, pos);
  const values = inputs.map(({ dtype, shape }, i): Value => {
    if (dtype !== 'bfloat16') return maker.input(`x${i}`, dtype, shape);
    return maker.op('cast', [maker.input(`x${i}`, 'float32', shape)], { dtype });
  });
  maker.numberInput('n', 'n');
  maker.numberInput('pos', 'pos');
  const outputs = maker.ops(op, values, attrs);
  const outgoing = outputs.map((value) =>
    value.dtype === 'bfloat16' ? maker.op('cast', [value], { dtype: 'float32' }) : value,
  );
  return { graph: maker.finish(...outgoing), inputs };
}

/** Throws with the size and output where onnxruntime and the interpreter disagree. */
export async function judge(test: OpCase): Promise<void> {
  const { graph, inputs } = caseGraph(test);
  const session = await OnnxSession.load(encodeModel(graph, { blobs: [] }));
  const halves = inputs.some(({ dtype }) => dtype === 'bfloat16');
  try {
    for (const dims of sizesToTry) {
      const args = caseArguments(graph, inputs, dims);
      const expected = interpret(graph, args, []).outputs;
      const actual = await session.run(args);
      expected.forEach((view, i) => {
        const found = difference(actual[i], view, test.bound ?? (halves && isFloat(view.dtype) ? 4e-3 : undefined));
        if (found) throw new Error(`n = ${dims.n}, output ${i}: ${found}`);
      });
    }
  } finally {
    await session.release();
  }
}

/** Arguments for the graph of a case, the same at each call. */
export function caseArguments(
  graph: Graph,
  inputs: readonly CaseInput[],
  dims: { readonly n: number; readonly pos: number },
): (StridedView | number)[] {
  const random = generator(dims.n);
  return graph.inputs.map((item, i) =>
    item.kind === 'dim'
      ? dims[item.symbol as 'n' | 'pos']
      : filled(item.value, inputs[i].dtype, inputs[i].fill, new Map(Object.entries(dims)), random),
  );
}

function filled(
  value: Value,
  dtype: DType,
  fill: Fill,
  dims: ReadonlyMap<string, number>,
  random: () => number,
): StridedView {
  const view = emptyView(
    value.dtype,
    value.shape.map((size) => evaluate(size, dims)),
  );
  const write = elementWriter(view.dtype, view.storage.typed(view.dtype));
  for (let i = 0; i < view.count; i++) {
    if ('from' in fill) {
      const real = fill.from + random() * (fill.to - fill.from);
      if (dtype === 'bool') write(i, random() < 0.5 ? 1 : 0);
      else write(i, isFloat(dtype) ? real : Math.floor(real));
    } else write(i, fill[i % fill.length]);
  }
  return view;
}

/** A small reproducible generator of numbers in [0, 1) (mulberry32). */
function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
