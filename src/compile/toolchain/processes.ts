/** @file Compiler processes: started in groups of their own, so that a whole family can be ended. */

import { type ChildProcess, spawn } from 'node:child_process';

export interface RunOutcome {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly timedOut: boolean;
  /** Why it could not be started. */
  readonly error: NodeJS.ErrnoException | null;
  readonly stderr: string;
}

const mostStderr = 16 * 1024;
const running = new Set<ChildProcess>();

/** Runs a program to its end; stdout is dropped, stderr kept up to 16 KB. Never rejects. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly timeout: number },
): Promise<RunOutcome> {
  return new Promise((resolve) => {
    let stderr = '';
    let timedOut = false;
    const child = spawn(program, args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    running.add(child);
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup(child);
    }, options.timeout);
    const finish = (outcome: Pick<RunOutcome, 'status' | 'signal' | 'error'>): void => {
      clearTimeout(timer);
      running.delete(child);
      resolve({ ...outcome, timedOut, stderr });
    };
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (stderr.length < mostStderr) stderr = (stderr + text).slice(0, mostStderr);
    });
    child.on('error', (error) => finish({ status: null, signal: null, error }));
    child.on('close', (status, signal) => finish({ status, signal, error: null }));
  });
}

/** Ends every compiler that runs, and what it started. */
export function endAll(): void {
  for (const child of running) endGroup(child);
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has just ended by itself.
  }
}
