/** @file An open file line by line: no more of it is read than the lines that are wanted. */

import { decode } from './encodings.ts';
import { engine } from './engine.ts';

const pieceBytes = 64 * 1024;
const newline = 10;

export class LineReader {
  readonly #fd: number;
  #bytes = new Uint8Array(0);
  /** Where in them no newline has been looked for. */
  #searched = 0;
  #isAtEnd = false;
  /** Of one text between newlines: it may hold carriage returns. */
  #ready: string[] = [];

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** Without its line end; null after the last. Waits for input. */
  next(): string | null {
    while (this.#ready.length === 0) {
      const at = this.#bytes.indexOf(newline, this.#searched);
      if (at >= 0) this.#take(at, at + 1);
      else if (this.#isAtEnd && this.#bytes.length === 0) return null;
      else if (this.#isAtEnd) this.#take(this.#bytes.length, this.#bytes.length);
      else this.#more();
    }
    return this.#ready.shift() ?? null;
  }

  #take(end: number, next: number): void {
    const text = decode(this.#bytes.subarray(0, end), 'utf8').replace(/\r$/, '');
    this.#ready = text.split('\r');
    this.#bytes = this.#bytes.subarray(next);
    this.#searched = 0;
  }

  #more(): void {
    this.#searched = this.#bytes.length;
    const larger = new Uint8Array(this.#bytes.length + pieceBytes);
    larger.set(this.#bytes);
    const count = engine().read(this.#fd, larger.buffer, this.#bytes.length, pieceBytes, -1);
    if (count === 0) this.#isAtEnd = true;
    else this.#bytes = larger.subarray(0, this.#bytes.length + count);
  }
}
