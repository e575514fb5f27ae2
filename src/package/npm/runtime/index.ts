/** @file What the generated `index.js` of an npm package stands on: one bundled file, `native.js`, beside it. */

import type { PackageDescription } from './description.ts';
import { Instance, type PartFunction } from './instance.ts';
import { loadLibrary } from './native.ts';

export interface Package {
  /** The default instance's functions, in the order of the parts. */
  readonly parts: readonly PartFunction[];
  newInstance(): Instance;
  /** Threads that a call may use, in the whole process. */
  setThreads(count: number): void;
  readonly version: string;
}

/** `base` is the URL of the file beside the library and the weights. */
export function openPackage(description: PackageDescription, base: string): Package {
  const library = loadLibrary(description, base);
  return {
    parts: new Instance(library, description).parts,
    newInstance: () => new Instance(library, description),
    setThreads: (count) => library.setThreads(count),
    version: library.version,
  };
}
