/**
 * @file The `compile` suite: Whisper's parts from nothing, and again after changes that need no compiler; what the code
 * weighs; AOTInductor beside it.
 */

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { allParts, type DemoRun, hasCompiled, runDemo, runTn, slowParts } from '../demo.ts';
import { describeMachine, type Machine } from '../machine.ts';
import type { BenchOptions } from '../options.ts';
import { aotInductorSeconds } from '../peers/list.ts';
import { type Row, rowTable } from '../rows.ts';
import { summarise } from '../stats.ts';
import { addComment, copyClone, copyOtherWeights } from './clone.ts';
import { type CompilerCounter, countCompilers } from './compilers.ts';

export interface CompileResult {
  readonly suite: 'compile';
  readonly machine: Machine;
  readonly rows: Row[];
  /** Seconds a part. */
  aotInductor: Readonly<Record<string, number>> | null;
  readonly failures: string[];
}

export async function runSuite(options: BenchOptions): Promise<CompileResult> {
  const result: CompileResult = {
    suite: 'compile',
    machine: describeMachine(),
    rows: [],
    aotInductor: null,
    failures: [],
  };
  const folder = mkdtempSync(path.join(tmpdir(), 'tn-bench-compile-'));
  try {
    const counter = countCompilers(folder);
    const env = { TN_CACHE_DIR: path.join(folder, 'cache'), ...counter.env };
    for (const measure of [fromNothing, again]) {
      result.rows.push(...(await measure(folder, env, counter, options.rounds ?? 3)));
    }
  } catch (error) {
    result.failures.push((error as Error).message);
    process.stdout.write(`compile failed: ${(error as Error).message}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  if (options.peers !== 'none') {
    result.aotInductor = aotInductorSeconds();
    if (!result.aotInductor) process.stdout.write('aotinductor: not installed: sh bench/peers/setup.sh\n');
    for (const [part, seconds] of Object.entries(result.aotInductor ?? {})) {
      const note = 'export and compilation, when setup.sh ran here';
      result.rows.push({ name: `AOTInductor, ${part}`, threads: 0, unit: 's', ours: summarise([seconds]), note });
    }
  }
  process.stdout.write(`${rowTable(result.rows)}\n`);
  return result;
}

type Measure = (folder: string, env: NodeJS.ProcessEnv, counter: CompilerCounter, rounds: number) => Promise<Row[]>;

/** What the compiler makes: without these the records stand as after a clone. */
const made = ['artifacts', 'objects', 'packed'];

const fromNothing: Measure = async (folder, env, counter, rounds) => {
  const first = await runDemo('auto', { env });
  const second = await runDemo('auto', { env });
  const slow = slowParts(second.result, ['mel', 'encoder', 'detect', 'prefill', 'decode']);
  if (slow.length > 0) throw new Error(`${slow.join(', ')} did not run natively`);
  // In a copy: what eager calls of a capture use is compiled too, and is to stay for the runs that come after.
  const cache = path.join(folder, 'emptied');
  cpSync(env['TN_CACHE_DIR']!, cache, { recursive: true });
  const emptied = { ...env, TN_CACHE_DIR: cache };
  const times: number[] = [];
  let compilers = counter.take();
  for (let round = 0; round < rounds; round++) {
    for (const name of made) {
      const at = path.join(cache, name);
      if (!existsSync(at)) throw new Error(`the cache has no ${name}: its layout is another now`);
      rmSync(at, { recursive: true });
    }
    counter.take();
    times.push((await runTn(['cache', 'compile', ...allParts], { env: emptied })).ms / 1000);
    compilers = counter.take();
  }
  const threads = availableParallelism();
  const size = codeSize(cache);
  rmSync(cache, { recursive: true });
  return [
    { name: 'first run in all', threads, unit: 's', ours: summarise([first.ms / 1000]), note: 'eager calls included' },
    {
      name: 'compiling all parts from nothing',
      threads,
      unit: 's',
      ours: summarise(times),
      asked: '<= 6',
      note: `${compilers.compiled} files; start, packing of weights and checks included`,
    },
    {
      name: 'code of all parts, stripped',
      threads: 0,
      unit: 'MB',
      ours: summarise([size.bytes / 1e6]),
      asked: '<= 1',
      note: `${size.count} libraries, one level`,
    },
  ];
};

/** Runs that may capture again, but need no compiler. */
const again: Measure = async (folder, env, counter) => {
  const rows: Row[] = [];
  const threads = availableParallelism();
  const add = async (name: string, run: () => Promise<DemoRun>): Promise<void> => {
    counter.take();
    const { ms, ...finished } = await run();
    const { compiled, linked, outputs } = counter.take();
    const said = hasCompiled({ ms, ...finished }) ? '; it said that it compiled' : '';
    rows.push(
      {
        name: `${name}: compilers run`,
        threads: 0,
        unit: 'runs',
        ours: summarise([compiled + linked]),
        asked: '0',
        note: outputs.join(' '),
      },
      { name: '  time', threads, unit: 's', ours: summarise([ms / 1000]), note: `the demo as a process${said}` },
    );
  };
  await add('nothing changed', () => runDemo('auto', { env }));
  const weights = copyOtherWeights(path.join(folder, 'weights'));
  await add('other weights', () => runDemo('auto', { env }, ['--model', weights]));
  const clone = copyClone(path.join(folder, 'clone'));
  await add('another path', () => runDemo('auto', { env, folder: clone }));
  addComment(clone);
  await add('a comment', () => runDemo('auto', { env, folder: clone }));
  return rows;
};

/** Libraries of the artifacts, as `strip` leaves them. */
function codeSize(cache: string): { bytes: number; count: number } {
  const folder = path.join(cache, 'artifacts');
  const libraries = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(so|dylib)$/.test(name))
    .map((name) => path.join(folder, name))
    .filter((file) => readFileSync(file).includes('tn_artifact'));
  let bytes = 0;
  const stripped = path.join(cache, 'stripped');
  for (const library of libraries) {
    execFileSync('strip', ['-s', '-o', stripped, library]);
    bytes += statSync(stripped).size;
  }
  rmSync(stripped, { force: true });
  return { bytes, count: libraries.length };
}
