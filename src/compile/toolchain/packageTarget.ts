/** @file What packages are made for: architecture and system, the compiler for it, and how its programs run here. */

import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { TnError } from '../../core/errors.ts';
import { askCompiler, type Compiler, findCompiler, resolveProgram } from './compiler.ts';
import type { Isa, TargetArch } from './target.ts';

export type PackageTargetName = 'x86_64-linux' | 'aarch64-linux';

/** What is fixed about a target, known without any tool of it. */
export interface PackageTarget {
  readonly name: PackageTargetName;
  /** In Node's words; what `kernelFlags` and `runtimeFlags` take. */
  readonly arch: TargetArch;
  /** The levels of its code, worst first. */
  readonly levels: readonly Isa[];
  /** `e_machine` of its ELF files. */
  readonly elfMachine: number;
  /** Largest page its kernels use: loaded segments of a file begin on multiples of it. */
  readonly pageBytes: number;
}

interface TargetTools {
  /** Names the compiler; read before the usual places. */
  readonly variable: string;
  readonly triple: RegExp;
  readonly crossCompiler: string;
  readonly debianPackage: string;
  readonly emulator: string;
  /** What loads its dynamic programs, by file name. */
  readonly loader: string;
}

const targets: Readonly<Record<PackageTargetName, PackageTarget>> = {
  'x86_64-linux': {
    name: 'x86_64-linux',
    arch: 'x64',
    levels: ['plain', 'v3', 'v4', 'v4x'],
    elfMachine: 62,
    pageBytes: 4096,
  },
  'aarch64-linux': { name: 'aarch64-linux', arch: 'arm64', levels: ['neon'], elfMachine: 183, pageBytes: 65536 },
};

const tools: Readonly<Record<PackageTargetName, TargetTools>> = {
  'x86_64-linux': {
    variable: 'TN_CC_X86_64',
    triple: /^x86_64-.*linux/,
    crossCompiler: 'x86_64-linux-gnu-gcc',
    debianPackage: 'gcc-x86-64-linux-gnu',
    emulator: 'qemu-x86_64',
    loader: 'ld-linux-x86-64.so.2',
  },
  'aarch64-linux': {
    variable: 'TN_CC_AARCH64',
    triple: /^aarch64-.*linux/,
    crossCompiler: 'aarch64-linux-gnu-gcc',
    debianPackage: 'gcc-aarch64-linux-gnu',
    emulator: 'qemu-aarch64',
    loader: 'ld-linux-aarch64.so.1',
  },
};

export const packageTargetNames = Object.keys(targets) as readonly PackageTargetName[];

/** This machine's own target; null on a system that packages cannot be made for. */
export function hostTargetName(): PackageTargetName | null {
  if (process.platform !== 'linux') return null;
  return packageTargetNames.find((name) => targets[name].arch === process.arch) ?? null;
}

/**
 * The target of `--target`; this machine's own without one.
 * @throws TnError when there is none of that name.
 */
export function packageTarget(asked?: string): PackageTarget {
  const name = asked ?? hostTargetName();
  const known = packageTargetNames.find((candidate) => candidate === name);
  if (known) return targets[known];
  throw new TnError({
    what: asked === undefined ? 'no package can be made for this machine' : `no such target: ${asked}`,
    found: [`this is ${process.platform} ${process.arch}`, `targets are ${packageTargetNames.join(', ')}`],
    fix: 'name one with --target',
  });
}

/**
 * The compiler whose code runs on the target, with that system's own libc: `TN_CC_X86_64` or `TN_CC_AARCH64`, else on a
 * machine of the target the compiler that the cache uses, else the cross compiler as Debian names it.
 * @throws TnError when there is none, or it makes code for another machine.
 */
export function findTargetCompiler(target: PackageTarget, env: NodeJS.ProcessEnv = process.env): Compiler {
  const { variable, triple, crossCompiler, debianPackage } = tools[target.name];
  const named = env[variable]?.trim();
  const own = hostTargetName() === target.name;
  if (!named && own) {
    const compiler = findCompiler(env);
    if (triple.test(compiler.target)) return compiler;
    throw new TnError({
      what: `the C compiler makes no code for ${target.name}`,
      found: [`${compiler.path} is for ${compiler.target}`],
      fix: `set TN_CC or ${variable} to a compiler for ${target.name}`,
    });
  }
  const command = named || crossCompiler;
  const answer = askCompiler(command, env);
  if (typeof answer !== 'string' && triple.test(answer.target)) return answer;
  const why = typeof answer === 'string' ? answer : `makes code for ${answer.target}`;
  throw new TnError({
    what: `no C compiler for ${target.name} was found`,
    found: [`${named ? `${variable}=${command}` : command}: ${why}`],
    fix: named
      ? `set ${variable} to a working gcc (12 or later) or clang (14 or later) for ${target.name}, or unset it`
      : `install one (Debian, Ubuntu: apt install ${debianPackage}), or name it in ${variable}`,
  });
}

/** A program of the compiler's binutils: the cross compiler's own where there is one. */
export function binutil(compiler: Compiler, name: 'ar' | 'nm' | 'objcopy' | 'ranlib' | 'strip'): string {
  const run = spawnSync(compiler.path, [...compiler.args, `-print-prog-name=${name}`], { encoding: 'utf8' });
  const answer = run.status === 0 ? run.stdout.trim() : '';
  return answer || name;
}

/**
 * What stands before a program of the target to run it here: nothing where it runs by itself, the user-mode emulator
 * where that is installed, with the cross compiler's libraries for dynamic programs; null where there is no way.
 */
export function runnerFor(target: PackageTarget, env: NodeJS.ProcessEnv = process.env): readonly string[] | null {
  if (hostTargetName() === target.name) return [];
  const emulator = emulatorFor(target, env);
  const root = emulator && libraryRoot(target, env);
  return root ? [...emulator, '-L', root] : emulator;
}

/** The user-mode emulator of a target, also of this machine's own; null when it is not installed. */
export function emulatorFor(target: PackageTarget, env: NodeJS.ProcessEnv = process.env): readonly string[] | null {
  const { emulator } = tools[target.name];
  for (const name of [emulator, `${emulator}-static`]) {
    const file = resolveProgram(name, env);
    if (file) return [path.resolve(file)];
  }
  return null;
}

/** The folder whose `lib` holds the target's dynamic loader, as its compiler knows it. */
function libraryRoot(target: PackageTarget, env: NodeJS.ProcessEnv): string | null {
  let compiler: Compiler;
  try {
    compiler = findTargetCompiler(target, env);
  } catch {
    return null; // Static programs run without.
  }
  const { loader } = tools[target.name];
  const run = spawnSync(compiler.path, [...compiler.args, `-print-file-name=${loader}`], { encoding: 'utf8' });
  const file = run.status === 0 ? run.stdout.trim() : '';
  return path.isAbsolute(file) ? path.resolve(file, '../..') : null;
}
