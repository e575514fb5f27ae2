/**
 * @file Projects: which package a file belongs to and where its records go.
 *
 * `<cache>/<package name>-<8 hex of its root>/project.json` remembers the root's path and the `out` folders met, so
 * that `tn cache ls` in the project's folder finds them all.
 */

import { realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { StoreContext } from './context.ts';
import { isFolder, isTemporary, listFolder, makeFolder, readJson, replaceFile } from './files.ts';
import { makeVolatile, sha256Hex, VOLATILE } from './layout.ts';

export interface Project {
  /** The package's name, or its folder's. */
  readonly name: string;
  /** Real path of the folder of its package.json. */
  readonly root: string;
  /** Its folder's name in the cache. */
  readonly id: string;
  /** Where its records go unless `out` says otherwise. */
  readonly recordRoot: string;
}

interface ProjectFile {
  readonly schema: 1;
  readonly name: string;
  readonly root: string;
  /** `out` folders, absolute. */
  readonly outs: readonly string[];
}

/**
 * The project of a file or folder: the nearest package.json that has a name, else the nearest at all, else the
 * folder itself. (A nameless package.json often only says `"type": "module"` for a subfolder.)
 */
export function projectFor(context: StoreContext, path: string): Project {
  const start = realOr(isFolder(path) ? path : dirname(resolve(path)));
  let nameless: string | null = null;
  for (let at = start; ; at = dirname(at)) {
    const json = readJson(join(at, 'package.json'));
    if (typeof json === 'object' && json !== null) {
      const { name } = json as { name?: unknown };
      if (typeof name === 'string' && name !== '') return projectAt(context, at, name);
      nameless ??= at;
    }
    if (dirname(at) === at) break;
  }
  const root = nameless ?? start;
  return projectAt(context, root, basename(root) || 'root');
}

function projectAt(context: StoreContext, root: string, name: string): Project {
  const safe =
    name
      .replace(/[^A-Za-z0-9._-]+/g, '-')
      .replace(/^[-.]+|[-.]+$/g, '')
      .slice(0, 80) || 'project';
  const id = `${safe}-${sha256Hex(root).slice(0, 8)}`;
  return { name, root, id, recordRoot: join(context.cache, id) };
}

/** Notes the project, and an `out` folder of it, for `tn cache ls`. Errors of the file system pass up. */
export function noteProject(context: StoreContext, project: Project, out?: string): void {
  const known = readProjectFile(project.recordRoot);
  const outs = known?.root === project.root ? known.outs : [];
  if (known && known.root === project.root && (out === undefined || outs.includes(out))) return;
  makeVolatile(context.cache, 'use');
  if (!isFolder(project.recordRoot)) makeFolder(project.recordRoot);
  const next: ProjectFile = {
    schema: 1,
    name: project.name,
    root: project.root,
    outs: out === undefined ? outs : [...outs, out].sort(),
  };
  replaceFile(join(project.recordRoot, 'project.json'), JSON.stringify(next, null, 2) + '\n', { durable: false });
}

/** All projects that the cache knows, by id. */
export function listProjects(context: StoreContext): Project[] {
  if (context.distrusted) return [];
  const found: Project[] = [];
  for (const id of listFolder(context.cache)) {
    if (isTemporary(id) || (VOLATILE as readonly string[]).includes(id)) continue;
    const recordRoot = join(context.cache, id);
    const file = readProjectFile(recordRoot);
    if (file) found.push({ name: file.name, root: file.root, id, recordRoot });
  }
  return found;
}

/** Every folder that holds records of a project: its own in the cache, then the `out` folders that still exist. */
export function recordRoots(project: Project): string[] {
  const outs = readProjectFile(project.recordRoot)?.outs ?? [];
  return [project.recordRoot, ...outs.filter((out) => isFolder(out))];
}

function readProjectFile(recordRoot: string): ProjectFile | null {
  const value = readJson(join(recordRoot, 'project.json')) as Partial<ProjectFile> | null | undefined;
  if (value?.schema !== 1 || typeof value.name !== 'string' || typeof value.root !== 'string') return null;
  const outs = Array.isArray(value.outs) ? value.outs.filter((out): out is string => typeof out === 'string') : [];
  return { schema: 1, name: value.name, root: value.root, outs };
}

function realOr(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
