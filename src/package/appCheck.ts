/**
 * @file Before a program is put in place: its parts run their recorded samples, and the executable itself starts. A
 * program has no samples inside (Whisper's are 40 MB): an executable of the same objects with them is made and thrown away.
 * What has passed once, the same code on the same weights on this machine, is not run again.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { replaceFile } from '../../cache/files.ts';
import type { Store } from '../../cache/index.ts';
import { sha256Hex } from '../../cache/layout.ts';
import { machineIsas, type StaticToolchain } from '../compile/toolchain/index.ts';
import { TnError } from '../core/errors.ts';
import { compilePackage, type PackageCode } from './code.ts';
import { idText } from './describe.ts';
import { writeExecutable } from './executable.ts';
import type { PackageModel } from './model.ts';
import { partsMain, partsPayload, verifyExecutable } from './partsExecutable.ts';
import type { Progress } from './progress.ts';
import { sampleRunner } from './verify.ts';

export interface PartsCheck {
  readonly store: Store;
  readonly model: PackageModel;
  /** Of the program. */
  readonly code: PackageCode;
  readonly toolchain: StaticToolchain;
  readonly progress: Progress;
  /** For what is made on the way. */
  readonly folder: string;
}

/** Gives notes about what could not be run here. @throws TnError when a result differs from the record */
export function checkParts(check: PartsCheck): string[] {
  const { store, model, toolchain, progress, folder } = check;
  if (model.parts.length === 0) return [];
  const kept = keptOutcome(check);
  const known = kept && readNotes(kept);
  if (known) return known;
  const extra = partsMain(model);
  const { objects } = compilePackage({ store, model, compiler: toolchain.compiler, progress, extra });
  const [made] = writeExecutable({
    target: model.target,
    toolchain,
    name: model.name,
    objects: objects.map((object) => object.path),
    payload: partsPayload(model, toolchain, 'plain'),
    packageId: model.id,
    path: path.join(folder, '.parts'),
  });
  progress.step('running the samples');
  const notes = verifyExecutable(model, made.path);
  if (kept) {
    try {
      replaceFile(kept, JSON.stringify({ notes }), { durable: false, mode: 0o600 });
    } catch {
      // A full or read-only disk: the samples run again next time.
    }
  }
  return notes;
}

/** Where the outcome for this code, these weights and samples, and this machine's levels is kept; null without a cache. */
function keptOutcome({ store, model, code }: PartsCheck): string | null {
  const folder = store.ownFolder('objects');
  if (!folder.ok) return null;
  // Names of objects are hashes of all that went into them; the id covers slots and blocks.
  const objects = code.objects.map((object) => path.basename(object.path));
  const samples = model.parts.map(({ manifest }) => manifest.files);
  const key = sha256Hex('checked 1', idText(model.id), JSON.stringify([objects, samples, machineIsas()]));
  return path.join(folder.value, `${key.slice(0, 32)}.json`);
}

function readNotes(file: string): string[] | null {
  if (!existsSync(file)) return null;
  try {
    const { notes } = JSON.parse(readFileSync(file, 'utf8')) as { notes?: unknown };
    return Array.isArray(notes) ? notes.map(String) : null;
  } catch {
    return null;
  }
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
