/** @file Writes through views, what is read after them, and tensors that share memory. */

import { arange, Dim, nn, type Tensor, tensor, zeros } from 'torchnative';
import { describe, expect, test } from 'vitest';
import { expectSame, graphText, mustCapture, run, setup } from './support.ts';

const grid = (rows: number, columns: number, from = 0): Tensor =>
  arange(from, from + rows * columns)
    .reshape([rows, columns])
    .to('float32');
const n = Dim('n', { max: 64 });

describe('writes into arguments', () => {
  const writers: Record<string, (x: Tensor) => unknown> = {
    whole: (x) => x.add_(1),
    slice: (x) => void x.slice(0, 1, 3).mul_(10),
    select: (x) => void x.select(1, 0).add_(100),
    permute: (x) =>
      void x
        .permute([1, 0])
        .slice(0, 0, 1)
        .copy_(tensor([7])),
    reshape: (x) => void x.reshape([-1]).slice(0, 2, 5).zero_(),
    chain: (x) => void x.slice(0, 1, 4).permute([1, 0]).select(0, 2).slice(0, 0, 2).add_(50),
    twice: (x) => {
      x.slice(0, 0, 2).add_(1);
      x.slice(0, 1, 3).mul_(2);
    },
    'read old, then write': (x) => {
      const old = x.mul(1);
      x.add_(1);
      return [old, x.sum()];
    },
    'a view sees a later write': (x) => {
      const row = x.select(0, 1);
      x.add_(1);
      return row.add(0);
    },
    'an older view writes after the base': (x) => {
      const row = x.select(0, 1);
      x.mul_(3);
      row.add_(5);
      return x.select(0, 1).sum();
    },
    'two overlapping views': (x) => {
      const a = x.slice(0, 0, 3);
      const b = x.slice(0, 1, 4);
      a.add_(1);
      b.mul_(2);
      return [a.sum(), b.sum()];
    },
    'onto itself, shifted': (x) => void x.slice(0, 1).copy_(x.slice(0, 0, -1).clone()),
    'a broadcast source': (x) => void x.copy_(tensor([1, 2, 3])),
    'a number': (x) => void x.select(0, 0).fill_(9),
    'a result that is the argument': (x) => x.add_(1).select(0, 0),
  };
  for (const [name, fn] of Object.entries(writers)) {
    test(name, () => {
      expectSame(
        setup(fn, 'x', { x: { 0: Dim('n', { min: 4, max: 64 }) } }),
        () => [grid(4, 3)],
        () => [grid(5, 3, 2)],
        () => [grid(9, 3, -4)],
      );
    });
  }

  test('one argument into another, and an exchange', () => {
    expectSame(
      setup(
        (x: Tensor, y: Tensor) => {
          const kept = x.clone();
          x.copy_(y);
          y.copy_(kept);
        },
        'x y',
        { x: { 0: n }, y: { 0: n } },
      ),
      () => [tensor([1, 2]), tensor([3, 4])],
      () => [tensor([1, 2, 5]), tensor([3, 4, 6])],
    );
    expectSame(
      setup((x: Tensor, y: Tensor) => [x.copy_(y), y.mul(2)], 'x y'),
      () => [tensor([1, 2]), tensor([3, 4])],
    );
  });

  test('a key and value cache: rows pos..pos+n', () => {
    const append = (cache: { k: Tensor }, x: Tensor, pos: number): Tensor => {
      const { k } = cache;
      const rows = x.size(0);
      k.slice(0, pos, pos + rows).copy_(x);
      return k.slice(0, 0, pos + rows).sum(0);
    };
    const part = setup(append, 'cache x pos', { x: { 0: n }, pos: Dim('pos', { min: 0, max: 31 }) });
    const call = (rows: number, pos: number) => (): unknown[] => [{ k: grid(32, 2) }, grid(rows, 2, 100), pos];
    const captured = expectSame(part, call(3, 0), call(1, 3), call(5, 20), call(32, 0));
    expect(graphText(captured)).toContain('guard n + pos <= 32');
    expect(graphText(captured)).toContain('write cache.k');
  });

  test('samples are what the arguments were before', () => {
    const x = tensor([1, 2, 3]);
    const { captured } = mustCapture(
      setup((y: Tensor) => y.mul_(2), 'x'),
      [x],
    );
    expect([
      ...captured.sampleInputs.map((sample) =>
        typeof sample === 'number' ? [] : [...sample.storage.typed('float32')],
      ),
    ]).toEqual([[1, 2, 3]]);
    expect([...captured.sampleMutations.map((view) => [...view.storage.typed('float32')])]).toEqual([[2, 4, 6]]);
    expect(x.tolist()).toEqual([2, 4, 6]);
  });

  test('a made tensor that takes an argument, and a constant, come back as memory of their own', () => {
    expectSame(
      setup((x: Tensor) => {
        const made = zeros([3]);
        made.copy_(x);
        return [made, tensor([1, 2])];
      }, 'x'),
      () => [tensor([1, 2, 3])],
      () => [tensor([4, 5, 6])],
    );
  });

  test('buffers of a module are written where they are', () => {
    class Counter extends nn.Module {
      readonly count = this.registerBuffer('count', zeros([2]));
      step(x: Tensor): Tensor {
        this.count.add_(x);
        return this.count.mul(2);
      }
    }
    const first = new Counter();
    const part = setup(Counter.prototype.step, 'x', undefined, first);
    const { captured, result } = mustCapture(part, [tensor([1, 2])]);
    expect((result as Tensor).tolist()).toEqual([2, 4]);
    expect(graphText(captured)).toContain('write this.count');
    expect(captured.sampleParameters[0].storage.typed('float32')).toEqual(new Float32Array([0, 0]));
    expect(first.count.tolist()).toEqual([1, 2]);
  });
});

describe('shared memory', () => {
  const reason = (outcome: ReturnType<typeof run>): string =>
    outcome.kind === 'refused' ? outcome.refusal.reason : outcome.kind;

  test('one tensor twice is read once, and noted', () => {
    const part = setup((x: Tensor, y: Tensor) => x.sub(y.mul(2)), 'x y');
    const x = tensor([1, 2]);
    const { captured } = mustCapture(part, [x, x]);
    expect(captured.aliasing).toEqual([0, 0]);
    expect(captured.identical).toEqual([{ input: 1, as: 'input', index: 0 }]);
  });

  test('overlapping views that are read are two inputs', () => {
    const base = tensor([1, 2, 3, 4]);
    const part = setup((x: Tensor, y: Tensor) => x.add(y), 'x y');
    const { captured, result } = mustCapture(part, [base.slice(0, 0, 3), base.slice(0, 1, 4)]);
    expect((result as Tensor).tolist()).toEqual([3, 5, 7]);
    expect([captured.aliasing, captured.identical]).toEqual([[0, 0], []]);
  });

  test('written and shared: eager, with the right result', () => {
    const base = tensor([1, 2, 3, 4]);
    const part = setup((x: Tensor, y: Tensor) => x.add_(y), 'x y');
    const outcome = run(part, [base.slice(0, 0, 3), base.slice(0, 1, 4)]);
    expect(reason(outcome)).toContain('shares its memory');
    expect(base.tolist()).toEqual([3, 5, 7, 4]);
  });

  test('an argument that is a parameter', () => {
    class Tied extends nn.Module {
      readonly w = this.registerBuffer('w', tensor([1, 2]));
      both(x: Tensor): Tensor {
        return x.mul(10).add(this.w);
      }
    }
    const model = new Tied();
    const part = setup(Tied.prototype.both, 'x', undefined, model);
    const { captured } = mustCapture(part, [model.w]);
    expect(captured.identical).toEqual([{ input: 0, as: 'parameter', index: 0 }]);
  });

  test('an argument that is not contiguous: read, or written (eager)', () => {
    const read = setup((x: Tensor) => x.mul(2).sum(0), 'x');
    expectSame(
      read,
      () => [grid(2, 3).permute([1, 0])],
      () => [grid(3, 2)],
    );
    const x = grid(2, 3).permute([1, 0]);
    expect(
      reason(
        run(
          setup((y: Tensor) => y.add_(1), 'x'),
          [x],
        ),
      ),
    ).toContain('not contiguous');
    expect(x.tolist()).toEqual([
      [1, 4],
      [2, 5],
      [3, 6],
    ]);
  });

  test('results that view arguments, and each other', () => {
    const part = setup(
      (x: Tensor) => {
        const made = x.mul(2);
        return { row: x.select(0, 1), whole: x, head: made.slice(0, 0, 1), made };
      },
      'x',
      { x: { 0: n } },
    );
    expectSame(
      part,
      () => [grid(2, 2)],
      () => [grid(5, 2)],
    );
    const { captured } = mustCapture(part, [grid(2, 2)]);
    expect(graphText(captured)).toContain('row: x.select(axis=0, index=1)');
    expect(captured.graph.outputs).toHaveLength(1);
  });
});
