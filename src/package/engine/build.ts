/** @file Compiles the JavaScript engine: for the program that it goes into, and for this machine as the bytecode tool. */

import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import {
  alreadyBuilt,
  type BackgroundBuild,
  type BuildFailure,
  type BuildRequest,
  type CompileJob,
  type Compiler,
  compileInBackground,
  compileSync,
  runtimeFlags,
} from '../../compile/toolchain/index.ts';
import type { TargetArch } from '../../compile/toolchain/target.ts';
import { TnError } from '../../core/errors.ts';
import type { EngineSource } from './source.ts';

/** The glue between the engine and a program: `globalThis.__tn`. tn_app_main.c of the package core calls it. */
const glueFiles: readonly string[] = [
  'tn_engine_alloc.c',
  'tn_engine_arguments.c',
  'tn_engine_child.c',
  'tn_engine_errors.c',
  'tn_engine_files.c',
  'tn_engine_folders.c',
  'tn_engine_heap.c',
  'tn_engine_host.c',
  'tn_engine_loop.c',
  'tn_engine_memory.c',
  'tn_engine_native.c',
  'tn_engine_places.c',
  'tn_engine_process.c',
  'tn_engine_run.c',
  'tn_engine_spawn.c',
  'tn_engine_text.c',
];

/** One compiler run of quickjs.c takes half a minute on an idle core. */
const timeoutMs = 900_000;

/** Beside this file in a clone; an installed package keeps C under src and this file under dist/src. */
const folder = ((): URL => {
  const beside = new URL('./c/', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../../../src/package/engine/c/', import.meta.url);
})();

function glueSource(name: string): string {
  return readFileSync(new URL(name, folder), 'utf8');
}

/** What the glue, and whoever calls it, includes beside the headers of the package core. */
export function engineHeaders(source: EngineSource): Readonly<Record<string, string>> {
  const own = ['tn_engine.h', 'tn_engine_child.h'];
  return { ...source.headers, ...Object.fromEntries(own.map((name) => [name, glueSource(name)])) };
}

/** Flags of C that goes into programs: code that nothing calls is left out when they are linked. */
function baseFlags(arch: TargetArch): string[] {
  const flags = runtimeFlags(arch).filter((flag) => flag !== '-fPIC' && flag !== '-fvisibility=hidden');
  return [...flags, '-fno-pie', '-ffunction-sections', '-fdata-sections'];
}

/**
 * Traces are written with a function that tn_engine_places.c has its own version of; the bytecode tool keeps the engine's.
 * In quickjs-ng it is an inline function of a header.
 */
const replaceable = '-Ddbuf_printf=__attribute__((weak)) dbuf_printf';
const replaceableInline = `#include "cutils.h"
__attribute__((weak)) int tn_engine_trace(DynBuf *out, const char *format, ...);
#define dbuf_printf(...) (tn_engine_trace ? tn_engine_trace(__VA_ARGS__) : dbuf_printf(__VA_ARGS__))
`;

/** The engine itself, which is the same whatever it is linked into; its warnings are its authors'. */
function sourceJobs(source: EngineSource, arch: TargetArch): CompileJob[] {
  const defines = source.defines.map((define) => `-D${define}`);
  const flags = [...baseFlags(arch), '-fwrapv', '-w', ...defines];
  return source.files.map(({ name, text }) => ({
    name: `engine_${name.slice(0, -2)}`,
    source: source.name === 'quickjs-ng' ? text.replace(/^#include "cutils.h"\n/m, replaceableInline) : text,
    flags: name === 'cutils.c' ? [...flags, replaceable] : flags,
  }));
}

/** Jobs, and the headers that they need beside those of the package core (`coreHeaders()`). */
export interface EngineJobs {
  readonly jobs: readonly CompileJob[];
  readonly headers: Readonly<Record<string, string>>;
}

/** The glue; `flags` carry the prefixes of the package's symbols (`coreFlags`). */
export function glueJobs(source: EngineSource, flags: readonly string[]): EngineJobs {
  const jobs = glueFiles.map((file) => ({ name: file.replace(/^tn_|\.c$/g, ''), source: glueSource(file), flags }));
  return { jobs, headers: engineHeaders(source) };
}

export interface EngineBuild {
  /** One that links static programs: of the target for the engine, of this machine for the tool. */
  readonly compiler: Compiler;
  /** The cache's folder of objects. */
  readonly objectFolder: string;
  readonly quiet?: boolean;
}

/**
 * Begins to compile the engine beside what the caller does meanwhile (its largest file keeps one core busy for half a
 * minute). `buildEngine` finds what is done; it reports what went wrong, too.
 */
export function startEngine(source: EngineSource, arch: TargetArch, build: EngineBuild): BackgroundBuild | null {
  const request = requestOf(`${source.name} ${source.version}`, build, sourceJobs(source, arch), source.headers);
  return alreadyBuilt(request) ? null : compileInBackground({ ...request, parallel: 1 });
}

/** Objects of the engine itself for a target; half a minute the first time. @throws TnError with the compiler's words */
export function buildEngine(source: EngineSource, arch: TargetArch, build: EngineBuild): readonly string[] {
  // Without the glue: its headers change more often than an engine, which is not compiled anew for them.
  return objectsOf(`${source.name} ${source.version}`, build, sourceJobs(source, arch), source.headers);
}

/**
 * The tool that turns programs into bytecode, for this machine: of the same engine, whose bytecode is the same on every
 * 64-bit little-endian machine. It is kept in `folder`. @throws TnError with the compiler's words
 */
export function buildBytecodeTool(source: EngineSource, folder: string, build: EngineBuild): string {
  const arch: TargetArch = process.arch === 'arm64' ? 'arm64' : 'x64';
  const title = 'the bytecode compiler';
  const main = { name: 'tn_bytecode', source: glueSource('tn_bytecode_main.c'), flags: baseFlags(arch) };
  const objects = [...objectsOf(title, build, [main], engineHeaders(source)), ...buildEngine(source, arch, build)];
  // Names of objects are hashes of all that went into them.
  const names = objects.map((object) => path.basename(object));
  const hash = createHash('sha256').update(names.join()).digest('hex').slice(0, 16);
  const tool = path.join(folder, `tn_bytecode-${hash}`);
  if (existsSync(tool)) return tool;
  const temporary = `${tool}.tmp-${process.pid}-${randomBytes(6).toString('hex')}`;
  try {
    linkTool(title, build.compiler, objects, temporary);
    renameSync(temporary, tool);
  } finally {
    rmSync(temporary, { force: true });
  }
  return tool;
}

function linkTool(title: string, compiler: Compiler, objects: readonly string[], path: string): void {
  const args = [...compiler.args, '-static', '-no-pie', ...objects, '-Wl,--gc-sections', '-lm', '-pthread', '-o', path];
  const run = spawnSync(compiler.path, args, { encoding: 'utf8', timeout: timeoutMs });
  if (run.status === 0) return;
  const message = run.error?.message ?? `the linker failed (${run.status ?? run.signal})`;
  throw buildError(title, { ok: false, kind: 'link', message, stderr: run.stderr });
}

function requestOf(
  title: string,
  build: EngineBuild,
  jobs: readonly CompileJob[],
  headers: Readonly<Record<string, string>>,
): BuildRequest {
  return { title, ...build, jobs, headers, link: null, timeout: timeoutMs };
}

function objectsOf(
  title: string,
  build: EngineBuild,
  jobs: readonly CompileJob[],
  headers: Readonly<Record<string, string>>,
): readonly string[] {
  const result = compileSync(requestOf(title, build, jobs, headers));
  if (!result.ok) throw buildError(title, result);
  return result.objects;
}

function buildError(title: string, failure: BuildFailure): TnError {
  return new TnError({
    what: `${title} could not be compiled`,
    found: [failure.message, ...(failure.stderr?.split('\n').slice(0, 8) ?? [])],
    fix: 'name other sources with --engine, or another compiler in TN_CC',
  });
}
