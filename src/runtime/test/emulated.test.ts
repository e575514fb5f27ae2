/** @file The C runtime on machines that this one is not, and with musl: threads, barriers, and the level that it chooses. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
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
const level = `
#include "tn_runtime.h"
#include <stdio.h>
int main(void) {
  printf("%d", (int)TN_PREFIX(cpu_isa)());
  return 0;
}
`;

/** The runtime as executables hold it, without the file that opens libraries, and a main. */
function program(machine: Machine, main: string): string {
  const runtime = runtimeFiles.filter((file) => !file.opensLibraries).map(({ name }) => name);
  return buildProgram(
    machine,
    [...runtime.map((name) => ({ name, source: runtimeSource(name) })), { name: 'main.c', source: main }],
    [
      ...runtimeFlags(packageTarget(machine.target).arch),
      '-DTN_SYMBOL_PREFIX=other_',
      ...['-Wall', '-Wextra', '-Wconversion', '-Wshadow', '-Wpedantic', '-Werror'],
    ],
  );
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
    expect(runProgram(machine, program(machine, level)).toString()).toBe(String(machine.isaCode));
  });

  // Not in a forked child: the emulator itself does not survive a fork of a program with threads.
  it.skipIf(skip)('holds under load', () => {
    expect(runProgram(machine, program(machine, stress), ['300']).toString()).toBe('ok\n');
  });
});

const x86 = machines.find(({ target }) => target === 'x86_64-linux')!;

it.skipIf(sayMissing(x86))('a processor between two levels gets the lower one', () => {
  const chooses = program(x86, level);
  // AVX without AVX2; everything that the emulator knows, which is no AVX-512.
  expect(runProgram({ ...x86, cpu: 'SandyBridge' }, chooses).toString()).toBe('0');
  expect(runProgram({ ...x86, cpu: 'Haswell,-f16c' }, chooses).toString()).toBe('0');
  expect(runProgram({ ...x86, cpu: 'max' }, chooses).toString()).toBe('3');
});

describe('with musl', () => {
  const host = hostTargetName();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-musl-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const none = host === null || !linksMusl(host);
  if (none) console.warn('SKIPPED: no musl-gcc (Debian: apt install musl-tools)');

  it.skipIf(none)('is warning-free, holds under load and in a forked child, and asks nothing of the system', () => {
    const native: Machine = { ...x86, target: host! };
    const built = program(native, stress);
    const run = spawnSync(built, ['5000', 'fork'], { encoding: 'utf8', timeout: 100_000, env: {} });
    expect(run.stderr).toBe('');
    expect(run.stdout).toBe('ok\n');
    expect(execFileSync('readelf', ['-l', built], { encoding: 'utf8' })).not.toMatch(/INTERP|DYNAMIC/);
  });
});
