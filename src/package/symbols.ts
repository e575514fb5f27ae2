/** @file Names of a package's symbols. */

import type { Isa } from '../compile/toolchain/index.ts';
import { codeLevel } from './lowered.ts';
import type { PackageModel } from './model.ts';

/** Starts the names of generated code at a level. */
export function levelPrefix({ prefix, precision }: Pick<PackageModel, 'prefix' | 'precision'>, isa: Isa): string {
  return `${prefix}${codeLevel(isa, precision)}_`;
}

/** The table that the generated code of a part exports. */
export function artifactSymbol(model: Pick<PackageModel, 'prefix' | 'precision'>, part: string, isa: Isa): string {
  return `${levelPrefix(model, isa)}${part}_artifact`;
}

/** A template's text (`pkg.h`, `example_main.c`) under the package's own names. */
export function underOwnNames({ prefix }: Pick<PackageModel, 'prefix'>, template: string): string {
  return template.replace(/\bpkg_/g, prefix).replace(/\bPKG_/g, prefix.toUpperCase());
}
