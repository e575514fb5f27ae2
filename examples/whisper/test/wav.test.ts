/** @file WAVE files of every kind that is read, and the broken ones that are not. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { downMix, mixWeights } from '../downMix.ts';
import { decodeWav, isWav, WavCodecError } from '../wav.ts';
import { chunk, formatChunk, riff, wavFile } from './wavFiles.ts';

const kinds = [
  { encoding: 'integer', bits: 8, step: 2 ** -7 },
  { encoding: 'integer', bits: 16, step: 2 ** -15 },
  { encoding: 'integer', bits: 24, step: 2 ** -23 },
  { encoding: 'integer', bits: 32, step: 2 ** -23 },
  { encoding: 'float', bits: 32, step: 0 },
  { encoding: 'float', bits: 64, step: 2 ** -24 },
] as const;

describe('decodeWav', () => {
  for (const { encoding, bits, step } of kinds) {
    for (const extensible of [false, true]) {
      it(`${bits}-bit ${encoding}${extensible ? ', extensible' : ''}: samples come back to the last bit`, () => {
        fc.assert(
          fc.property(
            fc.array(fc.float({ min: -1, max: Math.fround(0.99), noNaN: true }), { minLength: 0, maxLength: 24 }),
            fc.integer({ min: 1, max: 3 }),
            fc.integer({ min: 1, max: 400000 }),
            (samples, channels, rate) => {
              const whole = samples.slice(0, samples.length - (samples.length % channels));
              const wav = decodeWav(wavFile(whole, { encoding, bits, channels, rate, extensible }), 'a.wav');
              expect([wav.rate, wav.channels, wav.interleaved.length]).toEqual([rate, channels, whole.length]);
              const differences = whole.map((sample, i) => Math.abs(wav.interleaved[i] - sample));
              expect(Math.max(0, ...differences)).toBeLessThanOrEqual(step);
            },
          ),
        );
      });
    }
  }

  const samples = [0.5, -0.25, 0.125, 1 - 2 ** -15];
  const data = wavFile(samples, {}).subarray(44);
  const read = (bytes: Uint8Array) => [...decodeWav(bytes, 'a.wav').interleaved];

  it('skips odd chunks, with and without their padding byte', () => {
    const odd = chunk('LIST', new Uint8Array(3));
    const format = formatChunk({});
    expect(read(riff(odd, format, chunk('data', data)))).toEqual(samples);
    expect(read(riff(odd.subarray(0, 11), format, chunk('data', data)))).toEqual(samples);
    expect(read(riff(format, chunk('junk', new Uint8Array(5)), chunk('data', data)))).toEqual(samples);
  });

  it('takes the whole frames of a truncated data chunk', () => {
    const stereo = wavFile(samples, { channels: 2 });
    expect(read(stereo.subarray(0, stereo.length - 1))).toEqual(samples.slice(0, 2));
  });

  it('reads to the end where the size is open: 0, 0xFFFFFFFF', () => {
    for (const size of [0, 0xffffffff]) expect(read(riff(formatChunk({}), chunk('data', data, size)))).toEqual(samples);
  });

  it('takes a data chunk of size 0 as empty when proper chunks follow or nothing does', () => {
    expect(read(riff(formatChunk({}), chunk('data', new Uint8Array(0))))).toEqual([]);
    const list = chunk('LIST', new Uint8Array(4));
    expect(read(riff(formatChunk({}), chunk('data', new Uint8Array(0)), list))).toEqual([]);
  });

  it('takes the 64-bit size of RF64', () => {
    const sizes = new DataView(new ArrayBuffer(28));
    sizes.setBigUint64(8, 4n, true);
    const file = riff(chunk('ds64', new Uint8Array(sizes.buffer)), formatChunk({}), chunk('data', data, 0xffffffff));
    file.set(new TextEncoder().encode('RF64'));
    expect(isWav(file)).toBe(true);
    expect(read(file)).toEqual(samples.slice(0, 2));
  });

  it('refuses broken headers in one line that names the file', () => {
    const broken: [string, Uint8Array, RegExp][] = [
      ['no chunks', riff(), /no "fmt " chunk/],
      ['no data', riff(formatChunk({})), /no "data" chunk/],
      ['data first', riff(chunk('data', data), formatChunk({})), /no "fmt " chunk before/],
      ['short format', riff(chunk('fmt ', new Uint8Array(8)), chunk('data', data)), /cut short/],
      ['no channels', wavFile([], { channels: 0 }), /no channels/],
      ['no rate', wavFile(samples, { rate: 0 }), /sample rate of 0/],
      ['odd width', wavFile([], { bits: 40 }), /40-bit PCM/],
      ['frame size', wavFile(samples, { frameBytes: 3 }), /frames of 3 bytes for 1 channels of 16 bits/],
    ];
    for (const [, bytes, message] of broken) {
      const attempt = () => decodeWav(bytes, 'sound.wav');
      expect(attempt).toThrow(message);
      expect(attempt).toThrow(/^sound\.wav: [^\n]+$/);
    }
  });

  it('names compressed samples as such', () => {
    expect(() => decodeWav(wavFile(samples, { code: 0x11 }), 'a.wav')).toThrow(WavCodecError);
  });

  it('never throws anything else, whatever the bytes', () => {
    const good = wavFile(samples, { channels: 2, extensible: true });
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255))), fc.nat(good.length), (changes, length) => {
        const bytes = good.slice(0, length);
        for (const [at, value] of changes) bytes[at] = value;
        try {
          decodeWav(bytes, 'a.wav');
        } catch (error) {
          expect(String(error)).toMatch(/(Audio|WavCodec)Error: a\.wav: [^\n]+$/);
        }
      }),
    );
  });
});

describe('downMix', () => {
  it('averages stereo', () => {
    expect([...downMix(Float32Array.of(1, 0, 0.5, -0.5), 2, 0)]).toEqual([0.5, 0]);
  });

  it('weighs more channels as ffmpeg 5.1 does (measured with an impulse in each)', () => {
    const measured = [
      [0.5, 0.5, 0],
      [0.2427, 0.2427, 0.3431, 0.1716],
      [0.2071, 0.2071, 0.2929, 0.1465, 0.1465],
      [0.2071, 0.2071, 0.2929, 0, 0.1465, 0.1465],
      [0.1807, 0.1807, 0.2555, 0, 0.1277, 0.1277, 0.1277],
      [0.1602, 0.1602, 0.2266, 0, 0.1133, 0.1133, 0.1133, 0.1133],
    ];
    for (const weights of measured) {
      const differences = mixWeights(weights.length, 0).map((weight, i) => Math.abs(weight - weights[i]));
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    }
  });

  it('averages what it knows no layout for, and follows the speakers where they are named', () => {
    expect(mixWeights(12, 0)).toEqual(new Array(12).fill(1 / 12));
    expect(mixWeights(2, 0x4 | 0x8)).toEqual([1, 0]);
    expect(mixWeights(1, 0x8)).toEqual([1]);
  });
});
