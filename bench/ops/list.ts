/** @file The operations of the `ops` suite: what is computed, on what, and how much work that is. */

import type { Amount } from '../contest.ts';

/** Sizes, by the letter that the kinds below give them. */
type Sizes = readonly number[];

export interface Op {
  readonly name: string;
  /** One of `kinds`: what `worker.ts` and `peers/ops.py` do. */
  readonly kind: Kind;
  readonly sizes: Sizes;
  /** How weights are stored; peers have them in float32 either way, of the same values. */
  readonly weights: 'float32' | 'float16';
}

/** Shapes of the inputs that a call gives, of the weights that stand, and the work. Multiply-adds count twice. */
interface KindFacts {
  /** What the numbers are. */
  readonly letters: string;
  readonly inputs: (sizes: Sizes) => number[][];
  readonly weights: (sizes: Sizes) => number[][];
  readonly results: (sizes: Sizes) => number;
  readonly flop: (sizes: Sizes) => number;
}

/**
 * Operations of an element, where there is no exact count: a normalised value takes two passes of adds and one of a
 * multiply-add; exp and erf are polynomials of degree 6 to 10 with some scaling around them.
 */
const perElement = { layerNorm: 8, softmax: 20, gelu: 30, chain: 5 } as const;

export const kinds = {
  linear: {
    letters: 'rows x depth x columns',
    inputs: ([rows, depth]) => [[rows, depth]],
    weights: ([, depth, columns]) => [[columns, depth], [columns]],
    results: ([rows, , columns]) => rows * columns,
    flop: ([rows, depth, columns]) => 2 * rows * depth * columns,
  },
  attention: {
    letters: 'heads x queries x keys, of 64',
    inputs: ([heads, queries, keys]) => [
      [1, heads, queries, 64],
      [1, heads, keys, 64],
      [1, heads, keys, 64],
    ],
    weights: () => [],
    results: ([heads, queries]) => heads * queries * 64,
    flop: ([heads, queries, keys]) => 4 * heads * queries * keys * 64,
  },
  causal: {
    letters: 'heads x positions, of 64',
    inputs: ([heads, n]) => [
      [1, heads, n, 64],
      [1, heads, n, 64],
      [1, heads, n, 64],
    ],
    weights: () => [],
    results: ([heads, n]) => heads * n * 64,
    // Half of the square, and its diagonal.
    flop: ([heads, n]) => 2 * heads * n * (n + 1) * 64,
  },
  conv1d: {
    letters: 'channels x length -> channels, width 3, stride',
    inputs: ([channels, length]) => [[1, channels, length]],
    weights: ([channels, , out]) => [[out, channels, 3], [out]],
    results: ([, length, out, stride]) => (out * length) / stride,
    flop: ([channels, length, out, stride]) => (2 * 3 * channels * length * out) / stride,
  },
  layerNorm: {
    letters: 'rows x columns',
    inputs: ([rows, columns]) => [[rows, columns]],
    weights: ([, columns]) => [[columns], [columns]],
    results: ([rows, columns]) => rows * columns,
    flop: ([rows, columns]) => perElement.layerNorm * rows * columns,
  },
  softmax: {
    letters: 'rows x columns',
    inputs: ([rows, columns]) => [[rows, columns]],
    weights: () => [],
    results: ([rows, columns]) => rows * columns,
    flop: ([rows, columns]) => perElement.softmax * rows * columns,
  },
  gelu: {
    letters: 'rows x columns',
    inputs: ([rows, columns]) => [[rows, columns]],
    weights: () => [],
    results: ([rows, columns]) => rows * columns,
    flop: ([rows, columns]) => perElement.gelu * rows * columns,
  },
  rfft: {
    letters: 'frames x length',
    inputs: ([frames, length]) => [[frames, length]],
    weights: () => [],
    results: ([frames, length]) => 2 * frames * (Math.floor(length / 2) + 1),
    flop: ([frames, length]) => 2.5 * frames * length * Math.log2(length),
  },
  chain: {
    letters: 'rows x columns: relu(2x + y) z - x',
    inputs: ([rows, columns]) => [
      [rows, columns],
      [rows, columns],
      [rows, columns],
    ],
    weights: () => [],
    results: ([rows, columns]) => rows * columns,
    flop: ([rows, columns]) => perElement.chain * rows * columns,
  },
} as const satisfies Readonly<Record<string, KindFacts>>;

export type Kind = keyof typeof kinds;

const op = (kind: Kind, sizes: Sizes, weights: Op['weights'] = 'float32'): Op => {
  const shape = sizes.join('x');
  return { name: `${kind} ${shape}${weights === 'float16' ? ' float16' : ''}`, kind, sizes, weights };
};

export const ops: readonly Op[] = [
  op('linear', [1500, 512, 512]),
  op('linear', [1500, 512, 2048]),
  op('linear', [1500, 2048, 512]),
  op('linear', [1500, 512, 512], 'float16'),
  // Skinny, ragged, and an odd depth.
  op('linear', [4, 512, 512]),
  op('linear', [1501, 515, 509]),
  op('linear', [1500, 511, 512]),
  // One row: bound by reading the weights.
  op('linear', [1, 512, 51865]),
  op('linear', [1, 512, 51865], 'float16'),
  op('linear', [1, 512, 2048]),
  op('attention', [8, 1500, 1500]),
  op('attention', [8, 1, 1500]),
  op('attention', [8, 1, 100]),
  op('causal', [8, 448]),
  op('conv1d', [80, 3000, 512, 1]),
  op('conv1d', [512, 3000, 512, 2]),
  op('layerNorm', [1500, 512]),
  op('softmax', [1500, 1500]),
  op('gelu', [1500, 2048]),
  op('rfft', [3000, 400]),
  op('chain', [1500, 2048]),
];

/** Kinds that are also measured into memory that is there: bound by memory, the pages of a fresh result weigh most there. */
const intoKinds: readonly Kind[] = ['layerNorm', 'softmax', 'gelu', 'chain'];

export const hasInto = ({ kind }: Op): boolean => intoKinds.includes(kind);

/** The name of the same work into memory that is there. */
export const intoName = ({ name }: Op): string => `${name}, into given memory`;

const product = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Inputs, weights and results once. */
export function amountOf({ kind, sizes, weights }: Op): Amount {
  const facts: KindFacts = kinds[kind];
  const sum = (shapes: readonly number[][]): number => shapes.map(product).reduce((a, b) => a + b, 0);
  const stored = sum(facts.weights(sizes)) * (weights === 'float16' ? 2 : 4);
  const bytes = 4 * (sum(facts.inputs(sizes)) + facts.results(sizes)) + stored;
  return { flop: facts.flop(sizes), bytes };
}

/**
 * The same numbers for everybody, of float16's precision: a linear congruential sequence, between -0.5 and 0.5 in steps
 * of 1/1024.
 */
export function numbers(count: number, seed: number): Float32Array {
  const values = new Float32Array(count);
  let state = seed >>> 0;
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    values[i] = (state >>> 22) / 1024 - 0.5;
  }
  return values;
}

/** Of the i-th tensor of an op: inputs first, then weights. */
export const seedOf = (i: number): number => 17 + 1000 * i;

/** How many values of a result are compared, from all over it. */
export const compared = 997;

/** The values that are compared. */
export function sampled(values: ArrayLike<number>): number[] {
  return Array.from({ length: Math.min(compared, values.length) }, (_, i) => {
    return values[Math.floor((i * values.length) / Math.min(compared, values.length))];
  });
}

/** Relative root mean square of the difference. */
export function difference(one: readonly number[], other: readonly number[]): number {
  if (one.length !== other.length) return Number.POSITIVE_INFINITY;
  let squares = 0;
  let size = 0;
  for (let i = 0; i < one.length; i++) {
    squares += (one[i] - other[i]) ** 2;
    size += other[i] ** 2;
  }
  return Math.sqrt(squares / Math.max(size, Number.MIN_VALUE));
}
