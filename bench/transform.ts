/** @file What the transformer costs: rewritten numbers, a file, a project, a start. `npm run bench -- transform`. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { tensor } from 'torchnative';
import type { SuiteResult } from './main.ts';
import type { BenchOptions } from './options.ts';
import { type Row, rowTable } from './rows.ts';
import { interleave, type Samples, summarise, timed } from './stats.ts';
import * as numbers from './transformNumbers.ts';
import { sourceOf, writeProject } from './transformProject.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const turns = 200_000;

type Loop = (turns: number, a: number, b: number) => number;

/** Loops, and how many operators each turn has. */
const loops: readonly [name: string, operators: number, ours: Loop, alone: Loop][] = [
  ['arithmetic', 4, numbers.arithmetic, numbers.arithmeticAlone],
  ['comparisons', 7, numbers.comparisons, numbers.comparisonsAlone],
  ['Math', 5, numbers.functions, numbers.functionsAlone],
];

/** ns an operator, the loop itself included. */
async function numberRows(note: string, rounds: number): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [name, operators, ours, alone] of loops) {
    const once = (loop: Loop) => ({ name: loop.name, run: () => timed(() => loop(turns, 0, 1)) });
    const samples = await interleave([once(ours), once(alone)], { rounds, warm: 5, rest: 0 });
    const each = ({ median, min, count }: Samples): Samples => ({
      median: (median * 1e6) / turns / operators,
      min: (min * 1e6) / turns / operators,
      count,
    });
    const [mine, theirs] = [each(samples.get(ours.name) as Samples), each(samples.get(alone.name) as Samples)];
    rows.push({
      name: `${name}, an operator${note}`,
      threads: 0,
      unit: 'ns',
      ours: mine,
      peer: { name: 'not rewritten', samples: theirs },
      ratio: mine.median / theirs.median,
      asked: '<= 2',
    });
  }
  return rows;
}

/** Lets every operator meet something else than numbers, as a capture or eager code does. */
function meetTensors(): void {
  const x = tensor([1, 2, 3]) as unknown as number;
  for (let i = 0; i < 50; i++) {
    for (const work of [() => numbers.arithmetic(1, x, 1), () => numbers.functions(1, x, 1)]) {
      try {
        work();
      } catch {
        // A condition on three elements has no answer: it has been asked.
      }
    }
  }
}

function node(args: readonly string[], cache = ''): string {
  const env = { ...process.env, TN_CACHE_DIR: cache, TN_TRANSFORM_CACHE: cache === '' ? 'off' : '' };
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}

/** `cache`: where results are kept; nowhere by default. */
function cold(args: readonly string[], cache?: string): number {
  return Number(node([join(root, 'bench/transformCold.mjs'), ...args], cache));
}

function fileRows(folder: string, rounds: number): Row[] {
  const path = join(folder, 'model.ts');
  const lines = 1000;
  writeFileSync(path, sourceOf(lines, "import type { Tensor } from 'torchnative';\nexport type Kept = Tensor;\n"));
  const cache = join(folder, 'cache');
  const row = (name: string, times: readonly number[]): Row => {
    return { name: `a file of 1,000 lines, ${name}`, threads: 0, unit: 'ms', ours: summarise(times), asked: '<= 60' };
  };
  const first = Array.from({ length: rounds }, () => cold(['file', path]));
  cold(['seen', path], cache);
  const demo = join(root, 'examples/whisper');
  const real = Array.from({ length: rounds }, () => cold(['folder', demo]));
  return [
    row('cold', first),
    {
      ...row('', real),
      name: 'the Whisper demo, cold, 1,000 of its lines',
    },
    row(
      'seen before',
      Array.from({ length: rounds }, () => cold(['seen', path], cache)),
    ),
  ];
}

async function projectRows(folder: string, rounds: number): Promise<Row[]> {
  const entry = writeProject(join(folder, 'project'), 60, 10, 200);
  const caches = ['first', 'again'].map((name) => join(folder, `cache-${name}`)) as [string, string];
  const first = (): number => {
    rmSync(caches[0], { recursive: true, force: true });
    return cold(['bundle', entry], caches[0]);
  };
  const contestants = [
    { name: 'first time', run: first },
    { name: 'again', run: () => cold(['bundle', entry], caches[1]) },
    { name: 'esbuild', run: () => cold(['bundle', entry, 'plain']) },
  ];
  const samples = await interleave(contestants, { rounds, warm: 1, rest: 0 });
  const peer = samples.get('esbuild') as Samples;
  return ['first time', 'again'].map((name) => {
    const ours = samples.get(name) as Samples;
    return {
      name: `bundling 60 files, 10 import us, ${name}`,
      threads: 0,
      unit: 'ms',
      ours,
      peer: { name: 'esbuild alone', samples: peer },
      ratio: ours.median / peer.median,
      asked: '<= 1.3 x',
    };
  });
}

async function startRow(folder: string, rounds: number): Promise<Row> {
  const program = join(folder, 'empty.mjs');
  writeFileSync(program, '');
  const hook = new URL('../dist/shells/register.js', import.meta.url).href;
  const contestants = [
    { name: 'ours', run: () => timed(() => node(['--import', hook, program])) },
    { name: 'node', run: () => timed(() => node([program])) },
  ];
  const samples = await interleave(contestants, { rounds, warm: 2, rest: 0 });
  const [ours, peer] = [samples.get('ours') as Samples, samples.get('node') as Samples];
  return {
    name: 'start with torchnative/register',
    threads: 0,
    unit: 'ms',
    ours,
    peer: { name: 'plain node', samples: peer },
    note: `${(ours.median - peer.median).toFixed(0)} ms more`,
    asked: '<= 60 more',
  };
}

export async function runSuite({ rounds }: BenchOptions): Promise<SuiteResult & { rows: Row[] }> {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'tn-bench-')));
  try {
    // Brings the built files up to date, which are what is measured.
    node(['bin/tn.mjs', '--version']);
    const rows = await numberRows('', rounds ?? 15);
    meetTensors();
    rows.push(...(await numberRows(', tensors seen', rounds ?? 15)));
    rows.push(...fileRows(folder, rounds ?? 5));
    rows.push(...(await projectRows(folder, rounds ?? 5)));
    rows.push(await startRow(folder, rounds ?? 7));
    process.stdout.write(`${rowTable(rows)}\n`);
    return { rows };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
