/** @file `tn`, and the demo, as people start them: in a process of their own. */

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const usageModule = new URL('./usage.mjs', import.meta.url).href;

/** The parts that a recording goes through when its language is given. */
export const partsUsed = ['mel', 'encoder', 'prefill', 'decode'] as const;
export const allParts = ['mel', 'encoder', 'detect', 'prefill', 'decode', 'choose'] as const;

export interface DemoResult {
  readonly text: string;
  readonly parts: Readonly<Record<string, { readonly mode: string }>>;
  readonly ms: { readonly load: number; readonly total: number };
}

/** Bytes: at the highest, and what was held at the end. */
export interface Usage {
  readonly maxRss: number;
  readonly anonymous: number;
  readonly mapped: number;
}

export interface Finished {
  /** From the start of the process to its end. */
  readonly ms: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the process that had most. */
  readonly usage: Usage;
}

export interface Settings {
  readonly env?: NodeJS.ProcessEnv;
  /** The clone that it runs in. */
  readonly folder?: string;
}

/** Node with these arguments, its memory noted. @throws Error when it ends with another code than 0 */
export async function runNode(args: readonly string[], { env = {}, folder = root }: Settings = {}): Promise<Finished> {
  const scratch = mkdtempSync(path.join(tmpdir(), 'tn-bench-'));
  const usage = path.join(scratch, 'usage');
  const options = `${process.env['NODE_OPTIONS'] ?? ''} --import=${usageModule}`.trim();
  const { TN_THREADS: _, ...inherited } = process.env;
  const started = performance.now();
  try {
    const child = spawn(process.execPath, [...args], {
      cwd: folder,
      env: { ...inherited, INIT_CWD: folder, NODE_OPTIONS: options, TN_BENCH_USAGE: usage, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said = { out: '', err: '' };
    child.stdout.on('data', (data) => (said.out += data));
    child.stderr.on('data', (data) => (said.err += data));
    const code = await new Promise<number | null>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', resolve);
    });
    const ms = performance.now() - started;
    if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}:\n${said.err}`);
    const lines = readFileSync(usage, 'utf8').trim().split('\n');
    const [most] = lines.map((line) => JSON.parse(line) as Usage).sort((a, b) => b.maxRss - a.maxRss);
    return { ms, stdout: said.out, stderr: said.err, usage: most };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `tn …` as it is typed, in the package's root. */
export function runTn(args: readonly string[], settings: Settings = {}): Promise<Finished> {
  return runNode(['bin/tn.mjs', ...args], settings);
}

export interface DemoRun extends Finished {
  readonly result: DemoResult;
}

/** The demo on jfk.wav. */
export async function runDemo(
  language: string,
  settings: Settings = {},
  more: readonly string[] = [],
): Promise<DemoRun> {
  const recording = 'examples/whisper/audio/jfk.wav';
  const options = ['--format', 'json', '--language', language, ...more];
  const finished = await runTn(['run', 'examples/whisper/main.ts', recording, ...options], settings);
  const [result] = JSON.parse(finished.stdout) as DemoResult[];
  return { ...finished, result };
}

/** Whether it said that something was compiled. */
export function hasCompiled({ stderr }: Finished): boolean {
  return /\bcompiling\b/.test(stderr);
}

/** Those of the parts that did not run natively. */
export function slowParts({ parts }: DemoResult, names: readonly string[]): string[] {
  return names.filter((name) => parts[name]?.mode !== 'native');
}

/** A run that finds everything compiled: in a clone that is being worked on, our own sources may have changed since. */
export async function warmRun(used: readonly string[], settings: Settings = {}): Promise<DemoRun> {
  let run = await runDemo('en', settings);
  for (let attempt = 0; attempt < 3 && (slowParts(run.result, used).length > 0 || hasCompiled(run)); attempt++) {
    run = await runDemo('en', settings);
  }
  const slow = slowParts(run.result, used);
  if (slow.length > 0) throw new Error(`the demo ran ${slow.join(', ')} without native code; tn cache ls says why`);
  if (hasCompiled(run)) throw new Error('every run compiled something; is somebody changing src/compile?');
  return run;
}
