/** @file The `whisper` suite: sections in order, lines as they come. */

import { availableParallelism } from 'node:os';
import { setThreads } from 'torchnative';
import { measureSmallestCall } from '../call.ts';
import { type Contest, contestTable, hold, withLimits } from '../contest.ts';
import { busyWarning, describeMachine, type Machine } from '../machine.ts';
import { type BenchOptions, RequestError } from '../options.ts';
import { bestRates, buildPeakMeter, type PeakMeter, type PeakRates, peakTable } from '../peak.ts';
import { chooseNames, type WhisperPeer, whisperPeers } from '../peers/list.ts';
import { type Row, rowTable } from '../rows.ts';
import { Field, type Transcript } from './field.ts';
import { type LeakFigure, leakTable, measureLeak } from './leak.ts';
import { type LongFigures, longTable, measureLong } from './long.ts';
import { jfkFile, loadExample } from './model.ts';
import { type PartProfiles, profileParts } from './profiles.ts';
import { variants } from './variants.ts';
import { sameWords } from './words.ts';

const sections = ['text', 'parts', 'context', 'long', 'call', 'leak'] as const;
type Section = (typeof sections)[number];

/** What goes to `--json`. */
export interface WhisperResult {
  readonly suite: 'whisper';
  readonly machine: Machine;
  readonly versions: Record<string, string>;
  readonly peaks: PeakRates[];
  readonly contests: Contest[];
  transcripts: readonly Transcript[];
  long: LongFigures[];
  leak: LeakFigure[] | null;
  readonly rows: Row[];
  readonly failures: string[];
}

export async function runSuite(
  options: BenchOptions,
  keep: (result: WhisperResult) => void,
): Promise<WhisperResult | PartProfiles> {
  const wanted = readSections(options.only);
  const names = chooseNames(
    options.peers,
    whisperPeers.map(({ name }) => name),
  );
  const peers = whisperPeers.filter(({ name }) => names.includes(name));
  const threads = options.threads ?? (availableParallelism() === 1 ? [1] : [1, availableParallelism()]);
  if (options.profile !== null) return profileParts(options.profile, threads, options);

  const machine = describeMachine();
  const busy = busyWarning(machine);
  if (busy) print(`${busy}\n`);
  const result: WhisperResult = {
    suite: 'whisper',
    machine,
    versions: {},
    peaks: [],
    contests: [],
    transcripts: [],
    long: [],
    leak: null,
    rows: [],
    failures: [],
  };
  /** A section that fails costs its own figures, not those of the others; what is there is kept at once. */
  const section = async (name: string, work: () => unknown): Promise<void> => {
    try {
      await work();
    } catch (error) {
      result.failures.push(`${name}: ${(error as Error).message}`);
      print(`${name} failed: ${(error as Error).message}\n`);
    }
    keep(result);
  };
  const meter = await buildPeakMeter();
  try {
    for (const count of threads) {
      const run = { meter, wanted, peers, result, rounds: options.rounds ?? 7 };
      if (wanted.has('text') || wanted.has('parts') || wanted.has('context')) {
        await section(`contests on ${count}`, () => holdContests(count, run));
      }
      if (wanted.has('long')) {
        await section(`long audio on ${count}`, async () => {
          const figures = await measureLong(count);
          result.long.push(figures);
          print(`${longTable(figures)}\n`);
        });
      }
    }
  } finally {
    await meter.dispose();
  }
  if (wanted.has('call')) {
    await section('call', () => {
      result.rows.push(measureSmallestCall());
      print(`${rowTable(result.rows)}\n`);
    });
  }
  if (wanted.has('leak')) {
    await section('leak', () => {
      setThreads(availableParallelism());
      result.leak = measureLeak(loadExample());
      print(`${leakTable(result.leak)}\n`);
    });
  }
  return result;
}

interface Run {
  readonly meter: PeakMeter;
  readonly wanted: ReadonlySet<Section>;
  readonly peers: readonly WhisperPeer[];
  readonly result: WhisperResult;
  readonly rounds: number;
}

interface Work {
  readonly name: string;
  readonly work: string;
  readonly position?: number;
  /** Ours alone. */
  readonly alone?: boolean;
  /** At most. */
  readonly rounds?: number;
}

/** Positions of a decode step: in between, peers are asked less often. */
const positions = [4, 100, 440];
const contextStep = 16;
const peerContextStep = 64;
/** A plot needs many points more than it needs each of them often. */
const contextRounds = 3;

function plannedWork(wanted: ReadonlySet<Section>): Work[] {
  const plan: Work[] = [];
  if (wanted.has('text')) plan.push({ name: 'jfk.wav to text', work: 'text' }, { name: 'one window', work: 'window' });
  if (wanted.has('parts')) {
    for (const part of ['mel', 'encoder', 'detect', 'prefill']) plan.push({ name: part, work: part });
    for (const position of positions) plan.push({ name: `decode at ${position}`, work: 'decode', position });
  }
  if (wanted.has('context')) {
    for (let position = contextStep; position < 448; position += contextStep) {
      const alone = position % peerContextStep !== 0;
      plan.push({ name: `decode with ${position} before`, work: 'decode', position, alone, rounds: contextRounds });
    }
  }
  return plan;
}

/** Everything that depends on the number of threads, between two looks at the peak. */
async function holdContests(threads: number, { meter, wanted, peers, result, rounds }: Run): Promise<void> {
  const before = await meter.measure([threads]);
  const field = await Field.start(variants, peers, jfkFile, threads);
  try {
    for (const line of field.absent) print(line);
    Object.assign(result.versions, field.versions);
    if (wanted.has('text')) {
      result.transcripts = await field.transcripts();
      print(`${transcriptLines(result.transcripts)}\n`);
    }
    const contests: Contest[] = [];
    const fail = (line: string): void => {
      result.failures.push(line);
      print(line);
    };
    for (const { name, work, position, alone, rounds: most = rounds } of plannedWork(wanted)) {
      try {
        const entrants = await field.entrants(work, position, !alone);
        const held = await hold(name, threads, entrants, Math.min(rounds, most));
        contests.push(held.contest);
        held.failures.forEach(fail);
      } catch (error) {
        fail(`${name} on ${threads}: ${(error as Error).message}`);
      }
    }
    const peak = bestRates([...before, ...(await meter.measure([threads]))]);
    result.peaks.push(peak);
    const limited = contests.map((contest) => withLimits(contest, peak));
    result.contests.push(...limited);
    print(`${peakTable([peak])}\n\n${contestTable(limited)}\n`);
  } finally {
    field.end();
  }
}

function transcriptLines(transcripts: readonly Transcript[]): string {
  const [first] = transcripts;
  return transcripts
    .map(({ name, text, tokens }) => {
      const same = String(tokens) === String(first.tokens) ? 'same tokens' : 'other tokens';
      const words = sameWords(text, first.text) ? 'same words' : 'OTHER WORDS';
      return `${name.padEnd(20)} ${text === first.text ? same : words}: ${text}`;
    })
    .join('\n');
}

function readSections(only: readonly string[] | null): Set<Section> {
  const known: readonly string[] = sections;
  const unknown = only?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RequestError(`--only ${unknown}: the sections are ${sections.join(', ')}`);
  return new Set((only ?? sections) as readonly Section[]);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
