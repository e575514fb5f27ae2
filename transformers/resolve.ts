/** @file What an import specifier may lead to: project files to follow, or a package by name and version. */

import { isBuiltin } from 'node:module';
import { dirname, extname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { contentHash, exists, isFile, readText, realPath } from './observed.ts';
import { isOwnFile, ownVersion, packageName } from './ownPackage.ts';
import { aliasedPaths } from './tsconfigPaths.ts';

/** Where a specifier leads. Several files when it cannot be told which of them a tool would take: too many is safe. */
export type Target =
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  | { readonly kind: 'package'; readonly name: string; readonly version: string };

interface PackageJson {
  readonly name?: unknown;
  readonly version?: unknown;
  readonly main?: unknown;
  readonly exports?: unknown;
  readonly imports?: unknown;
}

const packageJsons = new Map<string, { readonly hash: string; readonly content: PackageJson }>();

function readPackageJson(folder: string): PackageJson | null {
  const path = join(folder, 'package.json');
  const hash = contentHash(path);
  if (hash === '') return null;
  const known = packageJsons.get(path);
  if (known?.hash === hash) return known.content;
  let content: PackageJson = {};
  try {
    const parsed: unknown = JSON.parse(readText(path) ?? '');
    if (typeof parsed === 'object' && parsed !== null) content = parsed;
  } catch {
    // A broken package.json names nothing.
  }
  packageJsons.set(path, { hash, content });
  return content;
}

/** The folder of the nearest package.json above a file, or the file's own folder when there is none. */
export function packageRootOf(file: string): string {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    if (exists(join(folder, 'package.json'))) return folder;
    if (dirname(folder) === folder) return dirname(file);
  }
}

/** TypeScript writes the extension that its output will have: the sources that a written one may stand for. */
const sourcesOf: Readonly<Record<string, readonly string[]>> = {
  '.js': ['.ts', '.tsx', '.js', '.jsx', '.d.ts'],
  '.jsx': ['.tsx', '.jsx'],
  '.mjs': ['.mts', '.mjs', '.d.mts'],
  '.cjs': ['.cts', '.cjs', '.d.cts'],
};
const tried = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json', '.d.ts'];

/** The files that a path in an import may mean; the path itself when none exists. */
export function candidateFiles(path: string): string[] {
  const extension = extname(path);
  const sources = sourcesOf[extension];
  if (sources) {
    const stem = path.slice(0, -extension.length);
    const found = sources.map((source) => stem + source).filter(isFile);
    if (found.length > 0) return found;
  }
  if (isFile(path)) return [path];
  const extended = tried.map((suffix) => path + suffix).filter(isFile);
  if (extended.length > 0) return extended;
  const indexes = tried.map((suffix) => join(path, `index${suffix}`)).filter(isFile);
  return indexes.length > 0 ? indexes : [path];
}

/** Every path that a conditional target of `exports` or `imports` may give. */
function leaves(target: unknown): string[] {
  if (typeof target === 'string') return [target];
  if (typeof target !== 'object' || target === null) return [];
  return Object.values(target).flatMap(leaves);
}

/** The targets of a key in an `exports` or `imports` map, patterns with `*` included. */
function mapped(map: unknown, key: string): string[] {
  if (typeof map === 'string' || Array.isArray(map)) return key === '.' ? leaves(map) : [];
  if (typeof map !== 'object' || map === null) return [];
  const entries = Object.entries(map);
  if (key === '.' && !entries.some(([name]) => name.startsWith('.'))) return leaves(map);
  return entries.flatMap(([name, target]) => {
    if (name === key) return leaves(target);
    const star = name.indexOf('*');
    if (star < 0) return [];
    const [before, after] = [name.slice(0, star), name.slice(star + 1)];
    if (!key.startsWith(before) || !key.endsWith(after) || key.length < name.length - 1) return [];
    const middle = key.slice(before.length, key.length - after.length);
    return leaves(target).map((path) => path.replaceAll('*', middle));
  });
}

/** The files that `subpath` (`.` or `./x`) of the package in `folder` may mean. */
function packageFiles(folder: string, content: PackageJson, subpath: string): string[] {
  if (content.exports !== undefined) {
    return mapped(content.exports, subpath).flatMap((path) => candidateFiles(join(folder, path)));
  }
  const path = subpath === '.' ? (typeof content.main === 'string' ? content.main : 'index.js') : subpath;
  return candidateFiles(join(folder, path));
}

/** The files that aliases of the project's tsconfig lead to; null when the specifier is none. */
function resolveAlias(specifier: string, importer: string): Target | null {
  if (specifier === packageName || specifier.startsWith(`${packageName}/`)) return null;
  for (const path of aliasedPaths(specifier, importer)) {
    const paths = candidateFiles(path).filter((file) => isFile(file) && !file.includes(`${sep}node_modules${sep}`));
    if (paths.length > 0) return { kind: 'files', paths };
  }
  return null;
}

function resolvePackage(specifier: string, importer: string): Target {
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  const subpath = ['.', ...parts.slice(specifier.startsWith('@') ? 2 : 1)].join('/');
  if (name === packageName) return { kind: 'package', name, version: ownVersion };
  const files = (folder: string, content: PackageJson): Target | null => {
    const paths = packageFiles(folder, content, subpath);
    return paths.length > 0 ? { kind: 'files', paths } : null;
  };

  const root = packageRootOf(importer);
  const own = readPackageJson(root);
  if (own?.name === name && own.exports !== undefined) {
    const found = files(root, own);
    if (found) return found;
  }
  for (let folder = dirname(importer); ; folder = dirname(folder)) {
    const candidate = join(folder, 'node_modules', name);
    const content = readPackageJson(candidate);
    if (content) {
      // A link out of node_modules is a workspace: its files are edited like the project's own.
      const real = realPath(candidate);
      const linked = real.includes(`${sep}node_modules${sep}`) ? null : files(real, content);
      return linked ?? { kind: 'package', name, version: String(content.version ?? '') };
    }
    if (dirname(folder) === folder) return { kind: 'package', name, version: 'missing' };
  }
}

/** Finds what `specifier`, written in `importer` (an absolute path), leads to. */
export function resolveSpecifier(specifier: string, importer: string): Target {
  if (specifier.startsWith('node:') || isBuiltin(specifier)) {
    return { kind: 'package', name: specifier.startsWith('node:') ? specifier : `node:${specifier}`, version: '' };
  }
  const plain = specifier.replace(/[?#].*$/, '');
  let target: Target;
  if (specifier.startsWith('.') || specifier.startsWith('/')) {
    target = { kind: 'files', paths: candidateFiles(resolve(dirname(importer), plain)) };
  } else if (specifier.startsWith('file:')) {
    target = { kind: 'files', paths: candidateFiles(fileURLToPath(specifier)) };
  } else if (/^[a-z][a-z+.-]*:/i.test(specifier)) {
    target = { kind: 'package', name: specifier, version: '' };
  } else if (specifier.startsWith('#')) {
    const root = packageRootOf(importer);
    const targets = mapped(readPackageJson(root)?.imports, specifier);
    const outside = targets.find((path) => !path.startsWith('.'));
    if (outside !== undefined && targets.every((path) => !path.startsWith('.'))) {
      target = resolvePackage(outside, importer);
    } else {
      const inside = targets.filter((path) => path.startsWith('.'));
      target = { kind: 'files', paths: inside.flatMap((path) => candidateFiles(join(root, path))) };
    }
  } else {
    target = resolveAlias(plain, importer) ?? resolvePackage(plain, importer);
  }
  // The package's own sources are accounted for by whoever uses the key.
  if (target.kind === 'files' && target.paths.length > 0 && target.paths.every(isOwnFile)) {
    return { kind: 'package', name: packageName, version: ownVersion };
  }
  return target;
}
