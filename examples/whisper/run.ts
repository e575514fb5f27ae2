/**
 * @file The program: from the command line to the exit code. Standard output gets the transcripts alone, standard
 * error everything else.
 */
import { existsSync, statSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { type Asset, asset, openAsset } from 'torchnative';
import { decodeAudio, loadAudio, sampleRate } from './audio.ts';
import { type FileResult, formatResults, type PartReport } from './format.ts';
import { type Options, parseOptions, UsageError, unknownLanguage, usage } from './options.ts';
import { addParts, formatParts } from './parts.ts';
import type { WhisperTokenizer } from './tokenizer.ts';
import { type SpeechModel, transcribe } from './transcribe.ts';

/** Where the program reads and writes. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  /** The folder that relative paths start from. */
  readonly folder: string;
}

/** A loaded checkpoint. */
export interface Speech {
  readonly tokenizer: WhisperTokenizer;
  readonly model: SpeechModel;
  /** How the parts have run since the last time this was asked. */
  takeParts(): Record<string, PartReport>;
}

/** Reads a checkpoint: its tokens first, so that a language it does not know is refused before the weights. */
export interface Loader {
  tokenizer(checkpoint: Asset): WhisperTokenizer;
  speech(checkpoint: Asset, tokenizer: WhisperTokenizer, options: Options): Speech;
}

/** What comes with the example: files beside this one, or inside the program that it is packaged into. */
const exampleModel = () => asset('./model', import.meta.url);
const exampleRecording = () => asset('./audio/jfk.wav', import.meta.url);

/** Something to transcribe. */
interface Recording {
  /** What it is called in the results. */
  readonly file: string;
  /** [samples] at 16 kHz. */
  load(): Float32Array;
}

/**
 * Runs the program.
 *
 * @returns the exit code: 0 done, 1 a file or the model failed, 2 the request was wrong
 */
export function run(args: readonly string[], terminal: Terminal, loader: Loader): number {
  try {
    const options = parseOptions(args);
    if (options === 'help') {
      terminal.out(usage);
      return 0;
    }
    return transcribeFiles(options, terminal, loader);
  } catch (error) {
    terminal.err(`${oneLine(error)}\n`);
    return error instanceof UsageError ? 2 : 1;
  }
}

function transcribeFiles(options: Options, terminal: Terminal, loader: Loader): number {
  const started = performance.now();
  const checkpoint = options.model === undefined ? exampleModel() : openCheckpoint(options.model, terminal);
  const tokenizer = loader.tokenizer(checkpoint);
  checkLanguage(options, tokenizer);
  const speech = loader.speech(checkpoint, tokenizer, options);
  const load = roundMs(performance.now() - started);

  const results: FileResult[] = [];
  for (const recording of recordings(options, terminal)) {
    const result = transcribeRecording(recording, options, terminal, speech, load);
    results.push(result);
    // Whoever reads text or subtitles has each file as soon as it is done; JSON is one value.
    if (options.format !== 'json') terminal.out(separator(results, options) + formatResults([result], options.format));
  }
  if (options.format === 'json') terminal.out(formatResults(results, 'json'));
  const all = results.filter((result) => 'parts' in result).map(({ parts }) => parts);
  if (all.length > 0) terminal.err(formatParts(all.reduce(addParts)));
  return results.some((result) => 'error' in result) ? 1 : 0;
}

function openCheckpoint(model: string, terminal: Terminal): Asset {
  const folder = resolve(terminal.folder, model);
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new UsageError(`--model ${model}: no such folder; name one with config.json and model.safetensors in it`);
  }
  // Messages name its files as people write them.
  const short = relative(process.cwd(), folder);
  return openAsset(short === '' || short.startsWith('..') ? folder : short);
}

function recordings({ files }: Options, terminal: Terminal): Recording[] {
  if (files.length > 0)
    return files.map((file) => ({ file, load: () => loadAudio(resolve(terminal.folder, file), file) }));
  const recording = exampleRecording();
  const file = recording.name;
  return [{ file, load: () => decodeAudio(recording.bytes(), file) }];
}

function transcribeRecording(
  { file, load: loadSamples }: Recording,
  options: Options,
  terminal: Terminal,
  { model, tokenizer, takeParts }: Speech,
  load: number,
): FileResult {
  const started = performance.now();
  try {
    const samples = loadSamples();
    const transcript = transcribe(model, tokenizer, samples, options);
    const total = roundMs(performance.now() - started);
    const duration = (samples.length / sampleRate).toFixed(1);
    terminal.err(`${file}: ${duration} s of sound, ${transcript.language}, in ${(total / 1000).toFixed(2)} s\n`);
    return { file, ...transcript, parts: takeParts(), ms: { load, total } };
  } catch (error) {
    const message = oneLine(error);
    takeParts();
    terminal.err(`${message}\n`);
    return { file, error: message };
  }
}

function checkLanguage({ language, task }: Options, tokenizer: WhisperTokenizer): void {
  if (tokenizer.isMultilingual) {
    if (language !== 'auto' && !tokenizer.languages.has(language)) {
      throw unknownLanguage(language, tokenizer.languages.keys());
    }
    return;
  }
  if (language !== 'auto' && language !== 'en') {
    throw new UsageError(`--language ${language}: this model knows English only; take a multilingual one`);
  }
  if (task === 'translate')
    throw new UsageError('--task translate: this model knows English only; take a multilingual one');
}

/** Subtitles of several files are set apart by an empty line. */
function separator(results: readonly FileResult[], { format }: Options): string {
  return format !== 'text' && results.filter((result) => 'text' in result).length > 1 ? '\n' : '';
}

function oneLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.trim().split('\n')[0];
}

function roundMs(ms: number): number {
  return Math.round(ms * 100) / 100;
}
