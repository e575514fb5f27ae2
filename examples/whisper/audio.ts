/**
 * @file Loading a recording of any kind as what Whisper hears: one channel at 16 kHz.
 *
 * WAVE files are read here; everything else goes through the `ffmpeg` program, asked for the same 16-bit samples as
 * openai/whisper asks for.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { downMix } from './downMix.ts';
import { resample } from './resample.ts';
import { AudioError, decodeWav, isWav, WavCodecError } from './wav.ts';

/** Samples per second of everything that the model hears. */
export const sampleRate = 16000;

/**
 * Loads an audio file.
 *
 * @param path where it stands
 * @param file its name in errors
 * @returns [samples] float32 at 16 kHz, one channel, within ±1
 * @throws AudioError with one line that names the file and the remedy
 */
export function loadAudio(path: string, file = path): Float32Array {
  const bytes = readBytes(path, file);
  if (bytes.length === 0) throw new AudioError(`${file}: the file is empty; record or copy it again`);
  return checked(isWav(bytes) ? loadWav(bytes, path, file) : decodeWithFfmpeg(path, file, 'not a wav file'), file);
}

/** The same for the bytes of a wav file, which need no file of their own. */
export function decodeAudio(bytes: Uint8Array, file: string): Float32Array {
  return checked(decodeSamples(bytes, file), file);
}

function checked(samples: Float32Array, file: string): Float32Array {
  if (samples.length === 0) throw new AudioError(`${file}: it holds no samples; record or convert it again`);
  return clip(samples, file);
}

function readBytes(path: string, file: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reasons: Record<string, string> = {
      ENOENT: 'no such file; check the path',
      ENOTDIR: 'no such file; check the path',
      EISDIR: 'this is a folder; name the audio files in it',
      EACCES: 'not allowed to read it; check its permissions',
      EPERM: 'not allowed to read it; check its permissions',
      ERR_FS_FILE_TOO_LARGE: 'larger than 2 GiB; cut it into shorter pieces',
    };
    throw new AudioError(`${file}: ${reasons[code ?? ''] ?? `cannot be read (${code ?? error}); check the path`}`);
  }
}

function loadWav(bytes: Uint8Array, path: string, file: string): Float32Array {
  try {
    return decodeSamples(bytes, file);
  } catch (error) {
    if (error instanceof WavCodecError) return decodeWithFfmpeg(path, file, 'a compressed wav');
    throw error;
  }
}

function decodeSamples(bytes: Uint8Array, file: string): Float32Array {
  const { rate, channels, speakers, interleaved } = decodeWav(bytes, file);
  return resample(downMix(interleaved, channels, speakers), rate, sampleRate);
}

function decodeWithFfmpeg(path: string, file: string, kind: string): Float32Array {
  const format = ['-f', 's16le', '-acodec', 'pcm_s16le', '-ac', '1', '-ar', String(sampleRate)];
  const { error, status, stdout, stderr } = spawnSync(
    'ffmpeg',
    ['-nostdin', '-v', 'error', '-threads', '0', '-i', `file:${path}`, ...format, '-'],
    { maxBuffer: 2 ** 31 - 1, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (error && (error as NodeJS.ErrnoException).code === 'ENOENT') {
    throw new AudioError(
      `${file}: ${kind}, and ffmpeg is not installed; install ffmpeg or convert it to 16-bit PCM wav`,
    );
  }
  if (error || status !== 0) {
    const said = error?.message ?? firstLine(stderr.toString(), path);
    throw new AudioError(`${file}: ffmpeg cannot decode it (${said}); is it an audio file?`);
  }
  // A copy, because a Buffer may start at an odd address.
  const pcm = new Int16Array(stdout.buffer.slice(stdout.byteOffset, stdout.byteOffset + (stdout.byteLength & ~1)));
  return Float32Array.from(pcm, (sample) => sample / 2 ** 15);
}

function firstLine(message: string, path: string): string {
  const line = message.trim().split('\n')[0].replace(`file:${path}: `, '').trim();
  return line === '' ? 'it gave no reason' : line;
}

/** Refuses NaN and infinities; clips floating-point recordings beyond full scale, as 16-bit samples would be. */
function clip(samples: Float32Array, file: string): Float32Array {
  for (let i = 0; i < samples.length; i++) {
    if (!Number.isFinite(samples[i])) {
      throw new AudioError(
        `${file}: sample ${i} is ${samples[i]}, not a number that sounds; export the recording again`,
      );
    }
    if (samples[i] > 1) samples[i] = 1;
    else if (samples[i] < -1) samples[i] = -1;
  }
  return samples;
}
