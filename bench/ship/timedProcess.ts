/** @file One process, from exec to exit: its time, what it said, and its memory while it ran. */

import { spawn } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';

export interface Ran {
  readonly ms: number;
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Run {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs it to its end. @throws Error when it cannot be started */
export function runProcess({ file, args, cwd, env }: Run, onStart: (pid: number) => void = () => {}): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const started = performance.now();
    const child = spawn(file, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let stdout = '';
    let stderr = '';
    let ms = 0;
    child.stdout.on('data', (data) => (stdout += data));
    child.stderr.on('data', (data) => (stderr += data));
    child.on('error', reject);
    child.on('exit', () => (ms = performance.now() - started));
    child.on('close', (code) => resolve({ ms, code, stdout, stderr }));
    if (child.pid !== undefined) onStart(child.pid);
  });
}

/** Like `runProcess`; anything but exit code 0 throws. */
export async function mustRun(run: Run): Promise<Ran> {
  const ran = await runProcess(run);
  if (ran.code === 0) return ran;
  throw new Error(`${run.file} ${run.args.join(' ')} ended with ${ran.code}: ${ran.stderr.trim()}`);
}

/** Bytes resident at the highest moment seen: in all, and without pages of the executable's own file. */
export interface Residence {
  readonly all: number;
  readonly beyondFile: number;
}

/** Runs it while looking at its memory every few ms. The looking slows it down: not for times. */
export async function measureResidence(run: Run): Promise<Residence> {
  let timer: NodeJS.Timeout | undefined;
  const highest = { all: 0, beyondFile: 0 };
  const own = realpathSync(run.file);
  try {
    await runProcess(run, (pid) => {
      timer = setInterval(() => {
        const now = residenceOf(pid, own);
        if (!now) return;
        highest.all = Math.max(highest.all, now.all);
        highest.beyondFile = Math.max(highest.beyondFile, now.beyondFile);
      }, 10);
    });
  } finally {
    clearInterval(timer);
  }
  return highest;
}

function residenceOf(pid: number, own: string): Residence | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/smaps`, 'utf8');
  } catch {
    return null;
  }
  let all = 0;
  let beyondFile = 0;
  let isOwn = false;
  for (const line of text.split('\n')) {
    if (/^[0-9a-f]+-[0-9a-f]+ /.test(line)) isOwn = line.endsWith(own);
    const resident = /^Rss:\s+(\d+) kB/.exec(line);
    if (!resident) continue;
    all += Number(resident[1]) * 1024;
    if (!isOwn) beyondFile += Number(resident[1]) * 1024;
  }
  return { all, beyondFile };
}
