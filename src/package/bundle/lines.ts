/**
 * @file From lines of a program's script to places in its sources: the script broken into lines, and the table that goes
 * into the executable beside it (`src/package/engine/c/tn_engine_places.c` reads it when an error is made).
 */

import { SourceMap, type SourceMapping } from 'node:module';
import { join, sep } from 'node:path';
import { children, type Node } from '../../../transformers/ast.ts';
import { parseScript } from '../../../transformers/parse.ts';
import { lineBreaks } from './lineBreaks.ts';
import { pathInApp } from './places.ts';
import type { Maps } from './problems.ts';
import { withoutTrace } from './untraced.ts';

export interface LaidOut {
  readonly code: string;
  /**
   * LEB128 numbers: how many files, each by the length of its name and the name; how many lines, each by its file's
   * number from 1, the difference of its line to the last one's (zigzag), and its column. A 0 alone is a line of other
   * code.
   */
  readonly lines: Uint8Array;
}

interface Place {
  readonly file: number;
  readonly line: number;
  readonly column: number;
}

/**
 * Breaks the project's code in a bundle into lines.
 *
 * @param map leads from the bundle to the files as they were given to esbuild, relative to `root`
 * @param maps lead from those to the files as they are
 */
export function layOut(code: string, map: string, root: string, maps: Maps): LaidOut {
  const program = parsed(code);
  const sources = new Sources(code, map, root, maps);
  const pieces: string[] = [];
  const places: (Place | null)[] = [];
  let written = 0;
  let place: Place | null = null;
  const write = (end: number): void => {
    const piece = code.slice(written, end);
    // A template's own lines belong to what it stands in.
    for (let at = piece.indexOf('\n'); at >= 0; at = piece.indexOf('\n', at + 1)) places.push(place);
    pieces.push(piece);
    written = end;
  };
  const begin = (at: number, next: Place | null): void => {
    if (next === null && place === null) return;
    write(at);
    pieces.push('\n');
    places.push(place);
    place = next;
  };
  for (const statement of program ? children(program, 'body') : []) {
    begin(statement.start, null);
    if (sources.hasLines(statement)) {
      for (const { at, of } of lineBreaks(code, statement)) begin(at, sources.placeOf(of));
    } else {
      for (const { at, text } of withoutTrace(statement)) {
        write(at);
        pieces.push(text);
      }
    }
  }
  write(code.length);
  places.push(place);
  return { code: pieces.join(''), lines: encode(sources.files, places) };
}

/** Null for what cannot be read: it runs all the same, without lines. */
function parsed(code: string): Node | null {
  try {
    return parseScript(code, 'app.mjs')?.program ?? null;
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}

/** How far into a statement its first position may be: parentheses have none. */
const mostUnknown = 64;

/** The project's files in a bundle, and where each of its expressions was written. */
class Sources {
  readonly files: string[] = [];
  private readonly known = new Map<string, { readonly file: number; readonly map: SourceMap } | null>();
  private readonly map: SourceMap;
  private readonly starts: readonly number[];
  private readonly root: string;
  private readonly maps: Maps;

  constructor(code: string, map: string, root: string, maps: Maps) {
    this.map = mapOf(map);
    this.root = root;
    this.maps = maps;
    this.starts = [0, ...[...code.matchAll(/\n/g)].map(({ index }) => index + 1)];
  }

  /** Whether a statement of the bundle is of the project. */
  hasLines({ start, end }: Node): boolean {
    for (let at = start; at < Math.min(end, start + mostUnknown); at++) {
      const found = this.find(at);
      if (found && found.offset >= start) return this.sourceOf(found.entry) !== null;
    }
    return false;
  }

  /** Where an expression was written. */
  placeOf(offset: number): Place | null {
    const found = this.find(offset);
    const source = found && this.sourceOf(found.entry);
    if (!found || !source) return null;
    const entry = source.map.findEntry(found.entry.originalLine, found.entry.originalColumn);
    if (!('originalLine' in entry)) return null;
    return { file: source.file, line: entry.originalLine + 1, column: entry.originalColumn + 1 };
  }

  /** Null for what is not the project's own. */
  private sourceOf({ originalSource }: SourceMapping) {
    let source = this.known.get(originalSource);
    if (source === undefined) {
      const path = join(this.root, originalSource);
      const map = path.includes(`${sep}node_modules${sep}`) ? undefined : this.maps.get(path);
      source = map === undefined ? null : { file: this.files.push(pathInApp(path, this.root)), map: mapOf(map) };
      this.known.set(originalSource, source);
    }
    return source;
  }

  /** What the map says last, at an offset or before it. */
  private find(offset: number): { readonly entry: SourceMapping; readonly offset: number } | null {
    let [low, high] = [0, this.starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.starts[middle] <= offset) low = middle;
      else high = middle - 1;
    }
    const entry = this.map.findEntry(low, offset - this.starts[low]);
    if (!('originalLine' in entry)) return null;
    return { entry, offset: this.starts[entry.generatedLine] + entry.generatedColumn };
  }
}

function mapOf(text: string): SourceMap {
  return new SourceMap(JSON.parse(text));
}

function encode(files: readonly string[], places: readonly (Place | null)[]): Uint8Array {
  const bytes: number[] = [];
  const number = (value: number): void => {
    let rest = value;
    for (; rest > 127; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
    bytes.push(rest);
  };
  number(files.length);
  for (const file of files) {
    const name = new TextEncoder().encode(file);
    number(name.length);
    bytes.push(...name);
  }
  number(places.length);
  let last = 0;
  for (const place of places) {
    number(place?.file ?? 0);
    if (!place) continue;
    const difference = place.line - last;
    number(difference < 0 ? -2 * difference - 1 : 2 * difference);
    number(place.column);
    last = place.line;
  }
  return Uint8Array.from(bytes);
}
