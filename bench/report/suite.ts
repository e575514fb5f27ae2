/** @file `npm run bench -- report FILE…`: writes `docs/performance.md` and its plots, of what `--json` wrote. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, RequestError } from '../options.ts';
import { barPlot } from './bars.ts';
import { contextCurves, linePlot, longCurves, memoryCurves } from './lines.ts';
import { type Merged, merge, type SuiteFile } from './merge.ts';
import { type Plots, page } from './page.ts';

const docs = fileURLToPath(new URL('../../docs', import.meta.url));

/** Works that have bars, in this order. */
const barWorks = ['jfk.wav to text', 'encoder', 'one window', 'decode at 100', 'mel'];

export async function runSuite({ files }: BenchOptions): Promise<{ written: string[] }> {
  if (files.length === 0) throw new RequestError('report takes the files that --json wrote: report FILE…');
  const all = files.map(readSuite);
  const isHeld = ({ machine }: SuiteFile): boolean => (machine.isa ?? null) !== null;
  const own = all.filter((file) => !isHeld(file));
  if (own.length === 0) throw new RequestError('report takes figures without TN_ISA; those with it stand beside them');
  const merged = merge(own);
  const levels = new Set(all.filter(isHeld).map(({ machine }) => machine.isa));
  const held = [...levels].map((isa) => merge(all.filter(({ machine }) => machine.isa === isa)));
  const folder = path.join(docs, 'performance');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const written: string[] = [];
  const write = (file: string, content: string): void => {
    writeFileSync(path.join(docs, file), content);
    written.push(file);
  };
  write('performance.md', page(merged, held, plot(merged, write)));
  process.stdout.write(`${written.map((file) => `docs/${file}`).join('\n')}\n`);
  return { written };
}

function plot(merged: Merged, write: (file: string, content: string) => void): Plots {
  const put = (name: string, wanted: boolean, content: () => string): string | null => {
    if (!wanted) return null;
    const file = `performance/${name}.svg`;
    write(file, content());
    return file;
  };
  const { contests, long } = merged;
  const works = barWorks.filter((work) => contests.some((contest) => contest.work === work));
  const most = Math.max(...contests.map(({ threads }) => threads));
  const context = contextCurves(contests, most);
  // Whoever takes ten times as long as ours would press all others flat.
  const ours = context.filter(({ name }) => name.startsWith('ours')).flatMap(({ points }) => points.map(([, y]) => y));
  return {
    bars: put('whisper', works.length > 0, () => barPlot(contests, works)),
    context: put('context', context.length > 0, () =>
      linePlot(`Decode step, ${most} threads`, 'tokens before', 'ms', context, 4 * Math.max(...ours)),
    ),
    long: put('long', long.length > 0, () =>
      linePlot('Ten minutes of sound: time of each window', 'window', 'ms', longCurves(long)),
    ),
    memory: put('memory', long.length > 0, () =>
      linePlot('Ten minutes of sound: resident memory', 'window', 'MB', memoryCurves(long)),
    ),
  };
}

function readSuite(file: string): SuiteFile {
  // npm starts scripts in the package's folder, and says here where it was called.
  const full = path.resolve(process.env['INIT_CWD'] ?? '.', file);
  try {
    return JSON.parse(readFileSync(full, 'utf8')) as SuiteFile;
  } catch (error) {
    throw new RequestError(`${file}: ${(error as Error).message.split('\n')[0]}`);
  }
}
