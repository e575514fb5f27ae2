/** @file The operations of `list.ts` on our side, served. usage: worker.ts THREADS */

import { partReports, setThreads, type Tensor, tensor } from 'torchnative';
import { serve } from '../serve.ts';
import { kinds, numbers, type Op, ops, sampled, seedOf } from './list.ts';
import { makePart } from './parts.ts';

setThreads(Number(process.argv[2]));

/** One that runs natively, made when it is first asked for. */
function prepare({ kind, sizes, weights }: Op): () => Tensor {
  const make = (shape: number[], i: number): Tensor => {
    return tensor(
      numbers(
        shape.reduce((a, b) => a * b, 1),
        seedOf(i),
      ),
    ).reshape(shape);
  };
  const inputs = kinds[kind].inputs(sizes).map(make);
  const stored = kinds[kind].weights(sizes).map((shape, i) => make(shape, inputs.length + i));
  const part = makePart(kind, sizes, weights === 'float16' ? stored.map((values) => values.half()) : stored);
  const run = (): Tensor => part.forward(...inputs);
  run();
  const before = nativeCalls();
  run();
  if (nativeCalls() === before) throw new Error('it did not run natively; tn cache ls says why');
  return run;
}

function nativeCalls(): number {
  return [...partReports().values()].reduce((sum, { native }) => sum + native, 0);
}

const prepared = new Map<string, () => Tensor>();

function runOf(op: Op): () => Tensor {
  let run = prepared.get(op.name);
  if (!run) {
    run = prepare(op);
    prepared.set(op.name, run);
  }
  return run;
}

await serve(
  { node: process.version },
  Object.fromEntries(ops.map((op) => [op.name, () => void runOf(op)()])),
  Object.fromEntries(
    ops.map((op) => [
      `result of ${op.name}`,
      () => {
        const result = runOf(op)();
        return { values: sampled(result.toFloat32Array()) };
      },
    ]),
  ),
);
