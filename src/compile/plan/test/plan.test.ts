/** @file Arena slots never overlap while both are in use, for any size of the dims; barriers separate what conflicts. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { add, constValue, type Expr, evaluate, int, mul, symbol } from '../../../symbolic/expr.ts';
import type { Buffer } from '../../lower/ir.ts';
import { IndexSpace } from '../../lower/space.ts';
import { planArena } from '../arena.ts';
import { placeBarriers } from '../barriers.ts';

const ranges = new Map([
  ['n', { min: 1, max: 1000, multipleOf: 1 }],
  ['m', { min: 1, max: 1000, multipleOf: 1 }],
]);
const [n, m] = ['n', 'm'].map(symbol);
const shapes: Expr[] = [int(5), int(4096), n, mul(n, int(64)), add(n, int(3)), mul(n, m), mul(m, int(7))];

const buffer = (id: number, shape: Expr): Buffer => ({
  id,
  name: `b${id}`,
  dtype: 'float32',
  shape: [shape],
  place: { kind: 'arena' },
});

describe('planArena', () => {
  it('keeps live buffers apart', () => {
    const lifetime = fc.record({
      shape: fc.constantFrom(...shapes),
      first: fc.integer({ min: 0, max: 12 }),
      length: fc.integer({ min: 0, max: 5 }),
    });
    const property = fc.property(fc.array(lifetime, { maxLength: 12 }), (items) => {
      const lifetimes = items.map(({ shape, first, length }, id) => ({
        buffer: buffer(id, shape),
        first,
        last: first + length,
      }));
      const arena = planArena(new IndexSpace(ranges), lifetimes);
      for (const sizes of [
        [1, 1],
        [1, 1000],
        [1000, 1],
        [17, 230],
      ]) {
        const dims = new Map([
          ['n', sizes[0]],
          ['m', sizes[1]],
        ]);
        const total = evaluate(arena.bytes, dims);
        const spans = lifetimes.map(({ buffer: b, first, last }) => {
          const start = evaluate(arena.offsets.get(b)!, dims);
          return { start, end: start + 4 * evaluate(b.shape[0], dims), first, last };
        });
        for (const a of spans) {
          expect(a.start % 64).toBe(0);
          expect(a.end).toBeLessThanOrEqual(total);
          for (const b of spans) {
            if (a === b || a.last < b.first || b.last < a.first) continue;
            expect(a.end <= b.start || b.end <= a.start).toBe(true);
          }
        }
      }
    });
    fc.assert(property, { numRuns: 100 });
  });

  it('uses a slot again', () => {
    const chain = [0, 1, 2, 3].map((id) => ({ buffer: buffer(id, mul(n, int(64))), first: id, last: id + 1 }));
    const arena = planArena(new IndexSpace(ranges), chain);
    expect(arena.bytes.key).toBe('512*n');
    expect(constValue(arena.offsets.get(chain[2].buffer)!)).toBe(0);
  });
});

describe('placeBarriers', () => {
  const step = (reads: string[], writes: string[]) => ({ reads: new Set(reads), writes: new Set(writes) });

  it('stands between a write and its reader, and between a reader and the next write', () => {
    const steps = [
      step(['x'], ['a']),
      step(['x'], ['b']),
      step(['a', 'b'], ['c']),
      step(['x'], ['a']),
      step([], ['x']),
    ];
    expect(placeBarriers(steps)).toEqual([false, false, true, true, true]);
  });
});
