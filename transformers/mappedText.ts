/** @file A text made from pieces of a source and of new text, with the source map from one to the other. */

import { MappingsWriter, SourceMap } from './sourceMap.ts';

/** How a call begins that an edit inserted: it has a place in the source of its own. */
const helpers = '__tn.';

const lineFeed = 10;
/** What a character of ASCII is to the map: nothing starts at white space, one segment starts a word. */
const [white, word, sign] = [0, 1, 2];
const kinds = Uint8Array.from({ length: 128 }, (_, code) => {
  if (code <= 32) return white;
  return /[\w$]/.test(String.fromCharCode(code)) ? word : sign;
});

/** Builds a text from its start to its end. */
export class MappedText {
  private readonly source: string;
  private readonly starts: readonly number[];
  private readonly mappings = new MappingsWriter();
  private text = '';
  /** Where the generated line begins in `text`. */
  private lineStart = 0;
  /** The line of the source that was copied last. */
  private line = 0;

  constructor(source: string) {
    this.source = source;
    this.starts = lineStarts(source);
    this.mappings.segment(0, 0, 0);
  }

  /** Takes over a range of the source, each word and sign of it mapped. */
  copy(start: number, end: number): void {
    if (start === end) return;
    const { source, starts, mappings } = this;
    while ((starts[this.line + 1] ?? Number.POSITIVE_INFINITY) <= start) this.line++;
    let origin = starts[this.line] as number;
    // An offset in the source and this is a column of the generated line.
    let shift = this.text.length - this.lineStart - start;
    let inWord = false;
    for (let at = start; at < end; at++) {
      const code = source.charCodeAt(at);
      if (code === lineFeed) {
        this.line++;
        origin = at + 1;
        shift = -origin;
        this.lineStart = this.text.length + origin - start;
        inWord = false;
        mappings.newLine();
        mappings.segment(0, this.line, 0);
        continue;
      }
      const kind = code < 128 ? (kinds[code] as number) : word;
      if (kind === white) {
        inWord = false;
      } else if (kind === sign || !inWord) {
        mappings.segment(at + shift, this.line, at - origin);
        inWord = kind === word;
      }
    }
    this.text += source.slice(start, end);
  }

  /** Adds text that is not in the source; what it calls of `__tn` is reported at an offset of the source. */
  insert(inserted: string, offset: number): void {
    let start = 0;
    for (let end = inserted.indexOf('\n'); end >= 0; end = inserted.indexOf('\n', start)) {
      this.insertInLine(inserted.slice(start, end + 1), offset);
      this.mappings.newLine();
      this.lineStart = this.text.length;
      this.mapTo(0, offset);
      start = end + 1;
    }
    this.insertInLine(start === 0 ? inserted : inserted.slice(start), offset);
  }

  private insertInLine(inserted: string, offset: number): void {
    for (let at = inserted.indexOf(helpers); at >= 0; at = inserted.indexOf(helpers, at + 1)) {
      this.mapTo(at, offset);
      // The name of the function is where engines place the call.
      this.mapTo(at + helpers.length, offset);
    }
    this.text += inserted;
  }

  /** Adds text in place of a range of the source that starts at an offset. */
  replace(replacement: string, start: number): void {
    if (replacement !== '') this.mapTo(0, start);
    this.insert(replacement, start);
  }

  toString(): string {
    return this.text;
  }

  /** The map to the source, exact to a word; `name` is what it calls the source. */
  map(name: string): SourceMap {
    return new SourceMap(name, this.source, this.mappings.toString());
  }

  /** What stands `ahead` of the end of the text so far comes from an offset of the source. */
  private mapTo(ahead: number, offset: number): void {
    const line = lineOf(this.starts, offset);
    const column = this.text.length + ahead - this.lineStart;
    this.mappings.segment(column, line, offset - (this.starts[line] as number));
  }
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

/** The line, counted from 0, that an offset lies in. */
function lineOf(starts: readonly number[], offset: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((starts[middle] as number) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}
