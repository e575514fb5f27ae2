/** @file The `ship` suite: what packages weigh, how fast they start, and jfk.wav beside the same program under Node. */

import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchOptions } from '../options.ts';
import { type Row, rowTable } from '../rows.ts';
import { interleave, type Samples, summarise } from '../stats.ts';
import { measureResidence, mustRun, type Run } from './timedProcess.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const jfk = path.join(root, 'examples/whisper/audio/jfk.wav');

interface ShipResult {
  readonly rows: Row[];
  readonly failures: string[];
}

/** What `tn cache package --json` says. */
interface Packaged {
  readonly output: string;
  readonly bytes: number;
  /** Of the weight blocks inside, without the gaps between them. */
  readonly weightBytes: number;
}

export async function runSuite(options: BenchOptions): Promise<ShipResult> {
  const result: ShipResult = { rows: [], failures: [] };
  const folder = mkdtempSync(path.join(tmpdir(), 'tn-ship-'));
  const show = (rows: readonly Row[]): void => {
    result.rows.push(...rows);
    process.stdout.write(`${rowTable(rows)}\n`);
  };
  const section = async (name: string, work: () => Promise<readonly Row[]>): Promise<void> => {
    try {
      show(await work());
    } catch (error) {
      result.failures.push(`${name}: ${(error as Error).message}`);
      process.stdout.write(`${name} failed: ${(error as Error).message}\n`);
    }
  };
  const rounds = options.rounds ?? 15;
  try {
    await section('a small model', () => smallModel(folder, rounds));
    await section('Whisper', () => whisper(folder, rounds));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return result;
}

const tn = (...args: readonly string[]): Run => ({
  file: process.execPath,
  args: ['bin/tn.mjs', ...args],
  cwd: root,
  env: { INIT_CWD: root },
});

async function packageIt(args: readonly string[], env: NodeJS.ProcessEnv): Promise<{ packaged: Packaged; ms: number }> {
  const run = tn('cache', 'package', ...args, '--json');
  const { stdout, ms } = await mustRun({ ...run, env: { ...run.env, ...env } });
  return { packaged: JSON.parse(stdout) as Packaged, ms };
}

async function smallModel(folder: string, rounds: number): Promise<Row[]> {
  const env = { TN_CACHE_DIR: path.join(folder, 'mlp-cache') };
  const run = tn('run', 'bench/ship/mlp.ts');
  await mustRun({ ...run, env: { ...run.env, ...env } });
  const output = path.join(folder, 'mlp');
  const { packaged } = await packageIt(['bench-mlp', '--format', 'exe', '-o', output], env);
  const runs = [{ file: output, args: ['--version'], cwd: folder }, emptyProgram(folder)];
  const samples = await interleave(
    runs.map((run, i) => ({ name: String(i), run: async () => (await mustRun(run)).ms })),
    { rounds: rounds * 3, warm: 3, rest: 0 },
  );
  return [
    size('small MLP, weights aside', packaged.bytes - packaged.weightBytes, '<= 0.9'),
    {
      name: 'small MLP, exec to exit',
      threads: 0,
      unit: 'ms',
      ours: samples.get('0')!,
      peer: { name: 'an empty C program', samples: samples.get('1')! },
      asked: '<= 3',
      note: 'the peer is an empty static C program: what starting a process from Node costs',
    },
  ];
}

function emptyProgram(folder: string): Run {
  const source = path.join(folder, 'empty.c');
  const file = path.join(folder, 'empty');
  writeFileSync(source, 'int main(void) { return 0; }\n');
  execFileSync('gcc', ['-O2', '-static', '-o', file, source]);
  return { file, args: [], cwd: folder };
}

async function whisper(folder: string, rounds: number): Promise<Row[]> {
  // A cache in which Whisper has run, and nothing was packaged yet.
  const env = { TN_CACHE_DIR: path.join(folder, 'whisper-cache') };
  const demo = tn('run', 'examples/whisper/main.ts', jfk, '--language', 'auto');
  await mustRun({ ...demo, env: { ...demo.env, ...env } });
  const output = path.join(folder, 'whisper');
  const request = ['--app', 'examples/whisper/main.ts', '-o', output];
  const first = await packageIt(request, env);
  const second = await packageIt(request, env);
  const { packaged } = second;
  const audio = path.join(folder, 'jfk.wav');
  copyFileSync(jfk, audio);

  const threads = availableParallelism();
  const ship: Run = { file: output, args: ['jfk.wav', '--language', 'en'], cwd: folder };
  const node: Run = {
    file: process.execPath,
    args: [nodeEntry(), 'run', 'examples/whisper/main.ts', audio, '--language', 'en'],
    cwd: root,
    env: { INIT_CWD: root, ...env },
  };
  const texts = [await mustRun(ship), await mustRun(node)].map(({ stdout }) => stdout.trim());
  if (texts[0] !== texts[1]) throw new Error(`other text: ${texts.join(' | ')}`);
  const samples = await interleave(
    [ship, node].map((run, i) => ({ name: String(i), run: async () => (await mustRun(run)).ms })),
    { rounds, warm: 2, rest: 100 },
  );
  const [ours, peer] = [samples.get('0')!, samples.get('1')!];
  const help = await startTimes({ file: output, args: ['--help'], cwd: folder }, rounds * 3);
  const resident = await measureResidence(ship);
  return [
    size('Whisper, beyond its weights', packaged.bytes - packaged.weightBytes, '<= 5'),
    { name: './whisper --help, exec to exit', threads: 0, unit: 'ms', ours: help, asked: '<= 15' },
    {
      name: 'jfk.wav as a whole process',
      threads,
      unit: 'ms',
      ours,
      peer: { name: 'node', samples: peer },
      ratio: ours.median / peer.median,
      asked: '< 1x node',
    },
    { name: 'packaging, the first time', threads, unit: 's', ours: summarise([first.ms / 1000]), asked: '<= 60' },
    { name: 'packaging after that', threads, unit: 's', ours: summarise([second.ms / 1000]), asked: '<= 6' },
    {
      name: 'resident beyond the file',
      threads,
      unit: 'MB',
      ours: summarise([resident.beyondFile / 1e6]),
      asked: '<= 100',
      note: `in all ${(resident.all / 1e6).toFixed(0)} MB`,
    },
  ];
}

/** The built command, without the npm or clone start around it. */
function nodeEntry(): string {
  const built = path.join(root, 'dist/src/cli/main.js');
  if (!existsSync(built)) throw new Error('there is no dist/: run `npm run build` first');
  return built;
}

async function startTimes(run: Run, rounds: number): Promise<Samples> {
  for (let i = 0; i < 3; i++) await mustRun(run);
  const times: number[] = [];
  for (let i = 0; i < rounds; i++) times.push((await mustRun(run)).ms);
  return summarise(times);
}

function size(name: string, bytes: number, asked: string): Row {
  return { name, threads: 0, unit: 'MB', ours: summarise([bytes / 1e6]), asked };
}
