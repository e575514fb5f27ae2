/** @file The command line of the benches: what may be asked, checked before anything runs. */

import { parseArgs } from 'node:util';

/** A request that cannot be carried out: one line, exit code 2. */
export class RequestError extends Error {
  override name = 'RequestError';
}

export interface BenchOptions {
  /** Thread counts to measure with, in this order; null: one, and all that there are. */
  readonly threads: readonly number[] | null;
  /** Names of peers; 'all' those that are installed, 'none' nobody. */
  readonly peers: 'all' | 'none' | readonly string[];
  /** Where the rows go as JSON. */
  readonly json: string | null;
  /** How often each is run. */
  readonly rounds: number | null;
  /** Sections of the `whisper` suite; null: all of them. */
  readonly only: readonly string[] | null;
  /** Time per kernel of this part instead of the suite. */
  readonly profile: string | null;
  /** In a profile: every step in a line of its own. */
  readonly steps: boolean;
  /** Instruction-set level of the `kernels` suite. */
  readonly isa: string | null;
  /** Position of the decode steps in a profile. */
  readonly position: number | null;
  /** What `report` is made of: files that `--json` wrote. */
  readonly files: readonly string[];
}

export interface Request {
  readonly suite: string;
  readonly options: BenchOptions;
}

const flags = {
  threads: { type: 'string' },
  peers: { type: 'string' },
  json: { type: 'string' },
  rounds: { type: 'string' },
  only: { type: 'string' },
  profile: { type: 'string' },
  steps: { type: 'boolean' },
  isa: { type: 'string' },
  position: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const;

/** @throws RequestError */
export function parseRequest(args: readonly string[]): Request | 'help' {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(args);
  } catch (error) {
    throw new RequestError((error as Error).message.split('\n')[0]);
  }
  const { values, positionals } = parsed;
  if (values.help) return 'help';
  const [suite, ...files] = positionals;
  if (suite === undefined) throw new RequestError('name a suite; --help lists them');
  if (files.length > 0 && suite !== 'report') throw new RequestError('one suite at a time');
  const options: BenchOptions = {
    threads: values.threads === undefined ? null : values.threads.split(',').map((text) => count('--threads', text)),
    peers: readPeers(values.peers),
    json: values.json ?? null,
    rounds: values.rounds === undefined ? null : count('--rounds', values.rounds, 100_000),
    only: values.only?.split(',') ?? null,
    profile: values.profile ?? null,
    steps: values.steps ?? false,
    isa: values.isa ?? null,
    position: values.position === undefined ? null : count('--position', values.position, 447),
    files,
  };
  return { suite, options };
}

function parse(args: readonly string[]) {
  return parseArgs({ args: [...args], options: flags, allowPositionals: true, strict: true });
}

function readPeers(text = 'all'): BenchOptions['peers'] {
  if (text === 'all' || text === 'none') return text;
  const names = text.split(',').map((name) => name.trim());
  if (names.some((name) => name === '')) throw new RequestError('--peers takes none, all or NAME,NAME');
  return names;
}

function count(option: string, text: string, most = 256): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > most) {
    throw new RequestError(`${option} takes whole numbers from 1 to ${most}, not "${text}"`);
  }
  return value;
}
