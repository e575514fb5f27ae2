/** @file Starts the program: the terminal it speaks to, and the checkpoints it loads. */
import { canRunNative, partReports, setPrecision, setThreads, zeros } from 'torchnative';
import { KvCache } from './cache.ts';
import type { PartReport } from './format.ts';
import { loadSizes, loadTokenizer, loadWhisper } from './loadModel.ts';
import { UsageError } from './options.ts';
import { TokenChooser } from './rules.ts';
import { type Loader, run } from './run.ts';
import { WhisperSpeech, windowFrames } from './speech.ts';

/** The parts of the model, in the order in which a recording meets them. */
const partNames = ['mel', 'encoder', 'detect', 'prefill', 'decode'];

const loader: Loader = {
  tokenizer: (checkpoint) => loadTokenizer(checkpoint, loadSizes(checkpoint)),
  speech(checkpoint, tokenizer, { kv, threads, precision, model: named }) {
    if (threads !== undefined) setThreads(threads);
    if (precision !== undefined) setPrecision(precision);
    const sizes = loadSizes(checkpoint);
    const chooser = new TokenChooser(tokenizer, sizes.vocabulary);
    const whisper = loadWhisper(checkpoint, sizes);
    const cache = new KvCache(sizes, kv);
    const window = zeros([1, sizes.melBins, windowFrames]);
    // A packaged program compiles nothing, and what it has no code for would take hours.
    if (!canRunNative(whisper.encode, whisper, [window, cache])) {
      const option = named === undefined ? `--kv ${kv}` : `--model ${named}`;
      throw new UsageError(`${option}: this program was packaged without code for it; package it after a run with it`);
    }
    const model = new WhisperSpeech(whisper, cache, sizes.textContext, chooser);
    let before = countParts();
    return {
      tokenizer,
      model,
      takeParts() {
        const now = countParts();
        const parts = partNames.map((name) => [name, since(before[name], now[name])] as const);
        before = now;
        return Object.fromEntries(parts);
      },
    };
  },
};

interface Counts {
  readonly native: number;
  readonly captured: number;
  readonly eager: number;
  readonly ms: number;
}

/** The counters of the whole process, as they stand. */
function countParts(): Record<string, Counts> {
  const none = { native: 0, captured: 0, eager: 0, ms: 0 };
  const reports = partReports();
  return Object.fromEntries(partNames.map((name) => [name, { ...none, ...reports.get(name) }]));
}

function since(before: Counts, now: Counts): PartReport {
  const native = now.native - before.native;
  const captured = now.captured - before.captured;
  const eager = now.eager - before.eager;
  const mode = eager > 0 ? 'eager' : captured > 0 ? 'captured' : native > 0 ? 'native' : 'none';
  return { mode, calls: native + captured + eager, ms: Math.round((now.ms - before.ms) * 100) / 100 };
}

// Whoever reads the output may stop reading, as `head` does.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

// npm starts scripts in the package's folder, and says where it was called. An executable starts where it is called.
const isScript = process.argv[1] !== process.execPath;

process.exitCode = run(
  process.argv.slice(2),
  {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    folder: (isScript && process.env.INIT_CWD) || process.cwd(),
  },
  loader,
);
