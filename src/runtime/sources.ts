/** @file The C runtime's sources, and how they become the one library that every process loads. */

import { existsSync, readFileSync } from 'node:fs';
import {
  type BuildRequest,
  type BuildResult,
  type Compiler,
  compileSync,
  runtimeFlags,
  runtimeLinkFlags,
} from '../compile/toolchain/index.ts';

/** The header that generated code includes as `"tn_runtime.h"`. */
export const runtimeHeaderName = 'tn_runtime.h';

const internalHeaderName = 'tn_internal.h';

/** Files of the runtime; `opensLibraries` ones stay out of packages, where artifacts are linked in. */
export const runtimeFiles: readonly { readonly name: string; readonly opensLibraries?: true }[] = [
  { name: 'tn_artifact.c' },
  { name: 'tn_call.c' },
  { name: 'tn_context.c' },
  { name: 'tn_cpu.c' },
  { name: 'tn_hash.c' },
  { name: 'tn_map.c' },
  { name: 'tn_open.c', opensLibraries: true },
  { name: 'tn_pack.c' },
  { name: 'tn_pool.c' },
  { name: 'tn_wait.c' },
];

/** Beside this file in a clone; an installed package keeps C under src and this file under dist/src. */
function sourceFolder(): URL {
  const beside = new URL('./c/', import.meta.url);
  return existsSync(beside) ? beside : new URL('../../../src/runtime/c/', import.meta.url);
}

const texts = new Map<string, string>();

/** The text of one file of the runtime. */
export function runtimeSource(name: string): string {
  let text = texts.get(name);
  if (text === undefined) {
    text = readFileSync(new URL(name, sourceFolder()), 'utf8');
    texts.set(name, text);
  }
  return text;
}

/** What a request to build an artifact passes as `headers`. */
export function artifactHeaders(): Readonly<Record<string, string>> {
  return { [runtimeHeaderName]: runtimeSource(runtimeHeaderName) };
}

export interface RuntimeFolders {
  /** Compiled objects, by content. */
  readonly objectFolder: string;
  /** Where the library goes: `<folder>/tn_runtime-<hash>.so`. */
  readonly folder: string;
}

export function runtimeBuildRequest(compiler: Compiler, folders: RuntimeFolders): BuildRequest {
  return {
    title: 'the runtime',
    compiler,
    jobs: runtimeFiles.map(({ name }) => ({ name, source: runtimeSource(name), flags: runtimeFlags() })),
    headers: { ...artifactHeaders(), [internalHeaderName]: runtimeSource(internalHeaderName) },
    objectFolder: folders.objectFolder,
    link: { folder: folders.folder, prefix: 'tn_runtime', flags: runtimeLinkFlags() },
    quiet: true,
  };
}

/** Builds the runtime library unless it is there already; never throws. */
export function buildRuntime(compiler: Compiler, folders: RuntimeFolders): BuildResult {
  return compileSync(runtimeBuildRequest(compiler, folders));
}
