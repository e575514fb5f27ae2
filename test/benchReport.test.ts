/** @file What becomes of the benches' figures: contests, targets, merged runs, the page and its plots. */

import { describe, expect, it } from 'vitest';
import { type Contest, contestTable, hold, limitOf, withLimits } from '../bench/contest.ts';
import { amountOf, difference, numbers, ops, sampled } from '../bench/ops/list.ts';
import type { PeakRates } from '../bench/peak.ts';
import { chooseNames } from '../bench/peers/list.ts';
import { barPlot } from '../bench/report/bars.ts';
import { contextCurves, linePlot } from '../bench/report/lines.ts';
import { merge, type SuiteFile } from '../bench/report/merge.ts';
import { page } from '../bench/report/page.ts';
import { roundUp } from '../bench/report/svg.ts';
import { Served } from '../bench/served.ts';
import { summarise } from '../bench/stats.ts';
import { judged } from '../bench/targets.ts';
import { sameWords } from '../bench/whisper/words.ts';

const peak: PeakRates = {
  threads: 1,
  fma32: 200,
  bf16: 400,
  int8: null,
  readBandwidth: 40,
  readMemory: 35,
  readCache: null,
};

const encoder: Contest = {
  work: 'encoder',
  threads: 1,
  timings: [
    {
      name: 'ours float16',
      side: 'ours',
      precision: 'full',
      samples: summarise([500, 510, 490]),
      counted: { amount: { flop: 90e9, bytes: 1e6 }, rate: 'fma32' },
      limit: null,
    },
    { name: 'slow & old', side: 'peer', precision: 'full', samples: summarise([1000, 1400, 900]), limit: null },
  ],
};

const machine: SuiteFile['machine'] = {
  processor: 'a processor',
  cores: 2,
  memoryGb: 8,
  lastCache: 0,
  system: 'linux x64',
  node: 'v20',
  compiler: 'cc',
  isa: null,
  loadBefore: 0,
  date: '2026-01-01 00:00',
};

const file = (contests: readonly Contest[], rates = peak): SuiteFile => {
  return { suite: 'whisper', machine, peaks: [rates], contests: contests.map((contest) => withLimits(contest, rates)) };
};

describe('limits', () => {
  it('are of the rate that binds, or of one after the other', () => {
    expect(limitOf({ flop: 2e9, bytes: 80e6 }, peak, 'fma32')).toBe(10);
    expect(limitOf({ flop: 2e9, bytes: 80e6 }, peak, 'bf16')).toBe(5);
    expect(limitOf({ flop: 2e9, bytes: 80e6, inTurn: true }, peak, 'fma32')).toBe(12);
    // A machine without such instructions computes in float32.
    expect(limitOf({ flop: 2e9, bytes: 0 }, peak, 'int8')).toBe(10);
  });

  it('stand in the table with ratio and share', () => {
    const text = contestTable([withLimits(encoder, peak)]);
    expect(text).toMatch(/encoder +1 +ours float16 +500 +490 +slow & old +1000 +900 +0\.50x +450 +90 %/);
  });
});

describe('targets', () => {
  it('are judged by the figures of the same threads', () => {
    const merged = merge([file([encoder])]);
    const [first] = judged(merged, [1, 2]);
    expect(first.found).toEqual([{ figure: '90 % (500.00 ms)', met: true }, null]);
  });
});

describe('merged runs', () => {
  it('have the middle of the medians and of the limits, and the best peak', () => {
    const slower = {
      ...encoder,
      timings: encoder.timings.map((timing) => ({ ...timing, samples: summarise([600]) })),
    };
    const better = { ...peak, fma32: 240 };
    const merged = merge([file([encoder]), file([slower], better), file([slower])]);
    expect(merged.peaks).toEqual([better]);
    expect(merged.runs.get('whisper')).toBe(3);
    const [{ timings }] = merged.contests;
    expect(timings[0]).toMatchObject({ samples: { median: 600, min: 490, count: 5 }, limit: 450 });
  });

  it('are of one machine', () => {
    const other = { ...file([]), machine: { ...machine, processor: 'another' } };
    expect(() => merge([file([]), other])).toThrow(/two machines/);
  });
});

describe('the page', () => {
  it('says what is met, with the figure, and names the machine', () => {
    const plots = { bars: 'performance/whisper.svg', context: null, long: null, memory: null };
    const text = page(merge([file([encoder])]), [], plots);
    expect(text).toContain('a processor, 2 cores');
    expect(text).toContain(
      '| encoder, float32 arithmetic, 1 thread | ≥ 88 % of the FMA peak | 90 % (500.00 ms) | met |',
    );
    expect(text).toContain('![bars of time per peer, with the limit of the machine](performance/whisper.svg)');
    expect(text).toContain('| slow & old | 1000 | 900 | 0.50 |');
    expect(text).not.toContain('Ten minutes');
  });

  it('says what holds back a row that is missed, and sets lower levels of instructions apart', () => {
    const plots = { bars: null, context: null, long: null, memory: null };
    const slow = { ...encoder, timings: encoder.timings.map((one) => ({ ...one, samples: summarise([5000]) })) };
    const level = merge([{ ...file([slow]), machine: { ...machine, isa: 'v3' } }]);
    const text = page(merge([file([encoder])]), [level], plots);
    expect(text).toContain('## Held to the level v3');
    expect(text.indexOf('| 5000 |')).toBeGreaterThan(text.indexOf('## Held to the level v3'));
    expect(text).not.toContain('What holds back');
    const beside = { ...slow, work: 'jfk.wav to text' };
    expect(page(merge([file([beside])]), [], plots)).toContain('- **jfk.wav to text, float32 arithmetic**:');
  });

  it('has plots that are XML', () => {
    const bars = barPlot(merge([file([encoder])]).contests, ['encoder']);
    expect(bars).toContain('slow &amp; old');
    expect(bars.match(/<text/g)?.length).toBe(bars.match(/<\/text>/g)?.length);
    const step = (position: number): Contest => ({ ...encoder, work: `decode with ${position} before` });
    const curves = contextCurves([step(16), step(8)], 1);
    expect(curves[0]).toEqual({
      name: 'ours float16',
      points: [
        [8, 500],
        [16, 500],
      ],
    });
    expect(linePlot('t', 'x', 'y', curves)).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  });

  it('has axes that end at round numbers', () => {
    expect([0.07, 1, 11, 471, 2001, 99999].map(roundUp)).toEqual([0.08, 1, 15, 500, 3000, 100000]);
  });
});

describe('operations', () => {
  it('have names of their own, work and the same numbers everywhere', () => {
    expect(new Set(ops.map(({ name }) => name)).size).toBe(ops.length);
    for (const op of ops) expect(amountOf(op).flop, op.name).toBeGreaterThan(0);
    const [linear] = ops;
    expect(amountOf(linear).flop).toBe(2 * 1500 * 512 * 512);
    expect(amountOf(linear).bytes).toBe(4 * (1500 * 512 * 2 + 512 * 512 + 512));
    const values = numbers(5000, 17);
    expect(Math.max(...values)).toBeLessThan(0.5);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(-0.5);
    expect(sampled(values)).toHaveLength(997);
    expect(difference([1, 2], [1, 2])).toBe(0);
    expect(difference([1], [1, 2])).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('peers', () => {
  it('are chosen by name', () => {
    expect(chooseNames('none', ['a', 'b'])).toEqual([]);
    expect(chooseNames('all', ['a', 'b'])).toEqual(['a', 'b']);
    expect(chooseNames(['b'], ['a', 'b'])).toEqual(['b']);
    expect(() => chooseNames(['c'], ['a', 'b'])).toThrow(/the peers are a, b/);
  });

  it('are processes that answer, and may fail', async () => {
    const program = `
      const say = (value) => process.stdout.write(JSON.stringify(value) + '\\n');
      say({ versions: { it: '1' }, work: ['work'] });
      require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
        const { do: name, calls } = JSON.parse(line);
        say(name === 'work' ? { ms: 7, calls } : { error: 'it cannot' });
      });`;
    const served = await Served.start('it', { file: process.execPath, args: ['-e', program] });
    try {
      expect(served.work).toEqual(new Set(['work']));
      expect(await served.ask({ do: 'work', calls: 3 })).toEqual({ ms: 7, calls: 3 });
      const entrant = { served, side: 'ours', precision: 'full' } as const;
      const held = await hold(
        'x',
        1,
        [
          { ...entrant, asked: { do: 'work' } },
          { ...entrant, asked: { do: 'other' } },
        ],
        2,
      );
      expect(held.contest.timings).toMatchObject([{ name: 'it', samples: { median: 7, count: 2 } }]);
      expect(held.failures).toEqual(['it, x: it cannot']);
    } finally {
      served.end();
    }
    const missing = { file: process.execPath, args: ['-e', 'throw new Error("no such model")'] };
    await expect(Served.start('it', missing)).rejects.toThrow(/no such model/);
  });

  it('say the same with other punctuation', () => {
    expect(sameWords(' And so, my fellow', 'and so my fellow.')).toBe(true);
    expect(sameWords('ask', 'asked')).toBe(false);
  });
});
