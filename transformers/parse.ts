/** @file Parsing (oxc): a script's syntax tree, its comments, and where its lines begin. */

import { type ParserOptions, parseSync } from 'oxc-parser';
import { children, type Node } from './ast.ts';
import { isTooDeep } from './nesting.ts';
import { scriptExtension } from './scriptFile.ts';

/** A comment; `value` is without its delimiters. */
export interface Comment {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/** A place in a source text: both from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface ParsedFile {
  readonly program: Node;
  readonly comments: readonly Comment[];
  readonly lines: Lines;
}

/** Where the lines of a text begin. */
export class Lines {
  private readonly starts: readonly number[];

  constructor(code: string) {
    const starts = [0];
    const end = /\r\n?|[\n\u2028\u2029]/g;
    for (let found = end.exec(code); found; found = end.exec(code)) starts.push(end.lastIndex);
    this.starts = starts;
  }

  /** The line, from 1, that an offset is on. */
  at(offset: number): number {
    const { starts } = this;
    let [low, high] = [0, starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  position(offset: number): Position {
    const line = this.at(offset);
    return { line, column: offset - (this.starts[line - 1] as number) + 1 };
  }
}

function parserOptions(path: string): ParserOptions {
  const [, , language, jsx] = scriptExtension.exec(path) ?? [];
  const isJsx = language === 'js' || jsx === 'x';
  return {
    lang: path.endsWith('.d.ts') ? 'dts' : language === 'js' ? 'jsx' : isJsx ? 'tsx' : 'ts',
    sourceType: 'module',
    astType: 'ts',
  };
}

/** Mistakes with operators, which calls in place of the operators would hide. */
const mixedOperators = /^A unary expression with the|^Logical expressions and coalesce expressions cannot be mixed/;

/**
 * Parses a script. Returns null when it is not one: the tool that compiles it next will say why.
 *
 * @throws RangeError when the script is nested too deeply for the stack of this thread
 */
export function parseScript(code: string, path: string): ParsedFile | null {
  if (isTooDeep(code)) throw new RangeError(`${path} is nested too deeply`);
  const parsed = parseSync(path, code, parserOptions(path));
  const { errors, comments } = parsed;
  if (errors.some(({ message }) => mixedOperators.test(message))) return null;
  const program = parsed.program as unknown as Node;
  // Any other mistake that the parser can step over is reported better by whatever compiles the file next.
  if (errors.length > 0 && children(program, 'body').length === 0) return null;
  return { program, comments, lines: new Lines(code) };
}
