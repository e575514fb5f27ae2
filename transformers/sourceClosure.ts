/** @file The files that a file imports, directly or not: what is watched, and whose values are compared at run time. */

import { createHash } from 'node:crypto';
import { relative, sep } from 'node:path';
import type { FileFacts } from './meaning/facts.ts';
import { factsOfCode, factsOfFile, type GivenFile } from './meaning/fileFacts.ts';
import { isFile, realPath } from './observed.ts';
import { packageRootOf, resolveSpecifier, type Target } from './resolve.ts';

/** What a file depends on. No path of the machine is in `key`, `files` or `packages`. */
export interface SourceClosure {
  /** sha256 (hex) over the contents of all files, and over packages by version: it changes with any of them. */
  readonly key: string;
  /**
   * Project files: path relative to the package root of the file that was asked for, hash without comments and layout;
   * in the order in which imports are met, so that a file's place does not depend on where it lies.
   */
  readonly files: readonly (readonly [path: string, hash: string])[];
  /** Packages by name and version (`node:` modules with an empty version), sorted by name. */
  readonly packages: readonly (readonly [name: string, version: string])[];
  /** The project files again, as absolute paths: for tools that watch. */
  readonly paths: readonly string[];
  /** Specifiers that lead nowhere: changes behind them are not seen. */
  readonly unresolved: readonly string[];
}

function portable(path: string): string {
  return sep === '/' ? path : path.split(sep).join('/');
}

function byText(a: readonly [string, string], b: readonly [string, string]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0;
}

/**
 * Follows the imports of `file` (an absolute path) through the project. Type-only imports count too; cycles are
 * fine; a file that is not there counts as missing.
 *
 * @param given the file's own content when the caller has it (it need not be on disk then)
 */
export function sourceClosure(file: string, given?: GivenFile): SourceClosure {
  const start = realPath(file);
  const root = packageRootOf(start);
  const found = new Map<string, FileFacts>();
  const packages = new Map<string, string>();
  const unresolved = new Set<string>();
  const pending = [start];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path)) continue;
    const facts = path === start && given ? factsOfCode(path, given) : factsOfFile(path);
    found.set(path, facts);
    const types = new Set(facts.typeSpecifiers);
    for (const specifier of [...facts.specifiers].reverse()) {
      const target: Target = resolveSpecifier(specifier, path);
      if (target.kind === 'package') {
        packages.set(`${target.name}\0${target.version}`, target.name);
        if (target.version === 'missing' && !types.has(specifier)) unresolved.add(specifier);
      } else if (types.has(specifier)) {
        // (Some only look like types: texts and comments with `import('…')` in them.)
        pending.push(...target.paths.filter(isFile).map(realPath));
      } else pending.push(...target.paths.map(realPath));
    }
  }
  const paths = [...found.keys()];
  const files = paths.map((path): [string, string] => [portable(relative(root, path)), found.get(path)?.hash ?? '']);
  const packageList = [...packages]
    .map(([key, name]): [string, string] => [name, key.slice(name.length + 1)])
    .sort(byText);
  const key = createHash('sha256')
    .update(JSON.stringify(['torchnative closure 2', [...files].sort(byText), packageList]))
    .digest('hex');
  return { key, files, packages: packageList, paths, unresolved: [...unresolved].sort() };
}
