/** @file The engine with a small program around it, built once for all tests; scripts run in it. */

import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  type CompileJob,
  type Compiler,
  compileSync,
  findCompiler,
  runtimeFlags,
} from '../../../compile/toolchain/index.ts';
import { runtimeFiles, runtimeSource } from '../../../runtime/sources.ts';
import { coreHeaders } from '../../coreSources.ts';
import { buildBytecodeTool, buildEngine, compileBytecode, type EngineSource, findEngine, glueJobs } from '../index.ts';

/** Kept from run to run: an engine takes half a minute to compile, and objects are found by content. */
const folder = path.join(os.tmpdir(), `tn-engine-test-${os.userInfo().uid}`);
const objectFolder = path.join(folder, 'objects');

export interface RunOptions {
  readonly args?: readonly string[];
  readonly input?: string | Uint8Array;
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  /** A shell line in which $ENGINE stands for the program and its arguments: redirections, limits. */
  readonly shell?: string;
  readonly lines?: boolean;
  /** Where each line of the script was written (`bundle/lines.ts`). */
  readonly places?: Uint8Array;
}

export type RunResult = SpawnSyncReturns<string>;

export interface TestEngine {
  readonly source: EngineSource;
  readonly tool: string;
  readonly program: string;
  run(script: string, options?: RunOptions): RunResult;
}

/** The pinned engine; null, with a line on stderr, where it cannot be had. */
export function pinnedSource(): EngineSource | null {
  try {
    return findEngine({
      projectRoot: process.cwd(),
      engineFolder: () => madeFolder(path.join(folder, 'engine')),
      env: {},
    });
  } catch (error) {
    process.stderr.write(`SKIPPED, no engine: ${String(error)}\n`);
    return null;
  }
}

function madeFolder(name: string): string {
  mkdirSync(name, { recursive: true, mode: 0o700 });
  return name;
}

/** `extra` flags go to every file, `own` flags to our own: the sanitizers'. */
export function buildTestEngine(
  source: EngineSource,
  extra: readonly string[] = [],
  ownFlags: readonly string[] = [],
): TestEngine {
  const compiler = { ...findCompiler(), args: [...findCompiler().args, ...extra] };
  // The identity stands for the compiler in object names; arguments are not part of it.
  const own: Compiler = { ...compiler, identity: [compiler.identity, ...extra].join(' ') };
  const arch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const build = { compiler: own, objectFolder, quiet: true };
  const tool = buildBytecodeTool(source, madeFolder(folder), {
    ...build,
    compiler: findCompiler(),
  });
  const objects = [...glueObjects(source, own, ownFlags), ...buildEngine(source, arch, build)];
  const program = link(own, objects, ownFlags);
  return { source, tool, program, run: (script, options = {}) => run(tool, program, script, options) };
}

function glueObjects(source: EngineSource, compiler: Compiler, ownFlags: readonly string[]): readonly string[] {
  const flags = [...runtimeFlags(), '-fno-pie', '-Wall', '-Wextra', '-Werror', '-DTN_SYMBOL_PREFIX=test_', ...ownFlags];
  const glue = glueJobs(source, flags);
  const main: CompileJob = {
    name: 'engineMain',
    source: readFileSync(new URL('./engineMain.c', import.meta.url), 'utf8'),
    flags,
  };
  const runtime = runtimeFiles
    .filter(({ opensLibraries }) => !opensLibraries)
    .map(({ name }): CompileJob => ({ name, source: runtimeSource(name), flags }));
  const result = compileSync({
    title: 'the engine under test',
    compiler,
    jobs: [...glue.jobs, ...runtime, main],
    headers: { ...coreHeaders(), ...glue.headers },
    objectFolder,
    link: null,
    quiet: true,
  });
  if (!result.ok) throw new Error(`${result.message}\n${result.stderr ?? ''}`);
  return result.objects;
}

function link(compiler: Compiler, objects: readonly string[], flags: readonly string[]): string {
  const hash = createHash('sha256').update(objects.join()).digest('hex').slice(0, 16);
  const program = path.join(folder, `program-${hash}`);
  if (existsSync(program)) return program;
  const temporary = `${program}.tmp-${process.pid}`;
  const args = [...compiler.args, ...flags, '-no-pie', ...objects, '-lm', '-pthread', '-o', temporary];
  const linked = spawnSync(compiler.path, args, { encoding: 'utf8' });
  if (linked.status !== 0) throw new Error(linked.stderr);
  renameSync(temporary, program);
  return program;
}

function run(tool: string, program: string, script: string, options: RunOptions): RunResult {
  const work = mkdtempSync(path.join(os.tmpdir(), 'tn-engine-'));
  try {
    const bytecode = path.join(work, 'script');
    const lines = options.lines ?? options.places !== undefined;
    writeFileSync(bytecode, compileBytecode(tool, script, { name: 'app.js', lines }));
    if (options.places) writeFileSync(`${bytecode}.lines`, options.places);
    const args = [bytecode, ...(options.args ?? [])];
    const settings = {
      encoding: 'utf8',
      cwd: options.cwd ?? work,
      input: options.input ?? '',
      env: { PATH: process.env['PATH'], ...options.env },
      timeout: 100_000,
      maxBuffer: 1 << 26,
    } as const;
    if (options.shell === undefined) return spawnSync(program, args, settings);
    const line = options.shell.replaceAll('$ENGINE', [program, ...args].map((word) => `'${word}'`).join(' '));
    return spawnSync('sh', ['-c', line], settings);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
