/** @file Text edits on one file, in the order that nests: children first, then their parents. */

import { child, type Node } from './ast.ts';
import { MappedText } from './mappedText.ts';

const [space, slash, firstOddSpace] = [32, 47, 0x80];
const gap = /(?:\s|\/\/[^\n\r\u2028\u2029]*|\/\*[\s\S]*?\*\/)*/y;
const identifierCharacter = /[\w$\u0080-\uffff]/;

/** A text that is put somewhere, and the offset of the source that calls in it are reported at. */
interface Piece {
  readonly text: string;
  readonly at: number;
}

/** What happens at one offset of the source. */
interface Place {
  /** What is put after the node that ends here, in this order. */
  readonly after: Piece[];
  /** What is put before the node that starts here, the last one first. */
  readonly before: Piece[];
  /** What takes the place of the source from here to `end`. */
  replaced: { readonly text: string; readonly end: number } | null;
}

/**
 * Edits of one source text. Insertions at the same place nest when a node is edited after its children: what is put
 * before a node goes before everything put there earlier, what is put after it goes after.
 */
export class Edits {
  readonly code: string;
  private readonly places = new Map<number, Place>();

  constructor(code: string) {
    this.code = code;
  }

  private place(offset: number): Place {
    let place = this.places.get(offset);
    if (!place) {
      place = { after: [], before: [], replaced: null };
      this.places.set(offset, place);
    }
    return place;
  }

  /** A keyword may touch what follows it (`return-x`): a name put between needs a space. */
  private spaced(at: number, insertion: string): string {
    const previous = this.code[at - 1];
    return previous !== undefined && identifierCharacter.test(previous) ? ` ${insertion}` : insertion;
  }

  /** Puts text before and after a node. A call in it is reported at a binary operator where the node is one, else at the node. */
  wrap(node: Node, before: string, after: string): void {
    const at = node.type === 'BinaryExpression' ? this.skipSpace(child(node, 'left').end) : node.start;
    this.place(node.start).before.push({ text: this.spaced(node.start, before), at });
    this.place(node.end).after.push({ text: after, at });
  }

  /** Puts text directly before what stands at an offset, and before anything put there so far. */
  before(at: number, insertion: string): void {
    this.place(at).before.push({ text: this.spaced(at, insertion), at });
  }

  /** Puts text directly after what ends at an offset, and after anything put there so far. */
  after(at: number, insertion: string): void {
    this.place(at).after.push({ text: insertion, at });
  }

  /** Replaces a range that holds no other edit; what was put around it stays. */
  replace(start: number, end: number, replacement: string): void {
    if (start === end) this.after(start, replacement);
    else this.place(start).replaced = { text: this.spaced(start, replacement), end };
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

  /** The edited text. */
  rendered(): MappedText {
    const text = new MappedText(this.code);
    let done = 0;
    for (const offset of Uint32Array.from(this.places.keys()).sort()) {
      const { after, before, replaced } = this.places.get(offset) as Place;
      if (offset < done) throw new Error(`an edit at ${offset} lies in a replaced range that ends at ${done}`);
      text.copy(done, offset);
      done = offset;
      for (const piece of after) text.insert(piece.text, piece.at);
      for (const piece of before.toReversed()) text.insert(piece.text, piece.at);
      if (replaced) {
        text.replace(replaced.text, offset);
        done = replaced.end;
      }
    }
    text.copy(done, this.code.length);
    return text;
  }
}
