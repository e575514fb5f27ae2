/** @file `node:readline`: lines of standard input, or of an open file, one after another. */

import { EventEmitter } from './events.ts';
import { engine } from './internal/engine.ts';
import { LineReader } from './internal/lines.ts';
import { process } from './process.ts';

interface Readable {
  readonly fd?: number;
}

interface Writable {
  write(text: string): unknown;
}

export interface InterfaceOptions {
  /** `process.stdin`, or something else with an open file. */
  readonly input?: Readable;
  /** Where questions go. */
  readonly output?: Writable;
  readonly [ignored: string]: unknown;
}

export class Interface extends EventEmitter {
  readonly #lines: LineReader;
  readonly #output: Writable | undefined;
  #isListening = false;
  #isClosed = false;
  #prompt = '> ';

  constructor({ input = process.stdin, output }: InterfaceOptions = {}) {
    super();
    this.#lines = new LineReader(input.fd ?? 0);
    this.#output = output;
  }

  override on(event: string | symbol, listener: (...args: never[]) => void): this {
    super.on(event, listener);
    // Node reads by itself; here nothing waits until somebody wants lines.
    if ((event === 'line' || event === 'close') && !this.#isListening) {
      this.#isListening = true;
      engine().enqueueJob(() => this.#read());
    }
    return this;
  }

  override once(event: string | symbol, listener: (...args: never[]) => void): this {
    super.once(event, listener);
    if (event === 'line') engine().enqueueJob(() => this.#one());
    return this;
  }

  /** Asks, and gives the next line to `answer`; nothing at the end of the input. */
  question(query: string, answer: (line: string) => void): void {
    this.#output?.write(query);
    engine().enqueueJob(() => {
      const line = this.#isClosed ? null : this.#lines.next();
      if (line === null) this.close();
      else answer(line);
    });
  }

  setPrompt(prompt: string): void {
    this.#prompt = prompt;
  }

  prompt(): void {
    this.#output?.write(this.#prompt);
  }

  pause(): this {
    return this;
  }

  resume(): this {
    return this;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.emit('close');
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    for (;;) {
      const line = this.#isClosed ? null : this.#lines.next();
      if (line === null) break;
      yield line;
    }
    this.close();
  }

  #one(): void {
    const line = this.#isClosed ? null : this.#lines.next();
    if (line === null) this.close();
    else this.emit('line', line);
  }

  /** A line in each turn, so that what a line set off runs before the next. */
  #read(): void {
    this.#one();
    if (!this.#isClosed) engine().enqueueJob(() => this.#read());
  }
}

export function createInterface(options: InterfaceOptions): Interface {
  return new Interface(options);
}
