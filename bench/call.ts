/** @file The smallest native call: a function of a few elements, from TypeScript and back. `npm run bench -- call`. */

import { partReports, tensor } from 'torchnative';
import type { SuiteResult } from './main.ts';
import type { BenchOptions } from './options.ts';
import { type Row, rowTable } from './rows.ts';
import { addMul } from './smallest.ts';
import { summarise } from './stats.ts';

const callsAtOnce = 5000;

/** ns a call: matching, binding, the result's tensor and its collection included. */
export function measureSmallestCall(rounds = 40): Row {
  const x = tensor([1, 2, 3]);
  const y = tensor([10, 20, 30]);
  for (let i = 0; i < 4 * callsAtOnce; i++) addMul(x, y);
  const before = partReports().get('benchAddMul')?.native ?? 0;
  const times: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const start = process.hrtime.bigint();
    for (let i = 0; i < callsAtOnce; i++) addMul(x, y);
    times.push(Number(process.hrtime.bigint() - start) / callsAtOnce);
  }
  const native = (partReports().get('benchAddMul')?.native ?? 0) - before;
  if (native !== rounds * callsAtOnce) throw new Error('the smallest call did not run natively; tn cache ls says why');
  return { name: 'smallest native call', threads: 0, unit: 'ns', ours: summarise(times), asked: '<= 3000' };
}

export async function runSuite({ rounds }: BenchOptions): Promise<SuiteResult & { rows: Row[] }> {
  const rows = [measureSmallestCall(rounds ?? undefined)];
  process.stdout.write(`${rowTable(rows)}\n`);
  return { rows };
}
