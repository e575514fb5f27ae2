/**
 * @file From a recording of any length to its transcript: windows of 30 s, moved on by the timestamps that the
 * decoder writes.
 *
 * Source: openai/whisper, transcribe.py, release 20250625, at temperature 0: previous text as context, windows
 * without speech skipped, segments cut at pairs of timestamps.
 */
import { decodeWindow, detectLanguage, type WindowDecoder, type WindowResult } from './decode.ts';
import type { Task, WhisperTokenizer } from './tokenizer.ts';

/** A recording that the model has made a spectrogram of. */
export interface Recording {
  /** Frames of 10 ms; a window of silence that is put behind them is not counted. */
  readonly frames: number;
  /** Encodes `count` frames from `first` on, filled up to a window with zeros; the decoder then looks at them. */
  encodeWindow(first: number, count: number): void;
}

/** What the transcript is made with: the parts of a Whisper model, as functions of numbers. */
export interface SpeechModel extends WindowDecoder {
  /** @param samples [length] at 16 kHz, within ±1 */
  hear(samples: Float32Array): Recording;
}

export interface Segment {
  /** Seconds from the start of the recording. */
  readonly start: number;
  readonly end: number;
  /** With the blank that Whisper puts before a word; empty when the segment has no text or no length. */
  readonly text: string;
  readonly tokens: readonly number[];
}

export interface Transcript {
  readonly language: string;
  readonly text: string;
  readonly segments: readonly Segment[];
}

export interface TranscribeOptions {
  /** A language code, or `auto` to find out from the first 30 s. */
  readonly language: string;
  readonly task: Task;
}

/** Frames of the spectrogram in a window: 30 s. */
const windowFrames = 3000;
/** Timestamp tokens count in steps of 0.02 s. */
const framesPerTimestamp = 2;
/** A window is skipped when silence is likelier than this and its text is less likely than the next. */
const noSpeechThreshold = 0.6;
const logProbabilityThreshold = -1;

/**
 * Transcribes a recording.
 *
 * @param samples [length] at 16 kHz
 */
export function transcribe(
  model: SpeechModel,
  tokenizer: WhisperTokenizer,
  samples: Float32Array,
  options: TranscribeOptions,
): Transcript {
  const recording = model.hear(samples);
  const window = new Window(recording);
  let { language } = options;
  if (language === 'auto') {
    language = 'en';
    if (tokenizer.isMultilingual) {
      // Listens to a whole window, with the silence behind a shorter recording in it.
      window.encode(0, windowFrames);
      language = detectLanguage(model, tokenizer);
    }
  }

  const start = tokenizer.startSequence(language, options.task);
  const segments: Segment[] = [];
  const written: number[] = [];
  for (let first = 0; first < recording.frames; ) {
    const count = Math.min(windowFrames, recording.frames - first);
    window.encode(first, count);
    const result = decodeWindow(model, tokenizer, start, written);
    if (isSilence(result)) {
      first += count;
      continue;
    }
    const cut = cutWindow(result.tokens, tokenizer, first, count);
    segments.push(...cut.segments);
    for (const segment of cut.segments) written.push(...segment.tokens);
    first += cut.advance;
  }
  return { language, text: tokenizer.decode(written), segments };
}

/** The window that the decoder looks at; encoding it a second time costs nothing. */
class Window {
  readonly #recording: Recording;
  #encoded = '';

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  encode(first: number, count: number): void {
    const wanted = `${first} ${count}`;
    if (this.#encoded !== wanted) this.#recording.encodeWindow(first, count);
    this.#encoded = wanted;
  }
}

function isSilence({ noSpeechProbability, averageLogProbability }: WindowResult): boolean {
  return noSpeechProbability > noSpeechThreshold && averageLogProbability <= logProbabilityThreshold;
}

/**
 * Cuts the tokens of a window into segments, and says how many frames to move on.
 *
 * Two timestamps in a row end one segment and begin the next. Text behind the last such pair is unfinished: the next
 * window starts there and writes it again, unless a single timestamp closes the window.
 */
function cutWindow(
  tokens: readonly number[],
  tokenizer: WhisperTokenizer,
  first: number,
  count: number,
): { segments: Segment[]; advance: number } {
  const offset = seconds(first);
  const secondsPerTimestamp = seconds(framesPerTimestamp);
  const steps = (token: number) => token - tokenizer.firstTimestamp;
  const isTimestamp = (index: number) => index >= 0 && tokenizer.isTimestamp(tokens[index]);
  const last = tokens.length - 1;

  const cuts: number[] = [];
  for (let i = 1; i < tokens.length; i++) if (isTimestamp(i - 1) && isTimestamp(i)) cuts.push(i);
  if (cuts.length === 0) {
    const latest = tokens.findLast((token) => tokenizer.isTimestamp(token));
    const untimed = latest === undefined || steps(latest) === 0;
    const length = untimed ? seconds(count) : steps(latest) * secondsPerTimestamp;
    return { segments: [makeSegment(tokens, tokenizer, offset, offset + length)], advance: count };
  }

  const closed = isTimestamp(last) && !isTimestamp(last - 1);
  if (closed) cuts.push(tokens.length);
  const segments = cuts.map((end, i) => {
    const piece = tokens.slice(i === 0 ? 0 : cuts[i - 1], end);
    const from = offset + steps(piece[0]) * secondsPerTimestamp;
    const to = offset + steps(piece[piece.length - 1]) * secondsPerTimestamp;
    return makeSegment(piece, tokenizer, from, to);
  });
  const advance = closed ? count : steps(tokens[cuts[cuts.length - 1] - 1]) * framesPerTimestamp;
  return { segments, advance };
}

/** A segment without length or text keeps its place and loses its tokens, so that it is no context either. */
function makeSegment(tokens: readonly number[], tokenizer: WhisperTokenizer, start: number, end: number): Segment {
  const text = tokenizer.decode(tokens.filter((token) => token < tokenizer.endOfText));
  return start === end || text.trim() === '' ? { start, end, text: '', tokens: [] } : { start, end, text, tokens };
}

/** A hop of 160 samples at 16 kHz; divided last, so that times are the very numbers of the reference. */
function seconds(frames: number): number {
  return (frames * 160) / 16000;
}
