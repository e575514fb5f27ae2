/** @file The model in this process: its parts against the machine's limit, the whole against the peer. */

import { setThreads } from 'torchnative';
import type { PeakRates } from '../peak.ts';
import { type FasterWhisper, fasterWhisperName, type PeerWork } from '../peers/fasterWhisper.ts';
import { profilePart } from '../profile.ts';
import { type Row, type Work, withPeer, workRow } from '../rows.ts';
import { type Contestant, interleave, type Samples, timed } from '../stats.ts';
import type { LoadedWhisper, PartName } from './model.ts';

/** What every section measures with. */
export interface Setting {
  readonly whisper: LoadedWhisper;
  readonly threads: number;
  readonly peak: PeakRates;
  /** Loaded with as many threads; null: alone. */
  readonly peer: FasterWhisper | null;
  readonly rounds: number;
}

/** Longer than an OpenMP pool goes on spinning after its work (0.2 s by default). */
const restMs = 300;

/** Ours, peer, ours, peer …; only ours where there is no peer or it has no such work. */
async function duel({ peer, rounds }: Setting, ours: () => void, work: PeerWork | null): Promise<[Samples, Samples?]> {
  const contestants: Contestant[] = [{ name: 'ours', run: () => timed(ours) }];
  if (peer && work) contestants.push({ name: fasterWhisperName, run: async () => (await peer.run(work)).ms });
  const alone = contestants.length === 1;
  const samples = await interleave(contestants, { rounds, warm: 1, rest: alone ? 0 : restMs });
  const theirs = samples.get(fasterWhisperName);
  return theirs ? [samples.get('ours')!, theirs] : [samples.get('ours')!];
}

/** Operations and bytes of one native call, from the plan; and the threads that it took. */
function workOf(whisper: LoadedWhisper, part: PartName, position?: number): Work & { readonly threads: number } {
  const [profile] = profilePart(part, () => whisper.call(part, position));
  if (!profile) throw new Error(`${part} did not run natively; tn cache ls says why`);
  let flop = 0;
  let bytes = 0;
  for (const kernel of profile.kernels) {
    flop += kernel.flop ?? 0;
    bytes += kernel.readBytes;
  }
  return { flop, bytes, threads: profile.threads };
}

/** Decoded audio to text, model loaded; and the steps of one window by themselves. */
export async function measureText(setting: Setting): Promise<Row[]> {
  const { whisper, threads, peak } = setting;
  setThreads(threads);
  const steps = whisper.decodeWindow().length;
  const [encoder, prefill, decode] = (['encoder', 'prefill', 'decode'] as const).map((part) => workOf(whisper, part));
  const decoding = {
    flop: prefill.flop + steps * decode.flop,
    bytes: prefill.bytes + steps * decode.bytes,
  };
  const [text, peerText] = await duel(setting, () => void whisper.transcribe(), 'text');
  const [window, peerWindow] = await duel(setting, () => void whisper.decodeWindow(), 'decoder');
  // The encoder is bound by arithmetic, the steps by memory: the limit is the time of both, one after the other.
  const ideal = encoder.flop / peak.fma32 / 1e6 + decoding.bytes / peak.readBandwidth / 1e6;
  const whole: Row = {
    name: 'jfk.wav to text',
    threads,
    unit: 'ms',
    ours: text,
    share: ideal / text.median,
    limit: 'both',
    asked: '<= 1.5x',
    note: 'decoded audio in, mel included, model loaded',
  };
  const stepsRow = workRow(
    {
      name: `  opening and ${steps} steps`,
      threads,
      unit: 'ms',
      ours: window,
      note: peerWindow ? 'peer: cross keys and values included' : '',
    },
    decoding,
    peak,
  );
  return [
    peerText ? withPeer(whole, fasterWhisperName, peerText) : whole,
    peerWindow ? withPeer(stepsRow, fasterWhisperName, peerWindow) : stepsRow,
  ];
}

const positions = [4, 100, 440];

/** Every part by itself. */
export async function measureParts(setting: Setting): Promise<Row[]> {
  const { whisper, threads, peak } = setting;
  setThreads(threads);
  const rows: Row[] = [];
  const quick = { ...setting, rounds: 20 * setting.rounds };
  const add = async (
    row: { name: string; part: PartName; position?: number; asked?: string; note?: string },
    work: PeerWork | null = null,
  ): Promise<void> => {
    const { part, position, ...words } = row;
    const amount = workOf(whisper, part, position);
    const [ours, theirs] = await duel(work ? setting : quick, () => whisper.call(part, position), work);
    const note = [`${amount.threads} used`, row.note].filter((text) => text).join('; ');
    const made = workRow({ ...words, threads, unit: 'ms', ours, note }, amount, peak);
    rows.push(theirs ? withPeer(made, fasterWhisperName, theirs) : made);
  };
  await add({ name: 'mel', part: 'mel', note: 'peer: without the 30 s of silence behind' }, 'mel');
  await add(
    { name: 'encoder', part: 'encoder', asked: '>= 60 % FMA', note: 'peer: without cross keys and values' },
    'encoder',
  );
  await add({ name: 'detect', part: 'detect' });
  await add({ name: 'prefill', part: 'prefill' });
  for (const position of positions) {
    const asked = threads === 1 ? '<= 10' : '<= 8';
    await add({ name: `decode at ${position}`, part: 'decode', position, asked });
  }
  return rows;
}
