/**
 * @file Compiles a package: every part at every level, the runtime, the package core and the generated tables, all under
 * the package's prefix. Objects are cached by content; a kernel that several parts use is compiled and linked once.
 */

import type { Store } from '../../cache/index.ts';
import { programFile } from '../compile/compile.ts';
import {
  type BuildFailure,
  type BuildRequest,
  type CompileJob,
  type Compiler,
  compileSync,
  kernelFlags,
  programFlags,
  runtimeFlags,
} from '../compile/toolchain/index.ts';
import { TnError } from '../core/errors.ts';
import { CacheFailure } from '../dispatch/cacheFailure.ts';
import { artifactHeaders, runtimeFiles, runtimeSource } from '../runtime/sources.ts';
import { coreFiles, coreHeaders, coreSource } from './coreSources.ts';
import { codeLevel } from './lowered.ts';
import type { PackageModel } from './model.ts';
import type { Progress } from './progress.ts';
import { artifactSymbol, levelPrefix } from './symbols.ts';
import { packageTables } from './tables.ts';

/** One object file of a package; names are unique in it and sorted. */
export interface CodeObject {
  readonly name: string;
  readonly path: string;
}

export interface PackageCode {
  readonly objects: readonly CodeObject[];
  /** Compiler runs that were needed. */
  readonly compiled: number;
}

/** What a form compiles beside the package itself. Its sources see the core's headers. */
export interface ExtraCode {
  readonly jobs: readonly CompileJob[];
  readonly headers?: Readonly<Record<string, string>>;
}

export interface CodeRequest {
  readonly store: Store;
  readonly model: PackageModel;
  readonly compiler: Compiler;
  readonly progress: Progress;
  readonly extra?: ExtraCode;
}

/** Flags of hand-written C in a package of this prefix: the core, executables' mains, the engine's glue. */
export function coreFlags(model: Pick<PackageModel, 'prefix' | 'target'>): string[] {
  const flags = runtimeFlags(model.target.arch).filter((flag) => flag !== '-fvisibility=hidden');
  return [...flags, '-ffunction-sections', '-fdata-sections', ...prefixes(model.prefix)];
}

function prefixes(prefix: string): string[] {
  return [`-DTN_PACKAGE_PREFIX=${prefix}`, `-DTN_SYMBOL_PREFIX=${prefix}rt_`];
}

/** Compiles what is not in the cache yet. @throws TnError with the compiler's words. */
export function compilePackage(request: CodeRequest): PackageCode {
  const { model, progress } = request;
  progress.step(`compiling the code for ${model.levels.join(', ')}`);
  const kernels = build(request, kernelJobs(model, request.compiler), artifactHeaders());
  progress.step('compiling the runtime');
  const extra = request.extra ?? { jobs: [] };
  const core = build(request, coreJobs(model), coreHeaders());
  // Apart from the core, whose objects do not depend on what a form adds.
  const added = build(request, extra.jobs, { ...coreHeaders(), ...extra.headers });
  const objects = [...kernels.objects, ...core.objects, ...added.objects].sort((a, b) => (a.name < b.name ? -1 : 1));
  return { objects, compiled: kernels.compiled + core.compiled + added.compiled };
}

/** A program for each part and level; each kernel of a level once, whichever parts use it. */
function kernelJobs(model: PackageModel, compiler: Compiler): CompileJob[] {
  const jobs = new Map<string, CompileJob>();
  const { precision } = model;
  for (const isa of new Set(model.levels.map((level) => codeLevel(level, precision)))) {
    const symbols = `-DTN_SYMBOL_PREFIX=${levelPrefix(model, isa)}`;
    const flags = [...kernelFlags(isa, compiler.family, model.target.arch), symbols];
    const flagsOfProgram = [...programFlags(isa, compiler.family, model.target.arch), symbols];
    for (const part of model.parts) {
      const { files } = [...part.code].find(([level]) => codeLevel(level, precision) === isa)![1];
      for (const { name, source } of files) {
        if (name === programFile) {
          const table = `-DTN_ARTIFACT_NAME=${artifactSymbol(model, part.name, isa)}`;
          add({ name: `${model.prefix}${isa}_${part.name}`, source, flags: [...flagsOfProgram, table] });
        } else {
          // A kernel's name holds a hash of what it does: the comment says which part's line it was first seen at.
          add({ name: `${model.prefix}${isa}_${name.replace(/\.c$/, '')}`, source: withoutComments(source), flags });
        }
      }
    }
  }
  return [...jobs.values()];

  function add(job: CompileJob): void {
    if (!jobs.has(job.name)) jobs.set(job.name, job);
  }
}

/** Objects depend on what a kernel does, not on the lines that it comes from. */
function withoutComments(source: string): string {
  return source.replace(/\/\*.*?\*\//gs, '');
}

function coreJobs(model: PackageModel): CompileJob[] {
  const flags = coreFlags(model);
  const runtime = runtimeFiles
    .filter(({ opensLibraries }) => !opensLibraries)
    .map(({ name }) => ({ name, text: runtimeSource(name) }));
  const core = coreFiles.map((name) => ({ name, text: coreSource(name) }));
  const named = [...runtime, ...core].map(({ name, text }) => ({ name: name.replace(/^tn_/, 'rt_'), text }));
  const all = [...named, { name: 'tables.c', text: packageTables(model) }];
  return all.map(({ name, text }) => ({ name: `${model.prefix}${name.replace(/\.c$/, '')}`, source: text, flags }));
}

function build(
  { store, model, compiler }: CodeRequest,
  jobs: readonly CompileJob[],
  headers: Readonly<Record<string, string>>,
): { readonly objects: CodeObject[]; readonly compiled: number } {
  if (jobs.length === 0) return { objects: [], compiled: 0 };
  const folder = store.ownFolder('objects');
  if (!folder.ok) throw new CacheFailure(folder.problem);
  const request: BuildRequest = {
    title: model.name,
    compiler,
    jobs,
    headers,
    objectFolder: folder.value,
    link: null,
  };
  const built = compileSync(request);
  if (!built.ok) throw buildError(model, built);
  const objects = jobs.map(({ name }, i) => ({ name: `${name}.o`, path: built.objects[i] }));
  return { objects, compiled: built.compiled };
}

function buildError(model: PackageModel, failure: BuildFailure): TnError {
  if (failure.kind === 'interrupted') return new TnError('packaging was interrupted; nothing was changed');
  const said = (failure.stderr ?? '').split('\n').find((line) => /error/i.test(line));
  return new TnError({
    what: `the code of ${model.name} could not be compiled: ${failure.message}`,
    found: said ? [said.trim()] : [],
    fix: '`tn doctor` says what is wrong with the compiler; if it is fine, please report this',
  });
}
