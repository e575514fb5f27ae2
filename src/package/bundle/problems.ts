/** @file What esbuild and the scan report, as one error with the user's file and line. */

import { SourceMap } from 'node:module';
import { join, relative, sep } from 'node:path';
import type { Message } from 'esbuild';
import { WrongRequest } from '../refusal.ts';
import type { NodeModules } from './nodeModules.ts';
import { missingName, type Problem } from './scan.ts';

/** Virtual modules that stand for Node's: `tn-node:fs`. */
export const nodeNamespace = 'tn-node';

/** A file as it was handed to esbuild: its positions lead back through the map. */
export type Maps = ReadonlyMap<string, string>;

export interface LocatedProblem extends Problem {
  /** Absolute path. */
  readonly file: string;
}

/** An error that says the first problem, and how many more there are. */
export function problemError(problems: readonly LocatedProblem[], folder: string): WrongRequest {
  const [first, ...rest] = [...problems].sort(byPlace);
  const more = rest.length > 0 ? [`and ${rest.length} more such ${rest.length === 1 ? 'place' : 'places'}`] : [];
  return new WrongRequest({
    what: first.what,
    where: `${shown(first.file, folder)}:${first.line}:${first.column}`,
    found: more,
    fix: first.fix,
  });
}

function byPlace(a: LocatedProblem, b: LocatedProblem): number {
  return a.file < b.file ? -1 : a.file > b.file ? 1 : a.line - b.line || a.column - b.column;
}

function shown(file: string, folder: string): string {
  const path = relative(folder, file);
  return path.startsWith('..') ? file : path.split(sep).join('/');
}

/** An error of esbuild's, in our words where we know better. */
export function problemOf(message: Message, folder: string, maps: Maps, modules: NodeModules): LocatedProblem | null {
  if (!message.location) return null;
  const { file, line, column } = message.location;
  const path = join(folder, file);
  const map = maps.get(path);
  const place = map ? original(map, line, column) : { line, column: column + 1 };
  return { file: path, ...place, ...explained(message, modules) };
}

/** Where a position of what esbuild was given stands in the file: its lines begin at 1, its columns at 0. */
function original(map: string, line: number, column: number): { line: number; column: number } {
  const entry = new SourceMap(JSON.parse(map)).findEntry(line - 1, column);
  if (!('originalLine' in entry)) return { line, column: column + 1 };
  return { line: entry.originalLine + 1, column: entry.originalColumn + 1 };
}

function explained({ id, text, notes }: Message, modules: NodeModules): { what: string; fix: string } {
  const missing = /^No matching export in "tn-node:([^"]+)" for import "([^"]+)"/.exec(text);
  const names = missing && modules.namesOf(missing[1]);
  if (names) return missingName(missing[1], missing[2], names);
  switch (id) {
    case 'unsupported-dynamic-import':
      return {
        what: 'import() of something that is no literal',
        fix: 'write the path as a literal, or import it at the top',
      };
    case 'unsupported-require-call':
    case 'indirect-require':
      return {
        what: 'require() of something that is no literal',
        fix: 'write the path as a literal, or import it at the top',
      };
    case 'empty-import-meta':
      return { what: 'import.meta has only url, dirname and filename inside a packaged program', fix: 'use those' };
  }
  if (/^top-level await/i.test(text))
    return {
      what: 'await at the top level of a file does not work inside a packaged program',
      fix: 'put it into an async function',
    };
  const [note] = notes;
  return { what: text, fix: note?.text ?? 'mend the file, or leave the import out' };
}
