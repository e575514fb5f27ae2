/** @file Parts captured for the round-trip tests: dims, state written in place, several outputs, aliases, constants. */

import { type Captured, capture } from '../../capture/capture.ts';
import type { Matcher } from '../../capture/matchers.ts';
import * as nn from '../../nn/index.ts';
import { floatResult } from '../../symbolic/arithmetic.ts';
import { Dim } from '../../symbolic/dim.ts';
import { type Size, sizeAdd, sizeFloorDiv, sizeLe, sizeMul } from '../../symbolic/symInt.ts';
import { arange, cat, softmax, type Tensor, tensor, zeros } from '../../tensor/index.ts';

export interface Part {
  readonly title: string;
  /** Captured anew at each call, with arguments of size `n` (and a position). */
  readonly capture: (n: number) => Captured;
}

interface PartOptions {
  readonly self?: unknown;
  readonly names: readonly string[];
  readonly matchers: readonly Matcher[];
  readonly args: (n: number) => unknown[];
  /** Of the transformed code: sizes are combined by functions, as the transformer's output does. */
  readonly run: (self: never, ...args: never[]) => unknown;
}

function part(title: string, { self = null, names, matchers, args, run }: PartOptions): Part {
  return {
    title,
    capture: (n) => {
      const outcome = capture({
        part: title.replace(/\W+/g, '_'),
        self,
        args: args(n),
        names,
        matchers,
        classId: (definition) => (definition as { name?: string }).name ?? '',
        run: (own, list) => run(own as never, ...(list as never[])),
      });
      if (outcome.kind === 'refused') throw new Error(`refused: ${outcome.refusal.reason}`);
      if (outcome.kind === 'narrowed') throw outcome.error;
      return outcome.captured;
    },
  };
}

/** Distinct values, some negative. */
export function ramp(...sizes: number[]): Tensor {
  const total = sizes.reduce((a, b) => a * b, 1);
  return arange(total).mul(0.37).sin().reshape(sizes);
}

const n = Dim('n', { max: 64 });
const m = Dim('m', { min: 0, max: 64, multipleOf: 2 });
const pos = Dim('pos', { min: 0, max: 30 });

class Cache {
  readonly k: Tensor[];
  readonly lengths = { used: 0 };
  constructor() {
    this.k = [zeros([2, 40, 4]), zeros([2, 40, 4], { dtype: 'float16' })];
  }
}

class Block extends nn.Module {
  readonly norm = new nn.LayerNorm(4);
  readonly inner = new nn.Linear(4, 6);
  readonly outer = new nn.Linear(6, 4, { bias: false });
  forward(x: Tensor): Tensor {
    return x.add(this.outer.forward(nn.functional.gelu(this.inner.forward(this.norm.forward(x)))));
  }
}

function block(): Block {
  const made = new Block();
  for (const [, parameter] of made.namedParameters()) parameter.copy_(ramp(...parameter.sizes));
  return made;
}

export const parts: readonly Part[] = [
  part('pointwise with a dim', {
    names: ['x', 'y'],
    matchers: [{ 0: n }, { 0: n }],
    args: (size) => [ramp(size, 3), ramp(size, 1)],
    run: (_: null, x: Tensor, y: Tensor) => x.add(y.mul(2)).relu(),
  }),
  part('a cache written in place', {
    names: ['x', 'pos', 'kv'],
    matchers: [{ 1: n }, pos],
    args: (size) => [ramp(2, size, 4), 3, new Cache()],
    run: (_: null, x: Tensor, at: number, kv: Cache) => {
      const end = sizeAdd(at, x.shape[1]);
      if (!sizeLe(end, 40, 'the cache is full')) throw new Error('the cache is full');
      for (const k of kv.k) k.slice(1, at, end).copy_(x);
      const seen = kv.k[0].slice(1, 0, end);
      return { scores: softmax(x.matmul(seen.transpose(1, 2)), -1), end, half: kv.k[1].slice(1, 0, end), seen };
    },
  }),
  part('several outputs and literals', {
    names: ['x'],
    matchers: [{ 0: n, 1: m }],
    args: (size) => [ramp(size, 4)],
    run: (_: null, x: Tensor) => {
      const y = x.mul(3);
      const rows = y.reshape([sizeMul(x.shape[0], x.shape[1])]);
      return [x, y, rows, y.t(), { a: [1.5, null, 'text', true, undefined, -0], b: x.shape[1] }, y];
    },
  }),
  part('constants of every kind', {
    names: ['x'],
    matchers: [{ 0: n }],
    args: (size) => [ramp(size, 3)],
    run: (_: null, x: Tensor) => {
      const weights = tensor([0.5, -1.25, Number.POSITIVE_INFINITY]);
      const big = tensor([2n ** 62n, -(2n ** 63n), 2n ** 63n - 1n]);
      const mask = tensor([true, false, true]);
      return [x.add(weights), big.add(1n), mask.logicalNot(), x.to('bfloat16').to('float32'), arange(0, x.shape[0])];
    },
  }),
  part('numbers computed from dims', {
    names: ['x'],
    matchers: [{ 0: n }],
    args: (size) => [ramp(size, 4)],
    run: (_: null, x: Tensor) => {
      const scale = floatResult('div', 1, floatResult('sqrt', x.shape[0] as unknown as never)) as unknown as number;
      const half = sizeFloorDiv(x.shape[0], 2);
      return cat([x.mul(scale).slice(0, 0, half), x.slice(0, half, x.shape[0]).mul(Number.NEGATIVE_INFINITY)], 0);
    },
  }),
  part('a module and its weights', {
    self: block(),
    names: ['x'],
    matchers: [{ 0: n }],
    args: (size) => [ramp(size, 4)],
    run: (self: Block, x: Tensor) => self.forward(x),
  }),
  part('names that ONNX nodes have', {
    names: ['tn_0', 'add', 'tn_constant_0'],
    matchers: [{ 0: n }],
    args: (size) => [ramp(size, 2), ramp(2), ramp(2)],
    run: (_: null, a: Tensor, b: Tensor, c: Tensor) => [a.add(b).add(c), a.add(1), a.expand([2 as Size, ...a.shape])],
  }),
];
