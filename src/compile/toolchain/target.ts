/** @file What the generated code is compiled for: the instruction-set level and the flags that go with it. */

import { readFileSync } from 'node:fs';
import { TnError } from '../../core/errors.ts';
import type { IsaName } from '../templates/types.ts';
import type { CompilerFamily } from './compiler.ts';

/** The levels of DESIGN §4 "Targets". `plain` is the baseline of the architecture. */
export type Isa = IsaName;

export const isaNames: readonly Isa[] = ['plain', 'v3', 'v4', 'v4x', 'neon'];

/** What the x86-64 psABI asks for each level, in the words of /proc/cpuinfo, and what each adds to the one before. */
const levelFlags: readonly (readonly [Isa, readonly string[]])[] = [
  ['v3', ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave', 'sse4_2', 'popcnt', 'cx16']],
  ['v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
  ['v4x', ['avx512_bf16', 'avx512_vnni']],
];

/**
 * The best level for an architecture (`process.arch`) and the text of /proc/cpuinfo. Linux hides flags whose registers
 * it does not save, so no further test is needed. Without the text (another system): `plain`.
 */
export function isaFromCpuInfo(arch: string, cpuinfo: string): Isa {
  if (arch === 'arm64') return 'neon';
  if (arch !== 'x64') return 'plain';
  const flags = new Set(/^flags\s*:(.*)$/m.exec(cpuinfo)?.[1].trim().split(/\s+/) ?? []);
  let best: Isa = 'plain';
  for (const [level, needed] of levelFlags) {
    if (!needed.every((flag) => flags.has(flag))) break;
    best = level;
  }
  return best;
}

let machine: Isa | null = null;

/** The best level that this machine runs. */
export function machineIsa(): Isa {
  if (machine) return machine;
  let cpuinfo = '';
  if (process.arch === 'x64' && process.platform === 'linux') {
    try {
      cpuinfo = readFileSync('/proc/cpuinfo', 'latin1');
    } catch {
      // No /proc: the baseline is always right.
    }
  }
  machine = isaFromCpuInfo(process.arch, cpuinfo);
  return machine;
}

/** The levels that this machine runs, worst first. */
export function machineIsas(): Isa[] {
  const best = machineIsa();
  if (best === 'neon') return ['neon'];
  return isaNames.slice(0, isaNames.indexOf(best) + 1);
}

/**
 * The level to compile for: `TN_ISA`, else the machine's best.
 * @throws TnError when `TN_ISA` names no level, or one that this machine does not run.
 */
export function targetIsa(env: NodeJS.ProcessEnv = process.env): Isa {
  const asked = env['TN_ISA']?.trim();
  if (!asked) return machineIsa();
  const possible = machineIsas();
  const isa = possible.find((name) => name === asked);
  if (isa) return isa;
  const known = isaNames.some((name) => name === asked);
  throw new TnError({
    what: known ? `TN_ISA=${asked}: this machine does not have that instruction set` : `TN_ISA=${asked}: no such level`,
    found: [`this machine runs ${possible.join(', ')}`],
    fix: `set TN_ISA to ${possible.length > 1 ? 'one of these' : possible[0]}, or unset it`,
  });
}

/** Processor architectures that there is native code for, in Node's words; others get the compiler's own baseline. */
export type TargetArch = 'x64' | 'arm64';

/** Flags of a level for gcc 11 and clang 12 or later; `plain` says nothing off x86-64. */
const machineFlags: Readonly<Record<Isa, readonly string[]>> = {
  plain: [],
  v3: ['-march=x86-64-v3'],
  v4: ['-march=x86-64-v4', '-mprefer-vector-width=512'],
  v4x: ['-march=x86-64-v4', '-mavx512bf16', '-mavx512vnni', '-mprefer-vector-width=512'],
  neon: ['-march=armv8-a'],
};

function levelFlagsFor(isa: Isa, arch: string): readonly string[] {
  return isa === 'plain' && arch === 'x64' ? ['-march=x86-64'] : machineFlags[isa];
}

/**
 * Flags for generated code. Not `-ffast-math`: NaN and infinities must come out as PyTorch's do. Products and sums may
 * contract to fused multiply-adds; nobody reads errno or the floating-point exception flags.
 */
export function kernelFlags(isa: Isa, family: CompilerFamily, arch: string = process.arch): string[] {
  const flags = [
    '-std=gnu11',
    '-O3',
    '-fopenmp-simd',
    '-fno-math-errno',
    '-fno-trapping-math',
    '-ffp-contract=fast',
    '-fvisibility=hidden',
    '-fPIC',
    '-fno-plt',
    ...levelFlagsFor(isa, arch),
  ];
  /* Loops over unaligned rows: gcc's scalar peeling for alignment costs more than it brings. */
  /* Stores of a tile made into memcpy calls: `rep movsq` of a few cache lines costs a tenth of a matrix product. */
  if (family === 'gcc') flags.push('--param', 'vect-max-peeling-for-alignment=0', '-fno-tree-loop-distribute-patterns');
  /* gcc schedules before it allocates registers on Arm: all loads of a tile's step first, and accumulators spill. */
  if (family === 'gcc' && isa === 'neon') flags.push('-fno-schedule-insns');
  return flags;
}

/** Flags for the file that calls the kernels in order: nothing in it is worth -O3, which takes four times as long. */
export function programFlags(isa: Isa, family: CompilerFamily, arch: string = process.arch): string[] {
  return kernelFlags(isa, family, arch).map((flag) => (flag === '-O3' ? '-O1' : flag));
}

/** Flags for the C runtime, which is the same for every level: it finds out about the machine itself. */
export function runtimeFlags(arch: string = process.arch): string[] {
  const baseline: Isa = arch === 'arm64' ? 'neon' : 'plain';
  return ['-std=gnu11', '-O2', '-fvisibility=hidden', '-fPIC', '-pthread', ...levelFlagsFor(baseline, arch)];
}

/** Flags to link objects into a shared library that needs libc and libm alone. */
export function sharedFlags(): string[] {
  if (process.platform === 'darwin') return ['-shared', '-lm'];
  return ['-shared', '-Wl,-O1', '-Wl,--as-needed', '-Wl,-z,defs', '-Wl,-z,noexecstack', '-lm'];
}

/** Flags to link the runtime: its threads outlive any unloading, so it must never be unloaded. */
export function runtimeLinkFlags(): string[] {
  return process.platform === 'darwin'
    ? ['-shared', '-pthread']
    : [...sharedFlags(), '-Wl,-z,nodelete', '-pthread', '-ldl'];
}
