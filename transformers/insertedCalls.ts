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
    const starts = lineStarts(this.code);
    const lines = edited.split('\n');
    const mappings = map.mappings.map((segments, i) => this.settleLine(lines[i] ?? '', segments, starts));
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
    const passUntil = (column: number): void => {
      for (; next < segments.length && (segments[next] as SourceMapSegment)[0] < column; next++) {
        settled.push(shifted(segments[next] as SourceMapSegment, -removed));
      }
    };
    for (const match of line.matchAll(this.pattern)) {
      passUntil(match.index);
      // What is replaced starts with its own segment, which says where the replaced text stood.
      const replaced = segments[next]?.[0] === match.index ? segments[next++] : undefined;
      const column = match.index - removed;
      if (replaced) settled.push(shifted(replaced, -removed));
      else settled.push(segmentAt(column, this.offsets[Number(match[1])] as number, starts));
      // The name of the function is where engines place the call.
      settled.push(shifted(settled.at(-1) as SourceMapSegment, '__tn.'.length));
      removed += match[0].length;
    }
    passUntil(Number.POSITIVE_INFINITY);
    return settled;
  }
}

function shifted(segment: SourceMapSegment, by: number): SourceMapSegment {
  const copy: SourceMapSegment = [...segment];
  copy[0] += by;
  return copy;
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
