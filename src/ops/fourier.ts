/** @file rfft and stft. There is no complex dtype: results hold real and imaginary part in a last axis of 2 (torch.view_as_real). */

import { computeDType, isFloat } from '../core/dtype.ts';
import { TnError } from '../core/errors.ts';
import { add, int, mul } from '../symbolic/expr.ts';
import { type Size, sizeAdd, sizeFloorDiv, sizeLe, sizeSub } from '../symbolic/symInt.ts';
import { RealFourier } from './fft.ts';
import { makeOutput, readElements } from './kernels.ts';
import { castScalar, onnxCast } from './pointwise.ts';
import type { ConcreteMeta, OpRecord, TensorMeta } from './record.ts';
import { sameSize, shapeText } from './shapes.ts';

export type StftAttrs = { readonly nFft: number; readonly hop: number };

function requireFloat(op: string, x: TensorMeta): void {
  if (!isFloat(x.dtype))
    throw new TnError({ what: `${op}: needs floats, found ${x.dtype}`, fix: "convert with .to('float32') first" });
}

/** Transforms frames that start at `starts(i)`; results in order. */
function transformFrames(
  x: ArrayLike<number>,
  frames: number,
  startOf: (frame: number) => number,
  length: number,
  window: ArrayLike<number> | null,
  out: ConcreteMeta,
) {
  const { values, finish } = makeOutput(out);
  const fourier = new RealFourier(length);
  const bins = Math.floor(length / 2) + 1;
  let at = 0;
  for (let frame = 0; frame < frames; frame++) {
    fourier.run(x, startOf(frame), window);
    for (let k = 0; k < bins; k++) {
      values[at++] = fourier.re[k];
      values[at++] = fourier.im[k];
    }
  }
  return finish();
}

export const fourierOps = {
  rfft: {
    name: 'rfft',
    family: 'fourier',
    doc: 'torch.view_as_real(torch.fft.rfft(x)) over the last axis, of static size n',
    effects: 'none',
    infer: ([x], { n }) => {
      requireFloat('rfft', x);
      if (!sameSize(x.shape[x.shape.length - 1], n, 'rfft')) {
        throw new TnError({ what: `rfft: the last axis of ${shapeText(x.shape)} is not ${n}` });
      }
      const bins = Math.floor(n / 2) + 1;
      return [{ dtype: x.dtype, shape: [...x.shape.slice(0, -1), bins, 2] }];
    },
    eager: ([x], { n }, [out]) => {
      const values = readElements(x) as Float32Array;
      return [transformFrames(values, values.length / n, (frame) => frame * n, n, null, out)];
    },
    lower: (b, [x], { n }, [out]) => {
      const compute = computeDType(x.dtype);
      const input =
        x.dtype === compute ? x : b.pointwise({ dtype: compute, shape: x.shape }, (i) => b.cast(b.load(x, i), compute));
      const made = b.rfft({ dtype: compute, shape: out.shape }, input, n);
      return [compute === out.dtype ? made : b.pointwise(out, (i) => b.cast(b.load(made, i), out.dtype))];
    },
    onnx: (b, [x], _attrs, [out]) => {
      const compute = computeDType(x.dtype);
      const signal = b.node('Unsqueeze', [onnxCast(b, x.name, x.dtype, compute), b.constant([-1], 'int64')])[0];
      const axis = b.constant(-2, 'int64');
      return [onnxCast(b, b.node('DFT', [signal, '', axis], { onesided: 1 })[0], compute, out.dtype)];
    },
  } satisfies OpRecord<{ readonly n: number }>,
  /** Inputs: signal [B, T] (already padded), then a window [nFft] if there is one. Result [B, frames, nFft / 2 + 1, 2]. */
  stft: {
    name: 'stft',
    family: 'fourier',
    doc: 'torch.view_as_real(torch.stft(..., center=False, onesided=True)) with frames before bins, as ONNX has it; the function pads and transposes',
    effects: 'none',
    infer: ([x, window], { nFft, hop }) => {
      requireFloat('stft', x);
      const fits =
        x.shape.length === 2 && (!window || (window.shape.length === 1 && sameSize(window.shape[0], nFft, 'stft')));
      const room: Size = sizeSub(x.shape[1] ?? 0, nFft);
      if (!fits || !sizeLe(0, room, 'stft')) {
        throw new TnError({
          what: `stft: signal ${shapeText(x.shape)}${window ? `, window ${shapeText(window.shape)}` : ''} and nFft ${nFft} do not fit`,
          fix: 'signal [B, T] with T >= nFft after padding, window [nFft]',
        });
      }
      const frames = sizeAdd(sizeFloorDiv(room, hop), 1);
      return [{ dtype: x.dtype, shape: [x.shape[0], frames, Math.floor(nFft / 2) + 1, 2] }];
    },
    eager: ([x, window], { nFft, hop }, [out]) => {
      const values = readElements(x) as Float32Array;
      const weights = window ? (readElements(window, x.dtype) as Float32Array) : null;
      const [batch, frames] = out.shape;
      const startOf = (i: number): number => Math.floor(i / frames) * x.sizes[1] + (i % frames) * hop;
      return [transformFrames(values, batch * frames, startOf, nFft, weights, out)];
    },
    lower: (b, [x, window], { nFft, hop }, [out]) => {
      const compute = computeDType(x.dtype);
      const [batch, frames] = out.shape;
      const windows = b.view(x, [batch, frames, int(nFft)], ([item, frame, i]) => [item, add(mul(frame, int(hop)), i)]);
      const weighted = b.pointwise({ dtype: compute, shape: windows.shape }, (index) => {
        const value = castScalar(b, b.load(windows, index), compute);
        return window ? b.op('mul', value, castScalar(b, b.load(window, [index[2]]), compute)) : value;
      });
      const made = b.rfft({ dtype: compute, shape: out.shape }, weighted, nFft);
      return [compute === out.dtype ? made : b.pointwise(out, (i) => b.cast(b.load(made, i), out.dtype))];
    },
    onnx: (b, [x, window], { nFft, hop }, [out]) => {
      const compute = computeDType(x.dtype);
      const signal = b.node('Unsqueeze', [onnxCast(b, x.name, x.dtype, compute), b.constant([-1], 'int64')])[0];
      const weights = window
        ? onnxCast(b, window.name, window.dtype, compute)
        : b.node('Expand', [b.constant(1, compute), b.constant([nFft], 'int64')])[0];
      const inputs = [signal, b.constant(hop, 'int64'), weights, b.constant(nFft, 'int64')];
      return [onnxCast(b, b.node('STFT', inputs, { onesided: 1 })[0], compute, out.dtype)];
    },
  } satisfies OpRecord<StftAttrs>,
};
