/** @file Text edits on one file, in the order that nests: children first, then their parents. */

import MagicString, { SourceMap } from 'magic-string';
import { child, type Node } from './ast.ts';
import { InsertedCalls } from './insertedCalls.ts';

const [space, slash, firstOddSpace] = [32, 47, 0x80];
const gap = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/y;
const identifierCharacter = /[\w$\u0080-\uffff]/;

/**
 * Edits of one source text. Insertions at the same place nest when a node is edited after its children: what is put
 * before a node goes before everything put there earlier, what is put after it goes after.
 */
export class Edits {
  readonly code: string;
  private readonly out: MagicString;
  private readonly calls: InsertedCalls;
  private count = 0;
  private rendered: { readonly count: number; readonly text: string } | null = null;

  constructor(code: string) {
    this.code = code;
    this.out = new MagicString(code);
    this.calls = new InsertedCalls(code);
  }

  get isEmpty(): boolean {
    return this.count === 0;
  }

  /** A keyword may touch what follows it (`return-x`): a name put between needs a space. */
  private spaced(at: number, insertion: string): string {
    const previous = this.code[at - 1];
    return previous !== undefined && identifierCharacter.test(previous) ? ` ${insertion}` : insertion;
  }

  /** Puts text before and after a node. A call in it is reported at a binary operator where the node is one, else at the node. */
  wrap(node: Node, before: string, after: string): void {
    this.count++;
    const at = node.type === 'BinaryExpression' ? this.skipSpace(child(node, 'left').end) : node.start;
    this.out.prependRight(node.start, this.spaced(node.start, this.calls.marked(before, at)));
    this.out.appendLeft(node.end, this.calls.marked(after, at));
  }

  /** Puts text directly before what stands at an offset, and before anything put there so far. */
  before(at: number, insertion: string): void {
    this.count++;
    this.out.prependRight(at, this.spaced(at, this.calls.marked(insertion, at)));
  }

  /** Puts text directly after what ends at an offset, and after anything put there so far. */
  after(at: number, insertion: string): void {
    this.count++;
    this.out.appendLeft(at, this.calls.marked(insertion, at));
  }

  /** Replaces a range that holds no other edit; what was put around it stays. */
  replace(start: number, end: number, replacement: string): void {
    this.count++;
    const marked = this.calls.marked(replacement, start);
    if (start === end) this.out.appendLeft(start, marked);
    else this.out.update(start, end, this.spaced(start, marked));
  }

  /** The first offset from `from` on that is neither white space nor comment. */
  skipSpace(from: number): number {
    let at = from;
    while (this.code.charCodeAt(at) === space) at++;
    const character = this.code.charCodeAt(at);
    if (character > space && character !== slash && character < firstOddSpace) return at;
    gap.lastIndex = at;
    gap.exec(this.code);
    return gap.lastIndex;
  }

  slice(node: Node): string {
    return this.code.slice(node.start, node.end);
  }

  /** The text with the marks in it, made once for each state of the edits. */
  private edited(): string {
    if (this.rendered?.count !== this.count) this.rendered = { count: this.count, text: this.out.toString() };
    return this.rendered.text;
  }

  toString(): string {
    return this.calls.strip(this.edited());
  }

  /** An exact map to the original; `source` is the name it gives the original. */
  map(source: string): SourceMap {
    const map = this.out.generateDecodedMap({ source, includeContent: true, hires: 'boundary' });
    return new SourceMap(this.calls.settle(this.edited(), map));
  }
}
