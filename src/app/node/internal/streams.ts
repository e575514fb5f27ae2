/** @file Standard output and error: written at once, with the events that programs listen to. */

import { EventEmitter } from '../events.ts';
import { decode, encode, knownEncoding } from './encodings.ts';
import { engine } from './engine.ts';

type Done = (error?: Error | null) => void;

/** `process.stdout` or `process.stderr`. */
export class OutputStream extends EventEmitter {
  readonly fd: number;
  writable = true;

  constructor(fd: number) {
    super();
    this.fd = fd;
  }

  /** As in Node: true on a terminal, else not there. */
  get isTTY(): true | undefined {
    return engine().isTTY(this.fd) || undefined;
  }

  /** Writes before it returns. A failure is an `error` event, a moment later: uncaught, it ends the program. */
  write(chunk: string | Uint8Array, encodingOrDone?: string | Done, done?: Done): boolean {
    const callback = typeof encodingOrDone === 'function' ? encodingOrDone : done;
    if (!this.writable) return false;
    try {
      const encoding = typeof encodingOrDone === 'string' ? knownEncoding(encodingOrDone) : 'utf8';
      if (typeof chunk !== 'string') this.#bytes(chunk);
      else if (encoding === 'utf8') engine().writeText(this.fd, chunk);
      else this.#bytes(encode(chunk, encoding));
    } catch (error) {
      this.writable = false;
      engine().enqueueJob(() => {
        callback?.(error as Error);
        this.emit('error', error);
      });
      return false;
    }
    if (callback) engine().enqueueJob(() => callback(null));
    return true;
  }

  end(chunk?: string | Uint8Array, encoding?: string | Done, done?: Done): this {
    if (chunk !== undefined) this.write(chunk, encoding, done);
    this.writable = false;
    engine().enqueueJob(() => this.emit('finish'));
    return this;
  }

  #bytes(bytes: Uint8Array): void {
    engine().write(this.fd, bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.length);
  }
}

/** `process.stdin`, read to its end when somebody listens. */
export class InputStream extends EventEmitter {
  readonly fd = 0;
  #encoding: string | null = null;
  #started = false;

  get isTTY(): true | undefined {
    return engine().isTTY(0) || undefined;
  }

  setEncoding(encoding: string): this {
    this.#encoding = encoding;
    return this;
  }

  override on(event: string | symbol, listener: (...args: never[]) => void): this {
    super.on(event, listener);
    if (event === 'data') this.resume();
    return this;
  }

  resume(): this {
    if (!this.#started) engine().enqueueJob(() => this.#read());
    this.#started = true;
    return this;
  }

  pause(): this {
    return this;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string | Uint8Array> {
    const all = readAll(0);
    if (all.length > 0) yield this.#chunk(all);
  }

  #chunk(bytes: Uint8Array): string | Uint8Array {
    return this.#encoding === null ? bytes : decode(bytes, knownEncoding(this.#encoding));
  }

  #read(): void {
    try {
      const all = readAll(0);
      if (all.length > 0) this.emit('data', this.#chunk(all));
      this.emit('end');
      this.emit('close');
    } catch (error) {
      this.emit('error', error);
    }
  }
}

/** Everything that is still to be read from an open file. */
export function readAll(fd: number): Uint8Array {
  let buffer = new Uint8Array(64 * 1024);
  let length = 0;
  for (;;) {
    if (length === buffer.length) {
      const larger = new Uint8Array(2 * buffer.length);
      larger.set(buffer);
      buffer = larger;
    }
    const count = engine().read(fd, buffer.buffer, length, buffer.length - length, -1);
    if (count === 0) return buffer.subarray(0, length);
    length += count;
  }
}
