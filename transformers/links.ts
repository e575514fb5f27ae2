/** @file What the files of a program link to, told by one look at their texts: nothing is parsed. */

import { Memo, type Observation, readText, realPath } from './observed.ts';
import { defaultSpecifiers, importedSpecifiers, mayImportPackage, packageName } from './ownPackage.ts';
import { resolveSpecifier } from './resolve.ts';
import { isScript } from './scriptFile.ts';

/** What one look at a file's text tells: imports in comments count too, which is harmless here. */
export interface Links {
  readonly paths: readonly string[];
  readonly importsPackage: boolean;
  /** What `mayImportPackage` says, for the package by its own name. */
  readonly mayImport: boolean;
  readonly hasParts: boolean;
}

/** What a file links to, and the questions behind it. */
export interface SeenLinks {
  readonly path: string;
  readonly links: Links;
  readonly seen: readonly Observation[];
}

const known = new Memo<Links>();
const nothing: Links = { paths: [], importsPackage: false, mayImport: false, hasParts: false };
let made = 0;

function linksOf(path: string): Links {
  return isScript(path) ? known.get(path, () => readLinks(path)) : nothing;
}

function readLinks(path: string): Links {
  made++;
  const code = readText(path);
  if (code === null) return nothing;
  const targets = [...importedSpecifiers(code)].map((specifier) => resolveSpecifier(specifier, path));
  return {
    paths: targets.flatMap((target) => (target.kind === 'files' ? target.paths.map(realPath) : [])),
    importsPackage: targets.some((target) => target.kind === 'package' && target.name === packageName),
    mayImport: mayImportPackage(code, path, defaultSpecifiers),
    hasParts: code.includes('compileCache'),
  };
}

/** A file and every project file that it imports, directly or not; `files` knows those that were looked at just now. */
export function closureOf(entry: string, files: Map<string, Links>): string[] {
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

/** How many files have been read for their links: a difference tells whether any was. */
export function linksMade(): number {
  return made;
}

/** What was found out about files that have been looked at just now, for another process. */
export function seenLinks(paths: Iterable<string>): SeenLinks[] {
  const list: SeenLinks[] = [];
  for (const path of paths) {
    const remembered = known.peek(path);
    if (remembered) list.push({ path, links: remembered.value, seen: remembered.seen });
  }
  return list;
}

/** What another process has found out: it counts while the questions behind it are answered as they were then. */
export function learnLinks(list: readonly SeenLinks[]): void {
  for (const { path, links, seen } of list) known.learn(path, { value: links, seen });
}
