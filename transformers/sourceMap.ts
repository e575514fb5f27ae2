/** @file Source maps, version 3 (ECMA-426): one source, no names. */

/** A source map as tools read it. */
export class SourceMap {
  readonly version = 3;
  readonly sources: readonly string[];
  readonly sourcesContent: readonly string[];
  readonly names: readonly string[] = [];
  readonly mappings: string;

  constructor(source: string, content: string, mappings: string) {
    this.sources = [source];
    this.sourcesContent = [content];
    this.mappings = mappings;
  }

  /** The map as JSON. */
  toString(): string {
    return JSON.stringify(this);
  }

  /** The map as a data URL, for `//# sourceMappingURL=`. */
  toUrl(): string {
    return `data:application/json;charset=utf-8;base64,${Buffer.from(this.toString()).toString('base64')}`;
  }
}

const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** A number as base 64 VLQ: the sign in the lowest bit, five bits a digit, the lowest first. */
function encoded(value: number): string {
  let rest = value < 0 ? (-value << 1) | 1 : value << 1;
  let result = '';
  do {
    const digit = rest & 31;
    rest >>>= 5;
    result += digits[rest > 0 ? digit | 32 : digit];
  } while (rest > 0);
  return result;
}

/** The mappings of a generated text, written from its start to its end. */
export class MappingsWriter {
  private written = '';
  /** The segment that is written next, unless another one takes its column. */
  private column = 0;
  private sourceLine = 0;
  private sourceColumn = 0;
  private isPending = false;
  /** Whether the line of the generated text has no segment yet. */
  private isEmptyLine = true;
  /** What was written last, which the next segment is relative to. */
  private lastColumn = 0;
  private lastSourceLine = 0;
  private lastSourceColumn = 0;
  /** Segments that are as far on in the source as in the generated text, by that distance: most are. */
  private readonly steps: string[] = [];

  /** What stands at a column of the generated line comes from a place in the source. All three count from 0. */
  segment(column: number, sourceLine: number, sourceColumn: number): void {
    if (this.isPending && column !== this.column) this.write();
    this.column = column;
    this.sourceLine = sourceLine;
    this.sourceColumn = sourceColumn;
    this.isPending = true;
  }

  /** Ends a line of the generated text. */
  newLine(): void {
    if (this.isPending) this.write();
    this.written += ';';
    this.isEmptyLine = true;
    this.lastColumn = 0;
  }

  toString(): string {
    if (this.isPending) this.write();
    return this.written;
  }

  private write(): void {
    const step = this.column - this.lastColumn;
    const down = this.sourceLine - this.lastSourceLine;
    const right = this.sourceColumn - this.lastSourceColumn;
    if (down === 0 && right === step && !this.isEmptyLine) {
      this.written += this.steps[step] ??= `,${encoded(step)}AA${encoded(step)}`;
    } else {
      this.written += `${this.isEmptyLine ? '' : ','}${encoded(step)}A${encoded(down)}${encoded(right)}`;
    }
    this.isPending = false;
    this.isEmptyLine = false;
    this.lastColumn = this.column;
    this.lastSourceLine = this.sourceLine;
    this.lastSourceColumn = this.sourceColumn;
  }
}
