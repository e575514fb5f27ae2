/** @file Targets of packages: names, cross compilers, and the libc of static executables. */

import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  binutil,
  emulatorFor,
  findStaticToolchain,
  findTargetCompiler,
  hostTargetName,
  kernelFlags,
  packageTarget,
  packageTargetNames,
  runnerFor,
  runtimeFlags,
} from '../index.ts';
import { libcOf } from '../staticLibc.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-target-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function script(name: string, text: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`);
  chmodSync(file, 0o755);
  return file;
}

const host = hostTargetName();
const other = packageTargetNames.find((name) => name !== host)!;
const foreign = packageTarget(other);
const foreignVariable = other === 'aarch64-linux' ? 'TN_CC_AARCH64' : 'TN_CC_X86_64';
const nowhere = { ...process.env, PATH: folder };

describe('targets', () => {
  it('are named, with their levels worst first', () => {
    expect(packageTarget('x86_64-linux').levels).toEqual(['plain', 'v3', 'v4', 'v4x']);
    expect(packageTarget('aarch64-linux').levels).toEqual(['neon']);
    expect(() => packageTarget('riscv64-linux')).toThrow(
      /no such target: riscv64-linux[\s\S]*x86_64-linux, aarch64-linux/,
    );
  });

  it.runIf(host)("are this machine's own unless told", () => expect(packageTarget().name).toBe(host));

  it('set the flags of code, whatever machine compiles', () => {
    expect(kernelFlags('plain', 'gcc', 'x64')).toContain('-march=x86-64');
    expect(kernelFlags('plain', 'gcc', 'arm64').join(' ')).not.toContain('-march');
    expect(kernelFlags('neon', 'gcc', 'arm64')).toContain('-march=armv8-a');
    expect(runtimeFlags('arm64')).toContain('-march=armv8-a');
    expect(runtimeFlags('x64')).toContain('-march=x86-64');
  });

  it('run here by themselves, or through an emulator, or not at all', () => {
    if (host) expect(runnerFor(packageTarget(host))).toEqual([]);
    expect(runnerFor(foreign, nowhere)).toBeNull();
    const emulator = script(other === 'aarch64-linux' ? 'qemu-aarch64-static' : 'qemu-x86_64-static', 'exec "$@"');
    expect(emulatorFor(foreign, nowhere)).toEqual([emulator]);
    expect(runnerFor(foreign, nowhere)).toEqual([emulator]);
    const machine = other === 'aarch64-linux' ? 'aarch64' : 'x86_64';
    const cross = script(
      'cross-gcc',
      `case "$*" in *-print-file-name=ld-linux*) echo /cross/lib/../lib/ld.so;;
*) echo "Target: ${machine}-linux-gnu" >&2; echo "gcc version 13.0" >&2;; esac`,
    );
    // Dynamic programs find their loader where the cross compiler has it.
    expect(runnerFor(foreign, { ...nowhere, [foreignVariable]: cross })).toEqual([emulator, '-L', '/cross']);
  });
});

describe('compilers of targets', () => {
  it('name the package to install when there is none', () => {
    expect(() => findTargetCompiler(foreign, nowhere)).toThrow(
      new RegExp(
        `no C compiler for ${other} was found[\\s\\S]*apt install gcc-[\\s\\S]*or name it in ${foreignVariable}`,
      ),
    );
  });

  it('come from a variable, and are refused when they are for another machine', () => {
    const machine = other === 'aarch64-linux' ? 'aarch64' : 'x86_64';
    const answer = (target: string): string => `echo "Target: ${target}" >&2; echo "gcc version 13.0 (test)" >&2`;
    const good = script('good-cc', answer(`${machine}-unknown-linux-gnu`));
    const compiler = findTargetCompiler(foreign, { ...nowhere, [foreignVariable]: good });
    expect(compiler).toMatchObject({ path: good, target: `${machine}-unknown-linux-gnu` });
    const bad = script('bad-cc', answer('riscv64-linux-gnu'));
    expect(() => findTargetCompiler(foreign, { ...nowhere, [foreignVariable]: bad })).toThrow(
      /bad-cc: makes code for riscv64-linux-gnu/,
    );
    if (!host) return;
    expect(() => findTargetCompiler(packageTarget(host), { ...nowhere, TN_CC: bad })).toThrow(
      /makes no code for .*-linux[\s\S]*is for riscv64-linux-gnu/,
    );
  });

  it.runIf(host)('have their own ar', () => {
    const ar = binutil(findTargetCompiler(packageTarget(host!)), 'ar');
    expect(execFileSync(ar, ['--version'], { encoding: 'utf8' })).toMatch(/ar/);
  });
});

describe('static libc', () => {
  it('is known by the version in the archive', () => {
    expect(libcOf('..GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\n')).toMatchObject({
      name: 'glibc',
      version: '2.36',
      licence: 'LGPL-2.1-or-later',
    });
    expect(libcOf('__libc_version\0\0\x001.2.3\0')).toMatchObject({ name: 'musl', version: '1.2.3', licence: 'MIT' });
    expect(libcOf('something else')).toBeNull();
  });

  it.runIf(host)('is what executables are really linked with', () => {
    const target = packageTarget(host!);
    const glibc = findStaticToolchain(target, { ...process.env, TN_LIBC: 'glibc' });
    expect(glibc.libc.name).toBe('glibc');
    expect(glibc.compiler.identity).toBe(findTargetCompiler(target).identity);
    const best = findStaticToolchain(target);
    // Objects that were compiled against musl's headers must not be taken for glibc's.
    if (best.libc.name === 'musl') expect(best.compiler.identity).toContain(`musl ${best.libc.version}`);
    expect(best.libc.version).toMatch(/^\d+\.\d+/);
  });

  it('says why there is none', () => {
    expect(() => findStaticToolchain(packageTarget('x86_64-linux'), { ...process.env, TN_LIBC: 'dietlibc' })).toThrow(
      'TN_LIBC=dietlibc: no such libc',
    );
    expect(() => findStaticToolchain(foreign, { ...nowhere, TN_LIBC: 'musl' })).toThrow(/no C compiler for/);
    if (!host) return;
    const version = host === 'x86_64-linux' ? 'x86_64-linux-gnu' : 'aarch64-linux-gnu';
    const broken = script(
      'broken-cc',
      `case "$*" in *-static*) echo "ld: cannot find -lc" >&2; exit 1;; *) echo "Target: ${version}
gcc version 13.0" >&2;; esac`,
    );
    expect(() => findStaticToolchain(packageTarget(host), { ...nowhere, TN_CC: broken })).toThrow(
      /no static executable can be linked[\s\S]*cannot find -lc[\s\S]*install a static C library/,
    );
  });
});
