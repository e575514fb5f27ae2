/** @file The `whisper` suite: sections in order, rows as they come. */

import { availableParallelism, cpus, loadavg } from 'node:os';
import { setThreads } from 'torchnative';
import { measureSmallestCall } from '../call.ts';
import { type BenchOptions, RequestError } from '../options.ts';
import { bestRates, buildPeakMeter, type PeakMeter, type PeakRates, peakTable } from '../peak.ts';
import { FasterWhisper, fasterWhisperMissing, fasterWhisperName } from '../peers/fasterWhisper.ts';
import { type PartProfile, profilePart, profileText } from '../profile.ts';
import { type Row, rowTable } from '../rows.ts';
import { type LeakFigure, leakTable, measureLeak } from './leak.ts';
import { isPartName, jfkFile, type LoadedWhisper, loadExample, partNames } from './model.ts';
import { measureFirstRun, measureStart } from './process.ts';
import { measureParts, measureText, type Setting } from './sections.ts';

const sections = ['text', 'parts', 'call', 'leak', 'start', 'first'] as const;
type Section = (typeof sections)[number];

interface Transcripts {
  readonly text: string;
  readonly peer: string | null;
  readonly tokensEqual: boolean | null;
}

/** What goes to `--json`. */
interface WhisperResult {
  readonly machine: { readonly model: string; readonly cores: number; readonly loadBefore: number };
  readonly peers: Readonly<Record<string, string>>;
  readonly peaks: PeakRates[];
  readonly rows: Row[];
  transcripts: Transcripts | null;
  leak: LeakFigure[] | null;
  readonly failures: string[];
}

export async function runSuite(options: BenchOptions): Promise<WhisperResult | { profiles: PartProfile[] }> {
  const wanted = readSections(options.only);
  const usePeer = choosePeer(options.peers);
  const threads = options.threads ?? (availableParallelism() === 1 ? [1] : [1, availableParallelism()]);
  if (options.profile !== null) return { profiles: await profile(options.profile, threads, options) };

  const [load] = loadavg();
  if (load > 0.5) print(`The machine is busy (load ${load.toFixed(1)}): the figures are worth little.\n`);
  const result: WhisperResult = {
    machine: { model: cpus()[0]?.model ?? 'unknown', cores: availableParallelism(), loadBefore: load },
    peers: {},
    peaks: [],
    rows: [],
    transcripts: null,
    leak: null,
    failures: [],
  };
  const show = (rows: readonly Row[]): void => {
    result.rows.push(...rows);
    print(`${rowTable(rows)}\n`);
  };
  const whisper = loadExample();
  /** A section that fails costs its own figures, not those of the others. */
  const section = async (name: string, work: () => unknown): Promise<void> => {
    try {
      await work();
    } catch (error) {
      result.failures.push(`${name}: ${(error as Error).message}`);
      print(`${name} failed: ${(error as Error).message}\n`);
    }
  };
  if (wanted.has('text') || wanted.has('parts')) {
    const meter = await buildPeakMeter();
    try {
      for (const count of threads) {
        const run = { whisper, meter, usePeer, wanted, options, result, show };
        await section(`text and parts on ${count}`, () => measureWith(count, run));
      }
    } finally {
      await meter.dispose();
    }
  }
  setThreads(availableParallelism());
  const rounds = options.rounds ?? 7;
  if (wanted.has('call')) await section('call', () => show([measureSmallestCall()]));
  if (wanted.has('leak')) {
    await section('leak', () => {
      result.leak = measureLeak(whisper);
      print(`${leakTable(result.leak)}\n`);
    });
  }
  if (wanted.has('start')) await section('start', async () => show(await measureStart(whisper, rounds)));
  if (wanted.has('first')) await section('first', async () => show(await measureFirstRun()));
  return result;
}

interface Run {
  readonly whisper: LoadedWhisper;
  readonly meter: PeakMeter;
  readonly usePeer: boolean;
  readonly wanted: ReadonlySet<Section>;
  readonly options: BenchOptions;
  readonly result: WhisperResult;
  readonly show: (rows: readonly Row[]) => void;
}

/** Everything that depends on the number of threads, between two looks at the peak. */
async function measureWith(threads: number, run: Run): Promise<void> {
  const { whisper, meter, wanted, options, result, show } = run;
  const before = await meter.measure([threads]);
  const peer = run.usePeer ? await FasterWhisper.start(jfkFile, threads) : null;
  try {
    Object.assign(result.peers, peer?.versions);
    if (wanted.has('text')) result.transcripts = await compareTranscripts(whisper, peer);
    const setting: Setting = { whisper, threads, peak: before[0], peer, rounds: options.rounds ?? 9 };
    const rows: Row[] = [];
    if (wanted.has('text')) rows.push(...(await measureText(setting)));
    if (wanted.has('parts')) rows.push(...(await measureParts(setting)));
    const peak = bestRates([...before, ...(await meter.measure([threads]))]);
    result.peaks.push(peak);
    print(`${peakTable([peak])}\n`);
    // Shares were taken of the peak before; it may have been higher after.
    show(rows.map((row) => rescale(row, before[0], peak)));
  } finally {
    peer?.stop();
  }
}

function rescale(row: Row, from: PeakRates, to: PeakRates): Row {
  if (row.share === undefined) return row;
  const by = row.limit === 'memory' ? from.readBandwidth / to.readBandwidth : from.fma32 / to.fma32;
  return { ...row, share: row.share * by };
}

async function compareTranscripts(whisper: LoadedWhisper, peer: FasterWhisper | null): Promise<Transcripts> {
  const { text, segments } = whisper.transcribe();
  print(`ours            ${text.trim()}`);
  if (!peer) return { text, peer: null, tokensEqual: null };
  const theirs = await peer.run('text');
  const tokens = segments.flatMap((segment) => segment.tokens);
  const tokensEqual = String(tokens) === String(theirs.tokens);
  print(`${fasterWhisperName.padEnd(14)}  ${theirs.text?.trim()}`);
  print(tokensEqual ? 'the same tokens\n' : 'OTHER TOKENS: the two do not do the same work\n');
  return { text, peer: theirs.text ?? null, tokensEqual };
}

async function profile(part: string, counts: readonly number[], options: BenchOptions): Promise<PartProfile[]> {
  if (!isPartName(part)) throw new RequestError(`--profile ${part}: no part; there are ${partNames.join(', ')}`);
  const whisper = loadExample();
  const meter = await buildPeakMeter();
  const profiles: PartProfile[] = [];
  try {
    for (const threads of counts) {
      setThreads(threads);
      const [limits] = await meter.measure([threads]);
      const position = options.position ?? undefined;
      whisper.call(part, position);
      const rounds = options.rounds ?? (part === 'decode' ? 200 : 8);
      const found = profilePart(part, () => {
        for (let i = 0; i < rounds; i++) whisper.call(part, position);
      });
      if (found.length === 0) throw new Error(`${part} did not run natively; tn cache ls says why`);
      for (const one of found) print(`${profileText(one, limits, options.steps)}\n`);
      profiles.push(...found);
    }
  } finally {
    await meter.dispose();
  }
  return profiles;
}

function readSections(only: readonly string[] | null): Set<Section> {
  const known: readonly string[] = sections;
  const unknown = only?.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RequestError(`--only ${unknown}: the sections are ${sections.join(', ')}`);
  return new Set((only ?? sections) as readonly Section[]);
}

/** 'all' takes who is there; a name insists. */
function choosePeer(peers: BenchOptions['peers']): boolean {
  if (peers === 'none') return false;
  const missing = fasterWhisperMissing();
  if (peers === 'all') {
    if (missing) print(`${fasterWhisperName}: ${missing}\n`);
    return missing === null;
  }
  const unknown = peers.find((name) => name !== fasterWhisperName);
  if (unknown !== undefined) throw new RequestError(`--peers ${unknown}: the peers are ${fasterWhisperName}`);
  if (missing) throw new RequestError(`--peers ${fasterWhisperName}: ${missing}`);
  return true;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
