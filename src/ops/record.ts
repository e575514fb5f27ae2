/** @file The op record: everything about one operation in one place, and the two builders its compiled forms are written against. */

import type { DType } from '../core/dtype.ts';
import type { StridedView } from '../core/view.ts';
import type { Expr } from '../symbolic/expr.ts';
import type { Size } from '../symbolic/symInt.ts';

/** dtype and shape of a tensor; sizes are numbers, or SymInts while a capture runs. */
export interface TensorMeta {
  readonly dtype: DType;
  readonly shape: readonly Size[];
}

/** A static argument of an op. Numbers may be symbolic (SymInt, SymFloat) while a capture runs. */
export type Attr = null | boolean | number | bigint | string | readonly Attr[];
export type Attrs = Readonly<Record<string, Attr>>;

/**
 * One operation of the graph. Composite ops that the compiler has a template for stay one record.
 * In-place writes are no ops: `Tensor.copy_` is the only write, and capture turns it into `sliceScatter`/`selectScatter`.
 */
export interface OpRecord<A extends Attrs = Attrs> {
  readonly name: string;
  readonly family: OpFamily;
  /** The PyTorch function (and where it deviates), for FEATURES.md. */
  readonly doc: string;
  /** Result dtypes and shapes, over numbers and SymInts alike (use the `size*` functions); throws TnError for what does not fit. */
  infer(inputs: readonly TensorMeta[], attrs: A): TensorMeta[];
  /** Runs on plain typed arrays. `outputs` is what `infer` said, with concrete numbers. View ops return views of the input's storage. */
  eager(inputs: readonly StridedView[], attrs: A, outputs: readonly ConcreteMeta[]): StridedView[];
  /** The compiled form, or the word 'eager': a graph that holds the op then stays eager and says so. */
  readonly lower:
    | 'eager'
    | ((b: LoopBuilder, inputs: readonly LoopTensor[], attrs: A, outputs: readonly LoopMeta[]) => LoopTensor[]);
  /** The ONNX form: adds standard nodes, returns the output names. 'none' only for ops that cannot be captured. */
  readonly onnx:
    | 'none'
    | ((b: OnnxBuilder, inputs: readonly OnnxValue[], attrs: A, outputs: readonly TensorMeta[]) => string[]);
  /** 'view': outputs share the input's storage. 'random': draws from a generator, never captured. */
  readonly effects: 'none' | 'view' | 'random';
}

export type OpFamily =
  | 'unary'
  | 'binary'
  | 'ternary'
  | 'reduction'
  | 'view'
  | 'creation'
  | 'indexing'
  | 'joining'
  | 'normalization'
  | 'linear'
  | 'convolution'
  | 'attention'
  | 'fourier'
  | 'random';

export interface ConcreteMeta {
  readonly dtype: DType;
  readonly shape: readonly number[];
}

// ---------------------------------------------------------------------------------------------------------------------
// Lowering

/** dtype and shape with sizes as expressions over the dims. */
export interface LoopMeta {
  readonly dtype: DType;
  readonly shape: readonly Expr[];
}

/** A tensor of the loop IR: a buffer, or a function of the index that is computed where it is used. Made by the builder only. */
export interface LoopTensor extends LoopMeta {
  readonly loopTensor: true;
}

/** One element's value, an expression tree. Made by the builder only. */
export interface Scalar {
  readonly scalar: true;
  readonly dtype: DType;
}

/** Scalar operations of the loop IR. Arithmetic is done in the dtype of the arguments (never a half type: cast to float32 first). */
export const scalarOps = [
  'add',
  'sub',
  'mul',
  'div',
  'floorDivide',
  'remainder',
  'pow',
  'minimum',
  'maximum',
  'atan2',
  'fmod',
  'neg',
  'abs',
  'sign',
  'exp',
  'expm1',
  'log',
  'log2',
  'log10',
  'log1p',
  'sqrt',
  'rsqrt',
  'reciprocal',
  'sin',
  'cos',
  'tan',
  'tanh',
  'sigmoid',
  'erf',
  'floor',
  'ceil',
  'round',
  'trunc',
  'geluErf',
  'geluTanh',
  'silu',
  'eq',
  'ne',
  'lt',
  'le',
  'gt',
  'ge',
  'and',
  'or',
  'xor',
  'not',
  'isNan',
  'isInf',
] as const;
export type ScalarOp = (typeof scalarOps)[number];

export type Combine = 'sum' | 'prod' | 'max' | 'min' | 'any' | 'all' | 'argmax' | 'argmin';

/** What lowerings are written with; `src/compile/lower` implements it. `index` arguments are expressions over loop variables and dims. */
export interface LoopBuilder {
  /** A size (number or SymInt) or whole attr as an expression. */
  size(value: Size): Expr;
  constant(value: number | boolean | bigint, dtype: DType): Scalar;
  /** A numeric attr, constant or symbolic (SymInt or SymFloat), as a value of `dtype`. */
  number(value: number, dtype: DType): Scalar;
  /** An index used as data (arange). */
  indexValue(index: Expr, dtype: DType): Scalar;
  load(x: LoopTensor, index: readonly Expr[]): Scalar;
  /** Elementwise; comparisons and isNan/isInf give bool, everything else the arguments' dtype. */
  op(name: ScalarOp, ...args: Scalar[]): Scalar;
  /** Rounds as PyTorch's `.to()` does. */
  cast(x: Scalar, dtype: DType): Scalar;
  /** `condition ? a : b`; loads inside the branch that is not taken are not executed. */
  select(condition: Scalar, a: Scalar, b: Scalar): Scalar;
  /** Comparison of indices, as a bool (for pad, cat, tril). */
  indexLess(a: Expr, b: Expr): Scalar;
  /** A value read from a tensor, used as an index into an axis of size `limit`: negative values count from the end; range-checked in native code. */
  indirect(x: Scalar, limit: Expr, what: string): Expr;

  /** Elementwise over the output's index space; stays a function until something needs it in memory. */
  pointwise(output: LoopMeta, body: (index: readonly Expr[]) => Scalar): LoopTensor;
  /** A pure index rewrite of `x`. */
  view(x: LoopTensor, shape: readonly Expr[], map: (index: readonly Expr[]) => readonly Expr[]): LoopTensor;
  /** Combines over `extents` in order of the last axis fastest; the accumulator has the body's dtype (argmax/argmin: first extreme, index over the flattened extents; NaN wins in max/min/argmax/argmin). */
  reduce(
    output: LoopMeta,
    combine: Combine,
    extents: readonly Expr[],
    body: (index: readonly Expr[], reduced: readonly Expr[]) => Scalar,
  ): LoopTensor;
  /** `base` with the elements at `map(index of src)` replaced; written in place where base's memory may be written. */
  scatter(base: LoopTensor, src: LoopTensor, map: (index: readonly Expr[]) => readonly Expr[]): LoopTensor;

  // Templates. Inputs of any floating dtype, float32 accumulation, result cast to the output's dtype.
  /** [..., M, K] × [..., K, N], batch axes already equal (broadcast them by `view`); plus an optional bias of [N]. */
  matmul(output: LoopMeta, a: LoopTensor, b: LoopTensor, bias: LoopTensor | null): LoopTensor;
  /** x [B, Cin, T], weight [Cout, Cin/groups, K] → [B, Cout, Tout]. */
  conv1d(
    output: LoopMeta,
    x: LoopTensor,
    weight: LoopTensor,
    bias: LoopTensor | null,
    options: { readonly stride: number; readonly padding: number; readonly dilation: number; readonly groups: number },
  ): LoopTensor;
  /** q [..., L, E], k [..., S, E], v [..., S, Ev], equal batch axes; mask broadcastable to [..., L, S]: bool (true = may attend) or float (added). Causal: query i sees keys j <= i + causalOffset. */
  attention(
    output: LoopMeta,
    q: LoopTensor,
    k: LoopTensor,
    v: LoopTensor,
    options: { readonly mask: LoopTensor | null; readonly causalOffset: Expr | null; readonly scale: number },
  ): LoopTensor;
  /** Over the last `axes` axes; biased variance. */
  layerNorm(
    output: LoopMeta,
    x: LoopTensor,
    axes: number,
    weight: LoopTensor | null,
    bias: LoopTensor | null,
    eps: number,
  ): LoopTensor;
  softmax(output: LoopMeta, x: LoopTensor, axis: number, log: boolean): LoopTensor;
  /** Real FFT over the last axis (static size n): [..., n] → [..., floor(n/2)+1, 2], the last axis real and imaginary part. */
  rfft(output: LoopMeta, x: LoopTensor, n: number): LoopTensor;
}

// ---------------------------------------------------------------------------------------------------------------------
// ONNX

export interface OnnxValue {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly Size[];
}

export type OnnxAttr =
  | number
  | bigint
  | string
  | readonly number[]
  | { readonly float: number }
  | { readonly floats: readonly number[] }
  | { readonly dtype: DType };

/** What ONNX forms are written with; `src/onnx` implements it. Plain numbers and number lists in attributes are INT/INTS unless wrapped in `{ float }`. */
export interface OnnxBuilder {
  /** Adds a node of the default domain (opset 20) and returns its output names. An empty string is an omitted optional input. */
  node(
    opType: string,
    inputs: readonly string[],
    attrs?: Readonly<Record<string, OnnxAttr>>,
    outputs?: number,
  ): string[];
  /** A 0-d or 1-d constant. */
  constant(values: number | bigint | boolean | readonly (number | bigint | boolean)[], dtype: DType): string;
  /** A 1-d int64 tensor of sizes, computed from the graph's inputs where symbolic. */
  sizes(values: readonly Size[]): string;
  /** A 0-d tensor of `dtype` from a numeric attr, constant or symbolic. */
  number(value: number, dtype: DType): string;
  cast(name: string, from: DType, to: DType): string;
  /** Calls a model-local function (domain `torchnative`), defined on first use by `define`. */
  call(
    functionName: string,
    inputs: readonly string[],
    define: (body: OnnxFunctionBody) => readonly string[],
    outputs?: number,
  ): string[];
}

/** The inside of a model-local function: `inputs` are its formal names. */
export interface OnnxFunctionBody {
  readonly inputs: readonly string[];
  node(
    opType: string,
    inputs: readonly string[],
    attrs?: Readonly<Record<string, OnnxAttr>>,
    outputs?: number,
  ): string[];
  constant(values: number | bigint | boolean | readonly (number | bigint | boolean)[], dtype: DType): string;
}
