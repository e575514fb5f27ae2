/**
 * @file A program: runs each part of whisper-base on jfk.wav and prints how far it is from what PyTorch gives for the
 * same weights, as JSON `{ errors: { mel, encoder, … }, calls: { mel: { native, captured, eager }, … } }`.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { asset, loadSafetensors, partReports, type Tensor, tensor } from 'torchnative';
import { loadAudio } from '../audio.ts';
import { KvCache } from '../cache.ts';
import { loadSizes, loadTokenizer, loadWhisper } from '../loadModel.ts';
import { TokenChooser } from '../rules.ts';
import { cutWindow, WhisperSpeech } from '../speech.ts';

const path = (name: string) => fileURLToPath(new URL(`../${name}`, import.meta.url));
const expected = loadSafetensors(path('reference/jfk-parts.safetensors'));
const { jfk_parts: recorded } = JSON.parse(readFileSync(path('reference/transcripts.json'), 'utf8'));

const checkpoint = asset('../model', import.meta.url);
const sizes = loadSizes(checkpoint);
const cache = new KvCache(sizes, 'float32');
const model = loadWhisper(checkpoint, sizes);
const chooser = new TokenChooser(loadTokenizer(checkpoint, sizes), sizes.vocabulary);
const speech = new WhisperSpeech(model, cache, sizes.textContext, chooser);

/** The largest absolute difference. */
function distance(found: Float32Array, wanted: Float32Array): number {
  if (found.length !== wanted.length) throw new Error(`${found.length} values instead of ${wanted.length}`);
  let largest = 0;
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i] - wanted[i]);
    if (!(difference <= largest)) largest = difference;
  }
  return largest;
}

const values = (x: Tensor) => x.contiguous().toFloat32Array();

const samples = new Float32Array(30 * 16000);
samples.set(loadAudio(path('audio/jfk.wav')));
const mel = distance(values(model.mel.forward(tensor(samples)).slice(1, 0, 3000)), values(expected.mel));

const sound = model.encode(cutWindow(expected.mel, 0, 3000), cache);
const encoder = distance(values(sound), values(expected.encoder));

const detect = distance(speech.detect(50258), values(expected.detect_logits));

const opening = tensor([recorded.prefill_tokens], { dtype: 'int64' });
const prefill = distance(values(model.decoder.forward(opening, 0, 3, cache)), values(expected.prefill_logits));

const tokens: number[] = recorded.decode_tokens;
speech.prefill(tokens.slice(0, 4), 1);
const rows = tokens.slice(4).map((token, i) => values(speech.decode(token, i + 4)));
const lastFive = new Float32Array(5 * sizes.vocabulary);
for (const [i, row] of rows.slice(-5).entries()) lastFive.set(row, i * row.length);
const decode = distance(lastFive, values(expected.decode_last5_logits));

const calls = Object.fromEntries(partReports());
console.log(JSON.stringify({ errors: { mel, encoder, detect, prefill, decode }, calls }));
