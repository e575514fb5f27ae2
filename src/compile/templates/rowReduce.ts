/**
 * @file Reductions along the last axis that normalise it: layerNorm, softmax, logSoftmax.
 *
 * A row is loaded once into a float32 buffer that stays in L1, reduced there and handed over by the epilogue. Rows are divided among
 * the threads; one row is always done by one thread in one order. `layerNormRow` and `softmaxRow` give the same computation as a
 * `RowProvider`, for fusing it into the product that follows.
 */
import { elementType, loadUses, widen } from './epilogue.ts';
import { expression, indent as indented, kernelHead, mergeUses, staticValue } from './text.ts';
import type {
  Epilogue,
  FloatDtype,
  KernelContext,
  KernelSource,
  MatrixOperand,
  PreludeName,
  RowProvider,
} from './types.ts';

/** What the rows are: a matrix, or a C expression of type float for element `column` of row `row` (it must vectorise over `column`). */
export type RowSource =
  | ({ readonly kind: 'matrix' } & MatrixOperand)
  | { readonly kind: 'text'; readonly load: (place: { row: string; column: string; batch: string }) => string };

/** A vector along the normalised axis. */
export interface VectorOperand {
  readonly pointer: string;
  readonly dtype: FloatDtype;
}

export interface LayerNormSpec {
  readonly columns: string | number;
  readonly input: RowSource;
  /** C expression of type float or double. */
  readonly eps: string;
  readonly weight?: VectorOperand;
  readonly bias?: VectorOperand;
}

export interface SoftmaxSpec {
  readonly columns: string | number;
  readonly input: RowSource;
  readonly log: boolean;
}

export interface RowReduceRun {
  readonly rows: string | number;
  readonly epilogue: Epilogue;
}

interface LoadedRow {
  readonly setup: readonly string[];
  /** Element `c` of the row, as float. */
  readonly element: string;
  /** Brings element `c` of the next row near, where the rows lie in memory as they are. */
  readonly prefetch: string | null;
}

function loader(input: RowSource): (row: string, batch: string) => LoadedRow {
  if (input.kind === 'text') {
    return (row, batch) => ({ setup: [], element: input.load({ row, column: 'c', batch }), prefetch: null });
  }
  return (row) => ({
    setup: [
      `const ${elementType(input.dtype)} *const tk_source = ${input.pointer} + ${row} * (int64_t)(${input.rowStride});`,
    ],
    element: widen('tk_source[c]', input.dtype),
    prefetch: `__builtin_prefetch(tk_source + (int64_t)(${input.rowStride}) + c);`,
  });
}

function block(by: string, lines: readonly string[]): string {
  return indented(['{', ...lines.map((line) => (line.startsWith('#') ? line : '  ' + line)), '}'].join('\n'), by);
}

/**
 * (x - mean) / sqrt(variance + eps) · weight + bias over the columns, biased variance, two passes over the buffered row. PyTorch:
 * `layer_norm`; ONNX: `LayerNormalization`. Zero columns write nothing.
 */
export function layerNormRow(spec: LayerNormSpec): RowProvider {
  const load = loader(spec.input);
  return ({ target, row, batch, indent: by }) => {
    const { setup, element } = load(row, batch);
    const scaled = spec.weight === undefined ? '' : ` * ${widen(`(${spec.weight.pointer})[c]`, spec.weight.dtype)}`;
    const shifted = spec.bias === undefined ? '' : ` + ${widen(`(${spec.bias.pointer})[c]`, spec.bias.dtype)}`;
    return block(by, [
      ...setup,
      `const int64_t tk_columns = ${spec.columns};`,
      `float tk_total = 0.0f, tk_squares = 0.0f;`,
      `#pragma omp simd reduction(+ : tk_total)`,
      `for (int64_t c = 0; c < tk_columns; c++) {`,
      `  const float tk_x = ${element};`,
      `  ${target}[c] = tk_x;`,
      `  tk_total += tk_x;`,
      `}`,
      `const float tk_mean = tk_total / (float)tk_columns;`,
      `#pragma omp simd reduction(+ : tk_squares)`,
      `for (int64_t c = 0; c < tk_columns; c++) tk_squares += (${target}[c] - tk_mean) * (${target}[c] - tk_mean);`,
      `const float tk_scale = 1.0f / __builtin_sqrtf(tk_squares / (float)tk_columns + (float)(${spec.eps}));`,
      `#pragma omp simd`,
      `for (int64_t c = 0; c < tk_columns; c++) ${target}[c] = (${target}[c] - tk_mean) * tk_scale${scaled}${shifted};`,
    ]);
  };
}

/**
 * e^(x - max) / Σ e^(x - max), or its logarithm, over the columns. PyTorch: `softmax`, `log_softmax`; ONNX: `Softmax`, `LogSoftmax`.
 * A row of -inf only, or with a NaN or +inf, is NaN where PyTorch's is.
 */
export function softmaxRow(spec: SoftmaxSpec): RowProvider {
  const load = loader(spec.input);
  return ({ target, row, batch, indent: by }) => {
    const { setup, element, prefetch } = load(row, batch);
    const finish = spec.log
      ? [
          `#pragma omp simd reduction(+ : tk_total)`,
          `for (int64_t c = 0; c < tk_columns; c++) tk_total += tn_exp_decay(${target}[c] - tk_top);`,
          `const float tk_log = tn_logf(tk_total);`,
          `#pragma omp simd`,
          `for (int64_t c = 0; c < tk_columns; c++) ${target}[c] = (${target}[c] - tk_top) - tk_log;`,
        ]
      : [
          `for (int64_t tk_from = 0; tk_from < tk_columns; tk_from += 256) {`,
          `  const int64_t tk_to = tk_from + 256 < tk_columns ? tk_from + 256 : tk_columns;`,
          ...(prefetch === null ? [] : [`  for (int64_t c = tk_from; c < tk_to; c += 16) ${prefetch}`]),
          `#pragma omp simd reduction(+ : tk_total)`,
          `  for (int64_t c = tk_from; c < tk_to; c++) {`,
          `    const float tk_p = tn_exp_decay(${target}[c] - tk_top);`,
          `    ${target}[c] = tk_p;`,
          `    tk_total += tk_p;`,
          `  }`,
          `}`,
          `const float tk_scale = 1.0f / tk_total;`,
          `#pragma omp simd`,
          `for (int64_t c = 0; c < tk_columns; c++) ${target}[c] *= tk_scale;`,
        ];
    return block(by, [
      ...setup,
      `const int64_t tk_columns = ${spec.columns};`,
      `float tk_top = -__builtin_inff(), tk_total = 0.0f;`,
      `#pragma omp simd reduction(max : tk_top)`,
      `for (int64_t c = 0; c < tk_columns; c++) {`,
      `  const float tk_x = ${element};`,
      `  ${target}[c] = tk_x;`,
      `  tk_top = tk_x > tk_top ? tk_x : tk_top;`,
      `}`,
      ...finish,
    ]);
  };
}

/** What the texts of `layerNormRow` need of the prelude. */
export function layerNormUses(spec: LayerNormSpec): PreludeName[] {
  const dtypes = [spec.weight?.dtype, spec.bias?.dtype, spec.input.kind === 'matrix' ? spec.input.dtype : undefined];
  return dtypes.flatMap((dtype) => (dtype === undefined ? [] : loadUses(dtype)));
}

/** What the texts of `softmaxRow` need of the prelude. */
export function softmaxUses(spec: SoftmaxSpec): PreludeName[] {
  return [
    'tn_exp_decay',
    ...(spec.log ? (['tn_logf'] as const) : []),
    ...(spec.input.kind === 'matrix' ? loadUses(spec.input.dtype) : []),
  ];
}

/** Kernel: layerNorm of each of `rows` rows. Weight and bias of a half dtype are widened once, not once a row. */
export function layerNorm(ctx: KernelContext, spec: LayerNormSpec & RowReduceRun): KernelSource {
  const widened: Widened[] = [];
  const float32 = (name: string, vector: VectorOperand): VectorOperand => {
    if (vector.dtype === 'float32' || staticValue(spec.rows) === 1) return vector;
    widened.push({ name, vector });
    return { pointer: name, dtype: 'float32' };
  };
  const { weight, bias } = spec;
  const provider = layerNormRow({
    ...spec,
    ...(weight && { weight: float32('tk_weight', weight) }),
    ...(bias && { bias: float32('tk_bias', bias) }),
  });
  return rowKernel(ctx, spec, provider, layerNormUses(spec), 'layer norm', widened);
}

/** Kernel: softmax or logSoftmax of each of `rows` rows. */
export function softmax(ctx: KernelContext, spec: SoftmaxSpec & RowReduceRun): KernelSource {
  return rowKernel(ctx, spec, softmaxRow(spec), softmaxUses(spec), spec.log ? 'log softmax' : 'softmax');
}

/** A vector along the columns that is kept as float32 in scratch. */
interface Widened {
  readonly name: string;
  readonly vector: VectorOperand;
}

function rowKernel(
  ctx: KernelContext,
  spec: RowReduceRun & { readonly columns: string | number },
  provider: RowProvider,
  uses: readonly PreludeName[],
  what: string,
  widened: readonly Widened[] = [],
): KernelSource {
  const columns = expression(spec.columns);
  const lines = [
    `int64_t tk_row, tk_row_end;`,
    `tn_split(${spec.rows}, 1, t->id, t->count, &tk_row, &tk_row_end);`,
    `float *const tk_acc = (float *)(void *)t->scratch;`,
    ...widened.flatMap(({ name, vector }, i) => [
      `float *restrict const ${name} = tk_acc + ${i + 1} * ((int64_t)${columns} + 16);`,
      `#pragma omp simd`,
      `for (int64_t c = 0; c < ${columns}; c++) ${name}[c] = ${widen(`(${vector.pointer})[c]`, vector.dtype)};`,
    ]),
    `for (; tk_row < tk_row_end; tk_row++) {`,
    provider({ target: 'tk_acc', row: 'tk_row', batch: '0', indent: '  ' }),
    `  {`,
    spec.epilogue({
      acc: 'tk_acc',
      row: 'tk_row',
      col0: '0',
      count: columns,
      indent: '    ',
      batch: '0',
    }),
    `  }`,
    `}`,
  ];
  const known = staticValue(spec.columns);
  const rows = widened.length + 1;
  const bytes = known === undefined ? `((int64_t)${columns} + 16) * ${rows * 4}` : String((known + 16) * rows * 4);
  return {
    functionName: ctx.functionName,
    text:
      kernelHead(ctx, `${what} of ${spec.rows} rows of ${spec.columns}`) + indented(lines.join('\n'), '  ') + '\n}\n',
    uses: mergeUses(ctx, uses),
    scratchBytes: bytes,
  };
}
