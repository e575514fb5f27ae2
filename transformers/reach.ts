/** @file Which files that do not import the package may be called by captured code all the same. */

import { dirname, join } from 'node:path';
import { contentHash, exists, Memo, Recording, readText, realPath, unobserved } from './observed.ts';
import { importedSpecifiers, ownRoot, packageName } from './ownPackage.ts';
import { packageRootOf, resolveSpecifier } from './resolve.ts';
import { isScript } from './scriptFile.ts';

/** Files whose imports have been followed, with what was in them then. */
const looked = new Map<string, string>();
const reached = new Set<string>();

/**
 * Whether a file is imported, directly or not, by one with parts in it: sizes may come to its functions then, and
 * `n === 1` must not be false in silence. A program's first file is met before what it imports, so that everything is
 * known in time, whatever the order in which files are loaded. It depends on that first file, so the questions behind it
 * are none of those behind what becomes of this file: who keeps that keeps this answer with it.
 */
export function isReached(path: string): boolean {
  return unobserved(() => {
    if (looked.get(path) !== contentHash(path)) new Recording().during(() => look(path));
    return reached.has(path) && !isStandIn(path) && findsPackage(path);
  });
}

function look(entry: string): void {
  looked.set(entry, contentHash(entry));
  const files = new Map<string, Links>();
  const paths = closureOf(entry, files);
  for (const path of paths) looked.set(path, contentHash(path));
  if (![...files.values()].some(({ importsPackage }) => importsPackage)) return;
  for (const path of paths) {
    if (files.get(path)?.hasParts) for (const inner of closureOf(path, files)) reached.add(inner);
  }
}

/** What one look at a file's text tells, without parsing it: imports in comments count too, which is harmless here. */
interface Links {
  readonly paths: readonly string[];
  readonly importsPackage: boolean;
  readonly hasParts: boolean;
}

const known = new Memo<Links>();
const nothing: Links = { paths: [], importsPackage: false, hasParts: false };

function linksOf(path: string): Links {
  return isScript(path) ? known.get(path, () => readLinks(path)) : nothing;
}

function readLinks(path: string): Links {
  const code = readText(path);
  if (code === null) return nothing;
  const targets = [...importedSpecifiers(code)].map((specifier) => resolveSpecifier(specifier, path));
  return {
    paths: targets.flatMap((target) => (target.kind === 'files' ? target.paths.map(realPath) : [])),
    importsPackage: targets.some((target) => target.kind === 'package' && target.name === packageName),
    hasParts: code.includes('compileCache'),
  };
}

/** A file and every project file that it imports, directly or not; `files` knows those that were looked at just now. */
function closureOf(entry: string, files: Map<string, Links>): string[] {
  const found = new Set<string>();
  const pending = [realPath(entry)];
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    if (found.has(path)) continue;
    found.add(path);
    const links = files.get(path) ?? linksOf(path);
    files.set(path, links);
    pending.push(...links.paths);
  }
  return [...found];
}

/** A package of this one's name that is not it: a stand-in, for tests. */
function isStandIn(path: string): boolean {
  const root = packageRootOf(path);
  if (root === ownRoot) return false;
  try {
    return (JSON.parse(readText(join(root, 'package.json')) ?? '') as { name?: unknown }).name === packageName;
  } catch {
    return false;
  }
}

/** Whether `import 'torchnative'` would work there: a linked package need not have it. */
function findsPackage(path: string): boolean {
  if (path.startsWith(join(ownRoot, '/'))) return true;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (exists(join(folder, 'node_modules', packageName))) return true;
    if (folder === dirname(folder)) return false;
  }
}
