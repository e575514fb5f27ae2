/** @file Which files that do not import the package may be called by captured code all the same. */

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ownRoot, packageName } from './ownPackage.ts';
import { packageRootOf } from './resolve.ts';
import { sourceClosure } from './sourceClosure.ts';

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
  const { paths, packages } = sourceClosure(entry);
  if (!packages.some(([name]) => name === packageName)) return;
  for (const path of paths) {
    looked.add(path);
    if (hasParts(path)) for (const inner of sourceClosure(path).paths) reached.add(inner);
  }
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

function hasParts(path: string): boolean {
  try {
    return readFileSync(path, 'utf8').includes('compileCache');
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
