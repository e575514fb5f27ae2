/** @file The TypeScript that compiles a project: the project's own where it has a compiler API, else the bundled one. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { ts } from 'ts-morph';

/** TypeScript's compiler API, whoever brings it. */
export type Typescript = typeof ts;

/** The oldest that can emit without checking once more. */
const oldest = 5.5;

/** Loads it for the project in `folder`. TypeScript 7 has no compiler API: there the bundled one compiles. */
export async function typescriptFor(folder: string): Promise<Typescript> {
  try {
    const own = createRequire(join(folder, 'package.json'))('typescript') as Partial<Typescript>;
    if (typeof own.createProgram === 'function' && Number.parseFloat(own.version ?? '0') >= oldest) {
      return own as Typescript;
    }
  } catch {
    // The project has none.
  }
  return (await import('ts-morph')).ts;
}
