/**
 * @file Mixing any number of channels into one, with the weights that ffmpeg's `-ac 1` uses (the reference
 * recordings were loaded through it): front pair 1/√2, centre 1, surrounds 1/2, low-frequency effects none, scaled to
 * a sum of one. For stereo that is the average.
 */

/** Speaker bits of WAVEFORMATEXTENSIBLE, in channel order, with their share of a mono mix before scaling. */
const shares: readonly (readonly [bit: number, share: number])[] = [
  [0x1, Math.SQRT1_2], // front left
  [0x2, Math.SQRT1_2], // front right
  [0x4, 1], // front centre
  [0x8, 0], // low-frequency effects
  [0x10, 0.5], // back left
  [0x20, 0.5], // back right
  [0x40, Math.SQRT1_2], // front left of centre
  [0x80, Math.SQRT1_2], // front right of centre
  [0x100, 0.5], // back centre
  [0x200, 0.5], // side left
  [0x400, 0.5], // side right
];

/** Speakers assumed for a file that names none, by channel count: 2.1, 4.0, 5.0, 5.1, 6.1 and 7.1. */
const usualSpeakers: Readonly<Record<number, number>> = {
  2: 0x3,
  3: 0x3 | 0x8,
  4: 0x3 | 0x4 | 0x100,
  5: 0x3 | 0x4 | 0x30,
  6: 0x3 | 0x4 | 0x8 | 0x30,
  7: 0x3 | 0x4 | 0x8 | 0x100 | 0x600,
  8: 0x3 | 0x4 | 0x8 | 0x30 | 0x600,
};

/**
 * The weight of each channel in a mono mix; they sum to one.
 *
 * @param channels how many channels there are
 * @param speakers their speaker bits (lowest first), 0 where unknown
 */
export function mixWeights(channels: number, speakers: number): readonly number[] {
  const chosen = sharesOf(speakers).length === channels ? sharesOf(speakers) : sharesOf(usualSpeakers[channels] ?? 0);
  const total = chosen.reduce((sum, share) => sum + share, 0);
  if (chosen.length !== channels || total === 0) return new Array<number>(channels).fill(1 / channels);
  return chosen.map((share) => share / total);
}

function sharesOf(speakers: number): number[] {
  return shares.filter(([bit]) => (speakers & bit) !== 0).map(([, share]) => share);
}

/**
 * Mixes interleaved samples into one channel.
 *
 * @param interleaved frames × channels samples; returned itself when there is one channel
 */
export function downMix(interleaved: Float32Array, channels: number, speakers: number): Float32Array {
  if (channels === 1) return interleaved;
  const weights = mixWeights(channels, speakers);
  const mono = new Float32Array(interleaved.length / channels);
  for (let frame = 0, at = 0; frame < mono.length; frame++, at += channels) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += weights[channel] * interleaved[at + channel];
    mono[frame] = sum;
  }
  return mono;
}
