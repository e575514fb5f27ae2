/** @file The example's model as the benches drive it: loaded once, every part callable by itself with the values of a recording. */

import { fileURLToPath } from 'node:url';
import { openAsset, type Tensor, tensor } from 'torchnative';
import { loadAudio } from '../../examples/whisper/audio.ts';
import { KvCache } from '../../examples/whisper/cache.ts';
import { decodeWindow } from '../../examples/whisper/decode.ts';
import { loadSizes, loadTokenizer, loadWhisper } from '../../examples/whisper/loadModel.ts';
import { silentFrames } from '../../examples/whisper/mel.ts';
import type { Whisper } from '../../examples/whisper/model.ts';
import { TokenChooser } from '../../examples/whisper/rules.ts';
import { cutWindow, WhisperSpeech, windowFrames } from '../../examples/whisper/speech.ts';
import type { WhisperTokenizer } from '../../examples/whisper/tokenizer.ts';
import { type SpeechModel, type Transcript, transcribe } from '../../examples/whisper/transcribe.ts';
import { type Variant, variants } from './variants.ts';

export const modelFolder = fileURLToPath(new URL('../../examples/whisper/model', import.meta.url));
export const jfkFile = fileURLToPath(new URL('../../examples/whisper/audio/jfk.wav', import.meta.url));

/** The five parts, in the order in which a recording meets them. */
export const partNames = ['mel', 'encoder', 'detect', 'prefill', 'decode'] as const;
export type PartName = (typeof partNames)[number];

export function isPartName(name: string): name is PartName {
  return (partNames as readonly string[]).includes(name);
}

export interface LoadedWhisper {
  readonly model: Whisper;
  readonly cache: KvCache;
  readonly tokenizer: WhisperTokenizer;
  /** [samples] at 16 kHz. */
  readonly samples: Float32Array;
  /** One call of a part; decode at `position` (default: the first after the opening tokens). */
  call(part: PartName, position?: number): void;
  /** The opening tokens and every step of the window that was encoded, with the rules between them. */
  decodeWindow(): readonly number[];
  /** The whole of it: decoded audio to text. `onWindow`: whenever a window is about to be encoded. */
  transcribe(onWindow?: () => void): Transcript;
}

/**
 * Loads the example's checkpoint and a recording, and runs every part once, so that what follows is native. The
 * precision of the arithmetic is the process's own: set it before.
 */
export function loadExample({ weights, cache: stored }: Variant = variants[0], recording = jfkFile): LoadedWhisper {
  const checkpoint = openAsset(modelFolder);
  const sizes = loadSizes(checkpoint);
  const tokenizer = loadTokenizer(checkpoint, sizes);
  const loadedModel = loadWhisper(checkpoint, sizes);
  const model = weights === 'float32' ? loadedModel.float() : loadedModel;
  const cache = new KvCache(sizes, stored);
  const speech = new WhisperSpeech(model, cache, sizes.textContext, new TokenChooser(tokenizer, sizes.vocabulary));
  const samples = loadAudio(recording);

  const sound = tensor(samples);
  const mel = model.mel.forward(sound);
  const window = cutWindow(mel, 0, Math.min(windowFrames, mel.shape[1] - silentFrames));
  const opening = tokenizer.startSequence('en', 'transcribe');
  const [start, prompt, word] = [[opening[0]], opening, [400]].map((ids): Tensor => tensor([ids], { dtype: 'int64' }));
  const calls: Record<PartName, (position: number) => void> = {
    mel: () => void model.mel.forward(sound),
    encoder: () => void model.encode(window, cache),
    detect: () => void model.decoder.detect(start, cache),
    prefill: () => void model.decoder.forward(prompt, 0, opening.length, cache),
    decode: (position) => void model.decoder.forward(word, position, 1, cache),
  };
  const loaded: LoadedWhisper = {
    model,
    cache,
    tokenizer,
    samples,
    call: (part, position = opening.length) => calls[part](position),
    decodeWindow: () => decodeWindow(speech, tokenizer, opening, []).tokens,
    transcribe: (onWindow) =>
      transcribe(onWindow ? watched(speech, onWindow) : speech, tokenizer, samples, {
        language: 'en',
        task: 'transcribe',
      }),
  };
  for (const part of partNames) loaded.call(part);
  return loaded;
}

/** The same model, which says when a window begins. */
function watched(speech: WhisperSpeech, onWindow: () => void): SpeechModel {
  return {
    textContext: speech.textContext,
    chooser: speech.chooser,
    detect: (token) => speech.detect(token),
    prefill: (tokens, rows) => speech.prefill(tokens, rows),
    decode: (token, position) => speech.decode(token, position),
    hear: (samples) => {
      const { frames, encodeWindow } = speech.hear(samples);
      return {
        frames,
        encodeWindow: (first, count) => {
          onWindow();
          encodeWindow(first, count);
        },
      };
    },
  };
}
