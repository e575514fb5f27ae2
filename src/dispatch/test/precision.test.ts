/** @file Precision of parts: who says it, what it changes, what it leaves alone. */

import { compileCache, Dim, nn, type Tensor, tensor } from 'torchnative';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { processStore } from '../processStore.ts';
import { counts, recordsOf, useOwnCache } from './support.ts';

useOwnCache();
afterEach(() => vi.unstubAllEnvs());

const n = Dim('n', { max: 100 });
/** 1 + 2^-9 is no bfloat16, and rounds to 1. */
const fine = 1 + 2 ** -9;
const rows = Array.from({ length: 6 }, () => [fine, 2, 3]);

class Layer extends nn.Module {
  readonly weight = this.registerBuffer('weight', tensor([[1, 0, 0]]));
  readonly table = this.registerBuffer('table', tensor([[fine, 1, 1]]));
  @compileCache('p-bf16', { precision: 'bf16', inputMatchers: { x: { 0: n } } })
  low(x: Tensor): Tensor {
    return x.matmul(this.weight.permute([1, 0]));
  }
  @compileCache('p-default', { inputMatchers: { x: { 0: n } } })
  plain(x: Tensor): Tensor {
    return x.matmul(this.weight.permute([1, 0]));
  }
  @compileCache('p-sum', { precision: 'bf16', inputMatchers: { x: { 0: n } } })
  sum(x: Tensor): Tensor {
    return x.add(this.table);
  }
}
const first = (x: Tensor): unknown => (x.tolist() as number[][])[0][0];

describe('precision', () => {
  test('of a part: its products round, the rest does not; the record is the same', () => {
    const layer = new Layer();
    const x = tensor(rows);
    expect(first(layer.low(x))).toBe(fine);
    expect(first(layer.low(x))).toBe(1);
    expect(counts('p-bf16')).toBe('1 native, 1 captured, 0 eager');
    for (let i = 0; i < 2; i++) expect(first(layer.sum(tensor([[0, 0, 0]])))).toBe(fine);
    for (let i = 0; i < 2; i++) expect(first(layer.plain(x))).toBe(fine);
    const hashes = ['p-bf16', 'p-default'].map((part) => recordsOf(part)[0].manifest.graphHash);
    expect(hashes[0]).toBe(hashes[1]);
    expect(recordsOf('p-bf16')[0].manifest.precision).toBeUndefined();
    expect(
      [
        ...new Set(
          processStore()
            .artifacts()
            .map(({ info }) => info?.precision),
        ),
      ].sort(),
    ).toEqual(['bf16', 'float32']);
  });

  test('int8: weights per channel; a few rows stay float32', () => {
    class Quantised extends nn.Module {
      // 127 steps of 1 and of 0.5: what is no whole step is rounded.
      readonly weight = this.registerBuffer(
        'weight',
        tensor([
          [127, 10.25, 1],
          [63.5, 0.2, 1],
        ]),
      );
      @compileCache('p-int8', { precision: 'int8' })
      forward(x: Tensor): Tensor {
        return x.matmul(this.weight.permute([1, 0]));
      }
    }
    const model = new Quantised();
    const x = tensor([[fine, 1, 0]]);
    model.forward(x);
    const [[a, b]] = model.forward(x).tolist() as number[][];
    expect(counts('p-int8')).toBe('1 native, 1 captured, 0 eager');
    expect(a).toBeCloseTo(127 * fine + 10, 3);
    expect(b).toBeCloseTo(63.5 * fine, 3);
  });

  test('of the environment, for parts that do not say theirs', () => {
    vi.stubEnv('TN_PRECISION', 'bf16');
    const fn = compileCache('p-env', { inputMatchers: { x: { 0: n } } }, (x: Tensor, w: Tensor) => x.matmul(w));
    const exact = compileCache(
      'p-exact',
      { precision: 'float32', inputMatchers: { x: { 0: n } } },
      (x: Tensor, w: Tensor) => x.matmul(w),
    );
    const w = tensor([[1], [0], [0]]);
    for (const part of [fn, exact]) expect(first(part(tensor(rows), w))).toBe(fine);
    expect(first(fn(tensor(rows), w))).toBe(1);
    expect(first(exact(tensor(rows), w))).toBe(fine);
  });

  test('TN_MODE=check takes the bounds of the precision', () => {
    vi.stubEnv('TN_MODE', 'check');
    const layer = new Layer();
    layer.low(tensor(rows));
    expect(first(layer.low(tensor(rows)))).toBe(1);
  });

  test('a name that is none', () => {
    vi.stubEnv('TN_PRECISION', 'half');
    const fn = compileCache('p-none', (x: Tensor) => x.add(1));
    expect(fn(tensor([1])).tolist()).toEqual([2]);
    expect(counts('p-none')).toBe('0 native, 1 captured, 0 eager');
    expect(recordsOf('p-none')).toHaveLength(1);
  });
});
