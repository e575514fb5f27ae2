/** @file What a thousand decode steps leave behind: resident memory and JavaScript's heap, after a collection. */

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { table } from '../table.ts';
import type { LoadedWhisper } from './model.ts';

export interface LeakFigure {
  readonly calls: number;
  /** Growth in bytes. */
  readonly rss: number;
  readonly heap: number;
  /** Memory of typed arrays. */
  readonly arrayBuffers: number;
}

/** Several times a thousand calls: what leaks grows every time, what merely settles does not. */
export function measureLeak(whisper: LoadedWhisper, times = 4, calls = 1000): LeakFigure[] {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const memory = (): NodeJS.MemoryUsage => {
    collect();
    collect();
    return process.memoryUsage();
  };
  const steps = (count: number): void => {
    for (let i = 0; i < count; i++) whisper.call('decode', 4 + (i % 200));
  };
  steps(calls);
  const figures: LeakFigure[] = [];
  for (let time = 0; time < times; time++) {
    const before = memory();
    steps(calls);
    const after = memory();
    figures.push({
      calls,
      rss: after.rss - before.rss,
      heap: after.heapUsed - before.heapUsed,
      arrayBuffers: after.arrayBuffers - before.arrayBuffers,
    });
  }
  return figures;
}

export function leakTable(figures: readonly LeakFigure[]): string {
  const kilo = (bytes: number): string => `${bytes < 0 ? '' : '+'}${(bytes / 1024).toFixed(0)}`;
  return table([
    ['decode calls', 'resident KB', 'heap KB', 'arrays KB'],
    ...figures.map(({ calls, rss, heap, arrayBuffers }) => [String(calls), kilo(rss), kilo(heap), kilo(arrayBuffers)]),
  ]);
}
