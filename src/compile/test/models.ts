/** @file Small graphs in the shape of real models, for the compiler's tests. */

import type { StridedView } from '../../core/view.ts';
import type { Graph, Value } from '../../graph/graph.ts';
import { evaluate } from '../../symbolic/expr.ts';
import { type Size, sizeAdd } from '../../symbolic/symInt.ts';
import { GraphMaker } from './graphMaker.ts';
import { viewOf } from './runPart.ts';

/** x + y * 2 with a symbolic size. */
export function addMul(): Graph {
  const g = new GraphMaker('addMul');
  const n = g.dim('n', 5);
  const x = g.input('x', 'float32', [n, 3]);
  const y = g.input('y', 'float32', [n, 3]);
  return g.finish(g.op('add', [x, g.op('mul', [y], { right: 2 })]));
}

/** Sums and extremes along different axes, a full mean, and readers of them. */
export function reductions(): Graph {
  const g = new GraphMaker('reductions');
  const n = g.dim('n', 5);
  const x = g.input('x', 'float32', [n, 37, 3]);
  const sums = g.op('sum', [x], { axes: [1], keepdim: false });
  const top = g.op('amax', [x], { axes: [1], keepdim: true });
  const where = g.op('argmax', [x], { axes: [1], keepdim: false });
  const mean = g.op('mean', [x], { axes: [0, 1, 2], keepdim: false });
  const scaled = g.op('exp', [g.op('sub', [x, top])]);
  return g.finish(g.op('permute', [sums], { axes: [1, 0] }), where, g.op('neg', [mean]), scaled);
}

function linear(g: GraphMaker, x: Value, path: string, width: number, depth: number): Value {
  return g.op('linear', [
    x,
    g.parameter(`${path}.weight`, 'float16', [width, depth]),
    g.parameter(`${path}.bias`, 'float16', [width]),
  ]);
}

/** Two linear layers with GELU and a residual. */
export function mlp(): Graph {
  const g = new GraphMaker('mlp');
  const n = g.dim('n', 5);
  const x = g.input('x', 'float32', [1, n, 64]);
  const hidden = g.op('gelu', [linear(g, x, 'fc1', 128, 64)]);
  return g.finish(g.op('add', [x, linear(g, hidden, 'fc2', 64, 128)]));
}

/** Layer norm over heads of 16, self-attention with a cache written in place, output projection, tied logits. */
export function decoder(layout: 'heads' | 'rows'): Graph {
  const g = new GraphMaker(`decoder_${layout}`);
  const pos = g.dim('pos', 5, { min: 0, max: 47 });
  g.numberInput('pos', 'pos');
  const n = g.dim('n', 3, { max: 20 });
  const length = sizeAdd(pos, n);
  const tokens = g.input('tokens', 'int64', [1, n]);
  const cacheShape = layout === 'heads' ? [1, 4, 48, 16] : [1, 48, 64];
  const caches = ['kv.k', 'kv.v'].map((path) => g.input(path, 'float16', cacheShape));
  const embedding = g.parameter('embed.weight', 'float16', [100, 64]);
  const positions = g.parameter('positions', 'float16', [48, 64]);
  let x = g.op('cast', [g.op('embedding', [embedding, tokens])], { dtype: 'float32' });
  x = g.op('add', [x, g.op('slice', [positions], { axis: 0, start: pos, end: length, step: 1 })]);
  const norm = [g.parameter('norm.weight', 'float16', [64]), g.parameter('norm.bias', 'float16', [64])];
  const y = g.op('layerNorm', [x, ...norm], { axes: 1, eps: 1e-5 });
  const heads = (v: Value, size: Size): Value =>
    g.op('permute', [g.op('reshape', [v], { shape: [1, size, 4, 16] })], { axes: [0, 2, 1, 3] });
  const q = heads(linear(g, y, 'q', 64, 64), n);
  const [k, v] = caches.map((cache, i) => {
    const made = linear(g, y, 'kv'[i], 64, 64);
    const source = g.op('cast', [layout === 'heads' ? heads(made, n) : made], { dtype: 'float16' });
    const axis = layout === 'heads' ? 2 : 1;
    const written = g.op('sliceScatter', [cache, source], { axis, start: pos, end: length, step: 1 });
    g.mutate(cache, written);
    const seen = g.op('slice', [written], { axis, start: 0, end: length, step: 1 });
    return layout === 'heads' ? seen : heads(seen, length);
  });
  const mixed = g.op('scaledDotProductAttention', [q, k, v], { scale: 0.25, causalOffset: pos });
  const rows = g.op('reshape', [g.op('permute', [mixed], { axes: [0, 2, 1, 3] })], { shape: [1, n, 64] });
  const z = g.op('add', [x, linear(g, rows, 'out', 64, 64)]);
  return g.finish(g.op('linear', [g.op('select', [z], { axis: 1, index: sizeAdd(n, -1) }), embedding]));
}

/** Two convolutions with GELU, the second strided and stored transposed, and a softmax along time. */
export function convolutions(): Graph {
  const g = new GraphMaker('convolutions');
  const x = g.input('x', 'float32', [1, 80, 300]);
  const weights = (path: string, inputs: number): Value[] => [
    g.parameter(`${path}.weight`, 'float16', [64, inputs, 3]),
    g.parameter(`${path}.bias`, 'float16', [64]),
  ];
  const around = { padding: 1, dilation: 1, groups: 1 };
  const first = g.op('gelu', [g.op('conv1d', [x, ...weights('conv1', 80)], { ...around, stride: 1 })]);
  const second = g.op('gelu', [g.op('conv1d', [first, ...weights('conv2', 64)], { ...around, stride: 2 })]);
  const y = g.op('add', [
    g.op('permute', [second], { axes: [0, 2, 1] }),
    g.parameter('positions', 'float16', [150, 64]),
  ]);
  return g.finish(y, g.op('softmax', [y], { axis: 1 }));
}

/** Log-mel spectrogram of padded samples. */
export function mel(): Graph {
  const g = new GraphMaker('mel');
  const samples = g.dim('samples', 5000, { min: 1000 });
  const x = g.input('samples', 'float32', [samples]);
  const window = g.parameter('window', 'float32', [400]);
  const filters = g.parameter('filters', 'float32', [80, 201]);
  const silent = g.op('pad', [x], { before: [0], after: [1600], mode: 'constant', value: 0 });
  const padded = g.op('pad', [silent], { before: [200], after: [200], mode: 'reflect', value: 0 });
  const signal = g.op('reshape', [padded], { shape: [1, ...g.shapeOf(padded)] });
  const spectrum = g.op('stft', [signal, window], { nFft: 400, hop: 160 });
  const frames = g.shapeOf(spectrum)[1];
  const turned = g.op('permute', [g.op('reshape', [spectrum], { shape: [frames, 201, 2] })], { axes: [1, 0, 2] });
  const squares = g.op('sum', [g.op('mul', [turned, turned])], { axes: [2], keepdim: false });
  const power = g.op('slice', [squares], { axis: 1, start: 0, end: sizeAdd(frames, -1), step: 1 });
  const clamped = g.op('clamp', [g.op('matmul', [filters, power])], { min: 1e-10, max: null });
  const loudness = g.op('log10', [clamped]);
  const floor = g.op('sub', [g.op('amax', [loudness], { axes: [0, 1], keepdim: false })], { right: 8 });
  const limited = g.op('maximum', [loudness, floor]);
  return g.finish(g.op('div', [g.op('add', [limited], { right: 4 })], { right: 4 }));
}

/** Reductions, normalisation, attention and products that may be empty. */
export function maybeEmpty(): Graph {
  const g = new GraphMaker('maybeEmpty');
  const n = g.dim('n', 5, { min: 0 });
  const m = g.dim('m', 4, { min: 0 });
  const x = g.input('x', 'float32', [n, m, 8]);
  const wide = g.op('linear', [x, g.parameter('w', 'float16', [24, 8])]);
  const turned = g.op('permute', [x], { axes: [0, 2, 1] });
  return g.finish(
    wide,
    g.op('sum', [x], { axes: [0, 1], keepdim: false }),
    g.op('sum', [wide], { axes: [2], keepdim: true }),
    g.op('softmax', [x], { axis: 1 }),
    g.op('layerNorm', [x], { axes: 2, eps: 1e-5 }),
    g.op('scaledDotProductAttention', [x, x, x], { scale: 0.3, causalOffset: null }),
    g.op('flip', [x], { axes: [0, 2] }),
    g.op('matmul', [x, turned]),
  );
}

const wave = (seed: number, size: number) => (i: number) => Math.sin(i * 12.9898 + seed) * size;

/** Inputs of moderate values. */
export function argumentsAt(graph: Graph, dims: ReadonlyMap<string, number>): (StridedView | number)[] {
  return graph.inputs.map((input, i) => {
    if (input.kind === 'dim') return dims.get(input.symbol)!;
    const sizes = input.value.shape.map((size) => evaluate(size, dims));
    const fill = input.value.dtype === 'int64' ? (j: number) => (j * 37) % 100 : wave(i, 1.3);
    return viewOf(input.value.dtype, sizes, fill);
  });
}

/** Small weights. */
export function parametersOf(graph: Graph): StridedView[] {
  return graph.parameters.map(({ value }, i) =>
    viewOf(
      value.dtype,
      value.shape.map((size) => evaluate(size, new Map())),
      wave(i, 0.15),
    ),
  );
}

/** Every graph with sizes to run it at. */
export const modelCases: { graph: () => Graph; dims: Record<string, number>[] }[] = [
  { graph: addMul, dims: [{ n: 1 }, { n: 5 }, { n: 7001 }] },
  { graph: reductions, dims: [{ n: 1 }, { n: 300 }] },
  { graph: mlp, dims: [{ n: 1 }, { n: 77 }] },
  {
    graph: () => decoder('heads'),
    dims: [
      { pos: 0, n: 20 },
      { pos: 40, n: 1 },
    ],
  },
  {
    graph: () => decoder('rows'),
    dims: [
      { pos: 0, n: 20 },
      { pos: 40, n: 1 },
    ],
  },
  { graph: convolutions, dims: [{}] },
  {
    graph: maybeEmpty,
    dims: [
      { n: 0, m: 4 },
      { n: 3, m: 0 },
      { n: 0, m: 0 },
      { n: 7, m: 33 },
    ],
  },
  { graph: mel, dims: [{ samples: 1000 }, { samples: 16001 }] },
];
