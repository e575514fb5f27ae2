/** @file The operations of `list.ts` on our side, served. usage: worker.ts THREADS */

import { partReports, setThreads, type Tensor, tensor, zeros } from 'torchnative';
import { serve } from '../serve.ts';
import { hasInto, intoName, kinds, numbers, type Op, ops, sampled, seedOf } from './list.ts';
import { makePart, makePartInto } from './parts.ts';

setThreads(Number(process.argv[2]));

interface Run {
  /** On a fresh result. */
  readonly fresh: () => Tensor;
  /** Into the same memory each time. */
  readonly into: (() => Tensor) | null;
}

/** Runs that are native, made when they are first asked for. */
function prepare({ kind, sizes, weights }: Op): Run {
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
  const given = weights === 'float16' ? stored.map((values) => values.half()) : stored;
  const part = makePart(kind, sizes, given);
  const fresh = (): Tensor => part.forward(...inputs);
  const write = makePartInto(kind, given);
  if (!write) return { fresh: proven(fresh), into: null };
  const out = zeros(fresh().shape);
  const into = (): Tensor => {
    write(out, ...inputs);
    return out;
  };
  return { fresh: proven(fresh), into: proven(into) };
}

function proven(run: () => Tensor): () => Tensor {
  run();
  const before = nativeCalls();
  run();
  if (nativeCalls() === before) throw new Error('it did not run natively; tn cache ls says why');
  return run;
}

function nativeCalls(): number {
  return [...partReports().values()].reduce((sum, { native }) => sum + native, 0);
}

const prepared = new Map<string, Run>();

function runOf(op: Op): Run {
  let run = prepared.get(op.name);
  if (!run) {
    run = prepare(op);
    prepared.set(op.name, run);
  }
  return run;
}

/** Every op by its name; `into` a name of its own, where that exists. */
const work: [name: string, run: () => Tensor][] = ops.flatMap((op) => {
  const fresh: [string, () => Tensor] = [op.name, () => runOf(op).fresh()];
  if (!hasInto(op)) return [fresh];
  return [fresh, [intoName(op), () => (runOf(op).into ?? runOf(op).fresh)()]];
});

await serve(
  { node: process.version },
  Object.fromEntries(work.map(([name, run]) => [name, () => void run()])),
  Object.fromEntries(
    work.map(([name, run]) => [`result of ${name}`, () => ({ values: sampled(run().toFloat32Array()) })]),
  ),
);
