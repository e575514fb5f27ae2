/** @file The benches' command line, and the arithmetic of their samples. */

import { describe, expect, it } from 'vitest';
import { parseRequest, RequestError } from '../bench/options.ts';
import { bestRates, type PeakRates } from '../bench/peak.ts';
import { workRow } from '../bench/rows.ts';
import { interleave, summarise } from '../bench/stats.ts';

describe('parseRequest', () => {
  it('reads a suite with its options', () => {
    const request = parseRequest(['whisper', '--threads', '1,2', '--peers', 'faster-whisper', '--json', 'x.json']);
    if (request === 'help') throw new Error('no help was asked for');
    expect(request.suite).toBe('whisper');
    expect(request.options).toMatchObject({ threads: [1, 2], peers: ['faster-whisper'], json: 'x.json', rounds: null });
  });

  it('refuses what makes no sense', () => {
    for (const args of [
      [],
      ['a', 'b'],
      ['peak', '--threads', '0'],
      ['peak', '--threads', '1,x'],
      ['peak', '--wrong'],
    ]) {
      expect(() => parseRequest(args), args.join(' ')).toThrow(RequestError);
    }
    expect(() => parseRequest(['whisper', '--peers', 'a,'])).toThrow(/--peers/);
  });
});

describe('samples', () => {
  it('have a median and a minimum', () => {
    expect(summarise([3, 1, 2])).toEqual({ median: 2, min: 1, count: 3 });
    expect(summarise([4, 1, 2, 3])).toEqual({ median: 2.5, min: 1, count: 4 });
    expect(() => summarise([])).toThrow(/nothing/);
  });

  it('are taken in turns, the first rounds thrown away', async () => {
    const order: string[] = [];
    const one = (name: string, ms: number) => ({
      name,
      run: () => {
        order.push(name);
        return ms;
      },
    });
    const samples = await interleave([one('ours', 2), one('peer', 4)], { rounds: 2, warm: 1, rest: 0 });
    expect(order).toEqual(['ours', 'peer', 'ours', 'peer', 'ours', 'peer']);
    expect(samples.get('peer')).toEqual({ median: 4, min: 4, count: 2 });
  });
});

describe('shares', () => {
  const peak: PeakRates = {
    threads: 1,
    fma32: 200,
    bf16: null,
    int8: null,
    readBandwidth: 40,
    readMemory: 35,
    readCache: null,
  };

  it('are of the limit that binds', () => {
    const row = { name: 'x', threads: 1, unit: 'ms', ours: summarise([10]) } as const;
    // 1 GFLOP takes 5 ms at the peak, 80 MB take 2 ms.
    expect(workRow(row, { flop: 1e9, bytes: 80e6 }, peak)).toMatchObject({ share: 0.5, limit: 'compute' });
    expect(workRow(row, { flop: 0, bytes: 200e6 }, peak)).toMatchObject({ share: 0.5, limit: 'memory' });
  });

  it('are of the best peak that was seen', () => {
    expect(bestRates([peak, { ...peak, fma32: 210, readBandwidth: 30 }])).toEqual({ ...peak, fma32: 210 });
  });
});
