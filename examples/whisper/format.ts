/**
 * @file The ways a transcript is written: one line of text, JSON, SubRip and WebVTT subtitles.
 */
import type { Format } from './options.ts';
import type { Segment, Transcript } from './transcribe.ts';

/** How one part of the model ran for a file. */
export interface PartReport {
  /** The worst of its calls, eager worst of all; none if it was not called. */
  readonly mode: 'native' | 'captured' | 'eager' | 'none';
  readonly calls: number;
  /** Milliseconds, all calls together. */
  readonly ms: number;
}

export interface FileTranscript extends Transcript {
  /** As given on the command line. */
  readonly file: string;
  readonly parts: Readonly<Record<string, PartReport>>;
  /** Milliseconds: loading the model, and this file from its bytes to its text. */
  readonly ms: { readonly load: number; readonly total: number };
}

export interface FileFailure {
  readonly file: string;
  readonly error: string;
}

/** What became of one file. */
export type FileResult = FileTranscript | FileFailure;

/**
 * What goes to standard output, with a newline at its end; empty if there is nothing to say.
 * Files that failed appear in JSON alone.
 */
export function formatResults(results: readonly FileResult[], format: Format): string {
  if (format === 'json') return `${JSON.stringify(results, null, 2)}\n`;
  const write = { text: formatText, srt: formatSrt, vtt: formatVtt }[format];
  return results
    .filter((result) => 'text' in result)
    .map(write)
    .join(format === 'text' ? '' : '\n');
}

/** One line, whatever line breaks the text has. */
function formatText({ text }: Transcript): string {
  return `${text.trim().replace(/\s*[\r\n\u2028\u2029]+\s*/g, ' ')}\n`;
}

/** SubRip: numbered cues, comma before the milliseconds. */
function formatSrt({ segments }: Transcript): string {
  const cues = spoken(segments).map((segment, i) => `${i + 1}\n${cue(segment, formatSrtTime)}`);
  return cues.join('\n');
}

/** WebVTT (W3C): hours only where there are any. */
function formatVtt({ segments }: Transcript): string {
  return ['WEBVTT\n', ...spoken(segments).map((segment) => cue(segment, formatVttTime))].join('\n');
}

function spoken(segments: readonly Segment[]): Segment[] {
  return segments.filter(({ text }) => text.trim() !== '');
}

function cue({ start, end, text }: Segment, formatTime: (seconds: number) => string): string {
  // An arrow in the text would be taken for a time line, an empty line for the end of the cue.
  const safe = text
    .trim()
    .replaceAll('-->', '->')
    .replace(/\n\s*\n/g, '\n');
  return `${formatTime(start)} --> ${formatTime(end)}\n${safe}\n`;
}

function formatSrtTime(seconds: number): string {
  const { hours, rest, milliseconds } = splitTime(seconds);
  return `${hours}:${rest},${milliseconds}`;
}

function formatVttTime(seconds: number): string {
  const { hours, rest, milliseconds } = splitTime(seconds);
  return `${hours === '00' ? '' : `${hours}:`}${rest}.${milliseconds}`;
}

function splitTime(seconds: number): { hours: string; rest: string; milliseconds: string } {
  const total = Math.round(seconds * 1000);
  const digits = (value: number, width = 2) => String(Math.floor(value)).padStart(width, '0');
  return {
    hours: digits(total / 3_600_000),
    rest: `${digits((total / 60_000) % 60)}:${digits((total / 1000) % 60)}`,
    milliseconds: digits(total % 1000, 3),
  };
}
