/**
 * @file What this machine's cores give at best: the yardstick for every other figure, measured in the same run.
 *
 * `npm run bench -- peak`. Rates are 10^9 operations a second (a multiply-add counts as 2) and 10^9 bytes a second.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describeMachine, type Machine } from './machine.ts';
import type { BenchOptions } from './options.ts';
import { summarise } from './stats.ts';

const run = promisify(execFile);

export interface PeakRates {
  readonly threads: number;
  /** float32 multiply-adds. */
  readonly fma32: number;
  /** bfloat16 dot products into float32; null where the machine has none. */
  readonly bf16: number | null;
  /** int8 dot products into int32; null where the machine has none. */
  readonly int8: number | null;
  /** Reading 98 MB again and again (part of it may sit in the last-level cache, as with a model's weights). */
  readonly readBandwidth: number;
  /** Reading 1 GB: nothing of it is in any cache. */
  readonly readMemory: number;
  /** Reading half of the last-level cache; null where the system does not say its size. */
  readonly readCache: number | null;
}

export interface Peak {
  readonly one: PeakRates;
  readonly all: PeakRates;
}

/** The compiled program. */
export interface PeakMeter {
  /** Rates for each of the thread counts; takes about a quarter of a second each. */
  measure(threads: readonly number[]): Promise<PeakRates[]>;
  dispose(): Promise<void>;
}

/** Compiles the yardstick. Needs gcc or clang (`TN_CC`). */
export async function buildPeakMeter(): Promise<PeakMeter> {
  const folder = await mkdtemp(path.join(tmpdir(), 'tn-peak-'));
  const dispose = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const program = path.join(folder, 'peak');
  const source = fileURLToPath(new URL('./peak.c', import.meta.url));
  const wide = process.arch === 'x64' ? ['-mprefer-vector-width=512'] : [];
  const compiler = process.env['TN_CC'] ?? 'cc';
  try {
    await run(compiler, ['-O3', '-march=native', ...wide, '-pthread', '-o', program, source]);
  } catch (error) {
    await dispose();
    throw error;
  }
  return {
    async measure(threads) {
      const { stdout } = await run(program, threads.map(String));
      return stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as PeakRates);
    },
    dispose,
  };
}

/** Rates for each of the thread counts. */
export async function measurePeakOf(threads: readonly number[]): Promise<PeakRates[]> {
  const meter = await buildPeakMeter();
  try {
    return await meter.measure(threads);
  } finally {
    await meter.dispose();
  }
}

/** Rates of one core and of all that this process may use; takes about half a second. */
export async function measurePeak(threads: number = availableParallelism()): Promise<Peak> {
  const rates = await measurePeakOf([1, threads]);
  return { one: rates[0], all: rates[1] };
}

/** The best of each kind: what disturbs only takes away. All of one thread count. */
export function bestRates(rates: readonly PeakRates[]): PeakRates {
  return combine(rates, (values) => Math.max(...values));
}

function combine(rates: readonly PeakRates[], of: (values: readonly number[]) => number): PeakRates {
  const maybe = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : of(known);
  };
  return {
    threads: rates[0].threads,
    fma32: of(rates.map(({ fma32 }) => fma32)),
    bf16: maybe(rates.map(({ bf16 }) => bf16)),
    int8: maybe(rates.map(({ int8 }) => int8)),
    readBandwidth: of(rates.map(({ readBandwidth }) => readBandwidth)),
    readMemory: of(rates.map(({ readMemory }) => readMemory)),
    readCache: maybe(rates.map(({ readCache }) => readCache)),
  };
}

/** A table for people. */
export function peakTable(rates: readonly PeakRates[]): string {
  const cell = (value: number | null): string => (value === null ? '-' : value.toFixed(1)).padStart(12);
  const line = (name: string, cells: readonly string[]): string => name.padEnd(8) + cells.join('');
  const words = (names: readonly string[]): string[] => names.map((name) => name.padStart(12));
  return [
    line('threads', words(['fma32', 'bf16', 'int8', 'read 98 MB', 'memory', 'last cache'])),
    line('', words(['GFLOP/s', 'GFLOP/s', 'GOP/s', 'GB/s', 'GB/s', 'GB/s'])),
    ...rates.map((r) =>
      line(String(r.threads), [r.fma32, r.bf16, r.int8, r.readBandwidth, r.readMemory, r.readCache].map(cell)),
    ),
  ].join('\n');
}

export interface PeakResult {
  readonly suite: 'peak';
  readonly machine: Machine;
  readonly best: PeakRates[];
  readonly median: PeakRates[];
  readonly rounds: number;
}

/** `npm run bench -- peak`: best and median of several rounds. */
export async function runSuite({ threads, rounds }: BenchOptions): Promise<PeakResult> {
  const all = availableParallelism();
  const counts = threads ?? (all === 1 ? [1] : [1, all]);
  const meter = await buildPeakMeter();
  const measured = counts.map((): PeakRates[] => []);
  try {
    for (let round = 0; round < (rounds ?? 5); round++) {
      for (const [i, rates] of (await meter.measure(counts)).entries()) measured[i].push(rates);
    }
  } finally {
    await meter.dispose();
  }
  const best = measured.map(bestRates);
  const median = measured.map((rates) => combine(rates, (values) => summarise(values).median));
  process.stdout.write(`best\n${peakTable(best)}\n\nmedian\n${peakTable(median)}\n`);
  return { suite: 'peak', machine: describeMachine(), best, median, rounds: measured[0].length };
}
