/**
 * @file The command line of the example: what may be asked, checked before anything is loaded.
 */
import { parseArgs } from 'node:util';
import type { Task } from './tokenizer.ts';

/** A request that cannot be carried out as it stands. The message is one line; the program exits with 2. */
export class UsageError extends Error {
  override name = 'UsageError';
}

const formats = ['text', 'json', 'srt', 'vtt'] as const;
const tasks = ['transcribe', 'translate'] as const;
const precisions = ['float32', 'bf16', 'int8'] as const;
const cacheTypes = ['float16', 'float32'] as const;

export type Format = (typeof formats)[number];

/** How keys and values are stored between the steps of the decoder. */
export type CacheType = (typeof cacheTypes)[number];

export interface Options {
  /** As given; empty means the recording that comes with the example. */
  readonly files: readonly string[];
  /** As given; undefined means the model that comes with the example. */
  readonly model: string | undefined;
  /** A language code, or `auto`. */
  readonly language: string;
  readonly task: Task;
  readonly format: Format;
  /** Undefined leaves the number to the library. */
  readonly threads: number | undefined;
  /** Undefined leaves it to the library: TN_PRECISION, else float32. */
  readonly precision: (typeof precisions)[number] | undefined;
  readonly kv: CacheType;
}

const flags = {
  model: { type: 'string' },
  language: { type: 'string' },
  task: { type: 'string' },
  format: { type: 'string' },
  threads: { type: 'string' },
  precision: { type: 'string' },
  kv: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

export const usage = `Usage: npm run -s demo -- [FILE…] [options]

Transcribes recordings with Whisper. Without a FILE it takes audio/jfk.wav, which comes with the example.
Wav files are read directly, other formats through ffmpeg if it is installed.

  --model DIR         folder of a Whisper checkpoint in Hugging Face's layout (default: model, beside the example)
  --language CODE     spoken language, such as en or de; auto listens to the first 30 s (default: auto)
  --task TASK         transcribe, or translate into English (default: transcribe)
  --format FORMAT     text (one line a file), json, srt or vtt (default: text)
  --threads N         threads to compute with (default: all cores this process may use)
  --precision NAME    of matrix products: float32 (default); bf16 and int8 are faster and less exact
  --kv TYPE           storage of the decoder's keys and values: float16 (default) or float32
  -h, --help          this text
`;

/**
 * Reads the command line.
 *
 * @param args what follows the program's name
 * @returns the options, or `help` where they were asked for
 * @throws UsageError on an unknown option, a missing value or one that is out of range
 */
export function parseOptions(args: readonly string[]): Options | 'help' {
  const { tokens } = parseArgs({
    args: [...args],
    options: flags,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const files: string[] = [];
  const values: Partial<Record<string, string>> = {};
  for (const token of tokens) {
    if (token.kind === 'positional') files.push(token.value);
    if (token.kind !== 'option') continue;
    if (token.name === 'help') return 'help';
    if (!Object.hasOwn(flags, token.name)) {
      throw new UsageError(`unknown option ${token.rawName}; the options are ${optionNames()}`);
    }
    if (token.value === undefined || token.value === '') {
      throw new UsageError(`${token.rawName} needs a value; see --help`);
    }
    values[token.name] = token.value;
  }
  const precision = values.precision === undefined ? undefined : oneOf('precision', values.precision, precisions);
  return {
    files,
    model: values.model,
    language: readLanguage(values.language),
    task: oneOf('task', values.task, tasks),
    format: oneOf('format', values.format, formats),
    threads: readThreads(values.threads),
    precision,
    kv: oneOf('kv', values.kv, cacheTypes),
  };
}

function optionNames(): string {
  return Object.keys(flags)
    .map((name) => `--${name}`)
    .join(', ');
}

/** The value of an option with a few choices, the first of them where it is not given. */
function oneOf<T extends string>(option: string, value: string | undefined, choices: readonly T[]): T {
  if (value === undefined) return choices[0];
  const choice = choices.find((name) => name === value);
  if (choice === undefined) throw new UsageError(`--${option} ${value} is not known; take ${choices.join(', ')}`);
  return choice;
}

/** Which languages there are is known once the model's tokens are; here the value need only look like a code. */
function readLanguage(value = 'auto'): string {
  const code = value.toLowerCase();
  if (!/^[a-z]{2,4}$/.test(code)) throw unknownLanguage(value);
  return code;
}

/** The error for a language that the model has no token for. */
export function unknownLanguage(language: string, known: Iterable<string> = []): UsageError {
  const codes = [...known].join(' ');
  return new UsageError(
    `--language ${language} is not known; take auto or a code${codes ? ` of: ${codes}` : ' such as en'}`,
  );
}

function readThreads(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const threads = Number(value);
  if (!/^[0-9]+$/.test(value) || threads < 1 || threads > 1024) {
    throw new UsageError(`--threads ${value} is not a whole number from 1 to 1024`);
  }
  return threads;
}
