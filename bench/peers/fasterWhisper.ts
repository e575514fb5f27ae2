/** @file faster-whisper in a process of its own, asked one piece of work at a time, so that both sides take turns. */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export const fasterWhisperName = 'faster-whisper';

/** What it can be asked for; the Python file says what each is. */
export type PeerWork = 'text' | 'mel' | 'encoder' | 'decoder';

export interface PeerAnswer {
  readonly ms: number;
  readonly text?: string;
  readonly tokens?: readonly number[];
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const venv = process.env['TN_BENCH_VENV'] ?? path.join(root, '.venv');
const python = path.join(venv, 'bin', 'python');
const model = path.join(venv, 'models', 'whisper');

/** null when it is there, else what to do. */
export function fasterWhisperMissing(): string | null {
  return existsSync(python) && existsSync(model) ? null : 'not installed: sh bench/peers/setup.sh';
}

export class FasterWhisper {
  readonly versions: Readonly<Record<string, string>>;
  private readonly child: ChildProcess;
  private readonly answers: AsyncIterator<string>;

  private constructor(child: ChildProcess, answers: AsyncIterator<string>, versions: Record<string, string>) {
    this.child = child;
    this.answers = answers;
    this.versions = versions;
  }

  /** Starts it and waits until the model is loaded. Computes in float32 on so many threads. */
  static async start(wav: string, threads: number): Promise<FasterWhisper> {
    const script = fileURLToPath(new URL('./fasterWhisper.py', import.meta.url));
    const child = spawn(python, [script, model, wav, String(threads), 'float32'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, HF_HUB_OFFLINE: '1' },
    });
    const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const first = await nextAnswer<{ versions: Record<string, string> }>(answers);
    return new FasterWhisper(child, answers, first.versions);
  }

  async run(work: PeerWork): Promise<PeerAnswer> {
    this.child.stdin?.write(`${JSON.stringify({ do: work })}\n`);
    const answer = await nextAnswer<PeerAnswer | { error: string }>(this.answers);
    if ('error' in answer) throw new Error(`${fasterWhisperName}: ${answer.error}`);
    return answer;
  }

  stop(): void {
    this.child.stdin?.end();
  }
}

async function nextAnswer<T>(answers: AsyncIterator<string>): Promise<T> {
  const { value, done } = await answers.next();
  if (done) throw new Error(`${fasterWhisperName} ended; what it said stands above`);
  return JSON.parse(value) as T;
}
