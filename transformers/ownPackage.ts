/** @file Which imports mean this package, and which files are the package itself. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A specifier that means the package (its subpaths are included), or a rule that says so. */
export type PackageSpecifier = string | ((specifier: string, importer: string) => boolean);

export const packageName = 'torchnative';

export const defaultSpecifiers: readonly PackageSpecifier[] = [packageName];

function findOwnRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
  return folder;
}

/** The folder of this package's package.json. */
export const ownRoot: string = findOwnRoot();

/** This package's version. */
export const ownVersion: string = String(
  (JSON.parse(readFileSync(join(ownRoot, 'package.json'), 'utf8')) as { version?: unknown }).version ?? '',
);

const ownFolders = ['src', 'cache', 'transformers', 'dist', 'bin'].map((name) => join(ownRoot, name) + sep);
const ownEntries = new Set(
  ['src/index.ts', 'src/index.js', 'dist/torchnative.js', 'dist/src/index.js', 'dist/src/index.ts'].map((path) =>
    join(ownRoot, path),
  ),
);

/** Whether a file is part of the package (its tests, which use it as anyone would, are not). */
export function isOwnFile(path: string): boolean {
  return (
    ownFolders.some((folder) => path.startsWith(folder)) && !path.slice(ownRoot.length).includes(`${sep}test${sep}`)
  );
}

/** Whether an import means the package: by its name, or by the path of its entry file. */
export function isPackageImport(
  specifier: string,
  importer: string,
  specifiers: readonly PackageSpecifier[] = [packageName],
): boolean {
  for (const accepted of specifiers) {
    if (typeof accepted === 'function' ? accepted(specifier, importer) : matchesName(specifier, accepted)) return true;
  }
  return specifier.startsWith('.') && ownEntries.has(resolve(dirname(importer), specifier));
}

function matchesName(specifier: string, name: string): boolean {
  return specifier === name || (specifier.startsWith(name) && specifier[name.length] === '/');
}

const importSpecifier = /\b(?:from|import)\s*\(?\s*(['"])([^'"\n]+)\1/g;

/** What a text seems to import, without parsing it. */
export function importedSpecifiers(code: string): Set<string> {
  return new Set([...code.matchAll(importSpecifier)].map((match) => match[2] ?? ''));
}

/**
 * Whether a text may import the package, without parsing it: true too often is harmless, false is certain.
 */
export function mayImportPackage(code: string, path: string, specifiers: readonly PackageSpecifier[]): boolean {
  const literal = specifiers.every((accepted) => typeof accepted === 'string' && !code.includes(accepted));
  if (literal && !code.includes('/index.')) return false;
  for (const match of code.matchAll(importSpecifier)) {
    if (isPackageImport(match[2] ?? '', path, specifiers)) return true;
  }
  return false;
}
