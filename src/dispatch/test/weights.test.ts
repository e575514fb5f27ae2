/** @file Parameters and buffers of decorated methods: bound to each instance, shared, written to. */

import { compileCache, Dim, nn, type Tensor, tensor, zeros } from 'torchnative';
import { describe, expect, test } from 'vitest';
import { artifacts, counts, recordsOf, useOwnCache, warningsOf } from './support.ts';

useOwnCache();

const n = Dim('n', { max: 100 });
const list = (x: unknown): unknown => (x as Tensor).tolist();

describe('weights', () => {
  class Layer extends nn.Module {
    readonly weight: Tensor;
    readonly scale: number;
    constructor(weight: Tensor, scale = 1) {
      super();
      this.weight = this.registerBuffer('weight', weight);
      this.scale = scale;
    }
    @compileCache('layer', { inputMatchers: { x: { 0: n } } })
    forward(x: Tensor): Tensor {
      return x.matmul(this.weight.permute([1, 0])).mul(this.scale);
    }
  }
  const eye = (value: number): Tensor =>
    tensor([
      [value, 0],
      [0, value],
    ]);

  test('other instances, writes in place, changed fields', () => {
    const a = new Layer(eye(2));
    const b = new Layer(eye(3));
    const x = tensor([[1, 2]]);
    expect(list(a.forward(x))).toEqual([[2, 4]]);
    const compiled = artifacts().length;
    expect([list(b.forward(x)), list(a.forward(x)), list(b.forward(x))]).toEqual([[[3, 6]], [[2, 4]], [[3, 6]]]);
    a.weight.mul_(10);
    expect([list(a.forward(x)), list(b.forward(x))]).toEqual([[[20, 40]], [[3, 6]]]);
    a.weight.select(0, 0).fill_(1);
    expect(list(a.forward(x))).toEqual([[3, 40]]);
    expect(counts('layer')).toBe('6 native, 1 captured, 0 eager');
    expect(artifacts()).toHaveLength(compiled);
    const [record] = recordsOf('layer');
    expect(record.manifest.weights.map(({ name }) => name)).toEqual([
      'captured',
      'binding 2',
      'binding 3',
      'binding 4',
    ]);
    const c = new Layer(eye(2), 5);
    expect(list(c.forward(x))).toEqual([[10, 20]]);
    expect(counts('layer')).toBe('6 native, 2 captured, 0 eager');
  });

  test('tied and untied weights', () => {
    class Two extends nn.Module {
      readonly a: Tensor;
      readonly b: Tensor;
      constructor(a: Tensor, b: Tensor) {
        super();
        this.a = this.registerBuffer('a', a);
        this.b = this.registerBuffer('b', b);
      }
      @compileCache('two-weights')
      forward(x: Tensor): Tensor {
        return x.mul(this.a).sub(this.b);
      }
    }
    const w = tensor([1, 2]);
    const x = tensor([3, 3]);
    expect(list(new Two(w, w).forward(x))).toEqual([2, 4]);
    expect(list(new Two(tensor([1, 2]), tensor([0, 1])).forward(x))).toEqual([3, 5]);
    expect(list(new Two(w, w).forward(x))).toEqual([2, 4]);
    expect(list(new Two(tensor([5, 5]), w).forward(x))).toEqual([14, 13]);
    expect(counts('two-weights')).toBe('2 native, 2 captured, 0 eager');
  });

  test('a buffer that is written is state of its instance', () => {
    class Counter extends nn.Module {
      readonly total = this.registerBuffer('total', zeros([2]));
      readonly twin: Tensor | null;
      constructor(shared = false) {
        super();
        this.twin = shared
          ? this.registerBuffer('twin', this.total.slice(0, 0))
          : this.registerBuffer('twin', zeros([2]));
      }
      @compileCache('counter')
      step(x: Tensor): Tensor {
        this.total.add_(x);
        return this.total.add(this.twin as Tensor);
      }
    }
    const a = new Counter();
    const b = new Counter();
    for (let i = 1; i <= 3; i++) expect(list(a.step(tensor([1, 2])))).toEqual([i, 2 * i]);
    for (let i = 1; i <= 3; i++) expect(list(b.step(tensor([5, 5])))).toEqual([5 * i, 5 * i]);
    expect([list(a.total), list(b.total)]).toEqual([
      [3, 6],
      [15, 15],
    ]);
    expect(counts('counter')).toBe('5 native, 1 captured, 0 eager');
    expect(recordsOf('counter')[0].manifest.weights).toHaveLength(1);
    const shared = new Counter(true);
    warningsOf(() => {
      expect(list(shared.step(tensor([1, 1])))).toEqual([2, 2]);
      expect(list(shared.step(tensor([1, 1])))).toEqual([4, 4]);
    });
  });
});
