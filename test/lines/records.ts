/** @file What the records of a folder say about lines: one text for each node and guard. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceLocation } from '../../src/core/location.ts';
import { decodeModel } from '../../src/onnx/reader.ts';

/** `name file line:column`; `undefined` in place of what is not known. */
function lineOf(name: string, location: SourceLocation | null): string {
  return `${name} ${location?.file} ${location?.line}:${location?.column}`;
}

/** The lines of each part, by its name, sorted and each once. */
export function recordedLines(folder: string): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.onnx'))) {
    const graph = decodeModel(readFileSync(join(folder, file)));
    const found = [
      ...graph.nodes.map(({ op, location }) => lineOf(op, location)),
      ...graph.env.guards.map(({ location }) => lineOf('guard', location)),
    ];
    lines.set(graph.name, [...new Set(found)].sort());
  }
  return lines;
}
