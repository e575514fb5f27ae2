/** @file The C runtime on machines that this one is not, and with musl: threads, barriers, and the level that it chooses. */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { buildProgram, type Machine, machines, runProgram, sayMissing } from '../../compile/test/emulator.ts';
import {
  findStaticToolchain,
  hostTargetName,
  type PackageTargetName,
  packageTarget,
  runtimeFlags,
} from '../../compile/toolchain/index.ts';
import { runtimeFiles, runtimeSource } from '../sources.ts';

const stress = readFileSync(fileURLToPath(new URL('./stress.c', import.meta.url)), 'utf8');
const programs = new Map<string, string>();

/** The stress program over the runtime as executables hold it: without the file that opens libraries. */
function program(machine: Machine): string {
  let built = programs.get(machine.target);
  if (built === undefined) {
    const files = runtimeFiles.filter((file) => !file.opensLibraries);
    built = buildProgram(
      machine,
      [...files.map(({ name }) => ({ name, source: runtimeSource(name) })), { name: 'main.c', source: stress }],
      [
        ...runtimeFlags(packageTarget(machine.target).arch),
        '-DTN_SYMBOL_PREFIX=other_',
        ...['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wpedantic', '-Werror'],
      ],
    );
    programs.set(machine.target, built);
  }
  return built;
}

const levelOn = (machine: Machine): string => runProgram(machine, program(machine), ['level']).toString();

/** `p_type` of an ELF file's program headers. */
function segmentTypes(elf: Buffer): number[] {
  const [size, count] = [elf.readUInt16LE(54), elf.readUInt16LE(56)];
  return Array.from({ length: count }, (_, i) => elf.readUInt32LE(Number(elf.readBigUInt64LE(32)) + i * size));
}

function linksMusl(host: PackageTargetName): boolean {
  try {
    return findStaticToolchain(packageTarget(host)).libc.name === 'musl';
  } catch {
    return false;
  }
}

describe.each(machines)('on $name', (machine) => {
  const skip = sayMissing(machine);

  it.skipIf(skip)(`chooses ${machine.isa}`, () => {
    expect(levelOn(machine)).toBe(`${machine.isaCode}\n`);
  });

  // Not in a forked child: the emulator itself does not survive a fork of a program with threads.
  it.skipIf(skip)('holds under load', () => {
    expect(runProgram(machine, program(machine), ['300']).toString()).toBe('ok\n');
  });
});

const x86 = machines.find(({ target }) => target === 'x86_64-linux')!;

it.skipIf(sayMissing(x86))('a processor between two levels gets the lower one', () => {
  // AVX without AVX2; everything that the emulator knows, which is no AVX-512.
  expect(levelOn({ ...x86, cpu: 'SandyBridge' })).toBe('0\n');
  expect(levelOn({ ...x86, cpu: 'Haswell,-f16c' })).toBe('0\n');
  expect(levelOn({ ...x86, cpu: 'max' })).toBe('3\n');
});

describe('with musl', () => {
  const host = hostTargetName();
  const none = host === null || !linksMusl(host);
  if (none) console.warn('SKIPPED: no musl-gcc (Debian: apt install musl-tools)');

  it.skipIf(none)('is warning-free, holds under load and in a forked child, and asks nothing of the system', () => {
    const built = program({ ...x86, target: host! });
    const run = spawnSync(built, ['5000', 'fork'], { encoding: 'utf8', timeout: 100_000, env: {} });
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe('ok\n');
    // Neither an interpreter nor a table for one.
    for (const type of [2, 3]) expect(segmentTypes(readFileSync(built))).not.toContain(type);
  });
});
