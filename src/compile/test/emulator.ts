/** @file Machines that this one is not: C programs built for them, static, and run by qemu's user-mode emulator. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runFolder } from '../../../test/sharedObjects.ts';
import type { IsaName } from '../templates/types.ts';
import {
  emulatorFor,
  findStaticToolchain,
  findTargetCompiler,
  kernelFlags,
  type PackageTargetName,
  packageTarget,
} from '../toolchain/index.ts';
import { objectsOf, type SourceFile } from './objects.ts';

export interface Machine {
  readonly name: string;
  readonly target: PackageTargetName;
  /** What the emulator calls the processor. */
  readonly cpu: string;
  /** The level that a package chooses on it, and its code in the runtime's words (TN_ISA_*). */
  readonly isa: IsaName;
  readonly isaCode: number;
}

/** One machine for each level that is not run by the ordinary tests everywhere. */
export const machines: readonly Machine[] = [
  { name: 'aarch64', target: 'aarch64-linux', cpu: 'cortex-a57', isa: 'neon', isaCode: 16 },
  { name: 'x86-64 without AVX2', target: 'x86_64-linux', cpu: 'Nehalem', isa: 'plain', isaCode: 0 },
  { name: 'x86-64 without AVX-512', target: 'x86_64-linux', cpu: 'Haswell', isa: 'v3', isaCode: 3 },
];

/** Why programs of a machine cannot be built and run here; null when they can. */
export function missing(machine: Machine): string | null {
  const target = packageTarget(machine.target);
  if (!emulatorFor(target)) return `no qemu-user for ${machine.target} (Debian: apt install qemu-user)`;
  try {
    findTargetCompiler(target);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Skips are seen: a suite that silently tests nothing is worth nothing. */
export function sayMissing(machine: Machine): boolean {
  const reason = missing(machine);
  if (reason !== null) console.warn(`SKIPPED: ${machine.name} is not emulated: ${reason}`);
  return reason !== null;
}

const includes = fileURLToPath(new URL('../../runtime/c', import.meta.url));
let made: string | null = null;
let count = 0;

function newFolder(): string {
  made ??= runFolder('emulated-');
  const folder = path.join(made, String(count++));
  mkdirSync(folder);
  return folder;
}

/** Kernel flags as they ship, with warnings as errors. */
export function shippedFlags(machine: Machine): string[] {
  return [...kernelFlags(machine.isa, 'gcc', packageTarget(machine.target).arch), '-Wall', '-Wextra', '-Werror'];
}

/** Compiles the files and links them statically; returns the program. */
export function buildProgram(
  machine: Machine,
  files: readonly SourceFile[],
  flags: readonly string[] = shippedFlags(machine),
): string {
  const { compiler } = findStaticToolchain(packageTarget(machine.target));
  const program = path.join(newFolder(), 'program');
  const own = [...compiler.args, ...flags];
  const objects = objectsOf(compiler.path, [...own, '-I', includes], files);
  execFileSync(compiler.path, [...own, '-static', '-pthread', '-o', program, ...objects, '-lm'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  return program;
}

/** Runs a program on the machine; its standard output. Throws when it fails, or says anything on standard error. */
export function runProgram(
  machine: Machine,
  program: string,
  args: readonly string[] = [],
  input?: Uint8Array,
): Buffer {
  const [emulator] = emulatorFor(packageTarget(machine.target))!;
  const run = spawnSync(emulator, ['-cpu', machine.cpu, program, ...args], {
    input,
    maxBuffer: 1 << 30,
    timeout: 120_000,
  });
  if (run.error) throw run.error;
  const stderr = run.stderr.toString().replace(/^qemu-\S+: warning: TCG doesn't support .*\n/gm, '');
  if (run.status !== 0 || stderr !== '') {
    throw new Error(`${path.basename(program)} on ${machine.cpu}: exit ${run.status ?? run.signal} ${stderr}`);
  }
  return run.stdout;
}
