/** @file Throwaway projects for the transformer's tests: files in a temporary folder, run by a real Node. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const installed = join(repository, 'node_modules');

export interface Project {
  readonly root: string;
  /** Where its programs keep results. */
  readonly cache: string;
  /** Absolute path of a file. */
  path(name: string): string;
  write(name: string, content: string): string;
  /** Runs Node in the project. Never throws for a failing program. */
  node(...args: string[]): { stdout: string; stderr: string; status: number | null };
  remove(): void;
}

/** Makes a project that has a stand-in `torchnative` (and, for its hooks, their dependencies) installed. */
export function createProject(files: Readonly<Record<string, string>>): Project {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'tn-transformer-')));
  const path = (name: string): string => join(root, name);
  const write = (name: string, content: string): string => {
    mkdirSync(dirname(path(name)), { recursive: true });
    writeFileSync(path(name), content);
    return path(name);
  };
  const modules = path('node_modules');
  mkdirSync(modules);
  for (const name of ['oxc-parser', '@oxc-parser', 'esbuild', 'tsx', '@jridgewell']) {
    symlinkSync(join(installed, name), join(modules, name));
  }
  cpSync(fileURLToPath(new URL('./fixtures/torchnative', import.meta.url)), join(modules, 'torchnative'), {
    recursive: true,
  });
  write('package.json', JSON.stringify({ name: 'fixture', version: '1.0.0', type: 'module' }));
  for (const [name, content] of Object.entries(files)) write(name, content);
  const cache = path('.cache');
  return {
    root,
    cache,
    path,
    write,
    node(...args) {
      const { NODE_OPTIONS: _, ...inherited } = process.env;
      const env = { ...inherited, TN_CACHE_DIR: cache };
      const { stdout, stderr, status } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8', env });
      return { stdout, stderr, status };
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** The `--import` arguments of the hook as a clone has it: TypeScript, with tsx before it. */
export const registerFromSource: readonly string[] = [
  '--import',
  'tsx',
  '--import',
  pathToFileURL(join(repository, 'transformers/register.ts')).href,
];

/** Builds the hook as an installed package has it: JavaScript. Returns the URL to `--import`. */
export async function buildRegister(project: Project): Promise<string> {
  const outdir = project.path('node_modules/torchnative/dist/transformers');
  await build({
    entryPoints: ['register', 'hooks'].map((name) => join(repository, `transformers/${name}.ts`)),
    outdir,
    bundle: true,
    splitting: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    target: 'node20',
    logLevel: 'error',
  });
  return pathToFileURL(join(outdir, 'register.js')).href;
}
