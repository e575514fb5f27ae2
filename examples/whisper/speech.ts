/**
 * @file The model as the driver sees it: samples and token ids in, logits out.
 */
import { fromBuffer, nn, type Tensor, tensor } from 'torchnative';
import type { KvCache } from './cache.ts';
import { silentFrames } from './mel.ts';
import type { Whisper } from './model.ts';
import type { TokenChooser } from './rules.ts';
import type { Recording, SpeechModel } from './transcribe.ts';

/** Frames of the spectrogram in a window: 30 s. */
export const windowFrames = 3000;

/** Runs the parts of a model on numbers; one at a time, since they share the cache. */
export class WhisperSpeech implements SpeechModel {
  readonly textContext: number;
  readonly chooser: TokenChooser;
  readonly #model: Whisper;
  readonly #cache: KvCache;

  constructor(model: Whisper, cache: KvCache, textContext: number, chooser: TokenChooser) {
    this.#model = model;
    this.#cache = cache;
    this.textContext = textContext;
    this.chooser = chooser;
  }

  hear(samples: Float32Array): Recording {
    const mel = this.#model.mel.forward(asTensor(samples));
    return {
      frames: mel.shape[1] - silentFrames,
      encodeWindow: (first, count) => void this.#model.encode(cutWindow(mel, first, count), this.#cache),
    };
  }

  detect(startToken: number): Float32Array {
    return this.#model.decoder.detect(tokenTensor([startToken]), this.#cache).toFloat32Array();
  }

  prefill(tokens: readonly number[], rows: number): Tensor[] {
    const logits = this.#model.decoder.forward(tokenTensor(tokens), 0, rows, this.#cache);
    return logits.select(0, 0).unbind(0);
  }

  decode(token: number, position: number): Tensor {
    return this.#model.decoder.forward(tokenTensor([token]), position, 1, this.#cache).flatten();
  }
}

/** [1, bins, 3000]: what stands behind the recording is zero, in the spectrogram's own scale. */
export function cutWindow(mel: Tensor, first: number, count: number): Tensor {
  return nn.functional.pad(mel.slice(1, first, first + count), [0, windowFrames - count]).unsqueeze(0);
}

function tokenTensor(tokens: readonly number[]): Tensor {
  return tensor([tokens], { dtype: 'int64' });
}

/** [samples], on the array's own memory. */
function asTensor(samples: Float32Array): Tensor {
  return fromBuffer(samples.buffer as ArrayBuffer, [samples.length], 'float32', samples.byteOffset);
}
