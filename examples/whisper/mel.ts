/**
 * @file What the encoder listens to: the log-mel spectrogram of a recording.
 *
 * Source: openai/whisper, audio.py, release 20250625.
 */
import { compileCache, Dim, hannWindow, maximum, nn, stft, type Tensor, t, tensor } from 'torchnative';
import { melFilters } from './melFilters.ts';

const sampleRate = 16000;
/** Samples in a Fourier transform, and from one to the next. */
const fftSize = 400;
const hop = 160;
/** Silence put behind every recording: one window. */
const silence = 30 * sampleRate;
/** Frames of the spectrogram that the silence takes. */
export const silentFrames = silence / hop;

/** Turns samples into a spectrogram, a part of its own: it runs once a recording, whatever its length. */
export class LogMel extends nn.Module {
  readonly window = this.registerBuffer('window', hannWindow(fftSize), { persistent: false });
  readonly filters: Tensor;

  /** @param bins rows of the spectrogram: 80, or 128 for large-v3 */
  constructor(bins: number) {
    super();
    const filters = tensor(melFilters(bins, fftSize, sampleRate)).reshape(bins, fftSize / 2 + 1);
    this.filters = this.registerBuffer('filters', filters, { persistent: false });
  }

  /**
   * @param samples [samples] float32 at 16 kHz
   * @returns [bins, frames] float32, one frame per 10 ms of recording and of 30 s of silence behind it; within 2 of
   *   the greatest value, which is that of the whole recording
   */
  @compileCache('mel', { inputMatchers: { samples: { 0: Dim('samples') } } })
  forward(samples: Tensor): Tensor {
    const padded = nn.functional.pad(samples, [0, silence]);
    const spectrum = stft(padded, fftSize, { hopLength: hop, window: this.window, center: true, padMode: 'reflect' });
    // The last frame is the one centred on the end of the silence.
    const power = spectrum.square().sum(-1)[':, :-1'];
    const loudness = this.filters.matmul(power).clamp(1e-10).log10();
    return t((maximum(loudness, loudness.max() - 8) + 4) / 4);
  }
}
