/**
 * @file A contestant in a process of its own, asked one piece of work at a time: one JSON request a line, one answer a
 * line. Peers are such processes (`peers/serve.py` is their side), and so are we (`serve.ts`): all start alike, with
 * their own threads, and none shares a heap with another.
 *
 * A process is stopped while it is not asked: thread pools go on spinning after their work, some for 0.2 s, and would
 * take the cores from whoever comes next.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How a contestant is started. */
export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
}

/** This process again, with another program of ours. */
export function ourCommand(program: URL, args: readonly string[]): Command {
  return { file: process.execPath, args: [...process.execArgv, fileURLToPath(program), ...args] };
}

export interface Asked {
  readonly do: string;
  /** How often, in a row; the answer's time is the median of them. */
  readonly calls?: number;
  /** Of a decode step. */
  readonly position?: number;
}

export interface Answer {
  /** Median of the calls. */
  readonly ms: number;
  readonly text?: string;
  readonly tokens?: readonly number[];
}

interface Ready {
  readonly versions: Readonly<Record<string, string>>;
  readonly work: readonly string[];
}

export class Served {
  readonly name: string;
  readonly versions: Readonly<Record<string, string>>;
  /** What it can be asked for. */
  readonly work: ReadonlySet<string>;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  private constructor(name: string, child: ChildProcess, answers: AsyncIterator<string>, ready: Ready) {
    this.name = name;
    this.versions = ready.versions;
    this.work = new Set(ready.work);
    this.#child = child;
    this.#answers = answers;
  }

  /** Starts it, and waits until it has loaded. @throws Error with what it said last on standard error */
  static async start(name: string, { file, args, env, cwd }: Command): Promise<Served> {
    const child = spawn(file, [...args], { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...env }, cwd });
    let said = '';
    child.stderr.on('data', (data) => (said = (said + data).slice(-4000)));
    endWithUs(child);
    // Writing to a process that has ended: its answer says so.
    child.stdin.on('error', () => {});
    const failed = new Promise<never>((_, reject) => child.once('error', reject));
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await Promise.race([answers.next(), failed]);
    if (first.done) throw new Error(reason(said));
    const served = new Served(name, child, answers, JSON.parse(first.value) as Ready);
    served.#stop();
    return served;
  }

  /** @throws Error when it could not, or has ended */
  async ask<T = Answer>(request: Asked): Promise<T> {
    this.#child.kill('SIGCONT');
    try {
      this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
      const { value, done } = await this.#answers.next();
      if (done) throw new Error('ended in the middle of its work');
      const answer = JSON.parse(value) as T | { error: string };
      if (answer !== null && typeof answer === 'object' && 'error' in answer) throw new Error(String(answer.error));
      return answer as T;
    } finally {
      this.#stop();
    }
  }

  end(): void {
    this.#child.kill('SIGCONT');
    this.#child.stdin?.end();
  }

  #stop(): void {
    this.#child.kill('SIGSTOP');
  }
}

const children = new Set<ChildProcess>();
let isWatching = false;

/** A stopped process would outlive us, since nothing wakes it. */
function endWithUs(child: ChildProcess): void {
  if (!isWatching) {
    isWatching = true;
    process.once('exit', () => {
      for (const one of children) one.kill('SIGKILL');
    });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => process.exit(1));
  }
  children.add(child);
  child.once('exit', () => children.delete(child));
}

/** What a process that ended said of it: its last line that speaks of an error, or its last. */
function reason(said: string): string {
  const lines = said
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'it ended before it was ready';
}
