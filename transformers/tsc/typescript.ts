/** @file The TypeScript that compiles a project: the project's own where it has a compiler API, else the bundled one. */

import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Project, ts } from 'ts-morph';

/** TypeScript's compiler API, whoever brings it. */
export type Typescript = typeof ts;

/** A compiler, and how it reaches files. */
export interface Compiler {
  readonly ts: Typescript;
  createHost(options: ts.CompilerOptions): ts.CompilerHost;
}

/** The oldest that can emit without checking once more. */
const oldest = 5.5;

/** Loads it for the project in `folder`. TypeScript 7 has no compiler API: there the bundled one compiles. */
export async function compilerFor(folder: string): Promise<Compiler> {
  try {
    const own = createRequire(join(folder, 'package.json'))('typescript') as Partial<Typescript>;
    if (typeof own.createProgram === 'function' && Number.parseFloat(own.version ?? '0') >= oldest) {
      const ts = own as Typescript;
      return { ts, createHost: (options) => ts.createCompilerHost(options) };
    }
  } catch {
    // The project has none.
  }
  const bundled = await import('ts-morph');
  return { ts: bundled.ts, createHost: (options) => bundledHost(bundled.ts, bundled.Project, options) };
}

/** Where the bundled compiler's own declarations are: in memory. */
const library = '/node_modules/typescript/lib';

function bundledHost(ts: Typescript, Memory: typeof Project, options: ts.CompilerOptions): ts.CompilerHost {
  const memory = new Memory({ useInMemoryFileSystem: true }).getModuleResolutionHost();
  const disk = ts.createCompilerHost(options);
  const hostOf = (path: string): ts.ModuleResolutionHost => (path.startsWith(`${library}/`) ? memory : disk);
  return {
    ...disk,
    getDefaultLibLocation: () => library,
    getDefaultLibFileName: (all) => `${library}/${ts.getDefaultLibFileName(all)}`,
    fileExists: (path) => hostOf(path).fileExists(path),
    readFile: (path) => hostOf(path).readFile(path),
    getSourceFile(path, version, ...rest) {
      if (hostOf(path) === disk) return disk.getSourceFile(path, version, ...rest);
      return ts.createSourceFile(path, memory.readFile(path) ?? '', version);
    },
  };
}
