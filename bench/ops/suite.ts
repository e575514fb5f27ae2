/** @file The `ops` suite: single operations, ours as parts called natively, beside onnxruntime and PyTorch. */

import { availableParallelism } from 'node:os';
import { type Contest, contestTable, type Entrant, hold, withLimits } from '../contest.ts';
import { busyWarning, describeMachine, type Machine } from '../machine.ts';
import { type BenchOptions, RequestError } from '../options.ts';
import { bestRates, buildPeakMeter, type PeakMeter, type PeakRates, peakTable } from '../peak.ts';
import { chooseNames, environmentMissing, pythonCommand } from '../peers/list.ts';
import { ourCommand, Served } from '../served.ts';
import { amountOf, difference, hasInto, intoName, kinds, type Op, ops } from './list.ts';

const peerNames = ['onnxruntime', 'pytorch'] as const;

/** float16 weights are the same numbers on both sides; what differs is the order of sums. */
const tolerance = 1e-4;

export interface OpsResult {
  readonly suite: 'ops';
  readonly machine: Machine;
  readonly versions: Record<string, string>;
  readonly peaks: PeakRates[];
  readonly contests: Contest[];
  readonly failures: string[];
}

export async function runSuite(options: BenchOptions): Promise<OpsResult> {
  const names = chooseNames(options.peers, peerNames);
  const wanted = chooseOps(options.only);
  const threads = options.threads ?? (availableParallelism() === 1 ? [1] : [1, availableParallelism()]);
  const machine = describeMachine();
  const busy = busyWarning(machine);
  if (busy) print(`${busy}\n`);
  const result: OpsResult = { suite: 'ops', machine, versions: {}, peaks: [], contests: [], failures: [] };
  const meter = await buildPeakMeter();
  try {
    for (const count of threads) await holdAll(count, { names, wanted, meter, rounds: options.rounds ?? 9, result });
  } finally {
    await meter.dispose();
  }
  return result;
}

interface Run {
  readonly names: readonly string[];
  readonly wanted: readonly Op[];
  readonly meter: PeakMeter;
  readonly rounds: number;
  readonly result: OpsResult;
}

async function holdAll(threads: number, { names, wanted, meter, rounds, result }: Run): Promise<void> {
  const before = await meter.measure([threads]);
  const ours = await Served.start('ours', ourCommand(new URL('./worker.ts', import.meta.url), [String(threads)]));
  const peers = await startPeers(names, threads);
  try {
    const contests: Contest[] = [];
    const contend = async (op: Op, name: string, rivals: readonly Served[]): Promise<void> => {
      const held = await hold(name, threads, await agreeing(op, name, ours, rivals, result), rounds);
      contests.push(held.contest);
      result.failures.push(...held.failures);
      for (const line of held.failures) print(line);
    };
    for (const op of wanted) {
      await contend(op, op.name, peers);
      if (hasInto(op)) await contend(op, intoName(op), []);
    }
    for (const peer of peers) Object.assign(result.versions, peer.versions);
    const peak = bestRates([...before, ...(await meter.measure([threads]))]);
    result.peaks.push(peak);
    const limited = contests.map((contest) => withLimits(contest, peak));
    result.contests.push(...limited);
    print(`${peakTable([peak])}\n\n${contestTable(limited)}\n`);
  } finally {
    for (const served of [ours, ...peers]) served.end();
  }
}

/** Those that can be had; the others are named. */
async function startPeers(names: readonly string[], threads: number): Promise<Served[]> {
  const missing = environmentMissing();
  if (names.length > 0 && missing !== null) print(`${names.join(', ')}: ${missing}`);
  if (missing !== null) return [];
  const given = JSON.stringify(
    ops.map(({ name, kind, sizes }) => {
      return { name, kind, sizes, inputs: kinds[kind].inputs(sizes), weights: kinds[kind].weights(sizes) };
    }),
  );
  const peers: Served[] = [];
  for (const name of names) {
    try {
      peers.push(await Served.start(name, pythonCommand('ops.py', [name, String(threads), given])));
    } catch (error) {
      print(`${name}: ${(error as Error).message}`);
    }
  }
  return peers;
}

/** Ours, and the peers whose result is ours: another result is another work. */
async function agreeing(
  op: Op,
  name: string,
  ours: Served,
  peers: readonly Served[],
  result: OpsResult,
): Promise<Entrant[]> {
  const asked = { do: name };
  const counted = { amount: amountOf(op), rate: 'fma32' } as const;
  const entrants: Entrant[] = [{ served: ours, side: 'ours', precision: 'full', counted, asked }];
  const fail = (line: string): void => {
    result.failures.push(line);
    print(line);
  };
  const values = async (served: Served): Promise<number[] | null> => {
    try {
      return (await served.ask<{ values: number[] }>({ do: `result of ${name}` })).values;
    } catch (error) {
      fail(`${served.name}, ${name}: ${(error as Error).message}`);
      return null;
    }
  };
  const own = await values(ours);
  if (own === null) return [];
  for (const served of peers) {
    const theirs = await values(served);
    if (theirs === null) continue;
    const error = difference(own, theirs);
    if (error > tolerance) fail(`${served.name}, ${name}: another result, by ${error.toExponential(1)}`);
    else entrants.push({ served, side: 'peer', precision: 'full', asked });
  }
  return entrants;
}

function chooseOps(only: readonly string[] | null): readonly Op[] {
  if (only === null) return ops;
  const wanted = ops.filter(({ kind }) => only.includes(kind));
  const unknown = only.find((kind) => !Object.hasOwn(kinds, kind));
  if (unknown !== undefined)
    throw new RequestError(`--only ${unknown}: the kinds are ${Object.keys(kinds).join(', ')}`);
  return wanted;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
