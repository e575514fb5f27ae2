/** @file Contests: the same work done by us and by peers in turns, and the lines that come of it. */

import type { PeakRates } from './peak.ts';
import type { Answer, Asked, Served } from './served.ts';
import { interleave, type Samples } from './stats.ts';
import { formatMs, percent, table } from './table.ts';

/** Work of something, for the time that the machine would take at least. */
export interface Amount {
  /** Multiply-adds counted twice. */
  readonly flop: number;
  /** Bytes that have to come from memory. */
  readonly bytes: number;
  /** One after the other (a whole program), where otherwise the slower of the two binds. */
  readonly inTurn?: boolean;
}

export type Rate = 'fma32' | 'bf16' | 'int8';

/** ms at the machine's limit. */
export function limitOf({ flop, bytes, inTurn }: Amount, peak: PeakRates, rate: Rate): number {
  const compute = flop / (peak[rate] ?? peak.fma32) / 1e6;
  const memory = bytes / peak.readBandwidth / 1e6;
  return inTurn ? compute + memory : Math.max(compute, memory);
}

/** One who did the work. */
export interface Timing {
  readonly name: string;
  readonly side: 'ours' | 'peer';
  readonly precision: 'full' | 'reduced';
  readonly samples: Samples;
  /** How much work it was, where somebody counted, and which rate binds it. */
  readonly counted?: Counted;
  /** ms that the machine's limit allows. */
  readonly limit: number | null;
  /** What it did otherwise than the others. */
  readonly note?: string;
}

export interface Counted {
  readonly amount: Amount;
  readonly rate: Rate;
}

/** What everybody took for the same work on so many threads. */
export interface Contest {
  readonly work: string;
  readonly threads: number;
  readonly timings: readonly Timing[];
}

/** Who takes part. */
export interface Entrant {
  readonly served: Served;
  readonly side: 'ours' | 'peer';
  readonly precision: 'full' | 'reduced';
  readonly counted?: Counted;
  readonly note?: string;
  readonly asked: Asked;
}

export interface Held {
  readonly contest: Contest;
  /** One line for each that failed. */
  readonly failures: readonly string[];
}

/** What one turn should last at least, in ms: short work is done several times. */
const turn = 60;

/** ms of a round from which on fewer rounds are held: long work differs less from turn to turn. */
const longRound = 5000;
const fewestRounds = 3;

/** Everyone once to see that it can, then in turns. The middle of their turns counts. */
export async function hold(work: string, threads: number, entrants: readonly Entrant[], rounds: number): Promise<Held> {
  const failures: string[] = [];
  const able: { entrant: Entrant; asked: Asked }[] = [];
  let round = 0;
  for (const entrant of entrants) {
    try {
      const { ms } = await entrant.served.ask<Answer>(entrant.asked);
      const calls = Math.min(40, Math.max(1, Math.round(turn / Math.max(ms, 0.01))));
      able.push({ entrant, asked: { ...entrant.asked, calls } });
      round += ms * calls;
    } catch (error) {
      failures.push(`${entrant.served.name}, ${work}: ${(error as Error).message}`);
    }
  }
  const samples = await interleave(
    able.map(({ entrant, asked }) => ({
      name: entrant.served.name,
      run: async () => (await entrant.served.ask<Answer>(asked)).ms,
    })),
    // Who was asked whether it can is warm where the work is long.
    round > longRound ? { rounds: Math.min(rounds, fewestRounds), warm: 0, rest: 5 } : { rounds, warm: 1, rest: 5 },
  );
  const timings = able.map(({ entrant }): Timing => {
    const { served, side, precision, counted, note } = entrant;
    return { name: served.name, side, precision, samples: samples.get(served.name)!, counted, limit: null, note };
  });
  return { contest: { work, threads, timings }, failures };
}

/** With the limits that the peak of the same run allows. */
export function withLimits(contest: Contest, peak: PeakRates): Contest {
  const timings = contest.timings.map((timing) => ({
    ...timing,
    limit: timing.counted ? limitOf(timing.counted.amount, peak, timing.counted.rate) : null,
  }));
  return { ...contest, timings };
}

/** Part of the machine's limit that the median reaches. */
export function shareOf({ samples, limit }: Timing): number | null {
  return limit === null ? null : limit / samples.median;
}

/** Below 1: ours is faster. */
export function ratioOf(ours: Timing, peer: Timing): number {
  return ours.samples.median / peer.samples.median;
}

/** A table for people: each of ours beside each peer. */
export function contestTable(contests: readonly Contest[]): string {
  const head = ['', 'threads', '', 'ms', 'min', '', 'ms', 'min', 'ratio', 'limit ms', 'of limit', ''];
  const rows = contests.flatMap(({ work, threads, timings }) => {
    const peers = timings.filter(({ side }) => side === 'peer');
    return timings
      .filter(({ side }) => side === 'ours')
      .flatMap((ours) => {
        const share = shareOf(ours);
        const us = [ours.name, formatMs(ours.samples.median), formatMs(ours.samples.min)];
        const limit = [ours.limit === null ? '' : formatMs(ours.limit), share === null ? '' : percent(share)];
        if (peers.length === 0) return [[work, String(threads), ...us, '', '', '', '', ...limit, ours.note ?? '']];
        return peers.map((peer) => [
          work,
          String(threads),
          ...us,
          peer.name,
          formatMs(peer.samples.median),
          formatMs(peer.samples.min),
          `${ratioOf(ours, peer).toFixed(2)}x`,
          ...limit,
          peer.note ?? '',
        ]);
      });
  });
  return table([head, ...rows], 1, 1);
}
