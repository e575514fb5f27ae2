/** @file A JavaScript thread that makes native calls of its own: started by program.test.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import '../koffi.ts';
import { addressOf } from '../ffi.ts';
import { nativeRuntime } from '../nativeRuntime.ts';
import { loadProgram, WeightTable } from '../program.ts';

const { library, artifact, seed } = workerData as { library: string; artifact: string; seed: number };
const length = 10_000;
const weights = new Float32Array([seed, 2, 3]);
const x = Float32Array.from({ length }, (_, i) => i % 100);
const index = Int32Array.from({ length }, (_, i) => i % 3);
const y = new Float32Array(length);
const total = new Float32Array(1);

const call = loadProgram(
  artifact,
  nativeRuntime(() => library),
).newCall();
call.setWeights(new WeightTable([addressOf(weights)], [weights]));
call.setDim(0, length);
call.setDim(1, weights.length);
call.setInput(0, addressOf(x));
call.setInput(1, addressOf(index));
call.setOutput(0, addressOf(y));
call.setOutput(1, addressOf(total));

let answer = 'ok';
for (let round = 0; round < 300 && answer === 'ok'; round++) {
  call.setThreads(1 + (round % 3), true);
  y.fill(-1);
  const code = call.run();
  if (code !== 0) answer = `code ${code} in round ${round}`;
  for (let i = 0; i < length; i += 97) {
    if (y[i] !== weights[i % 3] * x[i]) answer = `round ${round}: y[${i}] is ${y[i]}`;
  }
}
parentPort?.postMessage(answer);
