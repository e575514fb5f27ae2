/**
 * @file One-dimensional convolution as an implicit matrix product: row t of the left operand is the window of output position t.
 *
 * K order is (kernel position, input channel): k = kw · Cin + ci. The weight [Cout, Cin, Kw] is therefore packed as panels of the
 * matrix [Cout][Kw][Cin], that is of `weight.permute(0, 2, 1)` made contiguous: N = Cout, K = Kw · Cin. Output goes to the epilogue as
 * rows t (`row`) and columns Cout; `batch` is the batch index. PyTorch: `conv1d` with groups = 1; ONNX: `Conv`.
 */
import { elementType, loadUses, widen } from './epilogue.ts';
import { gemm, type PanelOperand } from './gemm.ts';
import { expression, mergeUses } from './text.ts';
import type { Epilogue, FloatDtype, KernelContext, KernelSource, Touches } from './types.ts';

export interface Conv1dSpec {
  readonly batches: string | number;
  /** Cin. */
  readonly inChannels: number;
  /** T, positions of the input. */
  readonly length: string | number;
  /** Cout. */
  readonly outChannels: string | number;
  /** Positions of the output: (T + 2·padding - dilation·(Kw - 1) - 1) / stride + 1, given by the caller. */
  readonly outLength: string | number;
  /** Kw. */
  readonly kernelWidth: number;
  readonly stride: number;
  /** Zeros before the input; those after it follow from `outLength`. */
  readonly padding: number;
  readonly dilation: number;
  /** Element (b, ci, t) stands at `pointer[b * batchStride + ci * channelStride + t * timeStride]`; channelStride '1' is fastest. */
  readonly input: {
    readonly pointer: string;
    readonly dtype: FloatDtype;
    readonly batchStride: string;
    readonly channelStride: string;
    readonly timeStride: string;
  };
  readonly weight: PanelOperand;
  readonly epilogue: Epilogue;
  readonly touches?: Touches;
}

/** The kernel of `spec`. */
export function conv1d(ctx: KernelContext, spec: Conv1dSpec): KernelSource {
  const { inChannels: C, kernelWidth: W, input } = spec;
  const name = ctx.functionName;
  const source = gemm(
    { ...ctx, comment: ctx.comment ?? `convolution of ${C} channels, width ${W}, stride ${spec.stride}` },
    {
      rows: spec.outLength,
      columns: spec.outChannels,
      depth: C * W,
      batches: spec.batches,
      left: {
        kind: 'provider',
        row: ({ target, row, batch, indent }) =>
          `${indent}${name}_window(${input.pointer} + ${batch} * (int64_t)(${input.batchStride}), ${input.channelStride}, ${input.timeStride}, ${expression(spec.length)}, ${row} * ${spec.stride} - ${spec.padding}, ${target});`,
      },
      right: spec.weight,
      epilogue: spec.epilogue,
      ...(spec.touches === undefined ? {} : { touches: spec.touches }),
    },
  );
  return {
    ...source,
    text: renderWindow(name, spec) + source.text,
    uses: mergeUses(ctx, [...source.uses, ...loadUses(input.dtype)]),
  };
}

/** C helper that writes one window, zero where it reaches beyond the input. */
function renderWindow(name: string, spec: Conv1dSpec): string {
  const { inChannels: C, kernelWidth: W, dilation, input } = spec;
  const contiguous = input.channelStride.trim() === '1';
  const element = widen(contiguous ? 'from[c]' : 'from[c * channel_stride]', input.dtype);
  return `/* to[kw * ${C} + c] = input[c][first + kw * ${dilation}], zero outside the input */
static inline void ${name}_window(const ${elementType(input.dtype)} *input, int64_t channel_stride, int64_t time_stride, int64_t length,
    int64_t first, float *restrict to) {
${contiguous ? '  (void)channel_stride;\n' : ''}  for (int64_t kw = 0; kw < ${W}; kw++, to += ${C}) {
    const int64_t at = first + kw * ${dilation};
    if (at < 0 || at >= length) {
      for (int64_t c = 0; c < ${C}; c++) to[c] = 0.0f;
    } else {
      const ${elementType(input.dtype)} *const from = input + at * time_stride;
#pragma omp simd
      for (int64_t c = 0; c < ${C}; c++) to[c] = ${element};
    }
  }
}

`;
}
