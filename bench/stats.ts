/** @file What a row of figures is made of: samples taken in turns, so that a machine that changes its mind hits all alike. */

import { setTimeout } from 'node:timers/promises';

export interface Samples {
  readonly median: number;
  readonly min: number;
  readonly count: number;
}

export function summarise(values: readonly number[]): Samples {
  if (values.length === 0) throw new Error('no samples: nothing was measured');
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, min: sorted[0], count: sorted.length };
}

/** One of those that take turns: does its work once and gives the time that it took. */
export interface Contestant {
  readonly name: string;
  /** ms */
  run(): number | Promise<number>;
}

export interface Turns {
  readonly rounds: number;
  /** Rounds before, that do not count. */
  readonly warm: number;
  /** ms of rest before each turn: thread pools go on spinning for a while after their work. */
  readonly rest: number;
}

/** Everyone once, again and again: ours, peer, ours, peer … */
export async function interleave(
  contestants: readonly Contestant[],
  { rounds, warm, rest }: Turns,
): Promise<Map<string, Samples>> {
  const times = contestants.map((): number[] => []);
  for (let round = 0; round < warm + rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      if (rest > 0) await setTimeout(rest);
      const ms = await contestant.run();
      if (round >= warm) times[i].push(ms);
    }
  }
  return new Map(contestants.map(({ name }, i) => [name, summarise(times[i])]));
}

/** ms that a call takes. */
export function timed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}
