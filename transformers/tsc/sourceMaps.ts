/** @file Source maps of compiled files that lead through the transformed text to the file as it was written. */

import remapping, { type SourceMapInput } from '@jridgewell/remapping';
import type { TransformResult } from '../core.ts';

/** A file that was transformed before it was compiled. */
export interface TransformedFile {
  readonly result: TransformResult;
  /** The text before. */
  readonly original: string;
}

interface RawMap {
  sources: string[];
  sourceRoot?: string;
  sourcesContent?: string[];
}

/** The compiler's map of one output (as JSON), chained through the transformer's map of its source. */
export function chainMap(text: string, file: TransformedFile): string {
  const map = JSON.parse(text) as RawMap;
  const inner = { ...file.result.map, version: 3 };
  // The transformer's map speaks of one file, as the compiler's does: nothing lies behind it.
  const chained = remapping(map as unknown as SourceMapInput, (_, { depth }) =>
    depth === 1 ? (inner as unknown as SourceMapInput) : null,
  );
  const { sources, sourceRoot, sourcesContent } = map;
  return JSON.stringify({
    ...chained,
    sources,
    sourceRoot,
    sourcesContent: sourcesContent ? [file.original] : undefined,
  });
}

const inlineMap = /(\/\/# sourceMappingURL=data:application\/json;base64,)([\w+/=]+)(\s*)$/;

/** What is written in place of `text`, an output of the compiler: other files than scripts and maps stay as they are. */
export function chainOutput(path: string, text: string, file: TransformedFile): string {
  if (/\.[cm]?jsx?\.map$/.test(path)) return chainMap(text, file);
  if (!/\.[cm]?jsx?$/.test(path)) return text;
  return text.replace(inlineMap, (_, head: string, encoded: string, end: string) => {
    const chained = chainMap(Buffer.from(encoded, 'base64').toString('utf8'), file);
    return `${head}${Buffer.from(chained).toString('base64')}${end}`;
  });
}
