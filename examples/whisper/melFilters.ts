/**
 * @file The mel filter bank: triangles over the frequencies of a Fourier transform, on Slaney's mel scale, each of
 * the same area.
 *
 * Source: M. Slaney, "Auditory Toolbox" (1998), as `librosa.filters.mel(htk=False, norm='slaney')` computes it; that
 * is what openai/whisper ships in assets/mel_filters.npz.
 */

/** The mel scale is linear below 1000 Hz and logarithmic above. */
const hertzPerMel = 200 / 3;
const breakHertz = 1000;
const breakMel = breakHertz / hertzPerMel;
/** Above the break, 27 mels are a factor of 6.4. */
const logStep = Math.log(6.4) / 27;

function melToHertz(mel: number): number {
  return mel < breakMel ? mel * hertzPerMel : breakHertz * Math.exp(logStep * (mel - breakMel));
}

function hertzToMel(hertz: number): number {
  return hertz < breakHertz ? hertz / hertzPerMel : breakMel + Math.log(hertz / breakHertz) / logStep;
}

/**
 * The filter bank, designed in float64 and rounded once.
 *
 * @param bins how many filters: 80, or 128 for large-v3
 * @param fftSize length of the Fourier transform: 400
 * @param rate samples per second: 16000
 * @returns [bins · (fftSize / 2 + 1)], one filter after another
 */
export function melFilters(bins: number, fftSize: number, rate: number): Float32Array {
  const frequencies = fftSize / 2 + 1;
  const top = hertzToMel(rate / 2);
  // Filter i rises from edge i to edge i + 1 and falls to edge i + 2.
  const edges = Array.from({ length: bins + 2 }, (_, i) => melToHertz((top * i) / (bins + 1)));
  const filters = new Float32Array(bins * frequencies);
  for (let bin = 0; bin < bins; bin++) {
    const [left, centre, right] = edges.slice(bin, bin + 3);
    const height = 2 / (right - left);
    for (let k = 0; k < frequencies; k++) {
      const hertz = (k * rate) / fftSize;
      const weight = Math.min((hertz - left) / (centre - left), (right - hertz) / (right - centre));
      filters[bin * frequencies + k] = Math.max(0, weight) * height;
    }
  }
  return filters;
}
