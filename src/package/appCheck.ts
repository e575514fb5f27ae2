/**
 * @file Before a program is put in place: its parts run their recorded samples, and the executable itself starts. A
 * program has no samples inside (Whisper's are 40 MB): an executable of the same objects with them is made and thrown away.
 */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import type { Store } from '../../cache/index.ts';
import type { StaticToolchain } from '../compile/toolchain/index.ts';
import { TnError } from '../core/errors.ts';
import { compilePackage } from './code.ts';
import { partsMain, partsPayload, verifyExecutable } from './exe.ts';
import { writeExecutable } from './executable.ts';
import type { PackageModel } from './model.ts';
import type { Progress } from './progress.ts';
import { sampleRunner } from './verify.ts';

export interface PartsCheck {
  readonly store: Store;
  readonly model: PackageModel;
  readonly toolchain: StaticToolchain;
  readonly progress: Progress;
  /** For what is made on the way. */
  readonly folder: string;
}

/** Gives notes about what could not be run here. @throws TnError when a result differs from the record */
export function checkParts({ store, model, toolchain, progress, folder }: PartsCheck): string[] {
  if (model.parts.length === 0) return [];
  const { objects } = compilePackage({
    store,
    model,
    compiler: toolchain.compiler,
    progress,
    extra: partsMain(model),
  });
  const [made] = writeExecutable({
    target: model.target,
    toolchain,
    name: model.name,
    objects: objects.map((object) => object.path),
    payload: partsPayload(model, toolchain),
    packageId: model.id,
    path: path.join(folder, '.parts'),
  });
  progress.step('running the samples');
  return verifyExecutable(model, made.path);
}

/** Whether the executable starts and reads its own payload, where this machine can run it. */
export function checkProgram(model: PackageModel, executable: string): void {
  const runner = sampleRunner(model.target, model);
  if (typeof runner === 'string') return;
  const [program, ...args] = [...runner, executable, '--inspect'];
  const run = spawnSync(program, args, { encoding: 'utf8', timeout: 120_000, maxBuffer: 1 << 26 });
  if (run.status === 0) return;
  throw new TnError({
    what: `${model.name} was packaged and does not start`,
    found: [run.stderr.trim().split('\n').at(-1) || (run.error?.message ?? `ended by ${run.signal}`)],
    fix: 'nothing was written; please report this',
  });
}
