/** @file `node:crypto`: checksums of files and texts, and randomness. */

import { type Buffer, view } from './buffer.ts';
import { Digest } from './internal/digests.ts';
import { decode, encode, knownEncoding } from './internal/encodings.ts';
import { engine } from './internal/engine.ts';
import { nodeError, wrongType } from './internal/errors.ts';

/** What `createHash` gives. */
export class Hash {
  #digest: Digest | null;

  constructor(digest: Digest) {
    this.#digest = digest;
  }

  update(data: string | ArrayBufferView, encoding?: string): this {
    const digest = this.#open();
    if (typeof data === 'string') digest.update(encode(data, knownEncoding(encoding)));
    else if (ArrayBuffer.isView(data)) digest.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    else throw wrongType('data', 'of type string or an instance of Buffer, TypedArray, or DataView', data);
    return this;
  }

  digest(): Buffer;
  digest(encoding: string): string;
  digest(encoding?: string): Buffer | string {
    const bytes = this.#open().finish();
    this.#digest = null;
    return encoding === undefined || encoding === 'buffer' ? view(bytes) : decode(bytes, knownEncoding(encoding));
  }

  copy(): Hash {
    return new Hash(this.#open().copy());
  }

  #open(): Digest {
    if (this.#digest) return this.#digest;
    throw nodeError(new Error('Digest already called'), 'ERR_CRYPTO_HASH_FINALIZED');
  }
}

/** `md5`, `sha1` or `sha256`. */
export function createHash(algorithm: string): Hash {
  const digest = Digest.named(algorithm);
  if (digest) return new Hash(digest);
  throw nodeError(new Error('Digest method not supported'), 'ERR_OSSL_EVP_UNSUPPORTED');
}

/** The digest of one text or array. */
export function hash(algorithm: string, data: string | ArrayBufferView, encoding = 'hex'): string {
  return createHash(algorithm).update(data).digest(encoding);
}

export function getHashes(): string[] {
  return ['md5', 'sha1', 'sha256'];
}

type Done = (error: Error | null, bytes: Buffer) => void;

export function randomBytes(size: number): Buffer;
export function randomBytes(size: number, done: Done): void;
export function randomBytes(size: number, done?: Done): Buffer | undefined {
  if (typeof size !== 'number') throw wrongType('size', 'of type number', size);
  const bytes = view(engine().random(size));
  if (!done) return bytes;
  engine().enqueueJob(() => done(null, bytes));
  return undefined;
}

/** A random UUID, version 4. */
export function randomUUID(): string {
  const bytes = randomBytes(16);
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  return decode(bytes, 'hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
