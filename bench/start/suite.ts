/** @file The `start` suite: a second run, from the start of its process; and the memory that it holds. */

import { readdirSync, statSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { type Finished, partsUsed, root, runNode, runTn, type Usage, warmRun } from '../demo.ts';
import { describeMachine, type Machine } from '../machine.ts';
import type { BenchOptions } from '../options.ts';
import { type Row, rowTable } from '../rows.ts';
import { interleave, summarise } from '../stats.ts';

export interface StartResult {
  readonly suite: 'start';
  readonly machine: Machine;
  readonly rows: Row[];
  readonly failures: string[];
}

const model = path.join(root, 'examples/whisper/model');
const recording = path.join(root, 'examples/whisper/audio/jfk.wav');

/** Node's own start: a program that does nothing but tell the time. */
const empty = ['-e', 'console.log(JSON.stringify({ now: performance.timeOrigin + performance.now(), native: 1 }))'];

export async function runSuite(options: BenchOptions): Promise<StartResult> {
  const result: StartResult = { suite: 'start', machine: describeMachine(), rows: [], failures: [] };
  const rounds = options.rounds ?? 15;
  for (const measure of [() => firstCalls(rounds), () => wholeRuns(Math.min(rounds, 7))]) {
    try {
      result.rows.push(...(await measure()));
    } catch (error) {
      result.failures.push((error as Error).message);
      process.stdout.write(`start failed: ${(error as Error).message}\n`);
    }
  }
  process.stdout.write(`${rowTable(result.rows)}\n`);
  return result;
}

/**
 * ms from the start of the process to what it tells. A first run captures and compiles, and so does one after our own
 * sources have changed: those do not count.
 */
async function toldAfter(run: () => Promise<Finished>): Promise<number> {
  for (let attempt = 0; attempt < 4; attempt++) {
    const started = performance.timeOrigin + performance.now();
    const { now, native } = JSON.parse((await run()).stdout) as { now: number; native: number };
    if (native > 0) return now - started;
  }
  throw new Error('the call was not native; tn cache ls says why');
}

async function firstCalls(rounds: number): Promise<Row[]> {
  const small = () => runTn(['run', 'bench/start/first.ts']);
  const loaded = () => runTn(['run', 'bench/start/model.ts', model, recording]);
  const node = () => runNode(empty);
  const samples = await interleave(
    [
      { name: 'small', run: () => toldAfter(small) },
      { name: 'node', run: () => toldAfter(node) },
      { name: 'loaded', run: () => toldAfter(loaded) },
    ],
    { rounds, warm: 2, rest: 50 },
  );
  const [own, first, whisper] = ['node', 'small', 'loaded'].map((name) => samples.get(name)!);
  const beyond = (of: typeof own) => ({ median: of.median - own.median, min: of.min - own.min, count: of.count });
  const ms = (name: string, ours: typeof own, more: Partial<Row> = {}): Row => {
    return { name, threads: 0, unit: 'ms', ours, ...more };
  };
  return [
    ms("Node's own start", own),
    ms('process start to first native call', first, { note: 'tn run, a program of one part' }),
    ms("  beyond Node's own", beyond(first), { asked: '<= 150' }),
    ms('the same, whisper-base loaded, mel', whisper, { note: 'weights mapped, tokenizer read, one spectrogram made' }),
    ms("  beyond Node's own, model included", beyond(whisper)),
  ];
}

/** From the start of the process to the text; memory on the way. */
async function wholeRuns(rounds: number): Promise<Row[]> {
  const usages: Usage[] = [];
  const own: Usage[] = [];
  const text: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const run = await warmRun(partsUsed);
    const nothing = await runNode(['-e', '0']);
    if (round === 0) continue;
    text.push(run.ms);
    usages.push(run.usage);
    own.push(nothing.usage);
  }
  const threads = availableParallelism();
  const weights = weightBytes();
  const held = (usage: Usage): number => usage.anonymous + usage.mapped;
  const megabytes = (values: readonly number[]) => summarise(values.map((bytes) => bytes / 1e6));
  const base = summarise(own.map(held)).median;
  const beyond = usages.map((usage) => held(usage) - base - weights);
  const all = megabytes(usages.map(({ maxRss }) => maxRss));
  const anonymous = megabytes(usages.map((usage) => usage.anonymous)).median;
  return [
    { name: 'process start to text', threads, unit: 'ms', ours: summarise(text), note: 'the demo, jfk.wav' },
    { name: 'memory at its highest', threads, unit: 'MB', ours: all },
    {
      name: "memory beyond Node's own and the weights once",
      threads,
      unit: 'MB',
      ours: megabytes(beyond),
      asked: '<= 120',
      note: `at the end; Node alone ${(base / 1e6).toFixed(0)} MB, weights ${(weights / 1e6).toFixed(0)} MB, not mapped from a file ${anonymous.toFixed(0)} MB`,
    },
  ];
}

function weightBytes(): number {
  const files = readdirSync(model).filter((name) => name.endsWith('.safetensors'));
  return files.reduce((sum, name) => sum + statSync(path.join(model, name)).size, 0);
}
