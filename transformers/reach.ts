/** @file Which files that do not import the package may be called by captured code all the same. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { importedSpecifiers, ownRoot, packageName } from './ownPackage.ts';
import { packageRootOf, realPath, resolveSpecifier } from './resolve.ts';
import { isScript } from './scriptFile.ts';

const looked = new Set<string>();
const reached = new Set<string>();

/**
 * Whether a file is imported, directly or not, by one with parts in it: sizes may come to its functions then, and
 * `n === 1` must not be false in silence. A program's first file is met before what it imports, so that everything is
 * known in time, whatever the order in which files are loaded.
 */
export function isReached(path: string): boolean {
  if (!looked.has(path)) look(path);
  return reached.has(path) && !isStandIn(path) && findsPackage(path);
}

function look(entry: string): void {
  looked.add(entry);
  const paths = closureOf(entry);
  if (!paths.some((path) => linksOf(path).importsPackage)) return;
  for (const path of paths) {
    looked.add(path);
    if (linksOf(path).hasParts) for (const inner of closureOf(path)) reached.add(inner);
  }
}

/** What one look at a file's text tells, without parsing it: imports in comments count too, which is harmless here. */
interface Links {
  readonly paths: readonly string[];
  readonly importsPackage: boolean;
  readonly hasParts: boolean;
}

const known = new Map<string, Links>();
const nothing: Links = { paths: [], importsPackage: false, hasParts: false };

function linksOf(path: string): Links {
  let links = known.get(path);
  if (links === undefined) known.set(path, (links = isScript(path) ? readLinks(path) : nothing));
  return links;
}

function readLinks(path: string): Links {
  let code: string;
  try {
    code = readFileSync(path, 'utf8');
  } catch {
    return nothing;
  }
  const targets = [...importedSpecifiers(code)].map((specifier) => resolveSpecifier(specifier, path));
  return {
    paths: targets.flatMap((target) => (target.kind === 'files' ? target.paths.map(realPath) : [])),
    importsPackage: targets.some((target) => target.kind === 'package' && target.name === packageName),
    hasParts: code.includes('compileCache'),
  };
}

/** A file and every project file that it imports, directly or not. */
function closureOf(entry: string): string[] {
  const found = new Set<string>();
  const pending = [realPath(entry)];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    pending.push(...linksOf(path).paths);
  }
  return [...found];
}

/** A package of this one's name that is not it: a stand-in, for tests. */
function isStandIn(path: string): boolean {
  const root = packageRootOf(path);
  if (root === ownRoot) return false;
  try {
    return (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { name?: unknown }).name === packageName;
  } catch {
    return false;
  }
}

/** Whether `import 'torchnative'` would work there: a linked package need not have it. */
function findsPackage(path: string): boolean {
  if (path.startsWith(join(ownRoot, '/'))) return true;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'node_modules', packageName))) return true;
    if (folder === dirname(folder)) return false;
  }
}
