/** @file Curves: the time of a decode step over what was read before it, and of the windows of long audio. */

import type { Contest } from '../contest.ts';
import { formatMs } from '../table.ts';
import type { LongFigures } from '../whisper/long.ts';
import { colours, curve, line, lineColours, picture, roundUp, text } from './svg.ts';

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

const plot = { width: 900, height: 300, left: 60, right: 190, top: 40, bottom: 40 };

/** The works `decode with N before` of one number of threads, a curve each contestant. */
export function contextCurves(contests: readonly Contest[], threads: number): Curve[] {
  const curves = new Map<string, [number, number][]>();
  for (const { work, threads: count, timings } of contests) {
    const position = /^decode with (\d+) before$/.exec(work)?.[1];
    if (position === undefined || count !== threads) continue;
    for (const { name, samples } of timings) {
      curves.set(name, [...(curves.get(name) ?? []), [Number(position), samples.median]]);
    }
  }
  return [...curves].map(([name, points]) => ({ name, points: points.sort(([a], [b]) => a - b) }));
}

export function longCurves(long: readonly LongFigures[]): Curve[] {
  return long.map(({ threads, windows }) => ({
    name: `${threads} thread${threads === 1 ? '' : 's'}`,
    points: windows.map(({ ms }, i) => [i + 1, ms] as const),
  }));
}

export function memoryCurves(long: readonly LongFigures[]): Curve[] {
  return long.map(({ threads, windows }) => ({
    name: `${threads} thread${threads === 1 ? '' : 's'}`,
    points: windows.map(({ memory }, i) => [i + 1, memory.resident / 1e6] as const),
  }));
}

/** Curves over a common axis; `most` cuts off what is far above. */
export function linePlot(title: string, xName: string, yName: string, curves: readonly Curve[], most?: number): string {
  const points = curves.flatMap(({ points: all }) => all);
  const xMost = Math.max(...points.map(([x]) => x));
  const yMost = roundUp(Math.min(most ?? Number.POSITIVE_INFINITY, Math.max(...points.map(([, y]) => y))));
  const width = plot.width - plot.left - plot.right;
  const height = plot.height - plot.top - plot.bottom;
  const x = (value: number): number => plot.left + (value / xMost) * width;
  const y = (value: number): number => plot.top + height - (Math.min(value, yMost) / yMost) * height;
  const shapes = [text(plot.left, 22, title, { size: 13, bold: true })];
  for (let i = 0; i <= 4; i++) {
    const value = (yMost * i) / 4;
    shapes.push(
      line(plot.left, y(value), plot.left + width, y(value), colours.grid),
      text(plot.left - 8, y(value) + 4, value === 0 ? '0' : formatMs(value), {
        anchor: 'end',
        size: 11,
        colour: colours.faint,
      }),
    );
    const along = Math.round((xMost * i) / 4);
    shapes.push(
      text(x(along), plot.top + height + 16, String(along), { anchor: 'middle', size: 11, colour: colours.faint }),
    );
  }
  shapes.push(
    text(plot.left + width / 2, plot.height - 6, xName, { anchor: 'middle', size: 11, colour: colours.faint }),
    text(8, 22, yName, { size: 11, colour: colours.faint }),
  );
  curves.forEach(({ name, points: all }, i) => {
    const colour = lineColours[i % lineColours.length];
    shapes.push(
      curve(
        all.map(([px, py]) => [x(px), y(py)]),
        colour,
      ),
      line(plot.left + width + 16, plot.top + 8 + i * 18, plot.left + width + 34, plot.top + 8 + i * 18, colour),
      text(plot.left + width + 40, plot.top + 12 + i * 18, name),
    );
  });
  return picture(plot.width, plot.height, title, shapes);
}
