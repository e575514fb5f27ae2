/** @file Runs builds in the helper process: waited for inside a synchronous call, or in the background. */

import { spawn, spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { alreadyBuilt } from './build.ts';
import type { BuildFailure, BuildRequest, BuildResult } from './request.ts';

/** In a clone the helper is TypeScript and needs the loader; in an installed package it is plain JavaScript. */
const fromSource = import.meta.url.endsWith('.ts');

function helperArguments(): string[] {
  const file = fileURLToPath(new URL(fromSource ? './helper.ts' : './helper.js', import.meta.url));
  if (!fromSource) return [file];
  // Not import.meta.resolve: test runners that evaluate modules themselves lack it.
  const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  return ['-C', 'torchnative-source', '--import', loader, file];
}

/** The user's own preloads (NODE_OPTIONS=--import …) have no business in the helper. */
function helperEnvironment(): NodeJS.ProcessEnv {
  const { NODE_OPTIONS: _options, ...env } = process.env;
  return { ...env, TN_HELPER_PARENT: String(process.pid) };
}

function internal(message: string): BuildFailure {
  return { ok: false, kind: 'internal', message };
}

/** What the helper's end says about its build. */
function readAnswer(stdout: string, status: number | null, signal: NodeJS.Signals | null): BuildResult {
  if (stdout) {
    try {
      const answer = JSON.parse(stdout) as BuildResult;
      if (typeof answer.ok === 'boolean') return answer;
    } catch {
      // Cut off: reported below.
    }
  }
  if (status === 130 || signal === 'SIGINT' || signal === 'SIGTERM') {
    return { ok: false, kind: 'interrupted', message: 'compiling was interrupted' };
  }
  return internal(`the compile helper ended without an answer (${signal ?? `exit ${status}`})`);
}

/**
 * Builds while the caller waits. Progress goes to this process's stderr. Never throws: what goes wrong, a compiler that
 * hangs or a full disk included, is a failure with its kind.
 */
export function compileSync(request: BuildRequest): BuildResult {
  try {
    const built = alreadyBuilt(request);
    if (built) return built;
    const run = spawnSync(process.execPath, helperArguments(), {
      input: JSON.stringify(request),
      stdio: ['pipe', 'pipe', 'inherit'],
      encoding: 'utf8',
      env: helperEnvironment(),
      maxBuffer: 64 << 20,
      timeout: overallTimeout(request),
      killSignal: 'SIGTERM',
    });
    if (run.error) {
      const code = (run.error as NodeJS.ErrnoException).code;
      if (code === 'ETIMEDOUT')
        return { ok: false, kind: 'timeout', message: `${request.title}: compiling took too long` };
      // A helper that ended before it read everything: its own answer says why.
      if (code !== 'EPIPE') return internal(`the compile helper could not be started: ${run.error.message}`);
    }
    return readAnswer(run.stdout, run.status, run.signal);
  } catch (error) {
    return internal(error instanceof Error ? error.message : String(error));
  }
}

/** A build that goes on beside the program. */
export interface BackgroundBuild {
  /** Never rejects. */
  readonly result: Promise<BuildResult>;
  cancel(): void;
}

/** `isAwaited`: it keeps the program alive, and tells of its progress on stderr. */
export function compileInBackground(request: BuildRequest, { isAwaited = false } = {}): BackgroundBuild {
  const child = spawn(process.execPath, helperArguments(), {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: helperEnvironment(),
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stdin.on('error', () => {}); // A helper that died: `close` tells.
  child.stdin.end(JSON.stringify({ ...request, quiet: !isAwaited }));
  if (!isAwaited) {
    child.unref();
    for (const stream of [child.stdin, child.stdout]) (stream as { unref?: () => void }).unref?.();
  }
  const result = new Promise<BuildResult>((resolve) => {
    child.on('error', (error) => resolve(internal(`the compile helper could not be started: ${error.message}`)));
    child.on('close', (status, signal) => resolve(readAnswer(stdout, status, signal)));
  });
  return { result, cancel: () => void child.kill('SIGTERM') };
}

/** All jobs one after the other, each at its limit, would be absurd; this is a last resort against a stuck helper. */
function overallTimeout(request: BuildRequest): number {
  const one = request.timeout ?? 120_000;
  return 30_000 + one * (1 + Math.ceil(request.jobs.length / 4));
}
