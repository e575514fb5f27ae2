/** @file `node:readline/promises`: lines, and questions that promise an answer. */

import { type InterfaceOptions, Interface as Lines } from './readline.ts';

export class Interface {
  readonly #lines: Lines;

  constructor(options: InterfaceOptions = {}) {
    this.#lines = new Lines(options);
  }

  question(query: string): Promise<string> {
    return new Promise((resolve) => this.#lines.question(query, resolve));
  }

  on(event: string | symbol, listener: (...args: never[]) => void): this {
    this.#lines.on(event, listener);
    return this;
  }

  close(): void {
    this.#lines.close();
  }

  [Symbol.asyncIterator](): AsyncGenerator<string> {
    return this.#lines[Symbol.asyncIterator]();
  }
}

export function createInterface(options: InterfaceOptions): Interface {
  return new Interface(options);
}
