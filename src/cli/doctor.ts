/** @file `tn doctor`: what works on this machine, and what to do about what does not. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import colors from 'picocolors';
import type { Store } from '../../cache/index.ts';
import { oneLine } from '../core/errors.ts';
import { bytesText } from './table.ts';

export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** What was found. */
  readonly found: string;
  /** What to do; only when not ok. */
  readonly fix?: string;
}

/** Less free space than this is worth a word: a model's packed weights and its records take about as much. */
const LITTLE_SPACE = 1024 ** 3;

/** Prints the findings; the exit code is 1 when one of them is not ok. */
export async function doctor(options: { readonly json?: boolean }): Promise<void> {
  const findings = await examine();
  if (options.json) process.stdout.write(JSON.stringify(findings, null, 2) + '\n');
  else process.stdout.write(findings.map(findingText).join('\n') + '\n');
  if (findings.some((finding) => !finding.ok)) process.exitCode = 1;
}

export async function examine(env: NodeJS.ProcessEnv = process.env): Promise<Finding[]> {
  const { openStore } = await import('../../cache/index.ts');
  const { packageTargets } = await import('./doctorTargets.ts');
  const store = openStore({ env });
  return [
    nodeVersion(process.versions.node),
    await nativeCalls(),
    await instructionSet(env),
    cores(env),
    ...cacheFolder(store),
    await compiler(store, env),
    ...(await packageTargets(env)),
  ];
}

export function nodeVersion(version: string): Finding {
  const [major, minor] = version.split('.').map(Number);
  const ok = major > 20 || (major === 20 && minor >= 20);
  return {
    name: 'node',
    ok,
    found: `${version}, ${process.platform} ${process.arch}`,
    ...(ok ? {} : { fix: 'install Node 20.20 or later' }),
  };
}

async function nativeCalls(): Promise<Finding> {
  const name = 'native calls';
  try {
    const { default: koffi } = await import('koffi');
    return { name, ok: true, found: `koffi ${koffi.version}` };
  } catch (error) {
    return {
      name,
      ok: false,
      found: `koffi does not load: ${oneLine(error)}`,
      fix: `npm install koffi; it has builds for ${process.platform} ${process.arch} or it has not`,
    };
  }
}

async function instructionSet(env: NodeJS.ProcessEnv): Promise<Finding> {
  const name = 'instructions';
  const { machineIsas, targetIsa } = await import('../compile/toolchain/target.ts');
  const have = machineIsas();
  try {
    const target = targetIsa(env);
    return { name, ok: true, found: `${target}${env.TN_ISA ? ' (TN_ISA)' : ''}; this machine runs ${have.join(', ')}` };
  } catch (error) {
    return { name, ok: false, found: oneLine(error), fix: `unset TN_ISA, or set it to one of ${have.join(', ')}` };
  }
}

function cores(env: NodeJS.ProcessEnv): Finding {
  const name = 'cores';
  const allowed = availableParallelism();
  const quota = cgroupCores();
  const usable = Math.max(1, Math.min(allowed, Math.ceil(quota)));
  const limit = quota < allowed ? `, the container's quota is ${quota.toFixed(1)}` : '';
  const found = `${usable} of ${allowed} allowed to this process${limit}`;
  const asked = env.TN_THREADS;
  if (asked === undefined || asked === '') return { name, ok: true, found };
  if (!/^[1-9]\d*$/.test(asked))
    return { name, ok: false, found: `TN_THREADS=${asked}`, fix: 'set TN_THREADS to a whole number, or unset it' };
  if (Number(asked) <= usable) return { name, ok: true, found: `${found}; TN_THREADS=${asked}` };
  return {
    name,
    ok: false,
    found: `${found}; TN_THREADS=${asked} is more`,
    fix: `set TN_THREADS to at most ${usable}: more threads than cores wait for each other`,
  };
}

/** Cores that the control group's quota amounts to; Infinity without one. */
function cgroupCores(): number {
  const v2 = /^(\d+) (\d+)/.exec(textOf('/sys/fs/cgroup/cpu.max'));
  if (v2) return Number(v2[1]) / Number(v2[2]);
  const quota = Number(textOf('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') || -1);
  const period = Number(textOf('/sys/fs/cgroup/cpu/cpu.cfs_period_us') || 100_000);
  return quota > 0 ? quota / period : Number.POSITIVE_INFINITY;
}

function cacheFolder(store: Store): Finding[] {
  const name = 'cache folder';
  const probe = store.probe();
  if (!probe.ok) return [{ name, ok: false, found: probe.problem.message, fix: probe.problem.fix }];
  const used = store.items().reduce((sum, item) => sum + item.bytes, 0);
  const { freeBytes } = probe.value;
  const space = `${bytesText(freeBytes)} free; ${bytesText(used)} used, limit ${bytesText(store.limitBytes)}`;
  return [
    { name, ok: true, found: `${store.folder}, can be written and run from` },
    freeBytes >= LITTLE_SPACE
      ? { name: 'space', ok: true, found: space }
      : { name: 'space', ok: false, found: space, fix: 'free some, or set TN_CACHE_DIR to another disk' },
  ];
}

/** Not only found: a small library is compiled with the flags that kernels get, loaded and called. */
async function compiler(store: Store, env: NodeJS.ProcessEnv): Promise<Finding> {
  const name = 'compiler';
  const { searchCompiler } = await import('../compile/toolchain/compiler.ts');
  const { kernelFlags, sharedFlags, machineIsa } = await import('../compile/toolchain/target.ts');
  const search = searchCompiler(env);
  if (!search.ok) {
    const { what, found = [], fix } = search.error.parts;
    return { name, ok: false, found: [what, ...found].join('; '), fix: fix ?? 'install gcc or clang' };
  }
  const { compiler: cc } = search;
  const found = `${cc.version} (${cc.path})`;
  const folder = store.ownFolder('objects');
  if (!folder.ok) return { name, ok: true, found: `${found}; not tried: ${folder.problem.message}` };
  const stem = join(folder.value, `doctor.tmp-${process.pid}-${Date.now().toString(16).padStart(12, '0')}`);
  const [source, library] = [`${stem}.c`, `${stem}.so`];
  try {
    const { execFileSync } = await import('node:child_process');
    writeFileSync(source, 'int tn_doctor(int x);\nint tn_doctor(int x) { return x + 1; }\n');
    const flags = [
      ...cc.args,
      ...kernelFlags(machineIsa(), cc.family),
      '-fvisibility=default',
      source,
      '-o',
      library,
      ...sharedFlags(),
    ];
    execFileSync(cc.path, flags, { stdio: ['ignore', 'ignore', 'pipe'], timeout: 60_000 });
    const { default: koffi } = await import('koffi');
    const answer = koffi.load(library).func('int tn_doctor(int)')(41);
    if (answer !== 42)
      return {
        name,
        ok: false,
        found: `${found}; what it compiled answers ${answer}, not 42`,
        fix: 'use another compiler: TN_CC=clang',
      };
    return { name, ok: true, found: `${found}; what it compiles runs` };
  } catch (error) {
    const stderr = (error as { stderr?: unknown }).stderr;
    const said =
      stderr instanceof Uint8Array && stderr.length > 0
        ? Buffer.from(stderr).toString().split('\n', 1)[0]
        : oneLine(error);
    return {
      name,
      ok: false,
      found: `${found}; a small library does not compile and run: ${said}`,
      fix: 'repair it, or choose another with TN_CC',
    };
  } finally {
    rmSync(source, { force: true });
    rmSync(library, { force: true });
  }
}

function findingText({ name, ok, found, fix }: Finding): string {
  const mark = ok ? colors.green('✓') : colors.red('✗');
  return `${mark} ${name.padEnd(13)} ${found}${fix === undefined ? '' : `\n  ${''.padEnd(13)} ${colors.yellow('→')} ${fix}`}`;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1').trim();
  } catch {
    return '';
  }
}
