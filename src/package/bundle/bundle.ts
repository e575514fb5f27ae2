/** @file A program as one script: its TypeScript, the packages it imports, and this package's part inside executables. */

import { createHash } from 'node:crypto';
import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { build, type Message, type Metafile } from 'esbuild';
import { isOwnFile } from '../../../transformers/ownPackage.ts';
import { packageRootOf } from '../../../transformers/resolve.ts';
import { WrongRequest } from '../refusal.ts';
import { type BundledPackage, licencesOf } from './licences.ts';
import { layOut } from './lines.ts';
import { readNodeModules } from './nodeModules.ts';
import { pathInApp } from './places.ts';
import { assetFile, entryName, type Findings, packagedPlugin } from './plugin.ts';
import { problemError, problemOf } from './problems.ts';
import { engineFeatures, engineTarget } from './target.ts';

export interface BundleRequest {
  /** The program's first file. */
  readonly entry: string;
  /** The folder of its package.json; default: the nearest above the entry. */
  readonly projectRoot?: string;
}

/** Files that go into the package. */
export interface BundledAsset {
  /** Its path in the program, and in the project. */
  readonly name: string;
  /** Absolute path on this machine. */
  readonly folder: string;
  /** `folder` is one file. */
  readonly file: boolean;
}

/** A part that the program may run. */
export interface BundledPart {
  readonly name: string;
  /** The file that names it, absolute. */
  readonly file: string;
  readonly line: number;
}

export interface Bundle {
  /** One ES module that imports and exports nothing, with no path of this machine in it. */
  readonly code: string;
  /** Where each line of the code was written, for the executable (`lines.ts`). */
  readonly lines: Uint8Array;
  /** The names given to `compileCache`, sorted. */
  readonly parts: readonly string[];
  readonly partCalls: readonly BundledPart[];
  readonly assets: readonly BundledAsset[];
  /** The files that it was made of, by their names in the program, with the sha256 of each. */
  readonly inputs: readonly { readonly file: string; readonly sha256: string }[];
  readonly licences: readonly BundledPackage[];
}

/**
 * Bundles a program.
 *
 * @throws WrongRequest with file, line and column for what cannot work in a packaged program
 */
export async function bundleApp({ entry, projectRoot }: BundleRequest): Promise<Bundle> {
  const file = existingFile(entry);
  const root = realpathSync(projectRoot ?? packageRootOf(file));
  const modules = await readNodeModules();
  const findings: Findings = { parts: [], assets: [], problems: [], maps: new Map() };
  const result = await build({
    absWorkingDir: root,
    entryPoints: [entryName],
    plugins: [packagedPlugin(file, root, modules, findings)],
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'app.js',
    sourcemap: 'external',
    sourcesContent: false,
    // A module, not a function: the engine finds what a module's functions share at once, a function's by searching.
    format: 'esm',
    platform: 'neutral',
    // As Node resolves, so that the program is the one that was run there.
    conditions: ['node'],
    mainFields: ['main', 'module'],
    target: engineTarget,
    supported: { ...engineFeatures, 'import-meta': false },
    // Of this package's own files; every other file has got its own.
    define: { 'import.meta.url': '"file:///torchnative/src/core/bundled.js"' },
    minifyWhitespace: true,
    minifySyntax: true,
    charset: 'utf8',
    legalComments: 'none',
    logLevel: 'silent',
    logOverride: {
      'unsupported-dynamic-import': 'error',
      'unsupported-require-call': 'error',
      'indirect-require': 'error',
      'empty-import-meta': 'error',
    },
  }).catch((error: { errors?: readonly Message[] }) => {
    if (!error.errors) throw error;
    return { failed: error.errors };
  });
  const failed = 'failed' in result ? result.failed : [];
  for (const message of failed) {
    const problem = problemOf(message, root, findings.maps, modules);
    if (!problem) throw new WrongRequest({ what: `${entry} cannot be bundled`, found: [message.text] });
    findings.problems.push(problem);
  }
  const assets = findAssets(findings, root);
  checkParts(findings);
  if (findings.problems.length > 0) throw problemError(findings.problems, root);
  if ('failed' in result) throw new WrongRequest(`${entry} cannot be bundled`);

  const files = inputFiles(result.metafile, root);
  const output = (name: string): string => result.outputFiles.find(({ path }) => path.endsWith(name))?.text ?? '';
  return {
    ...layOut(output('.js'), output('.map'), root, findings.maps),
    parts: [...new Set(findings.parts.map(({ name }) => name ?? ''))].sort(),
    partCalls: findings.parts.map(({ name, file: place, line }) => ({ name: name ?? '', file: place, line })),
    assets,
    inputs: files
      .filter((input) => !isOwnFile(input))
      .map((input) => ({ file: pathInApp(input, root), sha256: sha256(readFileSync(input)) }))
      .sort((a, b) => (a.file < b.file ? -1 : 1)),
    licences: licencesOf(files.filter((input) => input.includes(`${sep}node_modules${sep}`) && !isOwnFile(input))),
  };
}

function existingFile(entry: string): string {
  const path = resolve(entry);
  if (!existsSync(path)) throw new WrongRequest({ what: `${entry} does not exist`, fix: 'check the path' });
  if (!statSync(path).isFile())
    throw new WrongRequest({ what: `${entry} is a folder`, fix: "name the program's first file" });
  return realpathSync(path);
}

/** The folders and files that asset calls mean, each once; what is not there is a problem at the call. */
function findAssets({ assets, problems }: Findings, root: string): BundledAsset[] {
  const found = new Map<string, BundledAsset>();
  for (const { path, file, line, column } of assets) {
    const place = assetFile(path, file);
    const stat = statSync(place, { throwIfNoEntry: false });
    if (!stat) {
      const fix = 'an asset is named relative to the file that calls asset()';
      problems.push({ file, line, column, what: `the asset ${path} does not exist`, fix });
      continue;
    }
    const name = pathInApp(place, root).replace(/\/$/, '');
    found.set(name, { name, folder: place, file: stat.isFile() });
  }
  return [...found.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function checkParts({ parts, problems }: Findings): void {
  for (const { name, file, line, column } of parts) {
    if (name !== null) continue;
    const what = 'the name that compileCache is given is not a literal, so packaging cannot tell which part it is';
    problems.push({ file, line, column, what, fix: "write it as compileCache('name', …)" });
  }
}

function inputFiles({ inputs }: Metafile, root: string): string[] {
  return Object.keys(inputs)
    .filter((path) => !/^tn-\w+:/.test(path))
    .map((path) => join(root, path));
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
