/** @file MD5 (RFC 1321), SHA-1 and SHA-256 (FIPS 180-4), fed piece by piece. */

/**
 * The 32-bit words of a state, changed by each block of 64 bytes. In the loops there are neither arrays nor tuples: the small
 * engine that runs them would make each one.
 */
interface Algorithm {
  readonly start: readonly number[];
  /** Order of the bytes in words and in the length at the end. */
  readonly littleEndian: boolean;
  /** `words` has room for 64 beside the 16 of the block. */
  mix(state: Int32Array, words: Int32Array): void;
}

const rotate = (x: number, by: number): number => (x << by) | (x >>> (32 - by));

/** The first 32 bits behind the point. */
const fraction = (x: number): number => ((x - Math.floor(x)) * 2 ** 32) | 0;

const sines = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);
const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];

const md5: Algorithm = {
  start: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476],
  littleEndian: true,
  mix(state, words) {
    let [a, b, c, d] = state;
    for (let i = 0; i < 64; i++) {
      const f = i < 16 ? (b & c) | (~b & d) : i < 32 ? (d & b) | (~d & c) : i < 48 ? b ^ c ^ d : c ^ (b | ~d);
      const from = i < 16 ? i : i < 32 ? 5 * i + 1 : i < 48 ? 3 * i + 5 : 7 * i;
      const turned = rotate((a + f + sines[i] + words[from & 15]) | 0, shifts[((i >> 4) << 2) | (i & 3)]);
      a = d;
      d = c;
      c = b;
      b = (b + turned) | 0;
    }
    add(state, a, b, c, d);
  },
};

const sha1: Algorithm = {
  start: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0],
  littleEndian: false,
  mix(state, words) {
    for (let i = 16; i < 80; i++) words[i] = rotate(words[i - 3] ^ words[i - 8] ^ words[i - 14] ^ words[i - 16], 1);
    let [a, b, c, d, e] = state;
    for (let i = 0; i < 80; i++) {
      const f = i < 20 ? (b & c) | (~b & d) : i >= 40 && i < 60 ? (b & c) | (b & d) | (c & d) : b ^ c ^ d;
      const k = i < 20 ? 0x5a827999 : i < 40 ? 0x6ed9eba1 : i < 60 ? 0x8f1bbcdc : 0xca62c1d6;
      const next = (rotate(a, 5) + f + e + k + words[i]) | 0;
      e = d;
      d = c;
      c = rotate(b, 30);
      b = a;
      a = next;
    }
    add(state, a, b, c, d, e);
  },
};

const primes = Array.from({ length: 312 }, (_, i) => i).filter((n) => n > 1 && isPrime(n));
const cubes = Int32Array.from(primes.slice(0, 64), (prime) => fraction(Math.cbrt(prime)));

function isPrime(n: number): boolean {
  for (let by = 2; by * by <= n; by++) if (n % by === 0) return false;
  return true;
}

const sha256: Algorithm = {
  start: primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime))),
  littleEndian: false,
  mix(state, words) {
    for (let i = 16; i < 64; i++) {
      const x = words[i - 15];
      const y = words[i - 2];
      const s0 = rotate(x, 25) ^ rotate(x, 14) ^ (x >>> 3);
      const s1 = rotate(y, 15) ^ rotate(y, 13) ^ (y >>> 10);
      words[i] = (words[i - 16] + s0 + words[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; i++) {
      const s1 = rotate(e, 26) ^ rotate(e, 21) ^ rotate(e, 7);
      const s0 = rotate(a, 30) ^ rotate(a, 19) ^ rotate(a, 10);
      const one = (h + s1 + ((e & f) ^ (~e & g)) + cubes[i] + words[i]) | 0;
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    add(state, a, b, c, d, e, f, g, h);
  },
};

function add(state: Int32Array, ...values: readonly number[]): void {
  for (let i = 0; i < values.length; i++) state[i] += values[i];
}

const algorithms: Readonly<Record<string, Algorithm>> = { md5, sha1, 'sha-1': sha1, sha256, 'sha-256': sha256 };

const blockBytes = 64;

export class Digest {
  readonly #algorithm: Algorithm;
  readonly #state: Int32Array;
  readonly #words = new Int32Array(80);
  readonly #block = new Uint8Array(blockBytes);
  #bytes = 0;

  private constructor(algorithm: Algorithm, state: Int32Array) {
    this.#algorithm = algorithm;
    this.#state = state;
  }

  /** Null: no such algorithm here. */
  static named(name: string): Digest | null {
    const algorithm = Object.hasOwn(algorithms, name.toLowerCase()) ? algorithms[name.toLowerCase()] : null;
    return algorithm && new Digest(algorithm, Int32Array.from(algorithm.start));
  }

  copy(): Digest {
    const copy = new Digest(this.#algorithm, this.#state.slice());
    copy.#block.set(this.#block);
    copy.#bytes = this.#bytes;
    return copy;
  }

  update(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const filled = this.#bytes % blockBytes;
      const piece = bytes.subarray(at, at + blockBytes - filled);
      this.#block.set(piece, filled);
      this.#bytes += piece.length;
      at += piece.length;
      if (this.#bytes % blockBytes === 0) this.#mix();
    }
  }

  /** The result; nothing can be added after it. */
  finish(): Uint8Array<ArrayBuffer> {
    const { littleEndian } = this.#algorithm;
    const bits = BigInt(this.#bytes) * 8n;
    const padding = new Uint8Array(((blockBytes + 55 - (this.#bytes % blockBytes)) % blockBytes) + 9);
    padding[0] = 0x80;
    new DataView(padding.buffer).setBigUint64(padding.length - 8, bits, littleEndian);
    this.update(padding);
    const result = new DataView(new ArrayBuffer(4 * this.#state.length));
    for (const [i, word] of this.#state.entries()) result.setInt32(4 * i, word, littleEndian);
    return new Uint8Array(result.buffer);
  }

  #mix(): void {
    const view = new DataView(this.#block.buffer);
    for (let i = 0; i < 16; i++) this.#words[i] = view.getInt32(4 * i, this.#algorithm.littleEndian);
    this.#algorithm.mix(this.#state, this.#words);
  }
}
