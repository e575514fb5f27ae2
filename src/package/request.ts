/** @file What `tn cache package` hands to the makers of its forms, and what they give back. */

import type { Store } from '../../cache/index.ts';
import type { PackageTarget } from '../compile/toolchain/index.ts';
import type { EntryChoice } from './leaveOut.ts';
import type { PackageModel } from './model.ts';
import type { Progress } from './progress.ts';
import type { PartScope } from './select.ts';

export type WeightsPlace = 'embedded' | 'external';

/** What every form needs to know. */
export interface FormOptions {
  readonly store: Store;
  readonly target: PackageTarget;
  /** Absolute path of what is made: a folder, or a file for executables. */
  readonly output: string;
  readonly weights: WeightsPlace;
  readonly progress: Progress;
}

/** A library, an npm folder or an executable of chosen parts. */
export interface PackageRequest extends FormOptions {
  readonly model: PackageModel;
}

/** A whole program: which parts it needs is found in its sources. */
export interface AppRequest extends FormOptions, EntryChoice {
  /** Absolute path of the program's main file. */
  readonly entry: string;
  /** The records in reach, and the folder of the project. */
  readonly scope: PartScope;
  readonly projectRoot: string;
  /** `--name`, `--isa`, `--weights-of`, `--engine`, `--only`, `--without` as they were given. */
  readonly name?: string;
  readonly levels?: string;
  readonly weightsOf?: string;
  readonly engine?: string;
}

/** What was made, for people and `--json`. */
export interface PackageResult {
  /** As the request names it. */
  readonly output: string;
  readonly name: string;
  readonly parts: readonly string[];
  readonly levels: readonly string[];
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Bytes of the weights among them. */
  readonly weightBytes?: number;
  /** Further lines for people: which libc is inside, what its licence asks. */
  readonly notes?: readonly string[];
}

/** What a form made of a model; `made` is what only the form knows. */
export function resultOf(
  { name, parts, levels }: PackageModel,
  made: Pick<PackageResult, 'output' | 'files' | 'weightBytes' | 'notes'>,
): PackageResult {
  return { ...made, name, parts: parts.map((part) => part.name), levels };
}
