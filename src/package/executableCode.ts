/** @file The hand-written C that goes into executables of parts and of whole programs alike. */

import type { CompileJob } from '../compile/toolchain/index.ts';
import { boundOf } from '../dispatch/compare.ts';
import { coreFlags } from './code.ts';
import { coreSource } from './coreSources.ts';
import type { PackageModel } from './model.ts';

/** What every executable starts with: itself, its description. */
export const selfFiles: readonly string[] = ['tn_self.c', 'tn_self_describe.c', 'tn_self_inspect.c', 'tn_self_json.c'];

export const selfHeaders: readonly string[] = [
  'tn_self.h',
  'tn_self_describe.h',
  'tn_self_inspect.h',
  'tn_self_json.h',
];

/** Compile jobs of hand-written C that goes into executables of this package. */
export function ownJobs(model: PackageModel, files: readonly string[]): CompileJob[] {
  // Small before fast: what takes time is in the runtime and the kernels.
  const flags = [...coreFlags(model).map((flag) => (flag === '-O2' ? '-Os' : flag)), '-fno-asynchronous-unwind-tables'];
  const { precision } = model;
  // Reduced precisions have one bound for all floating types (tn_exe_compare.c).
  if (precision !== 'float32') flags.push(`-DTN_EXE_BOUND=${boundOf('float32', { precision })}`);
  return files.map((file) => ({
    name: `${model.prefix}${file.replace(/^tn_/, '').replace(/\.c$/, '')}`,
    source: coreSource(file),
    flags,
  }));
}

/** C files by name, as headers of a compile job. */
export function texts(files: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(files.map((file) => [file, coreSource(file)]));
}
