/** @file Runs the recorded samples through what was packaged, as a program that uses it would. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Compiler, machineIsas, type PackageTarget, runnerFor } from '../compile/toolchain/index.ts';
import { TnError } from '../core/errors.ts';
import type { LibraryKind } from './companions.ts';
import type { PackageModel } from './model.ts';
import { mustRun, runTool } from './tools.ts';

export interface LibraryCheck {
  readonly model: PackageModel;
  readonly kind: LibraryKind;
  readonly compiler: Compiler;
  readonly folder: string;
}

/** An emulated processor takes a hundred times as long. */
const emulatedTimeout = 600_000;

/**
 * Builds main.c of the folder and runs it there. Gives null, or a line that says why this machine cannot run it.
 * @throws TnError when a result differs
 */
export function verifyLibrary({ model, kind, compiler, folder }: LibraryCheck): string | null {
  const runner = sampleRunner(model.target, model);
  if (typeof runner === 'string') return runner;
  const work = mkdtempSync(join(tmpdir(), 'tn-verify-'));
  try {
    const program = join(work, 'main');
    const flags = ['-std=gnu11', '-O1', '-I.', 'main.c', '-o', program, '-L.', `-l${model.name}`, '-lm', '-pthread'];
    mustRun('build main.c against the library', compiler.path, [...compiler.args, ...flags], { cwd: folder });
    const env = {
      ...process.env,
      TN_ISA: '',
      TN_THREADS: '',
      ...(kind === 'shared' ? { LD_LIBRARY_PATH: folder } : {}),
    };
    checkSamples(model.name, [...runner, program, folder], env);
    return null;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** What runs a package's program here: nothing before it, an emulator, or a line that says why it cannot be run. */
export function sampleRunner(
  target: PackageTarget,
  { levels }: Pick<PackageModel, 'levels'>,
): readonly string[] | string {
  const runner = runnerFor(target);
  if (runner === null) return `the samples were not run: there is no emulator for ${target.name} here`;
  const here = machineIsas();
  if (runner.length === 0 && !levels.some((level) => here.includes(level))) {
    return `the samples were not run: this CPU has none of ${levels.join(', ')}`;
  }
  return runner;
}

/** Runs a program that checks samples and says what differs on stdout. */
export function checkSamples(name: string, command: readonly string[], env: NodeJS.ProcessEnv): void {
  const [program, ...args] = command;
  const run = runTool(program, args, { env, timeout: emulatedTimeout });
  if (run.status === 0) return;
  if (run.signal === 'SIGINT' || run.signal === 'SIGTERM') {
    throw new TnError('packaging was interrupted; nothing was changed');
  }
  const lines = `${run.stdout}\n${run.stderr}`.split('\n').filter((line) => line.trim() !== '');
  const said = lines.find((line) => line.includes('DIFFERS')) ?? lines.at(-1);
  throw new TnError({
    what: `${name} does not give its recorded results`,
    found: [said ?? `it ended with ${run.signal ?? `exit ${run.status}`}`],
    fix: 'nothing was written; please report this with the record',
  });
}
