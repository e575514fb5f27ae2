/** @file The script files that a command is asked about: files, folders and patterns. */

import { readdirSync, statSync } from 'node:fs';
import { join, relative, resolve, sep } from 'node:path';
import { isScript } from '../../transformers/scriptFile.ts';
import { badRequest } from './failure.ts';

/**
 * The absolute paths of scripts that the names mean, each once. A folder means every script in it, but for those in
 * `node_modules` and in hidden folders; a pattern knows `*`, `**`, `?` and `{a,b}`.
 *
 * @param command for messages: `tn check`
 */
export function scriptFiles(names: readonly string[], command: string): string[] {
  const found = new Set<string>();
  for (const name of names) for (const path of filesOf(name, command)) found.add(path);
  return [...found];
}

function filesOf(name: string, command: string): string[] {
  const path = resolve(name);
  const info = statSync(path, { throwIfNoEntry: false });
  if (info?.isFile()) {
    if (isScript(path)) return [path];
    throw badRequest(`${command}: not a TypeScript or JavaScript file: ${name}`);
  }
  if (info?.isDirectory()) {
    const inside = [...scriptsIn(path)];
    if (inside.length === 0) throw badRequest(`${command}: no scripts in the folder: ${name}`);
    return inside;
  }
  if (!/[*?{]/.test(name)) throw badRequest(`${command}: no such file: ${name}`);
  const matches = matching(path);
  if (matches.length === 0) throw badRequest(`${command}: no file matches: ${name}`);
  return matches;
}

/** Scripts in a folder, sorted by path; declarations have no code. */
function* scriptsIn(folder: string): Generator<string> {
  const items = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const item of items) {
    const path = join(folder, item.name);
    if (item.isDirectory()) {
      if (item.name !== 'node_modules' && !item.name.startsWith('.')) yield* scriptsIn(path);
    } else if (item.isFile() && isScript(item.name) && !/\.d\.[cm]?ts$/.test(item.name)) yield path;
  }
}

/** The scripts that an absolute pattern matches. */
function matching(pattern: string): string[] {
  const steps = pattern.split(sep);
  const first = steps.findIndex((step) => /[*?{]/.test(step));
  const base = steps.slice(0, first).join(sep) || sep;
  if (!statSync(base, { throwIfNoEntry: false })?.isDirectory()) return [];
  const wanted = new RegExp(`^${expressionOf(steps.slice(first).join('/'))}$`);
  return [...scriptsIn(base)].filter((path) => wanted.test(relative(base, path).split(sep).join('/')));
}

function expressionOf(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|\*|\?|\{[^{}]*\}|[\\^$+.()|[\]{}]/g, (part) => {
    if (part === '**/') return '(?:[^/]+/)*';
    if (part === '**') return '.*';
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    if (part.length > 2 && part.startsWith('{'))
      return `(?:${part.slice(1, -1).split(',').map(expressionOf).join('|')})`;
    return `\\${part}`;
  });
}
