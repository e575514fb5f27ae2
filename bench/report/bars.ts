/** @file Bars of time: for each work and number of threads everybody who did it, and the machine's limit. */

import type { Contest, Timing } from '../contest.ts';
import { formatMs } from '../table.ts';
import { box, colours, line, picture, roundUp, text } from './svg.ts';

const panel = { width: 460, gap: 24, names: 150, values: 64, head: 30, bar: 16, step: 21, foot: 22 };

/** One panel a contest: works from top to bottom, thread counts side by side. */
export function barPlot(contests: readonly Contest[], works: readonly string[]): string {
  const threads = [...new Set(contests.map((contest) => contest.threads))].sort((a, b) => a - b);
  const width = Math.max(860, panel.gap + threads.length * (panel.width + panel.gap));
  const shapes: string[] = [...legend()];
  let top = 44;
  for (const work of works) {
    const row = threads.map((count) => contests.find((one) => one.work === work && one.threads === count));
    const heights = row.map((contest, i) => {
      if (!contest) return 0;
      const left = panel.gap + i * (panel.width + panel.gap);
      shapes.push(...bars(contest, left, top));
      return panel.head + contest.timings.length * panel.step + panel.foot;
    });
    top += Math.max(...heights, 0);
  }
  return picture(width, top + 8, 'Time by peer, and the limit of the machine', shapes);
}

function legend(): string[] {
  const items = [
    ['ours', colours.ours],
    ['ours, reduced precision', colours.oursReduced],
    ['peers', colours.peer],
    ['peers, reduced precision', colours.peerReduced],
  ] as const;
  const shapes: string[] = [];
  let x = panel.gap;
  for (const [words, colour] of items) {
    shapes.push(box(x, 14, 12, 12, colour), text(x + 18, 24, words));
    x += 34 + words.length * 6.5;
  }
  shapes.push(line(x, 12, x, 28, colours.limit, true), text(x + 8, 24, "the machine's limit for float16 weights"));
  return shapes;
}

function colourOf({ side, precision }: Timing): string {
  if (side === 'ours') return precision === 'full' ? colours.ours : colours.oursReduced;
  return precision === 'full' ? colours.peer : colours.peerReduced;
}

function bars({ work, threads, timings }: Contest, left: number, top: number): string[] {
  const sorted = [...timings].sort((one, other) => one.samples.median - other.samples.median);
  const limit = timings.find((timing) => timing.side === 'ours' && timing.limit !== null)?.limit ?? null;
  const most = roundUp(Math.max(...sorted.map(({ samples }) => samples.median), limit ?? 0));
  const start = left + panel.names;
  const room = panel.width - panel.names - panel.values;
  const at = (ms: number): number => (ms / most) * room;
  const title = `${work}, ${threads} thread${threads === 1 ? '' : 's'}`;
  const shapes = [text(left, top + 16, title, { size: 13, bold: true })];
  sorted.forEach((timing, i) => {
    const y = top + panel.head + i * panel.step;
    const isOurs = timing.side === 'ours';
    const { median } = timing.samples;
    shapes.push(
      text(start - 8, y + 12, timing.name, { anchor: 'end', bold: isOurs }),
      box(start, y, Math.max(1, at(median)), panel.bar, colourOf(timing)),
      text(start + at(median) + 6, y + 12, `${formatMs(median)} ms`, { size: 11, colour: colours.faint }),
    );
  });
  if (limit !== null) {
    const bottom = top + panel.head + sorted.length * panel.step;
    const x = start + at(limit);
    shapes.push(
      line(x, top + panel.head - 4, x, bottom, colours.limit, true),
      text(x, bottom + 11, `${formatMs(limit)} ms`, { size: 10, anchor: 'middle', colour: colours.limit }),
    );
  }
  return shapes;
}
