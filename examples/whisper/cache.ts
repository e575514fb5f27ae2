/**
 * @file The decoder's memory: keys and values of everything it has read, one buffer a layer, allocated once.
 */
import { type DType, type Tensor, zeros } from 'torchnative';
import type { ModelSizes } from './config.ts';

/** Keys and values that attention reads, of one layer. */
export interface LayerCache {
  /** Of the tokens so far, [1, heads, textContext, headSize]; the positions behind them are stale. */
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Of the window's sound, [1, heads, audioContext, headSize]. */
  readonly soundKeys: Tensor;
  readonly soundValues: Tensor;
}

/** The parts write into these tensors, and never hold any of their own. */
export class KvCache {
  readonly layers: readonly LayerCache[];

  /**
   * @param dtype how keys and values are stored; arithmetic is float32 either way. float16 halves what a step reads,
   *   and moves logits by about 1e-3.
   */
  constructor(sizes: ModelSizes, dtype: DType = 'float16') {
    const { heads, layers } = sizes.decoder;
    const headSize = sizes.width / heads;
    const buffer = (positions: number) => zeros([1, heads, positions, headSize], { dtype });
    this.layers = Array.from({ length: layers }, () => ({
      keys: buffer(sizes.textContext),
      values: buffer(sizes.textContext),
      soundKeys: buffer(sizes.audioContext),
      soundValues: buffer(sizes.audioContext),
    }));
  }
}
