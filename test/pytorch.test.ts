/** @file Everything that record.py recorded from PyTorch, run through the eager library; prints the number of cases per op. */

import { afterAll, describe, expect, test } from 'vitest';
import { dtypesOf, families, load, runCase, summedFamilies } from './recordings/cases.ts';

const counts = new Map<string, number>();

describe('recorded from PyTorch', () => {
  test.each(families)('%s', (family) => {
    const { recording, data } = load(family);
    const failures: string[] = [];
    for (const [i, entry] of recording.cases.entries()) {
      const name = entry[0].replace(/^(F\.|\.)/, '');
      counts.set(name, (counts.get(name) ?? 0) + 1);
      let problem: string | null;
      try {
        problem = runCase(entry, recording, data, summedFamilies.has(family));
      } catch (error) {
        problem = (error as Error).message;
      }
      if (problem) failures.push(`case ${i} ${entry[0]} ${dtypesOf(entry, recording)}: ${problem}`);
    }
    expect(failures.slice(0, 30)).toEqual([]);
    expect(recording.cases.length).toBeGreaterThan(10);
  });

  afterAll(() => {
    const total = [...counts.values()].reduce((a, b) => a + b, 0);
    const table = [...counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
    console.log(`PyTorch-recorded cases: ${total}\n${table.join(', ')}`);
  });
});
