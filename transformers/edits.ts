/** @file Text edits on one file, in the order that nests: children first, then their parents. */

import MagicString, { type SourceMap } from 'magic-string';
import type { Node } from './ast.ts';

const identifierCharacter = /[\w$\u0080-\uffff]/;

/**
 * Edits of one source text. Insertions at the same place nest when a node is edited after its children: what is put
 * before a node goes before everything put there earlier, what is put after it goes after.
 */
export class Edits {
  readonly code: string;
  private readonly out: MagicString;
  private count = 0;

  constructor(code: string) {
    this.code = code;
    this.out = new MagicString(code);
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** A keyword may touch what follows it (`return-x`): a name put between needs a space. */
  private spaced(at: number, insertion: string): string {
    const previous = this.code[at - 1];
    return previous !== undefined && identifierCharacter.test(previous) ? ` ${insertion}` : insertion;
  }

  /** Puts text before and after a node. */
  wrap(node: Node, before: string, after: string): void {
    this.count++;
    this.out.prependRight(node.start, this.spaced(node.start, before));
    this.out.appendLeft(node.end, after);
  }

  /** Puts text directly before what stands at an offset, and before anything put there so far. */
  before(at: number, insertion: string): void {
    this.count++;
    this.out.prependRight(at, this.spaced(at, insertion));
  }

  /** Puts text directly after what ends at an offset, and after anything put there so far. */
  after(at: number, insertion: string): void {
    this.count++;
    this.out.appendLeft(at, insertion);
  }

  /** Replaces a range that holds no other edit; what was put around it stays. */
  replace(start: number, end: number, replacement: string): void {
    this.count++;
    if (start === end) this.out.appendLeft(start, replacement);
    else this.out.update(start, end, this.spaced(start, replacement));
  }

  /** The first offset from `from` on that is neither white space nor comment. */
  skipSpace(from: number): number {
    const gap = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/y;
    gap.lastIndex = from;
    gap.exec(this.code);
    return gap.lastIndex;
  }

  slice(node: Node): string {
    return this.code.slice(node.start, node.end);
  }

  toString(): string {
    return this.out.toString();
  }

  /** An exact map to the original; `source` is the name it gives the original. */
  map(source: string): SourceMap {
    return this.out.generateMap({ source, includeContent: true, hires: 'boundary' });
  }
}
