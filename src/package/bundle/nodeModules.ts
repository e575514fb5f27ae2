/** @file Which of Node's modules a packaged program has, and what they export: the files of `src/app/node`. */

import { existsSync, readdirSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { basename, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** This package's `src/app`: TypeScript in a clone, JavaScript once built. */
const extension = extname(fileURLToPath(import.meta.url));
export const appFolder: string = fileURLToPath(new URL('../../app', import.meta.url));

/** A file of `src/app`, named without extension. */
export function appFile(name: string): string {
  return join(appFolder, `${name}${extension}`);
}

/** File names in `src/app/node` → the modules they stand for. */
const moduleOfFile: Readonly<Record<string, readonly string[]>> = {
  childProcess: ['child_process'],
  fsPromises: ['fs/promises'],
  path: ['path', 'path/posix'],
  perfHooks: ['perf_hooks'],
  readlinePromises: ['readline/promises'],
  timersPromises: ['timers/promises'],
};

export interface NodeModules {
  /** The file behind `node:fs` or `fs`; null: a packaged program has no such module, or it is none of Node's. */
  fileOf(specifier: string): string | null;
  /** Its exports; null as above. */
  namesOf(specifier: string): ReadonlySet<string> | null;
  /** Whether its default export is an object of its own (`process`, a class), not its exports together. */
  hasDefault(specifier: string): boolean;
  /** The modules there are, `node:fs` and so on, sorted. */
  readonly all: readonly string[];
}

/** Whether an import means a module of Node's. */
export function isNodeModule(specifier: string): boolean {
  return specifier.startsWith('node:') || isBuiltin(specifier);
}

/** Looks the shims up, and asks esbuild what each exports. */
export async function readNodeModules(): Promise<NodeModules> {
  const folder = join(appFolder, 'node');
  const files = new Map<string, string>();
  for (const item of existsSync(folder) ? readdirSync(folder) : []) {
    const name = basename(item, extension);
    if (extname(item) !== extension || item.endsWith('.d.ts') || name.startsWith('_')) continue;
    for (const module of moduleOfFile[name] ?? [name]) files.set(module, join(folder, item));
  }
  const names = await exportsOf([...new Set(files.values())]);
  const fileOf = (specifier: string): string | null =>
    isNodeModule(specifier) ? (files.get(specifier.replace(/^node:/, '')) ?? null) : null;
  return {
    fileOf,
    namesOf: (specifier) => names.get(fileOf(specifier) ?? '')?.names ?? null,
    hasDefault: (specifier) => names.get(fileOf(specifier) ?? '')?.hasDefault ?? false,
    all: [...files.keys()].map((name) => `node:${name}`).sort(),
  };
}

interface Exports {
  readonly names: ReadonlySet<string>;
  readonly hasDefault: boolean;
}

/** In `src/app/node` nothing is exported as `default`: this name stands for it. */
const defaultName = 'defaultExport';

async function exportsOf(files: readonly string[]): Promise<Map<string, Exports>> {
  const { metafile } = await build({
    entryPoints: [...files],
    outdir: appFolder,
    absWorkingDir: appFolder,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'neutral',
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  const found = new Map<string, Exports>();
  for (const { entryPoint, exports } of Object.values(metafile.outputs)) {
    if (entryPoint === undefined) continue;
    const names = new Set(exports.filter((name) => name !== defaultName));
    found.set(join(appFolder, entryPoint), { names, hasDefault: exports.includes(defaultName) });
  }
  return found;
}
