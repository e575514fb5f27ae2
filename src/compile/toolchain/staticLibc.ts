/** @file The C library that goes into static executables: which one there is, its version, and what its licence asks. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { TnError } from '../../core/errors.ts';
import { askCompiler, type Compiler } from './compiler.ts';
import { findTargetCompiler, type PackageTarget } from './packageTarget.ts';

export type LibcName = 'musl' | 'glibc';

export interface Libc {
  readonly name: LibcName;
  /** As the library itself says it. */
  readonly version: string;
  /** SPDX identifier. */
  readonly licence: 'MIT' | 'LGPL-2.1-or-later';
  /** What the licence asks of whoever passes on an executable with this library inside. */
  readonly asks: string;
}

/** A compiler that links static executables, and the libc that it puts into them. */
export interface StaticToolchain {
  /** Its identity names the libc: objects compiled against other headers are other objects. */
  readonly compiler: Compiler;
  readonly libc: Libc;
}

const facts: Readonly<Record<LibcName, Pick<Libc, 'licence' | 'asks'>>> = {
  musl: {
    licence: 'MIT',
    asks: 'its copyright notice and licence text go with the executable (`--inspect` prints them); nothing else',
  },
  glibc: {
    licence: 'LGPL-2.1-or-later',
    asks:
      'its notice and licence text go with the executable (`--inspect` prints them), and whoever receives it must be able to ' +
      'link it again with a changed glibc: pass on, or offer, the object files (`--format static` makes them)',
  },
};

/** musl's compiler wrapper under the names that distributions give it. */
const muslCompilers: Readonly<Record<PackageTarget['name'], readonly string[]>> = {
  'x86_64-linux': ['musl-gcc', 'x86_64-linux-musl-gcc'],
  'aarch64-linux': ['aarch64-linux-musl-gcc'],
};

const muslPackages: Readonly<Record<PackageTarget['name'], string>> = {
  'x86_64-linux': 'Debian, Ubuntu: apt install musl-tools',
  'aarch64-linux': 'a cross compiler made with musl-cross-make',
};

const staticLibraries: Readonly<Record<PackageTarget['name'], string>> = {
  'x86_64-linux': 'Debian, Ubuntu: apt install libc6-dev, or musl-tools; Fedora: dnf install glibc-static',
  'aarch64-linux': 'Debian, Ubuntu: apt install libc6-dev-arm64-cross',
};

const memo = new Map<string, StaticToolchain>();

/**
 * musl where its compiler wrapper is installed, else the static glibc of the target's own compiler. `TN_LIBC` (musl or
 * glibc) asks for one of them. On a machine of the target musl-gcc is found as it is; a cross build needs
 * `<triple>-musl-gcc`.
 * @throws TnError when nothing links a static executable, or not the one that is asked for.
 */
export function findStaticToolchain(target: PackageTarget, env: NodeJS.ProcessEnv = process.env): StaticToolchain {
  const asked = askedLibc(env);
  const key = [target.name, asked, env['PATH'], env['TN_CC'], env['CC'], env['TN_CC_X86_64'], env['TN_CC_AARCH64']];
  const known = memo.get(key.join('\0'));
  if (known) return known;
  const found: string[] = [];
  const toolchain = (asked === 'glibc' ? null : withMusl(target, env, found)) ?? withOwn(target, env, asked, found);
  if (!toolchain) {
    throw new TnError({
      what: `no static executable can be linked for ${target.name}${asked ? ` with ${asked}` : ''}`,
      found,
      fix:
        asked === 'musl'
          ? `install ${muslCompilers[target.name][0]} (${muslPackages[target.name]}), or unset TN_LIBC`
          : `install a static C library (${staticLibraries[target.name]})`,
    });
  }
  memo.set(key.join('\0'), toolchain);
  return toolchain;
}

function askedLibc(env: NodeJS.ProcessEnv): LibcName | null {
  const asked = env['TN_LIBC']?.trim();
  if (!asked) return null;
  if (asked === 'musl' || asked === 'glibc') return asked;
  throw new TnError({ what: `TN_LIBC=${asked}: no such libc`, fix: 'set TN_LIBC to musl or glibc, or unset it' });
}

function withMusl(target: PackageTarget, env: NodeJS.ProcessEnv, found: string[]): StaticToolchain | null {
  const architecture = target.name.slice(0, target.name.indexOf('-'));
  for (const command of muslCompilers[target.name]) {
    const compiler = askCompiler(command, env);
    if (typeof compiler === 'string') {
      found.push(`${command}: ${compiler}`);
      continue;
    }
    // A machine of another architecture has a musl-gcc too, for itself.
    if (!compiler.target.startsWith(`${architecture}-`)) {
      found.push(`${command}: makes code for ${compiler.target}`);
      continue;
    }
    const libc = linkedLibc(compiler, env);
    if (typeof libc !== 'string' && libc.name === 'musl') return toolchainOf(compiler, libc);
    found.push(`${command}: ${typeof libc === 'string' ? libc : `links ${libc.name}`}`);
  }
  return null;
}

/** The target's own compiler: glibc on most systems, musl on Alpine. */
function withOwn(
  target: PackageTarget,
  env: NodeJS.ProcessEnv,
  asked: LibcName | null,
  found: string[],
): StaticToolchain | null {
  const compiler = findTargetCompiler(target, env);
  const libc = linkedLibc(compiler, env);
  if (typeof libc === 'string') found.push(`${compiler.path}: ${libc}`);
  else if (asked !== null && libc.name !== asked) found.push(`${compiler.path}: links ${libc.name}`);
  else return toolchainOf(compiler, libc);
  return null;
}

function toolchainOf(compiler: Compiler, libc: Libc): StaticToolchain {
  // A wrapper answers -v as the compiler that it wraps does.
  const identity = libc.name === 'musl' ? `${compiler.identity}; musl ${libc.version}` : compiler.identity;
  return { compiler: { ...compiler, identity }, libc };
}

/**
 * Links a program that does nothing, and reads the version from the library that the linker took. Asking the headers
 * would not do: static libraries are packages of their own on some systems.
 */
function linkedLibc(compiler: Compiler, env: NodeJS.ProcessEnv): Libc | string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tn-libc-'));
  try {
    const source = path.join(folder, 'empty.c');
    writeFileSync(source, 'int main(void) { return 0; }\n');
    const run = spawnSync(
      compiler.path,
      [...compiler.args, '-static', '-Wl,--trace', source, '-o', path.join(folder, 'empty')],
      { encoding: 'utf8', cwd: folder, timeout: 60_000, env: { ...env, LC_ALL: 'C' } },
    );
    if (run.error) return run.error.message;
    if (run.status !== 0) return firstError(run.stderr) || `cannot link (exit ${run.status ?? run.signal})`;
    const library = /^(.*[/]libc\.a)(?:\b|$)/m.exec(run.stdout)?.[1];
    if (!library) return 'links no libc.a';
    return libcOf(readFileSync(library, 'latin1')) ?? `${library} is neither musl nor glibc`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function firstError(stderr: string): string {
  const lines = stderr.split('\n').map((line) => line.trim());
  return lines.find((line) => /cannot find|error|undefined/i.test(line)) ?? lines.find(Boolean) ?? '';
}

/** Which libc an archive is, by the version texts inside. */
export function libcOf(archive: string): Libc | null {
  const glibc = /GNU C Library \([^)]*\) (?:stable|development) release version (\d+(?:\.\d+)+)/.exec(archive);
  if (glibc) return { name: 'glibc', version: glibc[1], ...facts.glibc };
  if (!archive.includes('__libc_version')) return null;
  // musl's version.o holds the text alone, between zeros.
  const musl = /\0(\d+\.\d+\.\d+(?:-git-[\w-]+)?)\0/.exec(archive);
  return musl ? { name: 'musl', version: musl[1], ...facts.musl } : null;
}
