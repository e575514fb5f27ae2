/** @file Packing against a reference in JavaScript, for every element size, group and layout of the source. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../core/dtype.ts';
import { Storage } from '../../core/storage.ts';
import { elementReader, elementWriter } from '../../core/view.ts';
import '../koffi.ts';
import { addressOf } from '../ffi.ts';
import { nativeRuntime } from '../nativeRuntime.ts';
import { allocateAligned, type PanelSource, packPanels, panelBytes, unpackPanels } from '../pack.ts';
import { exampleRuntimePath } from './exampleArtifact.ts';

/** Panels [ceil(N/16)][ceil(K/g)][16][g], element by element. */
function reference(source: PanelSource, bytes: Uint8Array): Uint8Array {
  const { elementBytes: size, group: g, n, k1, k0 } = source;
  const blocks = Math.ceil((k1 * k0) / g);
  const panels = new Uint8Array(panelBytes(source));
  for (let column = 0; column < n; column++) {
    for (let k = 0; k < k1 * k0; k++) {
      const from = column * source.strideN + Math.floor(k / k0) * source.strideK1 + (k % k0) * source.strideK0;
      const to = ((Math.floor(column / 16) * blocks + Math.floor(k / g)) * 16 + (column % 16)) * g + (k % g);
      panels.set(bytes.subarray(from * size, (from + 1) * size), to * size);
    }
  }
  return panels;
}

function check(source: PanelSource, elements: number): void {
  const runtime = nativeRuntime(exampleRuntimePath);
  const bytes = new Uint8Array(new ArrayBuffer(elements * source.elementBytes));
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + 7) & 255;
  const size = panelBytes(source);
  const target = allocateAligned(size);
  target.bytes.fill(0xee);
  expect(target.address % 64).toBe(0);
  packPanels(runtime, source, addressOf(bytes), target.address);
  expect(Buffer.compare(target.bytes, reference(source, bytes))).toBe(0);
  const back = new Uint8Array(new ArrayBuffer(bytes.length)).fill(0xee);
  unpackPanels(runtime, source, target.address, addressOf(back));
  expect(Buffer.compare(back, scattered(source, bytes))).toBe(0);
}

/** The elements that the source names, at their places in memory that was 0xee. */
function scattered({ elementBytes: size, n, k1, k0, strideN, strideK1, strideK0 }: PanelSource, bytes: Uint8Array) {
  const memory = new Uint8Array(bytes.length).fill(0xee);
  for (let column = 0; column < n; column++) {
    for (let k = 0; k < k1 * k0; k++) {
      const at = (column * strideN + Math.floor(k / k0) * strideK1 + (k % k0) * strideK0) * size;
      memory.set(bytes.subarray(at, at + size), at);
    }
  }
  return memory;
}

const elementBytes = fc.constantFrom(1, 2, 4) as fc.Arbitrary<1 | 2 | 4>;
const group = fc.constantFrom(1, 2, 4) as fc.Arbitrary<1 | 2 | 4>;
const size = fc.integer({ min: 0, max: 70 });

describe('packing', () => {
  it('packs [N, K], [K, N] and rows with gaps', () => {
    fc.assert(
      fc.property(elementBytes, group, size, size, fc.boolean(), fc.nat(3), (bytes, g, n, k, transposed, gap) => {
        const [strideN, strideK0] = transposed ? [1, n + gap] : [k + gap, 1];
        check(
          { elementBytes: bytes, group: g, n, k1: 1, k0: k, strideN, strideK1: 0, strideK0 },
          (n + gap) * (k + gap) + 1,
        );
      }),
      { numRuns: 150 },
    );
  });

  it('packs a convolution [N, C, W] with the taps outermost', () => {
    fc.assert(
      fc.property(
        elementBytes,
        group,
        size,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 4 }),
        (bytes, g, n, c, w) => {
          check(
            { elementBytes: bytes, group: g, n, k1: w, k0: c, strideN: c * w, strideK1: 1, strideK0: w },
            n * c * w + 1,
          );
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each(['float32', 'float16', 'bfloat16'] as const)('rounds %s to pairs of bfloat16', (dtype) => {
    const runtime = nativeRuntime(exampleRuntimePath);
    const [n, k] = [37, 301];
    const special = [
      Number.NaN,
      Number.POSITIVE_INFINITY,
      -0,
      1e-7,
      65504,
      1 + 2 ** -8,
      1 + 3 * 2 ** -8,
      1e-40,
      3.4e38,
    ];
    const weights = Storage.allocate(dtype, n * k);
    const write = elementWriter(dtype, weights.typed(dtype));
    for (let i = 0; i < n * k; i++) write(i, special[i] ?? Math.sin(i) * 2 ** (i % 20));
    const read = elementReader(dtype, weights.typed(dtype));
    const elementBytes = bytesOf(dtype) as 2 | 4;
    const rounding = dtype === 'bfloat16' ? {} : { roundedFrom: dtype };
    const source: PanelSource = {
      elementBytes,
      group: 2,
      n,
      k1: 1,
      k0: k,
      strideN: k,
      strideK1: 0,
      strideK0: 1,
      ...rounding,
    };
    expect(panelBytes(source)).toBe(48 * 302 * 2);
    const target = allocateAligned(panelBytes(source));
    target.bytes.fill(0xee);
    packPanels(runtime, source, addressOf(weights.buffer) + weights.byteOffset, target.address);
    const panels = new Uint16Array(target.bytes.buffer, target.bytes.byteOffset, 48 * 302);
    const wanted = Storage.allocate('bfloat16', 48 * 302);
    const store = elementWriter('bfloat16', wanted.typed('bfloat16'));
    for (let c = 0; c < 48; c++) {
      for (let row = 0; row < 302; row++) {
        const value = c < n && row < k ? read(c * k + row) : 0;
        store(((Math.floor(c / 16) * 151 + (row >> 1)) * 16 + (c % 16)) * 2 + (row % 2), value);
      }
    }
    const isNan = (bits: number): boolean => (bits & 0x7fff) > 0x7f80;
    wanted.typed('bfloat16').forEach((element, i) => {
      const bits = Number(element);
      if (isNan(bits)) expect(isNan(panels[i])).toBe(true);
      else if (panels[i] !== bits) expect([i, panels[i]]).toEqual([i, bits]);
    });
    if (dtype !== 'bfloat16') expect(() => unpackPanels(runtime, source, target.address, 0)).toThrow(/refused/);
  });

  it.each(['float32', 'float16', 'bfloat16'] as const)(
    'quantises %s to bytes, each column by its largest magnitude',
    (dtype) => {
      const runtime = nativeRuntime(exampleRuntimePath);
      const [n, k] = [37, 301];
      const weights = Storage.allocate(dtype, n * k);
      const write = elementWriter(dtype, weights.typed(dtype));
      for (let i = 0; i < n * k; i++) write(i, i < k ? 0 : Math.sin(i) * 2 ** (Math.floor(i / k) % 9));
      write(3 * k + 5, Number.NaN);
      write(4 * k + 5, Number.POSITIVE_INFINITY);
      const read = elementReader(dtype, weights.typed(dtype));
      const elementBytes = bytesOf(dtype) as 2 | 4;
      const places = { n, k1: 1, k0: k, strideN: k, strideK1: 0, strideK0: 1 };
      const source: PanelSource = { elementBytes, group: 4, quantisedFrom: dtype, ...places };
      const panelSize = 76 * 64 + 64;
      expect(panelBytes(source)).toBe(3 * panelSize);
      const { bytes, address } = allocateAligned(panelBytes(source));
      bytes.fill(0xee);
      packPanels(runtime, source, addressOf(weights.buffer) + weights.byteOffset, address);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let c = 0; c < 48; c++) {
        const start = Math.floor(c / 16) * panelSize;
        const scale = view.getFloat32(start + 76 * 64 + (c % 16) * 4, true);
        const column = Array.from({ length: c < n ? k : 0 }, (_, row) => Number(read(c * k + row)));
        const top = Math.max(0, ...column.map(Math.abs));
        if (!Number.isFinite(top)) expect(scale).toBeNaN();
        else expect(Math.abs(scale - top / 127)).toBeLessThanOrEqual(1e-7 * top);
        for (let row = 0; row < 304; row++) {
          const q = bytes[start + (row >> 2) * 64 + (c % 16) * 4 + (row % 4)] - 128;
          const wanted = Number.isFinite(top) ? (column[row] ?? 0) : 0;
          // Half a step, and what float32 adds to it.
          if (!(Math.abs(q * scale - wanted) <= 0.500001 * scale) && Number.isFinite(top))
            expect([c, row, q]).toEqual([]);
          if (top === 0 || row >= k) expect(q).toBe(0);
        }
      }
      expect(() => unpackPanels(runtime, source, address, 0)).toThrow(/refused/);
    },
  );

  it('packs matrices large enough for threads', () => {
    check({ elementBytes: 2, group: 1, n: 1003, k1: 1, k0: 257, strideN: 257, strideK1: 0, strideK0: 1 }, 1003 * 257);
  });
});
