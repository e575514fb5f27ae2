/** @file Writing WAVE files for the tests, right ones and wrong ones. */

export interface WavOptions {
  encoding?: 'integer' | 'float';
  bits?: number;
  channels?: number;
  rate?: number;
  extensible?: boolean;
  /** Overrides of what the header says. */
  code?: number;
  frameBytes?: number;
}

/** A chunk with its padding byte; `size` overrides what its header says. */
export function chunk(name: string, content: Uint8Array, size = content.length): Uint8Array {
  const bytes = new Uint8Array(8 + content.length + (content.length % 2));
  bytes.set(new TextEncoder().encode(name));
  new DataView(bytes.buffer).setUint32(4, size, true);
  bytes.set(content, 8);
  return bytes;
}

export function riff(...chunks: Uint8Array[]): Uint8Array {
  const body = Buffer.concat([new TextEncoder().encode('WAVE'), ...chunks]);
  return Uint8Array.from(chunk('RIFF', body));
}

export function formatChunk(options: WavOptions): Uint8Array {
  const { encoding = 'integer', bits = 16, channels = 1, rate = 16000, extensible = false } = options;
  const code = options.code ?? (encoding === 'integer' ? 1 : 3);
  const frameBytes = options.frameBytes ?? (channels * bits) / 8;
  const view = new DataView(new ArrayBuffer(extensible ? 40 : 16));
  view.setUint16(0, extensible ? 0xfffe : code, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, rate, true);
  view.setUint32(8, (rate * frameBytes) % 2 ** 32, true);
  view.setUint16(12, frameBytes, true);
  view.setUint16(14, bits, true);
  if (extensible) {
    view.setUint16(16, 22, true);
    view.setUint16(18, bits, true);
    view.setUint32(20, 0, true);
    view.setUint16(24, code, true);
    const tail = [0, 0, 0, 0, 0x10, 0, 0x80, 0, 0, 0xaa, 0, 0x38, 0x9b, 0x71];
    tail.forEach((byte, i) => void view.setUint8(26 + i, byte));
  }
  return chunk('fmt ', new Uint8Array(view.buffer));
}

/** A whole file of interleaved samples within ±1. */
export function wavFile(samples: ArrayLike<number>, options: WavOptions): Uint8Array {
  const { encoding = 'integer', bits = 16 } = options;
  const bytes = bits / 8;
  const view = new DataView(new ArrayBuffer(samples.length * bytes));
  for (let i = 0; i < samples.length; i++) {
    const at = i * bytes;
    if (encoding === 'float')
      bits === 32 ? view.setFloat32(at, samples[i], true) : view.setFloat64(at, samples[i], true);
    else {
      const value = Math.round(samples[i] * 2 ** (bits - 1));
      const stored = bits === 8 ? value + 128 : value;
      for (let k = 0; k < bytes; k++) view.setUint8(at + k, Math.floor(stored / 2 ** (8 * k)) & 0xff);
    }
  }
  return riff(formatChunk(options), chunk('data', new Uint8Array(view.buffer)));
}
