/**
 * @file Reading WAVE files: uncompressed PCM and floating point, any rate, any number of channels.
 *
 * Source: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (RIFF WAVE), the later
 * WAVEFORMATEXTENSIBLE, and EBU Tech 3306 (RF64) for sizes above 4 GiB.
 */

/** What a WAVE file holds, before mixing and resampling. */
export interface Wav {
  /** Frames per second. */
  readonly rate: number;
  readonly channels: number;
  /** Speaker bits of WAVEFORMATEXTENSIBLE, lowest bit first channel; 0 where the file does not say. */
  readonly speakers: number;
  /** frames × channels samples, full scale ±1. */
  readonly interleaved: Float32Array;
}

/** Audio that cannot be used. The message is one line: the file, what is wrong with it, what to do. */
export class AudioError extends Error {
  override name = 'AudioError';
}

/** A WAVE file whose samples are in a codec that only an outside program can decode. */
export class WavCodecError extends AudioError {
  override name = 'WavCodecError';
}

interface Format {
  encoding: 'integer' | 'float';
  rate: number;
  channels: number;
  speakers: number;
  bytesPerSample: number;
}

const formatPcm = 0x0001;
const formatFloat = 0x0003;
const formatExtensible = 0xfffe;
/** The 14 bytes that follow the format code in the sub-format GUIDs of Microsoft's own codes. */
const subFormatTail = [0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71];
/** Chunk names that may follow an odd chunk whose writer forgot the padding byte. */
const usualChunks = new Set(['fmt ', 'data', 'fact', 'LIST', 'bext', 'cue ', 'smpl', 'id3 ', 'ID3 ', 'iXML', 'PEAK']);
const unknownSize = 0xffffffff;

/** Whether these bytes open a little-endian WAVE file (RIFF, RF64 or BW64). */
export function isWav(bytes: Uint8Array): boolean {
  const container = name(bytes, 0);
  return (container === 'RIFF' || container === 'RF64' || container === 'BW64') && name(bytes, 8) === 'WAVE';
}

/**
 * Decodes a WAVE file.
 *
 * A data chunk that promises more than the file holds gives the whole frames that are there, and one of size 0 or
 * 0xFFFFFFFF (a program that wrote to a pipe) reaches to the end of the file.
 *
 * @param bytes the whole file
 * @param file its name, for errors
 * @throws WavCodecError for compressed samples, AudioError for a broken header
 */
export function decodeWav(bytes: Uint8Array, file: string): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let format: Format | undefined;
  let longDataSize: number | undefined;
  let offset = 12;
  while (offset + 8 <= bytes.length) {
    const chunk = name(bytes, offset);
    const size = view.getUint32(offset + 4, true);
    const start = offset + 8;
    if (chunk === 'fmt ') {
      format = readFormat(view, start, Math.min(size, bytes.length - start), file);
    } else if (chunk === 'ds64' && size >= 16 && start + 16 <= bytes.length) {
      longDataSize = Number(view.getBigUint64(start + 8, true));
    } else if (chunk === 'data') {
      if (!format)
        throw new AudioError(`${file}: no "fmt " chunk before the samples; the header is broken, save it again`);
      const promised = size === unknownSize && longDataSize !== undefined ? longDataSize : size;
      const rest = bytes.length - start;
      const open = promised === unknownSize || (promised === 0 && !holdsOnlyChunks(view, bytes, start));
      return {
        ...soundOf(format),
        interleaved: readSamples(view, start, open ? rest : Math.min(promised, rest), format),
      };
    }
    offset = nextChunk(bytes, start, size);
  }
  const missing = format ? 'no "data" chunk' : 'no "fmt " chunk';
  throw new AudioError(`${file}: ${missing} in this wav; the header is broken or the file cut short, save it again`);
}

function soundOf(format: Format): Omit<Wav, 'interleaved'> {
  return { rate: format.rate, channels: format.channels, speakers: format.speakers };
}

/** The four letters at an offset; short or empty past the end. */
function name(bytes: Uint8Array, offset: number): string {
  return String.fromCharCode(...bytes.subarray(offset, offset + 4));
}

/** Chunks start at even offsets, but some writers leave the padding byte out. */
function nextChunk(bytes: Uint8Array, start: number, size: number): number {
  const end = start + size;
  return size % 2 === 0 || usualChunks.has(name(bytes, end)) ? end : end + 1;
}

/** Whether everything from `offset` on is well-formed chunks: then a data chunk of size 0 is truly empty. */
function holdsOnlyChunks(view: DataView, bytes: Uint8Array, offset: number): boolean {
  let at = offset;
  while (at + 8 <= bytes.length) {
    if (!/^[\x20-\x7e]{4}$/.test(name(bytes, at))) return false;
    at = nextChunk(bytes, at + 8, view.getUint32(at + 4, true));
  }
  return at >= bytes.length && at <= bytes.length + 1;
}

function readFormat(view: DataView, start: number, size: number, file: string): Format {
  if (size < 16) throw new AudioError(`${file}: the "fmt " chunk of this wav is cut short; save the file again`);
  let code = view.getUint16(start, true);
  const channels = view.getUint16(start + 2, true);
  const rate = view.getUint32(start + 4, true);
  const frameBytes = view.getUint16(start + 12, true);
  const bits = view.getUint16(start + 14, true);
  let speakers = 0;
  if (code === formatExtensible) {
    if (size < 40) throw new AudioError(`${file}: the extensible "fmt " chunk of this wav is cut short; save it again`);
    speakers = view.getUint32(start + 20, true);
    const known = subFormatTail.every((byte, i) => view.getUint8(start + 26 + i) === byte);
    code = known ? view.getUint16(start + 24, true) : formatExtensible;
  }
  if (code !== formatPcm && code !== formatFloat) {
    throw new WavCodecError(
      `${file}: samples in WAVE format 0x${code.toString(16)}, only PCM and float are read here; convert it to 16-bit PCM`,
    );
  }
  const bytesPerSample = Math.ceil(bits / 8);
  const widths = code === formatPcm ? [1, 2, 3, 4] : [4, 8];
  const problem =
    channels === 0
      ? 'no channels'
      : rate === 0
        ? 'a sample rate of 0'
        : !widths.includes(bytesPerSample) || (code === formatFloat && bits % 32 !== 0)
          ? `${bits}-bit ${code === formatPcm ? 'PCM' : 'float'} samples`
          : frameBytes !== channels * bytesPerSample
            ? `frames of ${frameBytes} bytes for ${channels} channels of ${bits} bits`
            : undefined;
  if (problem)
    throw new AudioError(`${file}: the wav header states ${problem}; it is broken, convert it to 16-bit PCM`);
  return { encoding: code === formatPcm ? 'integer' : 'float', rate, channels, speakers, bytesPerSample };
}

function readSamples(view: DataView, start: number, size: number, format: Format): Float32Array {
  const { encoding, channels, bytesPerSample } = format;
  const frames = Math.floor(size / (bytesPerSample * channels));
  const samples = new Float32Array(frames * channels);
  const read = sampleReader(view, encoding, bytesPerSample);
  for (let i = 0, at = start; i < samples.length; i++, at += bytesPerSample) samples[i] = read(at);
  return samples;
}

/** Integers are scaled so that full scale is ±1; 8-bit PCM alone is unsigned. */
function sampleReader(view: DataView, encoding: Format['encoding'], bytes: number): (at: number) => number {
  if (encoding === 'float') {
    return bytes === 4 ? (at) => view.getFloat32(at, true) : (at) => view.getFloat64(at, true);
  }
  switch (bytes) {
    case 1:
      return (at) => (view.getUint8(at) - 2 ** 7) / 2 ** 7;
    case 2:
      return (at) => view.getInt16(at, true) / 2 ** 15;
    case 3:
      return (at) => ((view.getInt8(at + 2) << 16) | view.getUint16(at, true)) / 2 ** 23;
    default:
      return (at) => view.getInt32(at, true) / 2 ** 31;
  }
}
