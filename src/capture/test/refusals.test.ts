/** @file What cannot be captured: it runs on, once, with the right result, and says why, where and what to do. */

import { arange, Dim, Generator, nn, rand, type Tensor, tensor, zeros } from 'torchnative';
import { describe, expect, test } from 'vitest';
import { expectEqual, expectSame, graphText, mustCapture, run, type Setup, setup } from './support.ts';

const outside = tensor([1, 2, 3]);
const n = Dim('n', { max: 64 });
const pos = Dim('pos', { min: 0, max: 64 });

interface Refused {
  readonly reason: string;
  readonly fix: string;
  readonly location: { readonly file: string; readonly line: number } | null;
  readonly result: unknown;
}

function refused(part: Setup, args: unknown[]): Refused {
  const outcome = run(part, args);
  if (outcome.kind !== 'refused') throw new Error(`${outcome.kind}, not refused`);
  return { ...outcome.refusal, result: outcome.result };
}

describe('refusals', () => {
  const x = (): Tensor => tensor([1, 2, 3]);

  test('a value that is read', () => {
    const { reason, fix, location, result } = refused(
      setup((y: Tensor) => (y.sum().item() > 3 ? y.mul(2) : y), 'y'),
      [x()],
    );
    expect(reason).toBe('.item() reads a value that depends on an input');
    expect(fix).toContain('keep it a tensor');
    expect(location?.file).toMatch(/refusals\.test\.ts$/);
    expect(location?.line).toBeGreaterThan(25);
    expectEqual(result, tensor([2, 4, 6]), 'result');
    for (const read of [
      (y: Tensor) => y.tolist(),
      (y: Tensor) => y.toFloat32Array().length,
      (y: Tensor) => y.data.length,
      (y: Tensor) => JSON.stringify(y),
      (y: Tensor) => String(y),
    ]) {
      expect(refused(setup(read, 'y'), [x()]).reason).toContain('reads a value');
    }
  });

  test('a tensor from outside, used or read', () => {
    expect(
      refused(
        setup((y: Tensor) => y.add(outside), 'y'),
        [x()],
      ).reason,
    ).toContain('neither an argument');
    expect(
      refused(
        setup((y: Tensor) => y.mul(outside.sum().item()), 'y'),
        [x()],
      ).reason,
    ).toContain('neither an argument');
    const read = refused(
      setup((y: Tensor) => y.mul((outside.tolist() as number[])[0]), 'y'),
      [x()],
    );
    expect(read.reason).toContain('neither an argument');
    expect(read.fix).toContain('registerBuffer');
    expect(
      refused(
        setup((y: Tensor) => outside.copy_(y).mul(1), 'y'),
        [x()],
      ).reason,
    ).toContain('neither');
    outside.copy_(tensor([1, 2, 3]));
    expect(
      refused(
        setup(() => outside, ''),
        [],
      ).reason,
    ).toContain('neither');
  });

  test('data written down inside is a constant', () => {
    const captured = expectSame(
      setup((y: Tensor) => y.mul(tensor([2, 3, 4])), 'y'),
      () => [x()],
      () => [tensor([5, 6, 7])],
    );
    expect(captured.graph.inputs).toHaveLength(1);
  });

  test('random numbers', () => {
    const { reason, result } = refused(
      setup((y: Tensor) => y.add(rand([3])), 'y'),
      [x()],
    );
    expect(reason).toContain('random');
    expect((result as Tensor).sizes).toEqual([3]);
    expect(
      refused(
        setup((y: Tensor) => y.add(rand([3], { generator: new Generator(3) })), 'y'),
        [x()],
      ).reason,
    ).toContain('random');
  });

  test('a promise', () => {
    const later = setup((y: Tensor) => Promise.resolve(y.mul(2)), 'y');
    expect(refused(later, [x()]).reason).toContain('asynchronous');
  });

  test('fields that are rebound or changed', () => {
    class Model extends nn.Module {
      w = this.registerBuffer('w', tensor([1, 2, 3]));
      calls = 0;
      list: number[] = [];
      rebind(y: Tensor): Tensor {
        this.w = y.mul(2);
        return this.w;
      }
      count(y: Tensor): Tensor {
        this.calls++;
        return y.mul(2);
      }
      remember(y: Tensor): Tensor {
        this.list.push(1);
        return y.mul(2);
      }
    }
    const model = new Model();
    expect(refused(setup(Model.prototype.rebind, 'y', undefined, model), [x()]).reason).toContain('rebound');
    expect(refused(setup(Model.prototype.count, 'y', undefined, model), [x()]).reason).toBe(
      'this.calls was changed by the call',
    );
    expect(refused(setup(Model.prototype.remember, 'y', undefined, model), [x()]).reason).toContain('this.list');
    expect([model.calls, model.list]).toEqual([1, [1]]);
    expect(
      refused(
        setup((s: { k: Tensor }) => (s.k = s.k.mul(2)), 's'),
        [{ k: x() }],
      ).reason,
    ).toContain('rebound');
  });

  test('a position that the call moves on is moved, and refused', () => {
    const state = { pos: 3 };
    const step = (s: { pos: number }, y: Tensor): Tensor => {
      const out = y.mul(s.pos);
      s.pos += 1;
      return out;
    };
    const { reason, fix, result } = refused(setup(step, 's y', { s: { pos } }), [state, x()]);
    expect(reason).toBe('s.pos was changed by the call');
    expect(fix).toContain('as an argument');
    expect(state).toEqual({ pos: 4 });
    expectEqual(result, tensor([3, 6, 9]), 'result');
    const kept = { last: 0 };
    const keep = (s: { last: number }, p: number): number => (s.last = p + 1);
    expect(refused(setup(keep, 's p', { p: pos }), [kept, 5]).reason).toContain('depends on a dim was stored');
    expect(kept).toEqual({ last: 6 });
  });

  test('arguments that are no data', () => {
    const part = setup((_s: unknown, y: Tensor) => y.mul(2), 's y');
    const cycle: { self?: unknown } = {};
    cycle.self = cycle;
    expect(refused(part, [cycle, x()]).reason).toContain('refers back');
    expect(refused(part, [() => 1, x()])).toMatchObject({ reason: 's is a function' });
    expect(refused(part, [{ f: () => 1 }, x()])).toMatchObject({ reason: 's.f is a function' });
    expect(refused(part, [new Map(), x()]).reason).toBe('s is a Map');
    expect(refused(part, [new Float32Array(2), x()]).reason).toBe('s is a Float32Array');
    expect(
      refused(
        setup((s: { p: number }, y: Tensor) => y.mul(s.p), 's y', { s: { p: pos } }),
        [Object.freeze({ p: 3 }), x()],
      ).reason,
    ).toContain('cannot be written');
  });

  test('results that are no data', () => {
    class Box {
      readonly y: Tensor;
      constructor(y: Tensor) {
        this.y = y;
      }
    }
    const { reason, result } = refused(
      setup((y: Tensor) => new Box(y.mul(2)), 'y'),
      [x()],
    );
    expect(reason).toContain('an instance of Box');
    expect(result).toBeInstanceOf(Box);
    expect(
      refused(
        setup((y: Tensor) => () => y, 'y'),
        [x()],
      ).reason,
    ).toContain('function');
  });
});

describe('one run', () => {
  test('side effects happen once, captured or not', () => {
    let count = 0;
    mustCapture(
      setup((y: Tensor) => {
        count++;
        return y.mul(2);
      }, 'y'),
      [tensor([1])],
    );
    expect(count).toBe(1);
    refused(
      setup((y: Tensor) => {
        count++;
        return y.item();
      }, 'y'),
      [tensor([1])],
    );
    expect(count).toBe(2);
  });

  test("the user's errors pass through, and leave numbers behind", () => {
    const thrown = new Error('mine');
    const state = { pos: 5, kept: 0 };
    const part = setup(
      (s: { pos: number; kept: number }, y: Tensor) => {
        s.kept = s.pos + 1;
        y.mul(2);
        throw thrown;
      },
      's y',
      { s: { pos } },
    );
    expect(() => run(part, [state, tensor([1])])).toThrow(thrown);
    expect(state).toEqual({ pos: 5, kept: 6 });
    const wrong = setup((y: Tensor) => y.add(zeros([5])), 'y');
    expect(() => run(wrong, [zeros([3])])).toThrow(/add/);
  });

  test('after a refusal symbolic sizes work as numbers', () => {
    const fn = (y: Tensor, p: number): Tensor => {
      const size = y.size(0);
      const first = y.select(0, 0).item();
      return y
        .slice(0, p, size)
        .add(first)
        .reshape([1, size - p])
        .add(arange(size - p))
        .mul(p / 2);
    };
    const { result } = refused(setup(fn, 'y p', { y: { 0: n }, p: pos }), [tensor([4, 5, 6]), 1]);
    expectEqual(result, fn(tensor([4, 5, 6]), 1), 'result');
  });
});

describe('symbolic numbers in code that does not know them', () => {
  // tn-ignore
  const ignorant = { half: (value: number): number => value / 2, lookUp: (table: number[], at: number) => table[at] };

  test('arithmetic of an untransformed helper', () => {
    const part = setup((y: Tensor, p: number) => y.mul(Reflect.apply(ignorantHalf, null, [p]) as number), 'y p', {
      p: pos,
    });
    const { reason, result, location } = refused(part, [tensor([1, 2]), 6]);
    expect(reason).toContain('`pos` was used as a plain number');
    expect(location).not.toBeNull();
    expectEqual(result, tensor([3, 6]), 'result');
    expect(ignorant.half(4)).toBe(2);
  });

  test('as an index, a key or a text', () => {
    const table = [10, 20, 30];
    const part = setup((y: Tensor, p: number) => y.mul(table[p]), 'y p', { p: pos });
    const { reason, result } = refused(part, [tensor([1, 2]), 2]);
    expect(reason).toContain('as text or as a key');
    expectEqual(result, tensor([30, 60]), 'result');
    const text = setup((y: Tensor, p: number) => (`${p}` === '2' ? y : y.mul(2)), 'y p', { p: pos });
    expectEqual(refused(text, [tensor([1, 2]), 2]).result, tensor([1, 2]), 'result');
    const bits = setup((y: Tensor, p: number) => y.mul(p | 0), 'y p', { p: pos });
    expectEqual(refused(bits, [tensor([1, 2]), 2]).result, tensor([2, 4]), 'result');
    const json = setup((y: Tensor, p: number) => y.mul(JSON.parse(JSON.stringify({ p })).p as number), 'y p', {
      p: pos,
    });
    expectEqual(refused(json, [tensor([1, 2]), 3]).result, tensor([3, 6]), 'result');
  });

  test('what is captured all the same', () => {
    const part = setup(
      (y: Tensor, p: number) => {
        const size = y.size(0);
        return { out: y.mul(p * 2 + 1), size, twice: size * 2, list: [p, Math.min(p, 3)], none: null, text: 'a' };
      },
      'y p',
      { y: { 0: n }, p: Dim('pos', { min: 4, max: 64 }) },
    );
    const captured = expectSame(
      part,
      () => [tensor([1, 2]), 6],
      () => [tensor([1, 2, 3]), 9],
    );
    expect(graphText(captured)).toContain('size: n, twice: 2*n, list: [pos, 3]');
  });
});

// Made of text: code that no transformer has seen.
const ignorantHalf = new Function('value', 'return value / 2') as (value: number) => number;
