/** @file One-dimensional convolution (two-dimensional ones are made of windows and matmul in the functions). */

import { isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import type { StridedView } from '../core/view.ts';
import { type Size, sizeAdd, sizeFloorDiv, sizeLe } from '../symbolic/symInt.ts';
import { dotRows } from './dot.ts';
import { makeOutput, readElements } from './kernels.ts';
import { productType } from './linear.ts';
import { onnxCast } from './pointwise.ts';
import type { OpRecord } from './record.ts';
import { sameSize, shapeText } from './shapes.ts';

export type Conv1dAttrs = {
  readonly stride: number;
  readonly padding: number;
  readonly dilation: number;
  readonly groups: number;
};

/** Samples that window `t` sees, zero outside: rows of [Cin/groups * K] for one batch item and group. */
function gatherWindows(
  x: Float32Array | Float64Array,
  start: number,
  channels: number,
  length: number,
  kernel: number,
  windows: number,
  { stride, padding, dilation }: Conv1dAttrs,
  out: Float32Array | Float64Array,
): void {
  for (let t = 0; t < windows; t++) {
    let at = t * channels * kernel;
    for (let c = 0; c < channels; c++) {
      const row = start + c * length;
      for (let k = 0; k < kernel; k++) {
        const from = t * stride - padding + k * dilation;
        out[at++] = from >= 0 && from < length ? x[row + from] : 0;
      }
    }
  }
}

function convolve(
  x: StridedView,
  weight: StridedView,
  bias: StridedView | undefined,
  attrs: Conv1dAttrs,
  out: { dtype: StridedView['dtype']; shape: readonly number[] },
): StridedView {
  const { values, finish } = makeOutput(out);
  const [batch, channelsOut, windows] = out.shape;
  const [, channelsIn, length] = x.sizes;
  const [, perGroup, kernel] = weight.sizes;
  const { groups } = attrs;
  const samples = readElements(x, out.dtype) as Float32Array;
  const weights = readElements(weight, out.dtype) as Float32Array;
  const depth = perGroup * kernel;
  const outPerGroup = channelsOut / groups;
  const rows = out.dtype === 'float64' ? new Float64Array(windows * depth) : new Float32Array(windows * depth);
  for (let item = 0; item < batch; item++) {
    for (let group = 0; group < groups; group++) {
      gatherWindows(
        samples,
        (item * channelsIn + group * perGroup) * length,
        perGroup,
        length,
        kernel,
        windows,
        attrs,
        rows,
      );
      const at = (item * channelsOut + group * outPerGroup) * windows;
      dotRows(weights, group * outPerGroup * depth, rows, 0, values as Float32Array, at, outPerGroup, windows, depth);
    }
  }
  if (bias) {
    const shift = readElements(bias, out.dtype) as Float32Array;
    const target = values as Float32Array;
    for (let i = 0, at = 0; i < batch * channelsOut; i++) {
      for (let t = 0; t < windows; t++) target[at++] += shift[i % channelsOut];
    }
  }
  return finish();
}

export const convolutionOps = {
  /** Inputs: x [B, Cin, T], weight [Cout, Cin / groups, K], then bias [Cout] if there is one. */
  conv1d: {
    name: 'conv1d',
    family: 'convolution',
    doc: 'torch.nn.functional.conv1d; mixed float dtypes as in matmul',
    effects: 'none',
    infer: ([x, weight, bias], { stride, padding, dilation, groups }) => {
      const dtype = productType('conv1d', x.dtype, weight.dtype, ...(bias ? [bias.dtype] : []));
      const ranks = x.shape.length === 3 && weight.shape.length === 3 && isFloat(dtype);
      const [channelsOut, perGroup, kernel] = weight.shape as readonly number[];
      const fits =
        ranks &&
        channelsOut % groups === 0 &&
        sameSize(x.shape[1], perGroup * groups, 'conv1d') &&
        (!bias || (bias.shape.length === 1 && bias.shape[0] === channelsOut));
      if (!fits) {
        throw new TnError({
          what: `conv1d: x ${shapeText(x.shape)}, weight ${shapeText(weight.shape)}${bias ? `, bias ${shapeText(bias.shape)}` : ''} and ${groups} groups do not fit`,
          fix: 'x [B, Cin, T], weight [Cout, Cin / groups, K], bias [Cout], floats',
        });
      }
      const span = dilation * (kernel - 1) + 1;
      const room: Size = sizeAdd(x.shape[2], 2 * padding - span);
      if (!sizeLe(0, room, 'conv1d')) {
        throw new TnError({
          what: `conv1d: a kernel of ${span} samples does not fit ${String(x.shape[2])} padded by ${padding}`,
        });
      }
      return [{ dtype, shape: [x.shape[0], channelsOut, sizeAdd(sizeFloorDiv(room, stride), 1)] }];
    },
    eager: ([x, weight, bias], attrs, [out]) => [convolve(x, weight, bias, attrs, out)],
    lower: (b, [x, weight, bias], attrs, [out]) => [b.conv1d(out, x, weight, bias ?? null, attrs)],
    onnx: (b, inputs, { stride, padding, dilation, groups }, [out]) => {
      // onnxruntime has Conv in float32 alone.
      const compute = 'float32';
      const names = inputs.map((x) => onnxCast(b, x.name, x.dtype, compute));
      const attrs = { strides: [stride], pads: [padding, padding], dilations: [dilation], group: groups };
      return [onnxCast(b, b.node('Conv', names, attrs)[0], compute, out.dtype)];
    },
  } satisfies OpRecord<Conv1dAttrs>,
};
