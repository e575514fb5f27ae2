/** @file Properties of views and in-place writes: a model that keeps every element's position in plain arrays agrees with strides. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as tn from '../index.ts';
import type { Tensor } from '../tensor.ts';

/** A view as the flat positions (in its base) of its elements. */
interface Model {
  readonly sizes: readonly number[];
  readonly positions: readonly number[];
}

interface Pair {
  readonly view: Tensor;
  readonly model: Model;
}

const countOf = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

function indices(sizes: readonly number[]): number[][] {
  return sizes.reduce<number[][]>(
    (rows, size) => rows.flatMap((row) => Array.from({ length: size }, (_, i) => [...row, i])),
    [[]],
  );
}

function at(model: Model, index: readonly number[]): number {
  return model.positions[index.reduce((flat, i, axis) => flat * model.sizes[axis] + i, 0)];
}

const remake = (sizes: readonly number[], from: (index: number[]) => number): Model => ({
  sizes,
  positions: indices(sizes).map(from),
});

/** One view operation on both sides, chosen by two numbers; the pair itself where it does not apply. */
function step({ view, model }: Pair, kind: number, pick: number): Pair {
  const { sizes } = model;
  const rank = sizes.length;
  const axis = rank === 0 ? 0 : pick % rank;
  switch (kind % 7) {
    case 0: {
      if (rank < 2) break;
      const other = (axis + 1) % rank;
      const swapped = [...sizes];
      [swapped[axis], swapped[other]] = [sizes[other], sizes[axis]];
      const back = (index: number[]): number[] => {
        const own = [...index];
        [own[axis], own[other]] = [index[other], index[axis]];
        return own;
      };
      return { view: view.transpose(axis, other), model: remake(swapped, (index) => at(model, back(index))) };
    }
    case 1: {
      if (rank === 0 || sizes[axis] < 2) break;
      const start = pick % sizes[axis];
      const stepSize = 1 + (pick % 2);
      const kept = sizes.map((size, i) => (i === axis ? Math.ceil((size - start) / stepSize) : size));
      const from = (index: number[]): number[] => index.map((i, a) => (a === axis ? start + i * stepSize : i));
      return { view: view.slice(axis, start, null, stepSize), model: remake(kept, (index) => at(model, from(index))) };
    }
    case 2: {
      if (rank === 0 || sizes[axis] === 0) break;
      const i = pick % sizes[axis];
      const left = sizes.filter((_, a) => a !== axis);
      return {
        view: view.select(axis, i - (pick % 2 === 0 ? 0 : sizes[axis])),
        model: remake(left, (index) => at(model, [...index.slice(0, axis), i, ...index.slice(axis)])),
      };
    }
    case 3: {
      const place = pick % (rank + 1);
      const grown = [...sizes.slice(0, place), 1, ...sizes.slice(place)];
      return { view: view.unsqueeze(place), model: { sizes: grown, positions: model.positions } };
    }
    case 4: {
      const count = countOf(sizes);
      const divisor = [2, 3, 4].find((d) => count % d === 0) ?? 1;
      // Only where no copy is needed: the model is about memory.
      try {
        return {
          view: view.view(divisor, -1),
          model: { sizes: [divisor, count / divisor], positions: model.positions },
        };
      } catch {
        break;
      }
    }
    case 5: {
      const size = sizes.indexOf(1);
      if (size < 0) break;
      const grown = sizes.map((s, i) => (i === size ? 2 : s));
      return {
        view: view.expand(grown),
        model: remake(grown, (index) =>
          at(
            model,
            index.map((i, a) => (a === size ? 0 : i)),
          ),
        ),
      };
    }
    default: {
      if (rank === 0 || sizes[axis] < 2) break;
      const width = Math.min(2, sizes[axis]);
      const windows = [...sizes.map((s, a) => (a === axis ? s - width + 1 : s)), width];
      const from = (index: number[]): number[] => index.slice(0, -1).map((i, a) => (a === axis ? i + index[rank] : i));
      return { view: view.unfold(axis, width, 1), model: remake(windows, (index) => at(model, from(index))) };
    }
  }
  return { view, model };
}

const program = fc.record({
  sizes: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  steps: fc.array(fc.tuple(fc.nat(20), fc.nat(20)), { maxLength: 5 }),
});

function run({ sizes, steps }: { sizes: number[]; steps: [number, number][] }): Pair & { base: Tensor } {
  const base = tn.arange(countOf(sizes), { dtype: 'float32' }).reshape(sizes);
  const model: Model = { sizes, positions: Array.from({ length: countOf(sizes) }, (_, i) => i) };
  const made = steps.reduce<Pair>(
    (pair, [kind, pick]) => (countOf(pair.model.sizes) > 200 ? pair : step(pair, kind, pick)),
    { view: base, model },
  );
  return { base, ...made };
}

const flat = (x: Tensor): number[] => Array.from(x.clone().toFloat32Array());

describe('views', () => {
  test('any chain of views shows the base elements that the model names', () => {
    fc.assert(
      fc.property(program, (p) => {
        const { view, model } = run(p);
        expect(view.sizes).toEqual(model.sizes);
        expect(flat(view)).toEqual(model.positions);
      }),
      { numRuns: 300 },
    );
  });

  test('a write through a view changes exactly those base elements', () => {
    fc.assert(
      fc.property(program, (p) => {
        const { base, view, model } = run(p);
        const version = base.storage.version;
        view.fill_(-1);
        const touched = new Set(model.positions);
        expect(flat(base)).toEqual(Array.from({ length: countOf(p.sizes) }, (_, i) => (touched.has(i) ? -1 : i)));
        expect(base.storage.version).toBe(version + 1);
      }),
      { numRuns: 300 },
    );
  });

  test('reshape keeps row-major order, with or without a copy', () => {
    fc.assert(
      fc.property(program, (p) => {
        const { view } = run(p);
        expect(flat(view.reshape(-1))).toEqual(flat(view));
      }),
      { numRuns: 200 },
    );
  });

  test('overlapping copies read the old contents', () => {
    const x = tn.arange(8, { dtype: 'float32' });
    x.slice(0, 1).copy_(x.slice(0, 0, 7));
    expect(flat(x)).toEqual([0, 0, 1, 2, 3, 4, 5, 6]);
    x.copy_(x.flip(0));
    expect(flat(x)).toEqual([6, 5, 4, 3, 2, 1, 0, 0]);
  });
});

describe('broadcasting', () => {
  test('a + b at an index is the sum of the elements at the broadcast indices', () => {
    const pair = fc
      .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.boolean(), fc.boolean()), { maxLength: 3 })
      .chain((axes) => fc.record({ axes: fc.constant(axes), dropA: fc.nat(axes.length), dropB: fc.nat(axes.length) }));
    fc.assert(
      fc.property(pair, ({ axes, dropA, dropB }) => {
        const a = axes.map(([size, one]) => (one ? 1 : size)).slice(dropA);
        const b = axes.map(([size, , one]) => (one ? 1 : size)).slice(dropB);
        const x = tn.arange(countOf(a), { dtype: 'float32' }).reshape(a);
        const y = tn.arange(countOf(b), { dtype: 'float32' }).mul(100).reshape(b);
        const sum = x.add(y);
        const pick = (sizes: readonly number[], index: readonly number[]): number =>
          sizes.reduce((at2, size, i) => at2 * size + (size === 1 ? 0 : index[index.length - sizes.length + i]), 0);
        const wanted = indices(sum.sizes).map((index) => pick(a, index) + 100 * pick(b, index));
        expect(flat(sum)).toEqual(wanted);
      }),
      { numRuns: 200 },
    );
  });
});
