/** @file Decorated calls from admission to native code, in one process and with a real compiler. */

import { compileCache, Dim, embedding, nn, rand, setPrecision, type Tensor, tensor, zeros } from 'torchnative';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { artifacts, counts, recordsOf, useOwnCache, warningsOf } from './support.ts';

useOwnCache();
afterEach(() => vi.unstubAllEnvs());

const n = Dim('n', { max: 100 });
const list = (x: unknown): unknown => (x as Tensor).tolist();

describe('three ways to say it', () => {
  class Model extends nn.Module {
    readonly w = this.registerBuffer('w', tensor([1, 2]));
    @compileCache('method', { inputMatchers: { x: { 0: n } } })
    forward(x: Tensor): Tensor {
      return x.mul(this.w);
    }
    @compileCache('static')
    static twice(x: Tensor): Tensor {
      return x.mul(Model.factor).add(Model.factor);
    }
    static factor = 2;
  }

  test('a method', () => {
    const model = new Model();
    expect(list(model.forward(tensor([[1, 1]])))).toEqual([[1, 2]]);
    expect(
      list(
        model.forward(
          tensor([
            [1, 1],
            [3, 3],
          ]),
        ),
      ),
    ).toEqual([
      [1, 2],
      [3, 6],
    ]);
    expect(counts('method')).toBe('1 native, 1 captured, 0 eager');
    expect([Model.prototype.forward.name, Model.prototype.forward.length]).toEqual(['forward', 1]);
  });

  test('a static method, and its fields', () => {
    expect(list(Model.twice(tensor([1])))).toEqual([4]);
    expect(list(Model.twice(tensor([5])))).toEqual([12]);
    expect(counts('static')).toBe('1 native, 1 captured, 0 eager');
    Model.factor = 3;
    expect(list(Model.twice(tensor([5])))).toEqual([18]);
    Model.factor = 2;
    expect(list(Model.twice(tensor([5])))).toEqual([12]);
    expect(counts('static')).toBe('2 native, 2 captured, 0 eager');
  });

  test('a function, whatever object it is called on', () => {
    const parts = { other: () => 1, add: compileCache('wrapped', (x: Tensor) => x.add(1)) };
    expect(list(parts.add(tensor([1])))).toEqual([2]);
    const { add } = parts;
    expect(list(add(tensor([2])))).toEqual([3]);
    expect(counts('wrapped')).toBe('1 native, 1 captured, 0 eager');
  });

  test('a legacy decorator', () => {
    class Old {
      run(x: Tensor): Tensor {
        return x.add(10);
      }
    }
    const descriptor = Object.getOwnPropertyDescriptor(Old.prototype, 'run') as TypedPropertyDescriptor<Old['run']>;
    Object.defineProperty(Old.prototype, 'run', compileCache('legacy')(Old.prototype, 'run', descriptor));
    expect(list(new Old().run(tensor([1])))).toEqual([11]);
    // A decorator that stands for itself is not followed to its method: no `this`, no parameters known.
    expect(counts('legacy')).toMatch(/1 captured|1 eager/);
  });

  test('asynchronous, generated and bound functions run as they are', async () => {
    const later = compileCache('later', async (x: Tensor) => x.add(1));
    const bound = compileCache('bound', new Model().forward.bind(new Model()));
    let result: Promise<Tensor> | null = null;
    const warnings = warningsOf(() => {
      result = later(tensor([1]));
      expect(list(bound(tensor([[1, 1]])))).toEqual([[1, 2]]);
    });
    expect(list(await (result as unknown as Promise<Tensor>))).toEqual([2]);
    expect(warnings).toMatch(/"later" runs eagerly: the function is asynchronous/);
    expect(warnings).toMatch(/"bound" runs eagerly/);
  });

  test('one name for two functions of a file', () => {
    compileCache('name-twice', (x: Tensor) => x);
    expect(() => compileCache('name-twice', (x: Tensor) => x)).toThrow(/"name-twice" is used twice in one file/);
    expect(() => compileCache('no/name')).toThrow(/is no name for a part/);
  });
});

describe('overloads', () => {
  class Decoder extends nn.Module {
    @compileCache('prefill', { inputMatchers: { x: { 0: n }, pos: 0 } })
    @compileCache('decode', { inputMatchers: { x: { 0: 1 }, pos: Dim('pos', { max: 20 }) } })
    forward(x: Tensor, pos: number): Tensor {
      return x.add(pos);
    }
  }

  test('the first that admits takes the call; none: eager, said once', () => {
    const model = new Decoder();
    expect(list(model.forward(tensor([1, 2]), 0))).toEqual([1, 2]);
    expect(list(model.forward(tensor([1, 2, 3]), 0))).toEqual([1, 2, 3]);
    expect(list(model.forward(tensor([5]), 3))).toEqual([8]);
    expect(list(model.forward(tensor([5]), 20))).toEqual([25]);
    expect(counts('prefill')).toBe('1 native, 1 captured, 0 eager');
    expect(counts('decode')).toBe('1 native, 1 captured, 0 eager');
    const warnings = warningsOf(() => {
      expect(list(model.forward(tensor([5]), 21))).toEqual([26]);
      expect(list(model.forward(tensor([5]), 22))).toEqual([27]);
      expect(list(model.forward(tensor([5]), 2.5))).toEqual([7.5]);
    });
    expect(warnings.match(/no overload admits/g)).toHaveLength(1);
    expect(warnings).toContain('"prefill": pos is 21, not 0; "decode": pos is 21, outside Dim("pos") 1..20');
    expect(counts('prefill')).toContain('3 eager');
  });
});

describe('entries', () => {
  test('a new one for another dtype, rank, size, structure or plain value; the right one each time', () => {
    const fn = compileCache('entries', (x: Tensor | Tensor[], options?: { scale: number; on?: boolean }) => {
      const sum = Array.isArray(x) ? x.reduce((a, b) => a.add(b)) : x;
      return options ? sum.mul(options.scale) : sum.add(1);
    });
    const calls: [() => unknown, unknown][] = [
      [() => fn(tensor([1, 2])), [2, 3]],
      [() => fn(tensor([1, 2], { dtype: 'int64' })), [2, 3]],
      [() => fn(tensor([[1, 2]])), [[2, 3]]],
      [() => fn(tensor([1, 2, 3])), [2, 3, 4]],
      [() => fn([tensor([1]), tensor([2])]), [4]],
      [() => fn(tensor([1, 2]), { scale: 3 }), [3, 6]],
      [() => fn(tensor([1, 2]), { scale: 4 }), [4, 8]],
      [() => fn(tensor([1, 2]), { scale: 4, on: true }), [4, 8]],
    ];
    for (const [call, wanted] of calls) expect(list(call())).toEqual(wanted);
    expect(counts('entries')).toBe('0 native, 8 captured, 0 eager');
    for (const [call, wanted] of [...calls].reverse()) expect(list(call())).toEqual(wanted);
    expect(counts('entries')).toBe('8 native, 8 captured, 0 eager');
    const warnings = warningsOf(() => {
      expect(list(fn(tensor([1, 2]), { scale: 5 }))).toEqual([5, 10]);
      expect(list(fn(tensor([1, 2]), { scale: 6 }))).toEqual([6, 12]);
    });
    expect(warnings.match(/has 8 entries already/g)).toHaveLength(1);
    expect(warnings).toContain('scale');
    expect(counts('entries')).toBe('8 native, 8 captured, 2 eager');
    // The same graph is not compiled twice: scale 4 with and without a field that nobody reads.
    expect(artifacts().length).toBeLessThan(30);
    const missed = recordsOf('entries').flatMap((record) => record.manifest.missed ?? []);
    expect(missed.length).toBeGreaterThan(7);
    expect(missed.map(({ reason }) => reason).join('\n')).toMatch(/x is int64, the entry has float32/);
  });

  test('a predicate over two dims: another entry on each side', () => {
    const fn = compileCache(
      'two-sided',
      { inputMatchers: { x: { 0: n }, y: { 0: Dim('m', { max: 100 }) } } },
      (x: Tensor, y: Tensor) => (x.size(0) <= y.size(0) ? x.sum() : y.sum()),
    );
    expect(list(fn(tensor([1, 2]), tensor([3, 4, 5])))).toBe(3);
    expect(list(fn(tensor([1, 2, 9]), tensor([3, 4, 5])))).toBe(12);
    expect(counts('two-sided')).toBe('1 native, 1 captured, 0 eager');
    expect(list(fn(tensor([1, 2, 9]), tensor([3])))).toBe(3);
    expect(counts('two-sided')).toBe('1 native, 2 captured, 0 eager');
    expect(list(fn(tensor([1, 2, 9]), tensor([4])))).toBe(4);
    expect(list(fn(tensor([1, 2]), tensor([3, 4])))).toBe(3);
    expect(counts('two-sided')).toBe('3 native, 2 captured, 0 eager');
    expect(
      recordsOf('two-sided')
        .flatMap(({ manifest }) => manifest.guards.map((guard) => guard.predicate))
        .sort(),
    ).toEqual(['m < n', 'n <= m'].sort());
  });

  test('memory that is shared in another way', () => {
    const fn = compileCache('shared', (x: Tensor, y: Tensor) => [x.sub(y), y] as const);
    const base = tensor([1, 2, 3]);
    const a = base.slice(0, 0, 2);
    const same = fn(a, a);
    expect(list(same[0])).toEqual([0, 0]);
    const other = fn(base.slice(0, 0, 2), base.slice(0, 1, 3));
    expect([list(other[0]), list(other[1])]).toEqual([
      [-1, -1],
      [2, 3],
    ]);
    const apart = fn(tensor([5, 5]), tensor([1, 2]));
    expect([list(apart[0]), list(apart[1])]).toEqual([
      [4, 3],
      [1, 2],
    ]);
    const again = fn(a, a.slice(0, 0));
    expect(list(again[0])).toEqual([0, 0]);
  });

  test('an argument that is a parameter at the capture only', () => {
    class Tied extends nn.Module {
      readonly w = this.registerBuffer('w', tensor([1, 2]));
      @compileCache('tied-argument')
      both(x: Tensor): Tensor {
        return x.mul(10).add(this.w);
      }
    }
    const model = new Tied();
    expect(list(model.both(model.w))).toEqual([11, 22]);
    expect(list(model.both(tensor([3, 4])))).toEqual([31, 42]);
    expect(list(model.both(model.w))).toEqual([11, 22]);
  });

  test('dims of zero and below', () => {
    const empty = compileCache(
      'empty',
      { inputMatchers: { x: { 0: Dim('n', { min: 0, max: 10 }) }, shift: Dim('s', { min: -3, max: 3 }) } },
      (x: Tensor, shift: number) => x.add(shift),
    );
    expect(list(empty(tensor([1, 2]), -1))).toEqual([0, 1]);
    expect((empty(zeros([0]), 2) as Tensor).sizes).toEqual([0]);
    expect(list(empty(tensor([1]), -3))).toEqual([-2]);
    expect(list(empty(tensor([1]), 0))).toEqual([1]);
    expect(counts('empty')).toBe('3 native, 1 captured, 0 eager');
  });
});

describe('nested parts', () => {
  const inner = compileCache('inner', { inputMatchers: { x: { 0: n } } }, (x: Tensor) => x.mul(2));
  const outer = compileCache('outer', { inputMatchers: { x: { 0: n } } }, (x: Tensor) => inner(x).add(1));
  const reading = compileCache('reading', { inputMatchers: { x: { 0: n } } }, (x: Tensor) => {
    const first = x.sum().item();
    return inner(x.slice(0, 0, x.size(0))).add(first);
  });

  test('inlined inside, an entry of its own at top level, native where the outer one is eager', () => {
    expect(list(outer(tensor([1, 2])))).toEqual([3, 5]);
    expect([counts('inner'), counts('outer')]).toEqual([
      '0 native, 0 captured, 0 eager',
      '0 native, 1 captured, 0 eager',
    ]);
    expect(list(inner(tensor([1, 2])))).toEqual([2, 4]);
    expect(counts('inner')).toBe('0 native, 1 captured, 0 eager');
    const warnings = warningsOf(() => {
      expect(list(reading(tensor([1, 2])))).toEqual([5, 7]);
      expect(list(reading(tensor([1, 2, 3])))).toEqual([8, 10, 12]);
    });
    expect(warnings).toMatch(/"reading" runs eagerly: \.item\(\) reads a value.*calls\.test\.ts:\d+/);
    expect(warnings.match(/runs eagerly/g)).toHaveLength(1);
    expect([counts('inner'), counts('reading')]).toEqual([
      '2 native, 1 captured, 0 eager',
      '0 native, 0 captured, 2 eager',
    ]);
  });
});

describe('errors', () => {
  test("the user's own pass through and leave no record", () => {
    const fails = compileCache('fails', (x: Tensor): Tensor => {
      x.add(1);
      throw new RangeError('mine');
    });
    expect(() => fails(tensor([1]))).toThrow(RangeError);
    expect(() => fails(tensor([1]))).toThrow('mine');
    expect(recordsOf('fails')).toHaveLength(0);
  });

  test('an index that is out of range', () => {
    const look = compileCache('look', (table: Tensor, at: Tensor) => embedding(table, at));
    const table = tensor([
      [1, 2],
      [3, 4],
    ]);
    const at = (...indices: number[]): Tensor => tensor(indices, { dtype: 'int64' });
    expect(list(look(table, at(1, 0)))).toEqual([
      [3, 4],
      [1, 2],
    ]);
    expect(list(look(table, at(1, 1)))).toEqual([
      [3, 4],
      [3, 4],
    ]);
    expect(counts('look')).toBe('1 native, 1 captured, 0 eager');
    expect(() => look(table, at(1, 2))).toThrow(
      /"look": an index read from a tensor is out of range[\s\S]*2 for a size of 2/,
    );
    expect(() => look(table, at(1, -7))).toThrow(/out of range/);
    expect(list(look(table, at(0, 1)))).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test('a precision that does not exist', () => {
    expect(() => setPrecision('f8' as 'bf16')).toThrow(/"f8" is no precision/);
    expect(() => compileCache('p', { precision: 'f8' as 'bf16' }, (x: Tensor) => x)).toThrow(/is no precision/);
  });

  test('a mode that does not exist', () => {
    const fn = compileCache('mode', (x: Tensor) => x.add(1));
    vi.stubEnv('TN_MODE', 'fast');
    expect(() => fn(tensor([1]))).toThrow(/TN_MODE=fast is no mode[\s\S]*eager, capture, native, require, check/);
  });

  test('random numbers stay eager', () => {
    const noisy = compileCache('noisy', (x: Tensor) => x.add(rand([1])));
    const warnings = warningsOf(() => {
      const a = list(noisy(tensor([1])));
      const b = list(noisy(tensor([1])));
      expect(a).not.toEqual(b);
    });
    expect(warnings).toContain('random');
    expect(counts('noisy')).toBe('0 native, 0 captured, 2 eager');
  });
});
