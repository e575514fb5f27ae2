/** @file The wire format against an independent implementation of it. */

import fc from 'fast-check';
import protobuf from 'protobufjs/minimal.js';
import { expect, test } from 'vitest';
import { FIXED32, FIXED64, LENGTH, VARINT, WireReader, WireWriter } from '../wire.ts';

const halves = (value: bigint) =>
  ({ low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: false }) as never;

const wellFormed = fc.string({ unit: 'grapheme' });
const int64 = fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n);
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
const float = fc.float({ noNaN: true });

test('the same bytes as protobufjs, which read back as what was written', () => {
  fc.assert(
    fc.property(
      uint32,
      int64,
      float,
      wellFormed,
      fc.uint8Array({ maxLength: 3000 }),
      (count, whole, real, text, raw) => {
        const ours = new WireWriter()
          .tag(1, VARINT)
          .uint32(count)
          .tag(300, LENGTH)
          .message((inner) =>
            inner
              .int64(whole)
              .message((most) => most.bytes(raw))
              .string(text),
          )
          .float(real);
        const theirs = protobuf.Writer.create()
          .uint32(8)
          .uint32(count)
          .uint32((300 << 3) | 2)
          .fork();
        theirs.int64(halves(whole)).fork().bytes(raw).ldelim().string(text).ldelim().float(real);
        const bytes = ours.finish();
        expect(Buffer.from(bytes).equals(theirs.finish())).toBe(true);

        const reader = new WireReader(bytes);
        expect([reader.uint32(), reader.uint32(), reader.uint32()]).toEqual([8, count, (300 << 3) | 2]);
        expect(reader.uint32() + reader.position + 4).toBe(bytes.length);
        expect(reader.int64()).toBe(whole);
        reader.uint32();
        expect(Buffer.from(reader.bytes()).equals(Buffer.from(raw))).toBe(true);
        expect(reader.string()).toBe(text);
        reader.skipValue(FIXED32);
        expect(reader.position).toBe(bytes.length);
      },
    ),
  );
});

test('whole numbers are written alike as number and as bigint, and a fraction not at all', () => {
  for (const value of [0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, -1, -(2 ** 40)]) {
    const bytes = new WireWriter().int64(value).finish();
    expect(bytes).toEqual(new WireWriter().int64(BigInt(value)).finish());
    expect(
      Buffer.from(bytes).equals(
        protobuf.Writer.create()
          .int64(halves(BigInt(value)))
          .finish(),
      ),
    ).toBe(true);
  }
  expect(new WireReader(new WireWriter().int64(-5).finish()).int32()).toBe(-5);
  expect(() => new WireWriter().int64(1.5)).toThrow(RangeError);
});

test('a mark at the start of a text stays', () => {
  expect(new WireReader(new WireWriter().string('\uFEFFtext').finish()).string()).toBe('\uFEFFtext');
});

test('bytes that end too early, never end, or are of no known type are refused', () => {
  const reading = (...bytes: number[]) => new WireReader(Uint8Array.from(bytes));
  expect(() => reading().uint32()).toThrow(RangeError);
  expect(() => reading(0x80).int64()).toThrow(RangeError);
  expect(() => reading(...new Array<number>(11).fill(0xff)).uint32()).toThrow(RangeError);
  expect(() => reading(...new Array<number>(11).fill(0xff)).int64()).toThrow(RangeError);
  expect(() => reading(4, 1, 2, 3).bytes()).toThrow(RangeError);
  expect(() => reading(0xff, 0xff, 0xff, 0xff, 0x0f).string()).toThrow(RangeError);
  expect(() => reading(1, 2, 3).skipValue(FIXED64)).toThrow(RangeError);
  expect(() => reading(1, 2, 3, 4).skipValue(3)).toThrow(RangeError);
});
