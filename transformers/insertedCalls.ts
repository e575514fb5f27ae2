/**
 * @file Where inserted calls come from. What an edit puts before a piece of source has no mapping of its own, so that a
 * call inserted there would be reported at whatever stands before it. Insertions therefore carry marks while the text
 * is edited; they are taken out again, and become segments of the source map.
 */

import type { DecodedSourceMap, SourceMapSegment } from 'magic-string';

/** Characters that mean nothing to anybody: the first that the source does not hold serves as the mark. */
const firstMark = 0xe000;
const lastMark = 0xf8ff;

const insertedName = /\b__tn\.(?=[A-Za-z])/g;

/** The marks in the insertions of one source text. */
export class InsertedCalls {
  private readonly code: string;
  private readonly mark: string | null;
  private readonly pattern: RegExp;
  /** Offsets in the source, by number of mark. */
  private readonly offsets: number[] = [];

  constructor(code: string) {
    this.code = code;
    let mark = firstMark;
    while (mark <= lastMark && code.includes(String.fromCharCode(mark))) mark++;
    this.mark = mark <= lastMark ? String.fromCharCode(mark) : null;
    this.pattern = new RegExp(`${this.mark}(\\d+)${this.mark}`, 'g');
  }

  /** An insertion whose calls of `__tn` are to be reported at an offset of the source. */
  marked(insertion: string, at: number): string {
    if (this.mark === null || !insertion.includes('__tn.')) return insertion;
    return insertion.replace(insertedName, (name) => {
      this.offsets.push(at);
      return `${this.mark}${this.offsets.length - 1}${this.mark}${name}`;
    });
  }

  /** The edited text as it is meant. */
  strip(edited: string): string {
    return this.offsets.length === 0 ? edited : edited.replace(this.pattern, '');
  }

  /** The map of the edited text, for the text as it is meant: with segments for the marks. */
  settle(edited: string, map: DecodedSourceMap): DecodedSourceMap {
    if (this.offsets.length === 0) return map;
    const mark = this.mark as string;
    const starts = lineStarts(this.code);
    const lines = edited.split('\n');
    const mappings = map.mappings.map((segments, i) => {
      const line = lines[i];
      return line?.includes(mark) ? this.settleLine(line, segments, starts) : segments;
    });
    return { ...map, mappings };
  }

  private settleLine(
    line: string,
    segments: readonly SourceMapSegment[],
    starts: readonly number[],
  ): SourceMapSegment[] {
    const settled: SourceMapSegment[] = [];
    let next = 0;
    let removed = 0;
    const pass = (): void => {
      const segment = segments[next++] as SourceMapSegment;
      segment[0] -= removed;
      settled.push(segment);
    };
    for (const match of line.matchAll(this.pattern)) {
      while (next < segments.length && (segments[next] as SourceMapSegment)[0] < match.index) pass();
      // What is replaced starts with its own segment, which says where the replaced text stood.
      if (segments[next]?.[0] === match.index) pass();
      else settled.push(segmentAt(match.index - removed, this.offsets[Number(match[1])] as number, starts));
      // The name of the function is where engines place the call.
      const name = (settled.at(-1) as SourceMapSegment).slice() as SourceMapSegment;
      name[0] += '__tn.'.length;
      settled.push(name);
      removed += match[0].length;
    }
    while (next < segments.length) pass();
    return settled;
  }
}

function segmentAt(column: number, offset: number, starts: readonly number[]): SourceMapSegment {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return [column, 0, low, offset - (starts[low] as number)];
}

function lineStarts(code: string): number[] {
  const starts = [0];
  for (let at = code.indexOf('\n'); at >= 0; at = code.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}
