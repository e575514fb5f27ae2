/**
 * @file Source maps, read when a line is asked for: Node's own where it holds them (code that a loader made has no other),
 * else the one that a generated file carries or names, or that stands beside it.
 */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire, findSourceMap } from 'node:module';
import { dirname, isAbsolute, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type * as TraceMapping from '@jridgewell/trace-mapping';
import { type Origin, type Position, pathOf, setSourceLines, transformedSources } from '../core/sourceLines.ts';

/** Maps lead from one generated file to another at most so often. */
const MAX_STEPS = 8;

/** Makes errors and captures name the lines of the sources, whether Node maps stack traces or not. */
export function installSourceMaps(): void {
  setSourceLines({ originOf });
}

function originOf(script: string, line: number, column: number, mapped: boolean): Origin {
  let origin: Origin = null;
  let at: Position = { file: pathOf(script), line, column };
  const seen = new Set<string>();
  for (let step = 0; step < MAX_STEPS && !seen.has(at.file); step++) {
    seen.add(at.file);
    const map = step === 0 && !mapped ? mapOfScript(script) : mapOfFile(at.file);
    if (!map) break;
    const next = map.lookUp(at.line, at.column);
    if (!next) return 'inserted';
    origin = next;
    at = next;
  }
  return origin;
}

let loaded: typeof TraceMapping | null = null;

/** Loaded with the first map: most runs need none. */
function traceMapping(): typeof TraceMapping {
  loaded ??= createRequire(import.meta.url)('@jridgewell/trace-mapping') as typeof TraceMapping;
  return loaded;
}

/** A map, and the folder that its relative names start from. */
class FileMap {
  private readonly map: TraceMapping.TraceMap;
  private readonly folder: string;

  constructor(map: TraceMapping.TraceMap, folder: string) {
    this.map = map;
    this.folder = folder;
  }

  lookUp(line: number, column: number): Position | null {
    const { map } = this;
    const found = traceMapping().originalPositionFor(map, { line, column: column - 1 });
    if (found.source === null) return null;
    const file = this.pathOfSource(map.resolvedSources.indexOf(found.source), found.source);
    const renamed = map.names.length > 0;
    return { file, line: found.line, column: found.column + 1, ...(renamed ? { renamed } : {}) };
  }

  private pathOfSource(index: number, resolved: string): string {
    const path = resolved.startsWith('file:') ? pathOf(resolved) : resolved;
    const written = this.map.sources[index] ?? '';
    if (isAbsolute(path) && existsSync(path)) return path;
    // A tool's own scheme (`webpack://name/./src/app.ts`), or names that are relative to another folder.
    const name = normalize(written.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/]*\//i, '').replace(/[?#].*$/, ''));
    const tail = name.replace(/^(?:\.\.\/)+/, '');
    let match = '';
    for (const source of transformedSources()) if (source === tail || source.endsWith(`/${tail}`)) match ||= source;
    if (match !== '') return match;
    return isAbsolute(path) ? path : join(this.folder, name);
  }
}

const scripts = new Map<string, FileMap | null>();
const files = new Map<string, FileMap | null>();

/** The map of what runs under a name. */
function mapOfScript(script: string): FileMap | null {
  let map = scripts.get(script);
  if (map === undefined) {
    map = mapOfNode(script) ?? mapOfFile(pathOf(script));
    scripts.set(script, map);
  }
  return map;
}

function mapOfNode(script: string): FileMap | null {
  try {
    const held = findSourceMap(script);
    return held ? fileMap(held.payload as unknown, pathToFileURL(pathOf(script)).href) : null;
  } catch {
    return null;
  }
}

function mapOfFile(path: string): FileMap | null {
  let map = files.get(path);
  if (map === undefined) {
    map = /\.[cm]?jsx?$/.test(path) && isAbsolute(path) ? readMap(path) : null;
    files.set(path, map);
  }
  return map;
}

function readMap(path: string): FileMap | null {
  try {
    const code = readFileSync(path, 'utf8');
    const address = mapAddress(code);
    if (address?.startsWith('data:')) return fileMap(dataText(address), pathToFileURL(path).href);
    // A map that no comment tells of (`sourcemap: 'hidden'`) has the usual name.
    const beside = address === null ? pathToFileURL(`${path}.map`) : new URL(address, pathToFileURL(path));
    if (beside.protocol !== 'file:' || (address === null && isLeftOver(path))) return null;
    return fileMap(readFileSync(fileURLToPath(beside), 'utf8'), beside.href);
  } catch {
    return null;
  }
}

/** Whether the map beside a file that names none is of an earlier build. */
function isLeftOver(path: string): boolean {
  return statSync(`${path}.map`).mtimeMs < statSync(path).mtimeMs - 10_000;
}

/** The address in the last `sourceMappingURL` comment. */
function mapAddress(code: string): string | null {
  const at = code.lastIndexOf('sourceMappingURL=');
  if (at < 0 || !/(?:\/\/|\/\*)[#@]\s*$/.test(code.slice(Math.max(0, at - 8), at))) return null;
  const end = /\s|\*\/|$/g;
  end.lastIndex = at;
  return code.slice(at + 'sourceMappingURL='.length, end.exec(code)?.index);
}

function dataText(address: string): string {
  const comma = address.indexOf(',');
  const body = address.slice(comma + 1);
  return /;base64$/i.test(address.slice(0, comma))
    ? Buffer.from(body, 'base64').toString('utf8')
    : decodeURIComponent(body);
}

function fileMap(given: unknown, url: string): FileMap | null {
  try {
    const map = typeof given === 'string' ? (JSON.parse(given.replace(/^\)\]\}'[^\n]*\n/, '')) as unknown) : given;
    // Other characters would be read as if they were mappings.
    const { mappings = '' } = map as { readonly mappings?: unknown };
    if (typeof mappings !== 'string' || !/^[A-Za-z0-9+/,;]*$/.test(mappings)) return null;
    // Sections of an index map become one map.
    const flat = traceMapping().FlattenMap(map as TraceMapping.EncodedSourceMap, url);
    return new FileMap(flat, packageFolder(dirname(pathOf(url))));
  } catch {
    return null;
  }
}

/** The folder of the nearest package.json. */
function packageFolder(folder: string): string {
  const parent = dirname(folder);
  return existsSync(join(folder, 'package.json')) || parent === folder ? folder : packageFolder(parent);
}
