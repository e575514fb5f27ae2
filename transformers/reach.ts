/** @file Which files that do not import the package may be called by captured code all the same. */

import { dirname, join } from 'node:path';
import { withKeptLinks } from './keptLinks.ts';
import { closureOf, type Links } from './links.ts';
import { contentHash, exists, Recording, readText, unobserved } from './observed.ts';
import { ownRoot, packageName } from './ownPackage.ts';
import { packageRootOf } from './resolve.ts';

/** A file whose imports have been followed. */
interface Looked {
  /** Of what was in it then. */
  readonly hash: string;
  /** Null for a path that leads through a link: what relative imports mean there is not told by the file behind it. */
  readonly links: Links | null;
}

const looked = new Map<string, Looked>();
const reached = new Set<string>();

/**
 * Whether a file is imported, directly or not, by one with parts in it: sizes may come to its functions then, and
 * `n === 1` must not be false in silence. A program's first file is met before what it imports, so that everything is
 * known in time, whatever the order in which files are loaded. It depends on that first file, so the questions behind it
 * are none of those behind what becomes of this file: who keeps that keeps this answer with it.
 */
export function isReached(path: string): boolean {
  return unobserved(() => {
    if (looked.get(path)?.hash !== contentHash(path)) new Recording().during(() => look(path));
    return reached.has(path) && !isStandIn(path) && findsPackage(path);
  });
}

/** What a file that `isReached` has just been asked of links to, where that is known without its text. */
export function knownLinks(path: string): Links | null {
  return looked.get(path)?.links ?? null;
}

function look(entry: string): void {
  looked.set(entry, { hash: contentHash(entry), links: null });
  withKeptLinks(entry, () => {
    const files = new Map<string, Links>();
    const paths = closureOf(entry, files);
    for (const path of paths) looked.set(path, { hash: contentHash(path), links: files.get(path) ?? null });
    if ([...files.values()].some(({ importsPackage }) => importsPackage)) {
      for (const path of paths) {
        if (files.get(path)?.hasParts) for (const inner of closureOf(path, files)) reached.add(inner);
      }
    }
    return files.keys();
  });
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
