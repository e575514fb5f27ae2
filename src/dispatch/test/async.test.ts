/** @file Asynchronous calls: what they give, the order in which they touch memory, and what they refuse. */

import { asyncCall, compileCache, Dim, embedding, nn, type Tensor, tensor, zeros } from 'torchnative';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { asyncCallsPending } from '../asyncOrder.ts';
import { counts, useOwnCache, warningsOf } from './support.ts';

useOwnCache();
afterEach(() => vi.unstubAllEnvs());

const n = Dim('n', { max: 4096 });
const list = (x: Tensor): unknown => x.tolist();
const bytes = (x: Tensor): Buffer => Buffer.from(x.storage.bytes());
const numbers = (length: number, seed: number): Tensor =>
  tensor(Array.from({ length }, (_, i) => Math.sin(i * seed + seed) * 3));
const square = (rows: number, seed: number): Tensor => numbers(rows * rows, seed).reshape([rows, rows]);

/** Some 10 ms of work for a few kilobytes. */
const powers = compileCache('async-powers', { inputMatchers: { x: { 0: n, 1: n } } }, (x: Tensor) => {
  let y = x;
  for (let i = 0; i < 6; i++) y = y.matmul(x).mul(0.01);
  return { y, sum: y.mul(y).sum(0) };
});

describe('results', () => {
  test('are those of the synchronous call, bit for bit, whatever runs beside it', async () => {
    const first = square(8, 0.3);
    expect((await powers.async(first)).y.sizes).toEqual([8, 8]);
    expect(bytes((await powers.async(first)).y)).toEqual(bytes(powers(first).y));
    const inputs = Array.from({ length: 24 }, (_, i) => square(16 + 8 * (i % 5), 0.1 + i));
    const wanted = inputs.map((x) => powers(x));
    for (let round = 0; round < 5; round++) {
      const found = await Promise.all(inputs.map((x) => powers.async(x)));
      found.forEach(({ y, sum }, i) => {
        expect(bytes(y)).toEqual(bytes(wanted[i].y));
        expect(bytes(sum)).toEqual(bytes(wanted[i].sum));
      });
    }
    expect(asyncCallsPending()).toBe(false);
    expect(counts('async-powers')).toBe('146 native, 1 captured, 0 eager');
  });

  test('this thread goes on meanwhile', async () => {
    const x = square(8, 0.3);
    powers(x);
    const large = square(1200, 0.1);
    let done = false;
    const call = powers.async(large).finally(() => {
      done = true;
    });
    let turns = 0;
    let synchronous = 0;
    while (!done) {
      await new Promise((resolve) => void setImmediate(resolve));
      turns++;
      if (turns < 20) synchronous += Number(list(powers(x).sum.sum()));
    }
    // Had the call run on this thread, it would have been over after the first turn.
    expect(turns).toBeGreaterThan(2);
    expect(synchronous).not.toBeNaN();
    // Not toEqual, which takes seconds for so many bytes.
    expect(bytes((await call).y).equals(bytes(powers(large).y))).toBe(true);
  });

  test('strided arguments, numbers and views of arguments', async () => {
    const strided = compileCache(
      'async-strided',
      { inputMatchers: [{ 0: n, 1: n }, Dim('k')] },
      (x: Tensor, k: number) => x.mul(k).sum(0),
    );
    strided(square(3, 1), 2);
    const x = square(40, 2);
    const calls = [1, 2, 3, 4].map((k) => strided.async(x.permute([1, 0]), k));
    expect((await Promise.all(calls)).map(list)).toEqual([1, 2, 3, 4].map((k) => list(strided(x.permute([1, 0]), k))));
    const inPlace = compileCache('async-view', { inputMatchers: [{ 0: n }] }, (t: Tensor) => {
      t.add_(1);
      return t.slice(0, 1);
    });
    inPlace(tensor([1, 2, 3]));
    const target = tensor([1, 2, 3, 4]);
    const view = await inPlace.async(target);
    expect(view.storage).toBe(target.storage);
    expect([list(view), list(target)]).toEqual([
      [3, 4, 5],
      [2, 3, 4, 5],
    ]);
  });
});

describe('what is called', () => {
  class Model extends nn.Module {
    readonly w: Tensor;
    constructor(w: number[]) {
      super();
      this.w = this.registerBuffer('w', tensor(w));
    }
    @compileCache('async-prefill', { inputMatchers: { x: { 0: n }, pos: 0 } })
    @compileCache('async-decode', { inputMatchers: { x: { 0: 1 }, pos: Dim('pos', { max: 20 }) } })
    forward(x: Tensor, pos: number): Tensor {
      return x.add(pos).mul(this.w);
    }
    @compileCache('async-static')
    static twice(x: Tensor): Tensor {
      return x.mul(Model.factor);
    }
    static factor = 2;
    plain(x: Tensor): Tensor {
      return x;
    }
  }

  test('methods with overloads, on several instances at once', async () => {
    const models = [new Model([1]), new Model([10])];
    models[0].forward(tensor([1, 2]), 0);
    models[0].forward(tensor([1]), 3);
    const found = await Promise.all(
      models.flatMap((model) => [
        asyncCall(model.forward, model, tensor([1, 2, 3]), 0),
        asyncCall(model.forward, model, tensor([5]), 7),
      ]),
    );
    expect(found.map(list)).toEqual([[1, 2, 3], [12], [10, 20, 30], [120]]);
    expect([counts('async-prefill'), counts('async-decode')]).toEqual([
      '2 native, 1 captured, 0 eager',
      '2 native, 1 captured, 0 eager',
    ]);
    const warnings = await new Promise<string>((resolve) => {
      let call = Promise.resolve(tensor([0]));
      const text = warningsOf(() => {
        call = asyncCall(models[0].forward, models[0], tensor([1]), 21);
      });
      void call.then((x) => resolve(`${text}${list(x)}`));
    });
    expect(warnings).toMatch(/no overload admits a call[\s\S]*22$/);
  });

  test('static methods, functions in objects, functions that look at `this`', async () => {
    expect(list(await asyncCall(Model.twice, Model, tensor([3])))).toEqual([6]);
    expect(list(await asyncCall(Model.twice, Model, tensor([4])))).toEqual([8]);
    const parts = { add: compileCache('async-add', (x: Tensor) => x.add(1)) };
    const scale = compileCache('async-this', function (this: { factor: number }, x: Tensor) {
      return x.mul(this.factor);
    });
    for (const x of [1, 2]) {
      expect(list(await parts.add.async(tensor([x])))).toEqual([x + 1]);
      expect(list(await scale.async.call({ factor: 5 }, tensor([x])))).toEqual([5 * x]);
    }
    expect([counts('async-this'), counts('async-add'), counts('async-static')]).toEqual(
      Array(3).fill('1 native, 1 captured, 0 eager'),
    );
  });

  test('what is no part', async () => {
    const model = new Model([1]);
    await expect(asyncCall(model.plain, model, tensor([1]))).rejects.toThrow(
      /^asyncCall: `plain` is no part\.\n {2}at async\.test\.ts:\d+:\d+\n {2}fix {3}decorate the method/,
    );
  });

  test('asynchronous functions, and parts that call parts', async () => {
    const inner = compileCache('async-inner', (x: Tensor) => x.add(1));
    const outer = compileCache('async-outer', async (x: Tensor) => (await inner.async(await inner.async(x))).mul(2));
    for (const x of [1, 2]) {
      let call: Promise<Tensor> = Promise.resolve(tensor([0]));
      warningsOf(() => {
        call = outer.async(tensor([x]));
      });
      expect(list(await call)).toEqual([2 * x + 4]);
    }
    expect(counts('async-inner')).toBe('3 native, 1 captured, 0 eager');
  });
});

/** For the type checker. */
export function typesOfCalls(model: nn.Linear, x: Tensor): readonly Promise<unknown>[] {
  const pair = compileCache('async-types', (y: Tensor, k: number) => [y.mul(k)] as const);
  const called: Promise<readonly [Tensor]> = pair.async(x, 2);
  const method: Promise<Tensor> = asyncCall(model.forward, model, x);
  const flat: Promise<Tensor> = compileCache('async-types-2', async (y: Tensor) => y.add(1)).async(x);
  // @ts-expect-error a text is no number
  const text = pair.async(x, 'x');
  // @ts-expect-error one argument is missing
  const short = pair.async(x);
  // @ts-expect-error a text is no tensor
  const wrong = asyncCall(model.forward, model, 'x');
  return [called, method, flat, text, short, wrong];
}

describe('order', () => {
  test('writes of one tensor follow one another as they were called', async () => {
    const step = compileCache(
      'async-step',
      { inputMatchers: [{ 0: n }, Dim('k', { max: 9 })] },
      (x: Tensor, k: number) => {
        x.mul_(k).add_(1);
        return x.sum();
      },
    );
    step(tensor([1, 2]), 2);
    const run = async (call: (x: Tensor, k: number) => unknown): Promise<unknown> => {
      const x = numbers(3000, 0.5);
      const sums = Array.from({ length: 60 }, (_, i) => call(x, (i % 3) + 1));
      return [...(await Promise.all(sums)).map((sum) => list(sum as Tensor)), list(x)];
    };
    const wanted = await run(step);
    expect(await run(step.async)).toEqual(wanted);
  });

  test('readers run between writers', async () => {
    const write = compileCache('async-write', { inputMatchers: [{ 0: n }] }, (x: Tensor) => void x.add_(1));
    const read = compileCache('async-read', { inputMatchers: [{ 0: n }, { 0: n }] }, (x: Tensor, y: Tensor) =>
      x.mul(y),
    );
    write(tensor([1, 2]));
    read(tensor([1, 2]), tensor([1, 2]));
    const x = tensor([0, 0, 0]);
    const other = tensor([1, 2, 3]);
    const found: Promise<Tensor>[] = [];
    for (let i = 0; i < 20; i++) {
      void write.async(x);
      found.push(read.async(x, other), read.async(other, x), read.async(x, x));
    }
    const wanted = Array.from({ length: 20 }, (_, i) => i + 1).flatMap((k) => [
      [k, 2 * k, 3 * k],
      [k, 2 * k, 3 * k],
      [k * k, k * k, k * k],
    ]);
    expect((await Promise.all(found)).map(list)).toEqual(wanted);
  });

  test('a call that must be captured waits for those before it, and those after it wait for it', async () => {
    const grow = compileCache('async-grow', (x: Tensor) => void x.mul_(2).add_(1));
    grow(tensor([1]));
    const x = tensor([0]);
    const whole = tensor([0], { dtype: 'int32' });
    const calls = [grow.async(x), grow.async(x), grow.async(whole), grow.async(whole), grow.async(x)];
    await Promise.all(calls);
    expect([list(x), list(whole)]).toEqual([[7], [3]]);
    expect(counts('async-grow')).toBe('4 native, 2 captured, 0 eager');
  });

  test('buffers that a part writes', async () => {
    class Counter extends nn.Module {
      readonly seen = this.registerBuffer('seen', zeros([2]));
      @compileCache('async-buffer')
      forward(x: Tensor): Tensor {
        this.seen.add_(x);
        return this.seen.mul(1);
      }
    }
    const counter = new Counter();
    counter.forward(tensor([1, 1]));
    const calls = Array.from({ length: 30 }, () => asyncCall(counter.forward, counter, tensor([1, 2])));
    expect(() => counter.seen.tolist()).toThrow(/read before an asynchronous call of "async-buffer" that writes it/);
    expect((await Promise.all(calls)).map(list)).toEqual(calls.map((_, i) => [i + 2, 2 * i + 3]));
    expect(list(counter.seen)).toEqual([31, 61]);
    expect(counts('async-buffer')).toBe('30 native, 1 captured, 0 eager');
  });
});

describe('refusals', () => {
  const add = compileCache('async-use', { inputMatchers: [{ 0: n }, { 0: n }] }, (x: Tensor, y: Tensor) => x.add_(y));

  test('tensors of calls that are not over', async () => {
    add(tensor([1, 2]), tensor([1, 2]));
    const x = tensor([1, 2, 3]);
    const y = tensor([1, 1, 1]);
    const z = tensor([5, 5, 5]);
    const calls = [add.async(x, y), add.async(x, y)];
    const written = /a tensor is read before an asynchronous call of "async-use" that writes it is done/;
    for (const use of [() => list(x), () => x.add(1), () => add(z, x), () => x.slice(0, 1).clone()]) {
      expect(use).toThrow(written);
    }
    expect(() => y.add_(1)).toThrow(/is written before an asynchronous call of "async-use" that reads it is done/);
    expect(() => add(y, z)).toThrow(/is written before[\s\S]*fix {3}await the promise of that call first/);
    expect(list(y.add(z))).toEqual([6, 6, 6]);
    expect(list(add(z, y))).toEqual([6, 6, 6]);
    await calls[0];
    await calls[1];
    expect(list(x)).toEqual([3, 4, 5]);
    y.add_(1);
    x.add_(y);
    expect(list(add(x, y))).toEqual([7, 8, 9]);
  });

  test('reject with what the synchronous call throws', async () => {
    const table = numbers(12, 1).reshape([4, 3]);
    const look = compileCache('async-look', { inputMatchers: [null, { 0: n }] }, (t: Tensor, i: Tensor) =>
      embedding(t, i),
    );
    const index = (...values: number[]): Tensor => tensor(values, { dtype: 'int64' });
    look(table, index(1));
    const message = (body: () => unknown): string => {
      try {
        body();
      } catch (error) {
        return (error as Error).message;
      }
      return 'none';
    };
    const place = / at async\.test\.ts:(\d+):\d+\n/;
    const plain = (text: string): string => text.replace(place, ' here\n');
    const wanted = message(() => look(table, index(1, 9)));
    expect(wanted).toMatch(/"async-look": an index read from a tensor is out of range\.\n {2}9 for a size of 4/);
    const indices = [index(1, 9), index(2), index(7, 1)];
    const calls = indices.map((i) => look.async(table, i));
    const line = Number(place.exec(wanted)?.[1]);
    const [first, second, third] = await Promise.allSettled(calls);
    const said = [first, third].map((result) => (result as PromiseRejectedResult).reason as Error);
    expect(said.map(({ name, message: text }) => [name, plain(text)])).toEqual([
      ['TnError', plain(wanted)],
      ['TnError', plain(wanted).replace('9 for', '7 for')],
    ]);
    // The line of the call, some lines below the synchronous one.
    expect(said.map(({ message: text }) => Number(place.exec(text)?.[1]) - line)).toEqual([3, 3]);
    expect(second.status).toBe('fulfilled');
    expect(list(await look.async(table, index(2)))).toEqual(list(look(table, index(2))));
    expect(asyncCallsPending()).toBe(false);
  });
});

describe('TN_MODE', () => {
  const make = (name: string) =>
    compileCache(name, { inputMatchers: { x: { 0: n } } }, (x: Tensor) => x.add_(1).mul(2));

  test('eager: as written, cache untouched', async () => {
    vi.stubEnv('TN_MODE', 'eager');
    const part = make('async-eager');
    expect(list(await part.async(tensor([1, 2])))).toEqual([4, 6]);
    expect(counts('async-eager')).toBe('0 native, 0 captured, 0 eager');
  });

  test('require: a miss rejects, a hit runs', async () => {
    const part = make('async-require');
    vi.stubEnv('TN_MODE', 'require');
    await expect(part.async(tensor([1]))).rejects.toThrow(/TN_MODE=require, and no native code fits this call/);
    vi.stubEnv('TN_MODE', '');
    await part.async(tensor([1]));
    vi.stubEnv('TN_MODE', 'require');
    const all = [part.async(tensor([1, 2])), part.async(tensor([1], { dtype: 'int32' })), part.async(tensor([3]))];
    const [first, second, third] = await Promise.allSettled(all);
    expect([first.status, second.status, third.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(counts('async-require')).toBe('2 native, 1 captured, 0 eager');
  });

  test('check: each hit beside an eager run, in its turn', async () => {
    const part = make('async-check');
    part(tensor([1]));
    const x = tensor([1, 2]);
    const before = part.async(x);
    vi.stubEnv('TN_MODE', 'check');
    const found = await Promise.all([before, part.async(x), part.async(x)]);
    expect(found.map(list)).toEqual([
      [4, 6],
      [6, 8],
      [8, 10],
    ]);
    expect(counts('async-check')).toBe('3 native, 1 captured, 0 eager');
  });

  test('capture: again, once', async () => {
    const part = make('async-capture');
    vi.stubEnv('TN_MODE', 'capture');
    await part.async(tensor([1]));
    const found = await Promise.all([1, 2, 3].map(() => part.async(tensor([1, 2]))));
    expect(found.map(list)).toEqual([
      [4, 6],
      [4, 6],
      [4, 6],
    ]);
    expect(counts('async-capture')).toBe('3 native, 1 captured, 0 eager');
  });
});
